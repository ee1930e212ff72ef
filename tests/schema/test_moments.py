"""Dates as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tablecast.schema.moments import days_meant, moment_of, plain_date, seconds_of

EAST = timezone(timedelta(hours=2))
DAY = datetime(2020, 3, 4)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("2020-03-04", "2020-03-04"), ("4. März 2020", "4 Mar 2020"),
        ("3rd of May, 2020", "3 May 2020"),
        ("2020年3月4日", "2020-3-4"), ("2020年3月4日 10時5分", "2020-3-4 10:5"), ("10時", "10:00"),
        ("Mon 3 Mar 2020", "3 Mar 2020"), ("3 mar 2020 5pm", "3 Mar 2020 5 PM"),
        ("3 Mar 2020 5 p.m.", "3 Mar 2020 5 PM"), ("下午 5:30", "PM 5:30"),
        ("Mar 3 10:05:00 UTC 2020", "Mar 3 2020 10:05:00"),
        ("Mar 3 10:05:00 +0100 2020", "Mar 3 2020 10:05:00+0100"),
        ("2020-03-04 10:05 GMT", "2020-03-04 10:05+00:00"),
        ("2020-03-04 10:05 GMT+2", "2020-03-04 10:05+02:00"),
        ("2020-03-04 10:05 UTC-11:30", "2020-03-04 10:05-11:30"),
        ("2020-03-04T10:05Z", "2020-03-04T10:05Z"), ("soon", "soon"),
    ],
)  # fmt: skip
def test_a_date_in_plain_words(text: str, plain: str) -> None:
    """English months, and no word that says nothing."""
    assert plain_date(text) == plain


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("2020-03-04", ["2020-03-04"]), ("4 March 2020", ["2020-03-04"]),
        ("March 4, 2020", ["2020-03-04"]), ("04.03.2020", ["2020-03-04", "2020-04-03"]),
        ("13/2/2020", ["2020-02-13"]), ("2/13/2020", ["2020-02-13"]), ("4/4/2020", ["2020-04-04"]),
        ("2020 Dec 31", ["2020-12-31"]), ("1 Jan 2020", ["2020-01-01"]), ("4 March 20", []),
        ("30/30/2020", []), ("2020-13-01", []), ("4 2020", []), ("", []), ("2020-03-04 10:00", []),
        ("4 " + " " * 30 + "Mar 2020", ["2020-03-04"]), ("4 " + " " * 31 + "Mar 2020", []),
    ],
)  # fmt: skip
def test_the_days_that_a_text_may_mean(text: str, days: list[str]) -> None:
    """The day before the month first, where both fit; a year has four digits, a text forty."""
    assert list(map(str, days_meant(text))) == days


@pytest.mark.parametrize(
    ("text", "form", "moment"),
    [
        ("04.03.2020", "%d.%m.%Y", DAY), ("2020-03-04", "%d.%m.%Y", DAY), ("04.03.2020", "", None),
        ("4 März 2020", "%d %b %Y", DAY), ("2020-03-04\0", "", None), (5, "", None),
        (None, "%Y", None), ("2020-03", "%Y-%m", DAY.replace(day=1)),
        ("2020-03-04T02:00+02:00", "", DAY.replace(hour=2, tzinfo=EAST)),
    ],
)  # fmt: skip
def test_the_moment_that_a_text_means(text: object, form: str, moment: datetime | None) -> None:
    """In its format, else as ISO 8601 has it; what is neither is none."""
    assert moment_of(text, form) == moment


def test_a_moment_is_in_utc_unless_it_says_otherwise() -> None:
    """Seconds since 1970."""
    assert seconds_of(datetime(1970, 1, 2)) == 86_400
    assert seconds_of(datetime(1970, 1, 2, tzinfo=UTC)) == 86_400
    assert seconds_of(datetime(1970, 1, 2, tzinfo=EAST)) == 79_200
