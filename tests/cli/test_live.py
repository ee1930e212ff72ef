"""What a long training says: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import io

import pytest

from tablecast.cli.live import Live
from tablecast.training.experiment import leaderboard
from tablecast.training.search.budget import Budget, Standing


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def screen(written: str) -> list[str]:
    """The lines that a terminal shows, once each carriage return and erasure is done."""
    return [line.rpartition("\r\x1b[K")[2] for line in written.split("\n")]


def test_a_log_gets_plain_lines() -> None:
    """Without a terminal each standing is a line, with the time left, what runs and the best."""
    stream = io.StringIO()
    with Live(stream, clock=lambda: 10.0) as live:
        live("1,338 rows")
        live.live(Standing("Lasso Regression", "best so far: R2 0.8493", 0.0, 30.0))
    assert stream.getvalue() == (
        "1,338 rows\n 20 s left  Lasso Regression  best so far: R2 0.8493\n"
    )


def test_a_terminal_has_one_live_line_below_the_others() -> None:
    """A line that stays is printed above the live one, which counts down and goes at the end."""
    stream, now = Terminal(), [0.0]
    with Live(stream, clock=lambda: now[0]) as live:
        live.live(Standing("Random Forest", "", 0.0, 40.0))
        assert screen(stream.getvalue()) == ["[············]  40 s left  Random Forest"]
        now[0] = 20.0
        live("Ignored Id.")
        assert screen(stream.getvalue()) == [
            "Ignored Id.", "[██████······]  20 s left  Random Forest"
        ]
    assert screen(stream.getvalue()) == ["Ignored Id.", ""]


def test_the_live_line_never_wraps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that is longer than the terminal is wide is cut: it could not be drawn over."""
    monkeypatch.setenv("COLUMNS", "50")
    stream = Terminal()
    with Live(stream, clock=lambda: 0.0) as live:
        live.live(Standing("Blend of " + "many " * 30, "", 0.0, 40.0))
        [line] = screen(stream.getvalue())
    assert len(line) == 49


def test_the_clock_speaks_to_whoever_listens() -> None:
    """A function that only takes lines, such as print, gets the standing as one."""
    lines: list[str] = []
    Budget(30).line("preparing plain features", "best so far: none", 0, lines.append)
    Budget(trials=8).line("Lasso Regression", "", 2, lines.append)
    assert lines == [
        " 30 s left  preparing plain features  best so far: none",
        "trial 2 of 8  Lasso Regression",
    ]


def test_the_leaderboard_is_a_table() -> None:
    """Figures stand below one another, and what has none says why in the same column."""
    board = [
        {
            "model": "br", "name": "Bayesian Ridge", "features": "searched features", "folds": 5,
            "seconds": 0.07, "R2": 0.8487, "spread": 0.01, "microseconds": 25.4, "why": "chosen",
        },
        {
            "model": "et", "name": "Extra Trees", "features": "plain features", "tuned": True,
            "trials": 8, "why": "no time left",
        },
        {"model": "qda", "error": "singular"},
    ]
    assert leaderboard.as_text(board).split("\n") == [
        "    R2       ±  Folds  Seconds  µs per row  Candidate                     Features  Why",
        "0.8487  0.0100      5      0.1          25  Bayesian Ridge                searched  "
        "chosen",
        "     –       –      –        –           –  Extra Trees (tuned, 8 times)  plain     "
        "no time left",
        "     –       –      –        –           –  qda                           –         "
        "singular",
    ]
