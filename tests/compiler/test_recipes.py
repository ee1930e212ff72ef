"""The recipes of docs/contributing.md, followed to the letter."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

import pytest
import same
from deployments import ROOT

from tablecast.compiler import compile_pipeline, estimators, registry, steps
from tablecast.errors import UnsupportedStep

PAGE = ROOT / "docs" / "contributing.md"


def blocks(heading: str) -> list[str]:
    """The Python of a recipe, block by block."""
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    return [dedent(block) for block in re.findall(r" *```python\n(.*?)```", section, re.DOTALL)]


@pytest.fixture
def follow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Follows a recipe: its class, its file in a package of the compiler; returns its test."""
    for table in ("_converters", "_regressors", "_classifiers"):
        monkeypatch.setattr(registry, table, dict(getattr(registry, table)))
    written: list[str] = []

    def follow(heading: str, package: ModuleType) -> Any:
        own, converter, test = blocks(heading)
        module = ModuleType("my_package")
        monkeypatch.setitem(sys.modules, "my_package", module)
        exec(own, module.__dict__)
        name = converter.partition("\n")[0].split("/")[-1]
        (tmp_path / name).write_text(converter, encoding="utf-8")
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
        registry.import_modules(package.__name__, [str(tmp_path)])
        written.append(f"{package.__name__}.{name.removesuffix('.py')}")
        names = {**vars(same), **vars(module), "compile_pipeline": compile_pipeline}
        exec(test, names)
        return next(value for key, value in names.items() if key.startswith("test_"))

    yield follow
    for name in written:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("heading", "package"), [("A compiler step", steps), ("An estimator", estimators)]
)
def test_one_file_compiles_a_class_that_was_unknown(
    heading: str, package: ModuleType, follow: Any
) -> None:
    """What a recipe writes is found in its folder, and its own test holds."""
    test = follow(heading, package)
    test()
    for table in (registry._converters, registry._regressors):
        for name in [name for name in table if name.startswith("my_package.")]:
            del table[name]
    with pytest.raises(UnsupportedStep, match="no converter is registered"):
        test()


def test_two_converters_of_one_class_are_refused() -> None:
    """Which one would answer must not depend on the order of the files."""
    with pytest.raises(ValueError, match=r"LinearRegression has a converter already"):
        registry.regresses("sklearn.linear_model.LinearRegression")(lambda *_: "")
