"""Turns among processes that write to one file, and one wait for the disk for all of them."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from tablecast.errors import LogError
from tablecast.log import turns
from tablecast.log.turns import Turns


def of(folder: Path) -> Turns:
    """Turns of a file in a folder."""
    return Turns(folder / "log.db-turn")


def wrote(mine: Turns, rows: int = 1) -> int:
    """Write, and get a ticket."""
    with mine.taken(1):
        return mine.wrote(rows)


def in_a_child(do: object) -> int:
    """Do something in another process, which then waits to be killed."""
    begun, told = os.pipe()
    child = os.fork()
    if child == 0:
        assert callable(do)
        do(lambda: os.write(told, b"x"))
        os._exit(0)
    assert os.read(begun, 1) == b"x"
    os.close(begun)
    os.close(told)
    return child


def end(child: int) -> None:
    """Kill a process, and wait until it has ended."""
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def test_a_turn_is_one_processs_alone(tmp_path: Path) -> None:
    """Who waits too long is told; a killed process gives its turn back."""
    mine = of(tmp_path)

    def hold(tell: object) -> None:
        with of(tmp_path).taken(1):
            assert callable(tell)
            tell()
            time.sleep(60)

    child = in_a_child(hold)
    with pytest.raises(LogError, match="another process writes"), mine.taken(0.05):
        pass
    end(child)
    assert wrote(mine) == 1


def test_one_process_counts_while_others_write(tmp_path: Path) -> None:
    """Who would count too waits; who is killed gives the place back."""
    mine = of(tmp_path)

    def hold(tell: object) -> None:
        with of(tmp_path).counting(1):
            assert callable(tell)
            tell()
            time.sleep(60)

    child = in_a_child(hold)
    assert wrote(mine) == 1
    with pytest.raises(LogError, match="another process"), mine.counting(0.05):
        pass
    end(child)
    with mine.counting(0.05), mine.taken(0.05):
        pass


def test_a_commit_waits_for_the_disk_once(tmp_path: Path) -> None:
    """What was written before the wait began is covered by it, whoever waited; later rows not."""
    mine, others = of(tmp_path), of(tmp_path)
    waits: list[int] = []
    first, second = wrote(mine, 3), wrote(others, 2)
    assert (first, second) == (3, 5)
    mine.sync(first, lambda: waits.append(1), 1)
    others.sync(second, lambda: waits.append(2), 1)
    assert waits == [1]
    others.sync(wrote(others), lambda: waits.append(3), 1)
    assert waits == [1, 3]


def test_what_is_written_while_somebody_waits_is_not_covered(tmp_path: Path) -> None:
    """The disk may have begun before it came."""
    mine, others = of(tmp_path), of(tmp_path)
    tickets: list[int] = []
    mine.sync(wrote(mine), lambda: tickets.append(wrote(others)), 1)
    waits: list[int] = []
    others.sync(tickets[0], lambda: waits.append(1), 1)
    assert waits == [1]


def test_a_disk_that_fails_keeps_nothing(tmp_path: Path) -> None:
    """Nobody is told that it was, and the next one waits for it again."""
    mine = of(tmp_path)
    ticket = wrote(mine)

    def broken() -> None:
        raise OSError("Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        mine.sync(ticket, broken, 1)
    waits: list[int] = []
    mine.sync(ticket, lambda: waits.append(1), 1)
    assert waits == [1]


def test_a_process_that_is_killed_while_it_waits_covers_nothing(tmp_path: Path) -> None:
    """Whoever comes next waits for the disk."""
    mine = of(tmp_path)
    ticket = wrote(mine)

    def wait(tell: object) -> None:
        def forever() -> None:
            assert callable(tell)
            tell()
            time.sleep(60)

        of(tmp_path).sync(ticket, forever, 1)

    child = in_a_child(wait)
    with pytest.raises(LogError, match="another process"):
        mine.sync(ticket, lambda: None, 0.05)
    end(child)
    waits: list[int] = []
    mine.sync(ticket, lambda: waits.append(1), 1)
    assert waits == [1]


@pytest.mark.thorough
def test_who_waits_for_another_goes_on_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one who has the place first waits for the rows that are about to come, and then for all.

    As many came together the last time.
    """
    monkeypatch.setattr(turns, "MOST_GATHERING", 20.0)
    mine, others = of(tmp_path), of(tmp_path)
    mine.sync(wrote(mine, 2), lambda: None, 1)
    slow = turns.NUMBERS.pack(2, 2, 2, 60 * 10**9)  # two rows together, after a minute
    (tmp_path / "log.db-turn").write_bytes(slow)
    waits: list[str] = []
    first = threading.Thread(target=mine.sync, args=(wrote(mine), lambda: waits.append("a"), 5))
    first.start()
    second = wrote(others)
    others.sync(second, lambda: waits.append("b"), 5)
    first.join()
    assert len(waits) == 1


def test_an_emptied_file_loses_nothing(tmp_path: Path) -> None:
    """The numbers begin anew, and a commit waits for the disk."""
    mine = of(tmp_path)
    ticket = wrote(mine, 7)
    (tmp_path / "log.db-turn").write_bytes(b"")
    waits: list[int] = []
    mine.sync(ticket, lambda: waits.append(1), 1)
    assert waits == [1]
    assert wrote(mine) >= 1
