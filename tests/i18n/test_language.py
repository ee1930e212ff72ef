"""Languages: which one a page is in, that it is all in it, and how its figures are written."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from gettext import GNUTranslations
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cards
import explained
import numpy as np
import pandas as pd
import pytest
import served
from babel.messages.pofile import read_po
from deployments import ROOT, SHIPPED
from flask.testing import FlaskClient
from markup import Page

from tablecast.cli.main import main
from tablecast.data.prepare import prepare
from tablecast.data.sources import read_table
from tablecast.deployment.deployment import Deployment
from tablecast.errors import FormFileError
from tablecast.i18n import formats, language, messages
from tablecast.i18n.language import ENGLISH, LANGUAGES, Language, choose, languages_in, speaking
from tablecast.inference.engine import Answer, Columns
from tablecast.schema.field import Field
from tablecast.schema.form_file import read_form
from tablecast.schema.schema import Schema
from tablecast.training.intervals.bounds import AROUND_MIDDLE, BY_FIELDS
from tablecast.training.intervals.offset_shapes import SHAPES
from tablecast.web.form.controls import controls_of
from tests.started import started

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHINESE = Language("zh_Hans")

PERSON = {
    "age": "39", "sex": "male", "bmi": "30", "children": "1", "smoker": "no", "region": "northwest",
}

# Which language


@pytest.mark.parametrize(
    ("query", "accepted", "tag"),
    [
        ("", None, "en"),
        ("", "zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("", "de-DE,zh-TW;q=0.7,en;q=0.3", "zh-Hans"),
        ("", "de-DE,en-GB;q=0.9,zh;q=0.8", "en"),
        ("", "zh;q=0,fr", "en"),
        ("", "*", "en"),
        ("", ";;;,q=,%%", "en"),
        ("?lang=zh", None, "zh-Hans"),
        ("?lang=ZH_cn", "en", "zh-Hans"),
        ("?lang=en", "zh", "en"),
        ("?lang=tlh", "zh", "zh-Hans"),
        ("?lang=", "zh", "zh-Hans"),
    ],
)
@pytest.mark.parametrize("path", ["/", "/batch", "/model", "/docs", "/nowhere"])
def test_the_address_wins_then_the_browser_then_english(
    client: FlaskClient, path: str, query: str, accepted: str | None, tag: str
) -> None:
    """Every page says which language it is in, to readers, to programs and to caches."""
    headers = {"Accept": "text/html"} | ({"Accept-Language": accepted} if accepted else {})
    response = client.get(path + query, headers=headers)
    assert Page(response.text).one("html")["lang"] == tag
    assert response.headers["Content-Language"] == tag
    assert "Accept-Language" in response.headers["Vary"]


def test_programs_read_english_unless_they_ask(client: FlaskClient) -> None:
    """A library's Accept-Language changes nothing that a program reads; ``?lang=`` does."""
    person = {**PERSON, "age": "x"}
    chinese = {"Accept-Language": "zh-CN"}
    refused = client.post("/api/v1/predict", json=person, headers=chinese).get_json()
    assert refused["title"] == "Some values are not valid."
    asked = client.post("/api/v1/predict?lang=zh", json=person).get_json()
    assert asked["title"] == "部分取值无效。"
    assert asked["errors"][0]["message"] == "请以数字填写“age”，例如 39。"
    assert asked["errors"][0]["field"] == "age"


def test_warnings_of_the_api_are_in_the_language_that_was_asked_for(client: FlaskClient) -> None:
    """So are the sentences about values that were answered."""
    row = {**PERSON, "age": 90, "bmi": 30, "children": 1}
    response = client.post("/api/v1/predict?lang=zh", json=row)
    (said,) = response.get_json()["predictions"][0]["warnings"]
    assert said == "“age”：90 超出训练数据的范围（18 至 64）。"


def test_no_answer_takes_its_language_from_the_one_before(client: FlaskClient) -> None:
    """A thread that has just written a Chinese page answers the next program in English."""
    row = {**PERSON, "age": 90, "bmi": 30, "children": 1}
    plain = client.post("/api/v1/predict", json=row).get_json()
    assert "outside the training range" in plain["predictions"][0]["warnings"][0]
    assert client.get("/?lang=zh").status_code == 200
    assert client.post("/api/v1/predict", json=row).get_json() == plain


def test_the_description_of_the_api_is_in_the_language_that_was_asked_for(
    client: FlaskClient,
) -> None:
    """Its words are; what it shows of answers is what programs get."""
    plain = client.get("/openapi.json", headers={"Accept-Language": "zh"}).get_json()
    asked = client.get("/openapi.json?lang=zh").get_json()
    path = ("paths", "/api/v1/predict", "post")
    assert plain != asked

    def operation(document: Any) -> Any:
        return document[path[0]][path[1]][path[2]]

    assert operation(plain)["summary"] == "Predict (full response)"
    assert operation(asked)["summary"] == "预测（完整返回）"
    failure = ("components", "responses", "InvalidValues", "content", "application/problem+json")
    for name in failure:
        plain, asked = plain[name], asked[name]
    assert plain["example"] == asked["example"]


def test_weights_decide_between_languages() -> None:
    """The most wanted language that is here is taken, and none with a weight of 0."""
    assert choose(None, [("fr", 1), ("zh", 0.5), ("en", 0.4)]) == CHINESE
    assert choose(None, [("en", 1), ("zh", 0.5)]) == ENGLISH
    assert choose(None, [("zh-Hans-CN", 0)]) == ENGLISH


# Links and forms keep it


def links_of(page: Page) -> dict[str, str]:
    return {one["data-language"]: one["href"] for one in page.all("a") if one.get("data-language")}


def test_a_page_that_was_asked_for_in_a_language_keeps_it(client: FlaskClient) -> None:
    """Its links to pages, its form and its permalink ask for it; what is for programs does not."""
    page = Page(client.get("/", query_string={**PERSON, "lang": "zh"}).text)
    assert page.one("form")["action"] == "/predict?lang=zh#result"
    (permalink,) = [one["href"] for one in page.all("a") if "data-link" in one.attributes]
    assert permalink.endswith("&lang=zh#result")
    pages = [one["href"] for one in page.all("a") if one.inside("nav")]
    assert pages == [
        f"{path}?lang=zh" for path in ("/", "/compare", "/batch", "/model", "/watch", "/docs")
    ]
    assert page.all("a", href="/api/v1/model")


def test_a_page_that_the_browser_chose_has_plain_links(client: FlaskClient) -> None:
    """A link that somebody passes on opens in the language of whoever opens it."""
    html = client.get("/", query_string=PERSON, headers={"Accept-Language": "zh"}).text
    assert "lang=zh" not in html


def test_the_link_to_the_other_language_keeps_the_question(client: FlaskClient) -> None:
    """From an answer, from a refusal and from a form that a link has filled."""
    for sent in (PERSON, {**PERSON, "age": "x & y"}):
        page = Page(client.post("/predict", data=sent).text)
        links = links_of(page)
        assert list(links) == [one.primary for one in LANGUAGES if not one.is_source]
        for spoken in LANGUAGES[1:]:
            other = client.get(links[spoken.primary])
            assert other.headers["Content-Language"] == spoken.tag
            assert Page(other.text).filled_in() == sent
    page = Page(client.get("/?age=55&part=x&utm=a").text)
    assert links_of(page)["zh"] == "?age=55&utm=a&lang=zh"
    links = links_of(Page(client.get("/batch?lang=zh").text))
    assert links == {one.primary: f"?lang={one.primary}" for one in LANGUAGES if one != CHINESE}


def test_a_form_that_is_sent_in_a_language_is_answered_in_it(client: FlaskClient) -> None:
    """With and without JavaScript, right or wrong."""
    for query in ("?lang=zh", "?lang=zh&part=answer"):
        assert "预计全年费用" in client.post(f"/predict{query}", data=PERSON).text
        refused = client.post(f"/predict{query}", data={**PERSON, "age": "x"})
        assert refused.status_code == 422
        assert "请以数字填写“年龄”" in refused.text


def test_a_column_called_lang_is_asked_for_by_its_name() -> None:
    """Then the address cannot choose a language, and no link pretends to."""
    table = pd.DataFrame({"lang": ["en", "zh", "de", "zh"], "size": [1, 2, 3, 4]})
    table["target"] = [1.0, 2.0, 3.0, 4.0]
    client = started(served.deployment_of(table, "target", "regression")).test_client()
    page = Page(client.get("/?lang=zh").text)
    assert page.one("html")["lang"] == "en"
    assert page.filled_in()["lang"] == "zh"
    assert not links_of(page)


# Nothing is left out


class Marked(Language):
    """A language whose every sentence is the English one in brackets."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def pgettext(self, context: str, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, one: str, many: str, number: int) -> str:
        return f"⟦{one if number == 1 else many}⟧"


#: Chinese in its figures and form files, so that whatever is English stands in brackets.
MARKED = Marked("zh_Hans")

#: Words that are the same in every language: names, and what a program reads.
NAMES = {
    "tablecast", "curl", "Python", "GET", "POST", "true", "false", "True", "False",
    "prediction_label", "prediction_low", "prediction_high", "prediction_score", "prediction_error",
}

#: Attributes that a person reads or hears, themselves or through a script.
READ_ATTRIBUTES = re.compile(
    r"aria-label|title|placeholder|alt|content"
    r"|data-(words|search|one|many|sending|answered|failed)"
)

#: Elements whose text is for programs.
FOR_PROGRAMS = ("code", "pre", "script", "style", "textarea")

_WORD = re.compile(r"[A-Za-z][A-Za-z_]+")


class Text(HTMLParser):
    """Everything on a page that a person reads, in order, without what is for programs."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self._hidden: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in FOR_PROGRAMS or self._hidden or (given.get("lang") and tag != "html"):
            if tag not in ("input", "br", "meta", "link"):
                self._hidden.append(tag)
            return
        if tag == "meta" and given.get("name") != "description":
            return
        self.said += [value for name, value in attrs if value and READ_ATTRIBUTES.fullmatch(name)]

    def handle_endtag(self, tag: str) -> None:
        if self._hidden:
            self._hidden.pop()

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.said.append(data)


def unmarked(html: str) -> list[str]:
    """English words that stand in no brackets."""
    text = " ".join(Text(html).said)
    assert text.count("⟦") == text.count("⟧"), "a bracket was cut off"
    while "⟦" in text:
        text = re.sub(r"⟦[^⟦⟧]*⟧", " ", text)
    return [word for word in _WORD.findall(text) if word not in NAMES]


def cyrillic(text: str) -> str:
    """The same text without a Latin letter, so that what is Latin on a page is the page's own."""
    return re.sub("[A-Z]", lambda found: chr(0x410 + ord(found[0]) - ord("A")), re.sub(
        "[a-z]", lambda found: chr(0x430 + ord(found[0]) - ord("a")), text
    ))  # fmt: skip


class SumEngine:
    """Adds all numbers; of classes, the first is the more probable the higher the sum."""

    def __init__(self, classes: tuple[str, ...] = ()) -> None:
        self._classes = classes

    def answer(self, columns: Columns) -> Answer:
        numbers = [values for values in columns.values() if values.dtype.kind == "f"]
        total = sum(np.nan_to_num(values) / (1 + np.nanmax(np.abs(values))) for values in numbers)
        if not self._classes:
            return Answer(np.asarray(total))
        first = 1 / (1 + np.exp(1 - np.asarray(total)))
        shares = np.column_stack([first, 1 - first])
        return Answer(np.array(self._classes, dtype=object)[shares.argmax(axis=1)], shares)


def strange(task: str) -> Deployment:
    """Every kind of field, of which nothing is written in Latin letters."""
    table = served.every_kind_of_column().drop(columns="target").rename(columns=cyrillic)
    for name, values in table.items():
        if values.dtype == object:
            table[name] = values.map(cyrillic, na_action="ignore")
    classes = tuple(map(cyrillic, ("bad", "good"))) if task == "classification" else ()
    known = {"method": "λ", "coverage": 0.9, "width": 1.0, "score": 1.0}
    parts = {} if classes else {"interval": explained.WIDE | known}
    made = explained.deployment_of(table, cyrillic("target"), task, SumEngine(classes), **parts)
    named = {"name": "Ω", "schema": made.schema.to_json() | {"title": "", "target_unit": "μ"}}
    return Deployment({**made.description, **named}, made.engine)


def csv_of(*rows: list[str]) -> io.BytesIO:
    return io.BytesIO("\n".join(",".join(f'"{cell}"' for cell in row) for row in rows).encode())


def states(client: FlaskClient, schema: Schema) -> Iterator[tuple[str, Any]]:
    """Every page in every state, named, as a browser that prefers Chinese gets it."""
    html = {"Accept": "text/html", "Accept-Language": "zh"}
    typical = {field.name: field.show(field.default) for field in schema.fields}
    wrong = {field.name: "⁇" for field in schema.fields}
    far = dict(typical)
    for field in schema.fields:
        if field.kind in ("number", "integer"):
            far[field.name] = field.show(field.hard_maximum)
    yield "form", client.get("/", headers=html)
    yield "link", client.get("/", query_string={next(iter(typical)): "1"}, headers=html)
    for name, sent in (("answer", typical), ("warned", far), ("refused", wrong), ("empty", {})):
        for query in ("", "?part=answer"):
            yield f"{name}{query}", client.post(f"/predict{query}", data=sent, headers=html)
    yield "unknown", client.post("/predict", data={**typical, "ξξξ": "1"}, headers=html)
    for path in ("/batch", "/model", "/docs", "/νν", "/predict"):
        yield path, client.get(path, headers=html)
    header = [field.name for field in schema.fields]
    rows = [[given[name] for name in header] for given in (typical, far, wrong)]
    files = {
        "checked": csv_of(header, *rows),
        "many refused": csv_of(header, *[rows[2]] * 120),
        "ragged": csv_of(header, ["1"]),
        "headless": csv_of(["1"]),
        "twice": csv_of([*header, header[0]], rows[0]),
        "wide": csv_of(["1"] * 10_001),
        "no rows": csv_of(header),
        "quote": io.BytesIO(csv_of(header).getvalue() + b'\n"'),
        "utf-16": io.BytesIO("ξ".encode("utf-16")),
        "latin": io.BytesIO(",".join(header).encode() + b"\n\xff"),
        "binary": io.BytesIO(b"\x00\x01"),
        "nothing": io.BytesIO(b""),
    }
    for name, content in files.items():
        data = {"file": (content, "β"), "do": "check"}
        yield f"batch: {name}", client.post("/batch", data=data, headers=html)
    yield "no file", client.post("/batch", data={"do": "check"}, headers=html)
    yield "mode", client.post(
        "/batch", data={"file": (csv_of(header), "β"), "errors": "?", "do": "x"}, headers=html
    )
    yield "stopped", client.post(
        "/batch", data={"file": (csv_of(header, *rows), "β"), "errors": "fail"}, headers=html
    )
    yield "no form", client.post("/batch", data=b"1", headers=html)
    long = {"Content-Length": "90000000"}
    yield "too large", client.post("/predict", headers=html | long)
    yield "too large a file", client.post("/batch", headers=html | long)
    yield "chunked", client.post(
        "/predict", headers=html, input_stream=io.BytesIO(b""), content_length=None
    )


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_no_english_is_left_out_of_the_catalogue(
    task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On every page in every state, all English comes from a message that can be translated."""
    monkeypatch.setitem(language._BY_PRIMARY, "zh", MARKED)
    loaded = strange(task)
    client = started(loaded).test_client()
    left = {}
    seen = 0
    for name, response in states(client, loaded.schema):
        assert (response.mimetype, response.status_code == 500) == ("text/html", False), name
        seen += response.text.count("⟦")
        if words := unmarked(response.text):
            left[name] = words
    assert not left
    assert seen > 500


@pytest.mark.parametrize("made", [cards.charging_card, cards.grading_card])
def test_no_english_of_the_model_card_is_left_out(
    made: Callable[[], Deployment], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A card with all its parts: beside names, all English comes from a message."""
    monkeypatch.setitem(language._BY_PRIMARY, "zh", MARKED)
    loaded = made()
    page = started(loaded).test_client().get("/model?lang=zh")
    assert page.text.count("⟦") > 150
    schema, card = loaded.schema, loaded.description["card"]
    names = [loaded.name, schema.target, schema.target_label, card["estimator"], "MAE RMSE AUC ROC"]
    names += [*map(str, schema.classes), *card["settings"], *card["limits"]]
    names += [text for step in card["steps"] for text in step.values()]
    names += [loaded.description.get("interval", {}).get("method", "")]
    for field in schema.fields:
        names += [field.name, field.label, *field.levels]
    assert set(unmarked(page.text)) <= {word for name in names for word in _WORD.findall(name)}


def test_how_a_range_is_made_is_in_the_catalogue() -> None:
    """Every shape that training gives an end of it has a translation."""
    for shape in (*SHAPES, AROUND_MIDDLE, BY_FIELDS):
        assert re.search("[A-Za-z]", shape)
        assert not re.search("[A-Za-z]", CHINESE.gettext(shape))


def test_an_unexpected_failure_is_worded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page of an error of our own."""
    app = started(strange("regression"))
    monkeypatch.setitem(language._BY_PRIMARY, "zh", MARKED)
    monkeypatch.setattr("tablecast.web.pages.form_page.controls_of", lambda *_: 1 / 0)
    headers = {"Accept": "text/html", "Accept-Language": "zh"}
    response = app.test_client().get("/?x=1", headers=headers)
    assert response.status_code == 500
    assert not unmarked(response.text)


def test_scripts_hold_no_sentence() -> None:
    """What a script says it takes from the page, which knows the language."""
    for file in sorted((ROOT / "static").glob("*.js")):
        code = re.sub(r"^\s*//.*$|\s// .*$", "", file.read_text(), flags=re.MULTILINE)
        for literal in re.findall(r'"([^"\n]*)"|`([^`]*)`', code):
            assert not re.search(r"[A-Z][a-z]+( [a-z]+|[.…])", "".join(literal)), file.name


def test_the_marks_would_show_a_sentence_that_was_left_out() -> None:
    """The test above can fail."""
    html = '<p>⟦one ⟦two⟧ three⟧ Four</p><img alt="five words"><code>six</code><a lang="en">no</a>'
    assert unmarked(html) == ["Four", "five", "words"]


def test_chinese_pages_have_no_english_sentence(client: FlaskClient) -> None:
    """The same walk in real Chinese: no three English words stand beside one another."""
    schema = client.application.extensions["tablecast"].current().loaded.schema
    for name, response in states(client, schema):
        text = "\n".join(Text(response.text).said)
        found = re.findall(r"[A-Za-z’']+ [A-Za-z’']+ [A-Za-z’']+", text)
        assert not found, name


# Catalogues

OTHERS = [pytest.param(one, id=one.tag) for one in LANGUAGES if not one.is_source]


def catalogue(spoken: Language, locale: Path = messages.LOCALE) -> list[Any]:
    """The messages of a language, each with its ``id`` and its translation, ``string``."""
    file = locale / spoken.folder / "LC_MESSAGES" / "tablecast.po"
    with file.open("rb") as text:
        return [message for message in read_po(text) if message.id]


def texts(value: Any) -> tuple[str, ...]:
    """A message's one text, or its singular and plural."""
    return (value,) if isinstance(value, str) else tuple(value)


@pytest.mark.thorough
def test_the_files_of_every_language_are_what_make_messages_writes(tmp_path: Path) -> None:
    """No message is missing, none is left from before, and what is compiled is what is written."""
    copy = tmp_path / "locale"
    shutil.copytree(messages.LOCALE, copy)
    messages.write(locale=copy)
    files = [file for file in messages.LOCALE.rglob("*.*") if file.is_file()]
    assert len(files) == 3 * len(OTHERS) + 1
    for file in files:
        assert (copy / file.relative_to(messages.LOCALE)).read_bytes() == file.read_bytes(), file


@pytest.mark.parametrize("spoken", OTHERS)
def test_everything_is_translated(spoken: Language) -> None:
    """Every message has a translation that somebody has looked at."""
    every = catalogue(spoken)
    assert len(every) > 300
    assert [one.id for one in every if one.fuzzy or not all(texts(one.string))] == []


@pytest.mark.parametrize("spoken", OTHERS)
def test_translations_keep_what_is_filled_in(spoken: Language) -> None:
    """A translation has the placeholders and the tags of its message, once each."""
    parts = re.compile(r"\{[a-z_]*\}|%\([a-z_]+\)s|</?[a-z]+[^>]*>")
    for one in catalogue(spoken):
        for text in texts(one.string):
            meant = [sorted(parts.findall(each)) for each in texts(one.id)]
            assert sorted(parts.findall(text)) in meant, one.id


@pytest.mark.thorough
def test_a_new_language_starts_with_everything_to_translate(tmp_path: Path) -> None:
    """Its folder is enough: ``make messages`` makes its files, and the pages can speak it.

    What has no translation yet is shown in English.
    """
    (tmp_path / "de").mkdir()
    messages.write(tmp_path)
    english, german = languages_in(tmp_path)
    assert (english, german.tag, german.name) == (ENGLISH, "de", "Deutsch")
    every = catalogue(german, tmp_path)
    assert len(every) > 300
    assert not any(any(texts(one.string)) for one in every)
    assert german.gettext("Start again") == "Start again"
    file = tmp_path / "de" / "LC_MESSAGES" / "tablecast.po"
    text = file.read_text(encoding="utf-8")
    start = 'msgid "Start again"\nmsgstr ""'
    assert start in text
    file.write_text(text.replace(start, start[:-1] + 'Neu"'), encoding="utf-8")
    messages.write(tmp_path)
    with file.with_suffix(".mo").open("rb") as compiled:
        assert GNUTranslations(compiled).gettext("Start again") == "Neu"
    assert messages.forms(german)["decimal"] == ","
    assert messages.forms(german)["date"] == "{d}. {MMMM} {y}"


@pytest.mark.parametrize("spoken", LANGUAGES, ids=lambda one: one.tag)
def test_figures_follow_cldr(spoken: Language) -> None:
    """Numbers, shares, amounts and days are written as Babel, which knows CLDR, writes them."""
    babel = pytest.importorskip("babel")
    from babel.dates import format_date
    from babel.numbers import format_currency, format_decimal, format_percent

    locale = babel.Locale.parse(spoken.folder)
    with speaking(spoken):
        for value in (0, 7, -1234.5, 1234567.891):
            written = format_decimal(value, "#,##0.000", locale).replace("-", formats.MINUS)
            assert formats.number(value, ",.3f") == written
        pattern = locale.percent_formats[None].pattern.replace("0", "0.0")
        assert formats.percent(0.2914, 1) == format_percent(0.2914, pattern, locale)
        for code in ("USD", "EUR", "GBP", "INR", "JPY", "CNY", "AUD"):
            written = formats.with_unit(formats.number(1234.5, ",.2f"), code)
            expected = format_currency(1234.5, code, locale=locale, currency_digits=False)
            # A currency that has no sign in a language is a unit like others.
            assert written.replace("\xa0", " ") == expected.replace("\xa0", " ")
        day = date(2020, 4, 8)
        dates = messages.DATES.get(spoken.folder, spoken.folder)
        assert formats.day(day) == format_date(day, "long", dates)


def test_a_dollar_is_an_american_one_to_others() -> None:
    """A sign that many currencies have is named where the reader would not take it for granted."""
    amounts = {}
    for spoken in LANGUAGES:
        with speaking(spoken):
            amounts[spoken.primary] = [
                formats.with_unit("5", unit) for unit in ("$", "A$", "USD", "¥", "€", "kg", "")
            ]
    assert amounts == {
        "en": ["$5", "A$5", "$5", "¥5", "€5", "5 kg", "5"],
        "es": [*(f"5\xa0{sign}" for sign in ("US$", "A$", "US$", "¥", "€")), "5 kg", "5"],
        "zh": ["US$5", "A$5", "US$5", "¥5", "€5", "5 kg", "5"],
    }


def test_a_decimal_comma_is_possible(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signs come from the language's facts, not from Python."""
    with speaking(ENGLISH):
        forms = formats._forms()
    swapped = replace(forms, decimal=",", group=".", percent="{} %", comma="; ")
    monkeypatch.setattr(formats, "_forms", lambda: swapped)
    assert formats.number(1234567.5, ",.1f") == "1.234.567,5"
    assert formats.percent(0.295, 1) == "29,5 %"
    assert formats.listed(["a", "b"]) == "a; b"


def test_a_date_is_asked_for_in_the_order_of_the_language() -> None:
    """Year, month, day in Chinese; the group's first input is where an error leads to."""
    field = Field("bought", "date", "datetime64[ns]", "Bought", minimum=0.0, maximum=86400.0 * 99)
    schema = Schema((field,), "y", "regression")
    orders = {}
    for spoken in LANGUAGES:
        with speaking(spoken):
            (control,) = controls_of(schema, {"bought": "2020-04-01"})
            orders[spoken.primary] = [(part.label, part.value) for part in control.parts]
            assert control.parts[0].id == control.id
            assert len({part.id for part in control.parts}) == 3
    assert orders["en"] == [("Day", "1"), ("Month", "4"), ("Year", "2020")]
    assert orders["zh"] == [("年", "2020"), ("月", "4"), ("日", "1")]


# Form files


def form_of(tmp_path: Path, content: str) -> Any:
    path = tmp_path / "form.toml"
    path.write_text(content, encoding="utf-8")
    return read_form(path)


BOTH = """
title = { en = "Size", zh-CN = "尺寸" }
[target]
unit = { zh = "厘米", en = "cm" }
[fields.colour]
label = { en = "Colour", zh = "颜色" }
hint = "Plain."
[fields.colour.levels]
en = { en = "English red", zh = "英国红" }
zh = "Chinese red"
"""


def two_colours() -> pd.DataFrame:
    return pd.DataFrame({"colour": ["en", "zh"], "n": [1, 2], "size": [1.0, 2.0]})


def test_a_text_may_be_given_in_several_languages(tmp_path: Path) -> None:
    """The pages show the reader's; what a language lacks is shown as the others have it."""
    schema = Schema.from_table(two_colours(), "size", "regression", form_of(tmp_path, BOTH))
    schema = Schema.from_json(json.loads(json.dumps(schema.to_json())))
    shown = {}
    for spoken in LANGUAGES:
        words = schema.in_language(spoken)
        colour = words.field("colour")
        shown[spoken.primary] = (
            words.title, words.target_unit, colour.label, colour.hint,
            [colour.show_level(level) for level in colour.levels], words.field("n").label,
        )  # fmt: skip
    assert shown == {
        "en": ("Size", "cm", "Colour", "Plain.", ["English red", "Chinese red"], "N"),
        "es": ("Size", "cm", "Colour", "Plain.", ["English red", "Chinese red"], "N"),
        "zh": ("尺寸", "厘米", "颜色", "Plain.", ["英国红", "Chinese red"], "N"),
    }
    assert schema.in_language(ENGLISH) is schema
    assert schema.in_language(CHINESE) is schema.in_language(CHINESE)


def test_a_file_in_one_language_is_shown_to_all(tmp_path: Path) -> None:
    """Plain texts are as before, whatever language they are in."""
    form = form_of(tmp_path, 'title = "尺寸"\n[fields.colour]\nlabel = { zh = "颜色" }')
    schema = Schema.from_table(two_colours(), "size", "regression", form)
    for spoken in LANGUAGES:
        words = schema.in_language(spoken)
        assert (words.title, words.field("colour").label) == ("尺寸", "颜色")


def test_a_form_without_a_title_has_one_in_each_language() -> None:
    """What the pages call it, where nobody has said, is a message like others."""
    schema = Schema.from_table(two_colours(), "size", "regression")
    assert schema.title == "Predict size"
    assert schema.in_language(CHINESE).title == "预测：size"


def test_a_deployment_from_before_is_read(insurance_schema: Schema) -> None:
    """A schema without translations shows its own words in every language."""
    plain: Mapping[str, Any] = {
        key: value for key, value in insurance_schema.to_json().items() if key != "translations"
    }
    schema = Schema.from_json(plain)
    assert schema.in_language(CHINESE).field("age").label == "Age"
    assert schema.in_language(CHINESE).parse(PERSON, text=True) == schema.parse(PERSON, text=True)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('title = { tlh = "x" }', "title has a text in 'tlh'; .* languages are en, es, zh"),
        ('title = { en = 5 }', "title has a value of the wrong type, 5"),
        ("title = {}", "title has no text"),
        ('[fields.a]\nlabel = { en = "x", xx = "y" }', r"fields\.a\.label has a text in 'xx'"),
        ('[fields.a]\nfolded = { en = true }', "wrong type"),
        ('[fields.a.levels]\nb = { zh = 1 }', "text in quotes"),
    ],
)
def test_a_mistake_in_a_language_is_named(tmp_path: Path, content: str, words: str) -> None:
    """An unknown language or a wrong value says where it stands."""
    with pytest.raises(FormFileError, match=words):
        form_of(tmp_path, content)


@pytest.mark.parametrize("name", ["insurance", "iris", "wine", "glass", "house"])
def test_shipped_examples_speak_every_language(name: str) -> None:
    """Every text of these form files is in every language."""
    form = read_form(ROOT / "examples" / name / "form.toml")
    for spoken in OTHERS:
        other = form.languages[spoken.values[0].primary]
        assert other.fields.keys() == form.fields.keys()
        assert other.texts["title"] != form.texts["title"]
        assert other.texts["target_label"] != form.texts["target_label"]
        for column, said in other.fields.items():
            assert said["label"] != form.fields[column]["label"] or column in ("pH", "alcohol")


@pytest.mark.thorough
def test_the_levels_of_the_longest_form_are_called_in_chinese(
    real_table: Callable[[str], Path],
) -> None:
    """Each of its forty-odd categories, but for the names of places."""
    prepared = prepare(read_table(real_table("house")), "SalePrice")
    form = read_form(ROOT / "examples" / "house" / "form.toml")
    described = Schema.from_table(prepared.table, "SalePrice", "regression", form)
    with speaking(CHINESE):
        fields = [one for one in described.in_language(CHINESE).fields if one.is_text]
        called = {one.name: " ".join(choice.label for choice in one.choices) for one in fields}
        left = {name for name, labels in called.items() if re.search("[A-Za-z]{3}", labels)}
    assert len(fields) > 40
    assert left == {"Neighborhood"}


# In a browser


@pytest.mark.browser
def test_the_answer_follows_the_form_in_its_language(
    client: FlaskClient, browser: Browser
) -> None:
    """The live panel asks in the page's language, and the link to the other shows its answer."""
    api = pytest.importorskip("playwright.sync_api")
    with served.server(client.application) as address:
        page = browser.new_page(base_url=address)
        page.goto("/?lang=zh")
        page.locator("[name=age]").fill("50")
        api.expect(page.locator("[data-link]")).to_have_attribute(
            "href", re.compile("age=50&.*&lang=zh#result")
        )
        api.expect(page.locator(".panel")).to_contain_text("个别案例可能不同")
        page.locator("[name=age]").fill("x")
        api.expect(page.locator(".live-problem")).to_contain_text("请以数字填写“年龄”")
        page.locator("[name=age]").fill("51")
        api.expect(page.locator(".live-problem")).to_have_count(0)
        page.locator("[data-language=en]").click()
        assert page.locator("html").get_attribute("lang") == "en"
        assert page.locator("[name=age]").input_value() == "51"
        assert page.locator(".answer").is_visible()
        page.close()


# The command line


@pytest.mark.thorough
def test_a_card_is_written_in_a_language(tmp_path: Path) -> None:
    """``--lang zh`` writes the same page in Chinese; what is said on the terminal stays."""
    texts = {}
    for spoken in LANGUAGES:
        file = tmp_path / f"{spoken.primary}.html"
        main(["card", str(SHIPPED), "-o", str(file), "--lang", spoken.primary])
        texts[spoken.primary] = file.read_text(encoding="utf-8")
        assert f'<html lang="{spoken.tag}">' in texts[spoken.primary]
    assert "模型卡" in texts["zh"]
    assert "模型卡" not in texts["en"]
    assert language.current_language() == ENGLISH
