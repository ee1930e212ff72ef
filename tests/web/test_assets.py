"""Static files: addresses that name their content, and how long caches may keep what is there."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tablecast.web.http.static_files import digest, versions_of
from tests.markup import Page

STATIC = Path(__file__).parents[2] / "static"


def cache_control(client: FlaskClient, path: str) -> str:
    with client.get(path, buffered=True) as response:
        assert response.status_code == 200
        return response.headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/", "/batch", "/model", "/docs", "/none"])
def test_pages_name_the_content_of_what_they_load(client: FlaskClient, path: str) -> None:
    """Each style sheet, script and icon of a page has its content's hash, and is kept for good."""
    page = Page(client.get(path, headers={"Accept": "text/html"}).text)
    wanted = [one["href"] for one in page.all("link")] + [one["src"] for one in page.all("script")]
    assert len(wanted) >= 3
    for address in wanted:
        name, _, version = address.removeprefix("/static/").partition("?v=")
        assert version == digest((STATIC / name).read_bytes())
        assert "immutable" in cache_control(client, address)


@pytest.mark.parametrize(
    ("query", "words"),
    [("", "max-age=300"), ("?v=000000000000", "no-cache"), ("?v=", "max-age=300")],
)
def test_other_addresses_are_not_kept_for_good(client: FlaskClient, query: str, words: str) -> None:
    """Without a hash a file is kept for minutes; with one that it does not have, not unasked."""
    said = cache_control(client, f"/static/tablecast.css{query}")
    assert words in said
    assert "immutable" not in said


def test_a_browser_that_asks_again_is_told_in_few_bytes(client: FlaskClient) -> None:
    """A file that a browser still has is not sent again, and may be kept as long as at first."""
    address = f"/static/tablecast.css?v={versions_of(STATIC)['tablecast.css']}"
    with client.get(address, buffered=True) as first:
        known = {"If-None-Match": first.headers["ETag"]}
    with client.get(address, headers=known, buffered=True) as again:
        assert again.status_code == 304
        assert "immutable" in again.headers["Cache-Control"]


def test_a_file_that_is_not_there_is_not_kept(client: FlaskClient) -> None:
    """A wrong address of a static file is an error that no cache keeps."""
    response = client.get("/static/none.css?v=1")
    assert response.status_code == 404
    assert response.headers["Cache-Control"] == "no-store"


def test_a_changed_file_has_another_address(tmp_path: Path) -> None:
    """The version follows the content, also of files in folders."""
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "a.css").write_text("a {}")
    before = versions_of(tmp_path)
    (tmp_path / "more" / "a.css").write_text("b {}")
    assert list(before) == ["more/a.css"]
    assert versions_of(tmp_path) != before
