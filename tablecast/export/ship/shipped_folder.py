"""A folder that we write and people keep: only what changed is written, and nothing of theirs.

A record beside the files says what was written last, so that a file that somebody changed, or put
there, is told from ours.
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from tablecast.deployment.files import sha256_of
from tablecast.deployment.staging import alone_in
from tablecast.errors import ShipError

#: The record of what was written, and the start of the name of a folder of what is not whole yet.
RECORD = ".tablecast-ship.json"
UNFINISHED = ".tablecast-ship-"

#: What an empty folder may hold: a repository that was only just made.
NOT_COUNTED = (".git",)


@dataclass(frozen=True)
class Written:
    """What became of a folder's files, by their places in it.

    Attributes:
        written: new or changed.
        removed: no longer needed.
        kept: ours once, changed by somebody since, and left as they are.
        same: how many are as they were.
    """

    written: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]
    same: int


def write_folder(
    folder: Path, files: Mapping[str, bytes], facts: Mapping[str, str], force: bool = False
) -> Written:
    """Bring a folder to these files, all of them or none.

    Args:
        folder: empty, not there yet, or written by this function before.
        files: content by place, such as ``.github/workflows/deploy.yml``.
        facts: what the record says besides, such as the host's name.
        force: replace files that somebody changed.

    Raises:
        ShipError: the folder is somebody else's, somebody changed files that would change, or
            nothing can be written there.
    """
    around = next(one for one in (folder, *folder.absolute().parents) if os.path.isdir(one))
    with alone_in(around):  # another command that ships into it waits
        return _write_alone(folder, files, facts, force)


def _write_alone(
    folder: Path, files: Mapping[str, bytes], facts: Mapping[str, str], force: bool
) -> Written:
    recorded = recorded_files(folder)
    there = {place: _hash_in(folder, place) for place in {*files, *recorded}}
    plan = _plan(files, recorded, there, force)
    changed = [place for place in plan.written if there[place] not in (None, recorded.get(place))]
    if changed and not force:
        raise ShipError(
            f"{_listed(changed)} in {str(folder)!r} would be replaced, and somebody changed or "
            "made them. Keep a copy and add --force, or choose another folder."
        )
    if not (plan.written or plan.removed) and recorded == _hashes(files):
        return plan
    record = {**facts, "files": _hashes(files)}
    content = {
        **{place: files[place] for place in plan.written},
        RECORD: (json.dumps(record, indent=2, ensure_ascii=False) + "\n").encode(),
    }
    try:
        _settle(folder, content, plan.removed)
    except OSError as error:
        raise ShipError(
            f"{str(folder)!r} cannot be written: {error.strerror}. Choose another folder (-o)."
        ) from None
    return plan


def recorded_files(folder: Path) -> dict[str, str]:
    """The hash of each file as it was last written, by place; empty for an empty folder.

    Raises:
        ShipError: the folder holds something, and nothing of ours.
    """
    try:
        return dict(read_record(folder)["files"])
    except FileNotFoundError:
        pass
    except NotADirectoryError:
        at = next(one for one in (folder, *folder.parents) if one.exists())
        raise ShipError(f"{str(at)!r} is a file. Choose a folder (-o).") from None
    except (ValueError, KeyError, TypeError, IsADirectoryError):
        raise ShipError(
            f"{str(folder / RECORD)!r} cannot be read, so it is not known what is whose. Choose "
            "another folder (-o)."
        ) from None
    except OSError as error:
        raise ShipError(
            f"{str(folder)[:99]!r} cannot be read: {error.strerror}. Choose another folder (-o)."
        ) from None
    if folder.exists() and any(
        one.name not in NOT_COUNTED and not one.name.startswith(UNFINISHED)
        for one in folder.iterdir()
    ):
        raise ShipError(
            f"{str(folder)!r} is not empty, and tablecast ship did not write it. Choose another "
            "folder (-o)."
        )
    return {}


def read_record(folder: Path) -> dict[str, Any]:
    """What was written last into a folder.

    Raises:
        OSError, ValueError: there is no record, or it is none.
    """
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    files = record["files"]
    pairs = files.items() if isinstance(files, dict) else [(None, None)]
    if not all(isinstance(one, str) for pair in pairs for one in pair):
        raise ValueError("not a record")
    if any(place.is_absolute() or ".." in place.parts for place in map(PurePosixPath, files)):
        raise ValueError("a place outside of the folder")
    return dict(record)


def _plan(
    files: Mapping[str, bytes],
    recorded: Mapping[str, str],
    there: Mapping[str, str | None],
    force: bool,
) -> Written:
    written: list[str] = []
    removed: list[str] = []
    kept: list[str] = []
    for place, now in _hashes(files).items():
        if there[place] == now:
            continue
        # What somebody changed stays, as long as nothing of ours would be new in it.
        edited = not force and there[place] is not None and recorded.get(place) == now
        (kept if edited else written).append(place)
    for place in recorded.keys() - files.keys():
        if there[place] is not None:
            (removed if there[place] == recorded[place] else kept).append(place)
    same = len(files) - len(written) - sum(place in files for place in kept)
    return Written(tuple(written), tuple(sorted(removed)), tuple(sorted(kept)), same)


def _settle(folder: Path, content: Mapping[str, bytes], removed: tuple[str, ...]) -> None:
    """Write everything beside its place first; then move it, the record last."""
    new = not folder.exists()
    with _unfinished(folder.parent if new else folder, folder.name) as beside:
        made = beside if new else beside / "new"
        for place, written in content.items():
            path = made / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(written)
        if new:
            beside.chmod(0o755)
            os.replace(beside, folder)
            return
        with _as_it_was(folder, beside / "old", [*content, *removed]):
            for place in content:
                target = _within(folder, place)
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(made / place, target)
            for place in removed:
                _within(folder, place).unlink(missing_ok=True)
                _remove_empty(folder, place)


@contextmanager
def _as_it_was(folder: Path, copies: Path, places: Sequence[str]) -> Iterator[None]:
    """Keep copies of what stands at places, and put them back where the block does not end."""
    before = [place for place in places if os.path.lexists(_within(folder, place))]
    for place in before:
        (copies / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(folder / place, copies / place, follow_symlinks=False)
    try:
        yield
    except BaseException:
        for place in places:
            if place in before:
                (folder / place).parent.mkdir(parents=True, exist_ok=True)
                os.replace(copies / place, folder / place)
            else:
                (folder / place).unlink(missing_ok=True)
                _remove_empty(folder, place)
        raise


def _remove_empty(folder: Path, place: str) -> None:
    """The folders above a place that hold nothing else."""
    with suppress(OSError):
        for above in PurePosixPath(place).parents[:-1]:
            (folder / above).rmdir()


@contextmanager
def _unfinished(parent: Path, name: str) -> Iterator[Path]:
    """A folder for what is not whole yet; one that a killed process left behind goes first."""
    beside = parent / f"{UNFINISHED}{name}"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        yield beside
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _within(folder: Path, place: str) -> Path:
    """A place in a folder, which no link leads out of."""
    path = folder / place
    if not path.parent.resolve().is_relative_to(folder.resolve()):
        raise ShipError(f"{str(path)!r} leads out of {str(folder)!r}. Remove that link first.")
    return path


def _hash_in(folder: Path, place: str) -> str | None:
    try:
        return sha256_of(_within(folder, place).read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ShipError(f"{str(folder / place)!r} cannot be read: {error.strerror}.") from None


def _hashes(files: Mapping[str, bytes]) -> dict[str, str]:
    return {place: sha256_of(content) for place, content in sorted(files.items())}


def _listed(places: list[str]) -> str:
    more = len(places) - 3
    return ", ".join(places[:3]) + (f" and {more} more" if more > 0 else "")
