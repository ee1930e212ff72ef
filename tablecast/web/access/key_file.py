"""The keys of a server: how they are made, and the file that keeps their hashes.

A key has 256 random bits, so nobody can guess it from its SHA-256. (A slow hash is only needed for
passwords, which people choose.) A file of keys has one JSON object in each line.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from tablecast.deployment.unfinished import replaced_when_whole
from tablecast.errors import KeysError

Role = Literal["ask", "batch", "watch", "admin"]

#: What a key of each role may do. Whoever may send files may ask for single rows as well.
GRANTS: Mapping[str, frozenset[str]] = {
    "ask": frozenset({"ask"}),
    "batch": frozenset({"ask", "batch"}),
    "watch": frozenset({"watch"}),
    "admin": frozenset(get_args(Role)),
}

#: What every key begins with, so that a search for lost secrets can find it.
PREFIX = "tc_"

#: 256 bits: what cannot be guessed however many are tried.
KEY_BYTES = 32

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")

RATE = re.compile(r"([1-9][0-9]{0,8})/(s|m|h|d)")


@dataclass(frozen=True)
class Key:
    """What is kept of a key.

    Attributes:
        name: whose it is, for the log and the list.
        role: one of ``Role``.
        digest: SHA-256 of the key, hexadecimal.
        rate: requests in a time, such as ``100/m``; empty for no limit.
        until: the last day, in UTC, on which it opens anything; None for always.
    """

    name: str
    role: str
    digest: str
    rate: str = ""
    until: date | None = None

    def grants(self, role: str) -> bool:
        """Whether whoever holds it may do what wants this role."""
        return role in GRANTS[self.role]

    @cached_property
    def ends(self) -> float:
        """Seconds since 1970 at which it opens nothing any more."""
        if self.until is None:
            return float("inf")
        return datetime.combine(self.until + timedelta(days=1), time(), UTC).timestamp()

    @cached_property
    def counted(self) -> str:
        """What its requests are counted as."""
        return f"key:{self.name}"

    def to_line(self) -> str:
        """As a file of keys has it."""
        kept = {"name": self.name, "role": self.role, "sha256": self.digest}
        if self.rate:
            kept["rate"] = self.rate
        if self.until:
            kept["until"] = self.until.isoformat()
        return json.dumps(kept, ensure_ascii=False)


def new_key(name: str, role: str, rate: str = "", until: date | None = None) -> tuple[str, Key]:
    """A new key, to be shown once, and what is kept of it.

    Raises:
        KeysError: the name, the role or the rate cannot be used.
    """
    secret = PREFIX + secrets.token_urlsafe(KEY_BYTES)
    return secret, _checked(Key(name, role, digest_of(secret), rate, until))


def digest_of(secret: str) -> str:
    """What is kept of a key in its place."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def read_keys(text: str, source: str) -> list[Key]:
    """The keys of a text that has one JSON object a line; blank lines and # comments are left out.

    Args:
        source: what to call the text in an error.

    Raises:
        KeysError: a line is no key, or a name or a key is there twice.
    """
    keys = [_read_line(line, f"{source}, line {number}") for number, line in _lines(text)]
    for what in ("name", "digest"):
        seen = [getattr(key, what) for key in keys]
        twice = next((name for name in seen if seen.count(name) > 1), None)
        if twice is not None:
            raise KeysError(f"{source}: {_named(what, twice)} occurs twice. Remove one of the two.")
    return keys


def read_file(path: Path) -> list[Key]:
    """The keys of a file; none where there is no such file.

    Raises:
        KeysError: it cannot be read, or a line is no key.
    """
    try:
        return read_keys(path.read_text(encoding="utf-8"), path.name)
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise KeysError(f"The keys in {path} cannot be read: {error}.") from None


def write_file(path: Path, keys: Iterable[Key]) -> None:
    """Replace a file of keys, whole or not at all, readable by its owner alone.

    Raises:
        KeysError: it cannot be written.
    """
    try:
        with replaced_when_whole(path, 0o600) as temporary:
            temporary.write_text("".join(f"{key.to_line()}\n" for key in keys), encoding="utf-8")
    except OSError as error:
        raise KeysError(f"The keys cannot be written to {path}: {error.strerror}.") from None


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line


def _read_line(line: str, where: str) -> Key:
    try:
        kept: dict[str, Any] = json.loads(line)
        until = date.fromisoformat(kept["until"]) if kept.get("until") else None
        key = Key(kept["name"], kept["role"], kept["sha256"], kept.get("rate", ""), until)
        if unknown := kept.keys() - {"name", "role", "sha256", "rate", "until"}:
            raise KeysError(f"unknown entry {sorted(unknown)[0]!r}.")
        return _checked(key)
    except KeysError as error:
        raise KeysError(f"{where}: {error}") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise KeysError(
            f"{where} is not a key. Make keys with python -m tablecast keys add."
        ) from None


def _checked(key: Key) -> Key:
    if not (isinstance(key.name, str) and NAME.fullmatch(key.name)):
        raise KeysError(
            f"{key.name!r} cannot be the name of a key. Use up to 64 letters, digits and . _ @ -, "
            "and begin with a letter or a digit."
        )
    if key.role not in GRANTS:
        raise KeysError(f"A key's role must be one of {', '.join(GRANTS)}, not {key.role!r}.")
    if not (isinstance(key.digest, str) and re.fullmatch("[0-9a-f]{64}", key.digest)):
        raise KeysError("sha256 must be the 64 hexadecimal digits of the key's SHA-256.")
    if key.rate and not RATE.fullmatch(key.rate):
        raise KeysError(
            f"{key.rate!r} is not a rate. Write a whole number above 0, a slash, and s, m, h or d, "
            "for example 100/m. To block a key, revoke it."
        )
    return key


def _named(what: str, value: str) -> str:
    return f"the name {value!r}" if what == "name" else "one key"
