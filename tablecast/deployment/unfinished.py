"""What is not whole yet: a hidden file or folder beside the place that it will take.

Its process holds a lock on it. What a killed process left there is used again by whoever writes to
the same place next, so that nothing of it stays.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from tablecast.errors import TablecastError

#: Characters of a name that the hidden one repeats: in any script fewer bytes than names may have.
SHOWN = 30


@contextmanager
def replaced_when_whole(path: Path, mode: int = 0o644) -> Iterator[Path]:
    """A temporary path beside ``path``, which takes its place only when the block succeeds.

    Args:
        path: the file; its folder is made.
        mode: who may read it then.
    """
    with unfinished(path) as temporary:
        yield temporary
        temporary.chmod(mode)
        os.replace(temporary, path)


def write_whole(path: Path, content: str | bytes, refusal: type[TablecastError]) -> None:
    """Write a file, or replace it as a whole.

    Raises:
        refusal: the system does not let anybody write it.
    """
    try:
        with replaced_when_whole(path) as temporary:
            temporary.write_bytes(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise refusal(f"{str(path)!r} cannot be written: {error.strerror}.") from None


@contextmanager
def unfinished(path: Path, *, is_folder: bool = False) -> Iterator[Path]:
    """An empty file or folder for what will be at ``path``, of this block and its user alone.

    It is gone after the block, unless it was moved.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for number in count():
        place = path.with_name(f".{path.name[:SHOWN]}.unfinished-{number}{path.suffix}")
        made = _make(place, is_folder)
        with _alone(place, made) as is_ours:
            if is_ours:
                yield from _emptied(place)
                return


def _emptied(place: Path) -> Iterator[Path]:
    if place.is_dir():
        for one in place.iterdir():
            _remove(one)
    else:
        os.truncate(place, 0)
    mark = place.stat().st_ino
    try:
        yield place
    finally:  # where it was moved, its name may be another process's by now
        if place.exists() and place.stat().st_ino == mark:
            _remove(place)


def _make(place: Path, is_folder: bool) -> bool:
    """Whether there was nothing, so that it could be made."""
    try:
        if is_folder:
            place.mkdir(0o700)
        else:
            os.close(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return False
    return True


@contextmanager
def _alone(place: Path, made: bool) -> Iterator[bool]:
    """Whether a place is this process's within: it has just been made, or nobody works at it."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield made
        return
    try:
        held = os.open(place, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:  # moved meanwhile, or another user's
        yield False
        return
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            locked = _is_at(place, held)
        except BlockingIOError:
            locked = False
        except OSError:  # a file system without locks
            locked = made
        yield locked
    finally:
        os.close(held)


def _is_at(place: Path, held: int) -> bool:
    """Whether what is open is still at its place, and nobody else's."""
    with suppress(FileNotFoundError):
        found = os.fstat(held)
        return found.st_ino == place.stat().st_ino and found.st_uid == os.geteuid()
    return False


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place, ignore_errors=True)
    else:
        place.unlink(missing_ok=True)
