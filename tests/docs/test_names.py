"""The documents name only files that exist."""

from __future__ import annotations

import re

import pytest
from deployments import ROOT

PAGES = ["README.md", "CONTRIBUTING.md", "SECURITY.md",
         *sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md")),
         *sorted(str(page.relative_to(ROOT)) for page in (ROOT / "examples").rglob("*.md"))]

#: Files that a reader or a command makes, or that were removed and are named for that.
OTHERS = {"build/form.toml", "my_package.py", "tablecast/compiler/steps/doubling.py",
          "tablecast/compiler/estimators/slope.py", "tablecast/schema/kinds/time_of_day.py",
          "tablecast/web/pages/about_page.py", "smoke_test.py", "fly.toml",
          "training/form.toml"}  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_a_file_that_a_page_names_exists(page: str) -> None:
    """`name.py` and `folder/name.py` in a page are the end of a path in the repository."""
    text = (ROOT / page).read_text(encoding="utf-8")
    # Rows of parts that were removed name files that are not there any more.
    text = re.sub(r"^\|.*\| (gone|removed|replaced).*$", "", text, flags=re.MULTILINE)
    named = set(re.findall(r"`([\w./-]+\.(?:py|toml|yml|svg|ipynb))(?:::\w+)?`", text)) - OTHERS
    absent = [name for name in named if not _exists(name)]
    assert absent == []


def _exists(name: str) -> bool:
    return any(
        next((ROOT / folder).rglob(name), None)
        for folder in ("tablecast", "tests", "benchmarks", "examples", "docs")
    ) or (ROOT / name).exists()
