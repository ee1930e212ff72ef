"""What a start keeps of its templates for the next one."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from tablecast.web.http.template_cache import KeptTemplates


def _environment(folder: Path, source: str = "{{ 1 + 1 }}") -> Environment:
    return Environment(
        loader=DictLoader({"page.html": source}), bytecode_cache=KeptTemplates(folder)
    )


def test_a_later_start_does_not_compile_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A template that an earlier start compiled is taken as it was kept."""
    assert _environment(tmp_path / "kept").get_template("page.html").render() == "2"
    assert len(list((tmp_path / "kept").iterdir())) == 1
    monkeypatch.setattr(Environment, "compile", lambda *_, **__: pytest.fail("compiled again"))
    assert _environment(tmp_path / "kept").get_template("page.html").render() == "2"


def test_a_changed_template_is_compiled(tmp_path: Path) -> None:
    """What was kept of an older template is not shown."""
    _environment(tmp_path).get_template("page.html")
    assert _environment(tmp_path, "new").get_template("page.html").render() == "new"


def test_a_folder_that_cannot_be_written_is_no_matter(tmp_path: Path) -> None:
    """Where nothing can be kept, each start compiles."""
    (tmp_path / "file").touch()
    assert _environment(tmp_path / "file").get_template("page.html").render() == "2"
    assert _environment(tmp_path / "file" / "deeper").get_template("page.html").render() == "2"


@pytest.mark.parametrize("content", [b"", b"damaged", b"half"])
def test_a_damaged_file_is_compiled_anew(tmp_path: Path, content: bytes) -> None:
    """A file that is empty, of something else, or cut short is not run."""
    _environment(tmp_path).get_template("page.html")
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes()[:-20] if content == b"half" else content)
    assert _environment(tmp_path).get_template("page.html").render() == "2"
