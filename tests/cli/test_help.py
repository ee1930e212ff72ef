"""What ``--help`` says: every command explains itself and ends with an example that works."""

from __future__ import annotations

import argparse
import re
import shlex
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from deployments import ROOT

from tablecast.cli.main import command_parser, main
from tablecast.deployment.opening import load
from tablecast.settings import SETTINGS

sys.path.insert(0, str(ROOT / "examples" / "insurance"))
from simulate import simulate

from tests.logged import ROW, logged


def parsers(
    parser: argparse.ArgumentParser, name: str = ""
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """The parser and those of its commands, by what is typed behind ``tablecast``."""
    yield name, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command, below in action.choices.items():
                yield from parsers(below, f"{name} {command}".strip())


PARSERS = dict(parsers(command_parser()))


def examples(name: str) -> list[str]:
    """The lines below "examples:" at the end of a command's help."""
    _, _, lines = PARSERS[name].format_help().partition("\nexamples:\n")
    return [line.strip() for line in lines.strip().splitlines()]


def arguments(example: str) -> list[str]:
    """What a shell makes of a line, without the program's name."""
    return shlex.split(example, comments=True)[1:]


@pytest.mark.parametrize("name", PARSERS)
def test_help_ends_with_an_example_of_the_command(name: str) -> None:
    """The last line of each help is a call of that command."""
    assert f"{examples(name)[-1]} ".startswith(f"tablecast {name}".strip() + " ")


@pytest.mark.parametrize("name", PARSERS)
def test_every_example_is_taken_by_the_command_line(name: str) -> None:
    """Each example has only options, values and settings that exist."""
    for example in examples(name):
        if example.startswith("tablecast ") and "--help" not in example:
            assert callable(command_parser().parse_args(arguments(example)).run)
        settings = set(re.findall(r"TABLECAST_[A-Z_]+", example))
        assert settings <= {setting.variable for setting in SETTINGS.values()}


@pytest.mark.parametrize("name", PARSERS)
def test_every_argument_is_explained(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command says what it does, and so does each of its arguments, on a usual terminal."""
    monkeypatch.setenv("COLUMNS", "80")
    parser = PARSERS[name]
    assert parser.description
    assert all(action.help or action.metavar == "ACTION" or action.metavar == "COMMAND"
               for action in parser._actions)  # fmt: skip
    assert max(map(len, parser.format_help().splitlines())) <= 80


#: Commands in an order in which each has the files that it needs from those before it.
IN_ORDER = (
    "inspect", "train", "compile", "predict", "compare", "card", "page", "verify", "form", "sql",
    "sign", "ship", "switch",
)
LOG_IN_ORDER = ("log export", "outcomes add", "outcomes", "log erase", "log prune", "log")
KEYS_IN_ORDER = ("keys add", "keys list", "keys revoke")
#: And those that end when somebody stops them: tests/cli/test_serve.py starts it.
ENDLESS = ("serve",)


@pytest.mark.slow
def test_the_examples_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Typed one after the other in a folder with a table and new rows, the examples succeed."""
    table = simulate(rows=120, seed=1)
    table.to_csv(tmp_path / "charges.csv", index=False)
    table.drop(columns="charges").head(20).to_csv(tmp_path / "new.csv", index=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TABLECAST_KEYS", raising=False)
    known = {*IN_ORDER, *KEYS_IN_ORDER, *LOG_IN_ORDER, *ENDLESS, "keys", ""}
    assert known == set(PARSERS)
    for name in (*IN_ORDER, *KEYS_IN_ORDER):
        if name == "compare":  # a new deployment, and rows with outcomes
            shutil.copy("charges.csv", "outcomes.csv")
            for file in tmp_path.glob("charges.*"):
                shutil.copy(file, file.name.replace("charges.", "charges_new."))
        # A search takes a minute; the last example of train names a model.
        for example in examples(name)[-1 if name == "train" else 0 :]:
            if example.startswith("tablecast "):
                assert main(arguments(example)) == 0, example
    have_asked(tmp_path, monkeypatch)
    for name in LOG_IN_ORDER:
        for example in examples(name):
            if example.startswith("tablecast "):
                assert main(arguments(example)) == 0, example


def have_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log of two answers, one of them that of the example's id, and files of outcomes."""
    monkeypatch.setenv("TABLECAST_DEPLOYMENT", "charges")
    client = logged(folder, monkeypatch, load("charges")).test_client()
    one = client.post("/predict_api", json=ROW).headers["X-Prediction-Id"]
    named = arguments(examples("log erase")[-1])[-1]
    client.post("/predict_api", json=ROW)
    with sqlite3.connect(folder / "log.db") as connection:
        connection.execute("UPDATE prediction SET id = ? WHERE id = ?", (named, one))
    (folder / "told.csv").write_text(f"id,outcome\n{named},1300\n")
    pd.DataFrame({"id": [named], "outcome": [1300]}).to_excel("corrected.xlsx", index=False)
