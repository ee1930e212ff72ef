"""A part of a file: what a worker is told, and what it answers."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

from tablecast import __version__
from tablecast.batch.summary import Summary

#: A file that is read at once; lines of a CSV file; rows of a Parquet file.
Kind = Literal["whole", "csv", "parquet"]


@dataclass(frozen=True)
class CsvTable:
    """What a worker has to know of a CSV file whose header it does not see.

    Attributes:
        names, header: the columns' names, and the cells that repeat them in a line of their own.
        encoding: as Python calls it.
        form: the attributes of ``CsvForm``.
    """

    names: list[str]
    header: list[str]
    encoding: str
    form: Mapping[str, Any]


@dataclass(frozen=True)
class Part:
    """A part of a file that is answered by itself.

    Attributes:
        address: where the file is.
        name: what messages call it.
        key: a text that changes when the file does.
        kind: how it is cut.
        start, end: where the part is: bytes of a CSV file, rows of a Parquet file.
        line: the number of its first line, from 1; of CSV only.
        rows: how many rows its reader must find, where other parts follow; else None.
        begins, ends: whether it has the first, and the last, of the file's rows.
        table: the CSV file's.
        given: columns that the folder's name gives, with their text.
        sheet: of a workbook.
        content: the bytes of the part (of the file, if it is not CSV), where no worker can read
            them; in base 64.
    """

    address: str
    name: str
    key: str
    kind: Kind = "whole"
    start: int = 0
    end: int = 0
    line: int = 1
    rows: int | None = None
    begins: bool = True
    ends: bool = True
    table: CsvTable | None = None
    given: Mapping[str, str] = field(default_factory=dict)
    sheet: str | None = None
    content: str | None = None


@dataclass(frozen=True)
class Order:
    """What a worker is asked to do with one part.

    Attributes:
        sha256: the hash of the graph that answers.
        errors: as ``predict_file`` has it.
        joined: whether the answers go into one file with those of other parts.
        header: whether the columns' names are written; of CSV only.
        into: the file that a worker on this machine writes the answers to, instead of sending them;
            "" for another machine's.
    """

    part: Part
    sha256: str
    errors: str
    joined: bool
    header: bool
    into: str = ""

    def to_json(self) -> str:
        """The order as text, with the version of who gives it."""
        return json.dumps({"version": __version__, **asdict(self)})

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """What ``to_json`` made, once its version is known to be ours."""
        part = dict(plain["part"])
        part["table"] = CsvTable(**part["table"]) if part["table"] else None
        rest = {name: plain[name] for name in ("sha256", "errors", "joined", "header", "into")}
        return cls(Part(**part), **rest)


@dataclass(frozen=True)
class Failure:
    """Why a part has no answers.

    Attributes:
        kind: ``"rows"``, rows are refused; ``"cut"``, the file cannot be cut there; ``"error"``.
        words: what to say of it.
    """

    kind: Literal["rows", "cut", "error"]
    words: str = ""


@dataclass(frozen=True)
class Scored:
    """What became of a part.

    Attributes:
        worker: which process did it: the machine's name and the process's number.
        summary: of its rows; its notes are those of this part alone.
        content: the answered rows: a CSV file's, a Parquet file's, or record batches to be joined;
            None where they are written to ``Order.into``.
        sha256: the hash of the answered rows.
        failure: why there are none.
    """

    worker: str
    summary: Summary = field(default_factory=Summary)
    content: bytes | None = b""
    sha256: str = ""
    failure: Failure | None = None
