"""Where a key stands in a form file, so that an error can name its line."""

import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tablecast.errors import FormFileError


@dataclass(frozen=True)
class FormText:
    """A form file as it was read."""

    path: Path
    text: str

    @contextmanager
    def naming_lines(self) -> Iterator[None]:
        """What is raised of a key names the file and the line as well."""
        try:
            yield
        except FormFileError as error:
            if not error.key:
                raise
            place = f"Line {self.line_of(error.key)} of '{self.path.name}'"
            raise FormFileError(f"{place}: {error}") from None

    def says(self, *key: str) -> bool:
        """Whether the file has a key."""
        return _known_part(tomllib.loads(self.text), key) == key

    def line_of(self, key: Sequence[str]) -> int:
        """The line, from 1, in which a key begins, or what of its path there is.

        Python's reader of TOML keeps no lines. But the lines before a statement are TOML without
        the key, those to its end are TOML with it, and whatever ends within a statement is none.
        """
        lines = self.text.split("\n")
        without, within = 0, len(lines)
        key = _known_part(tomllib.loads(self.text), key)
        while within - without > 1:
            middle = (without + within) // 2
            data = None
            for end in (*range(middle, without, -1), *range(middle + 1, within)):
                data = _read("\n".join([*lines[:end], ""]))
                if data is not None:
                    break
            if data is None:
                break
            if _known_part(data, key) == key:
                within = end
            else:
                without = end
        return without + 1


def _read(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _known_part(data: Any, key: Sequence[str]) -> tuple[str, ...]:
    """As much of a key's path as there is."""
    known = []
    for part in key:
        if not isinstance(data, dict) or part not in data:
            break
        known.append(part)
        data = data[part]
    return tuple(known)
