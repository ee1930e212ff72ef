"""What a host is: a module in ``hosts/`` whose ``HOST`` says what its folder holds."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tablecast.export.ship.shipment import Shipment

#: What one host's own check says of a folder: a sentence for each finding.
Findings = Iterable[str]




@dataclass(frozen=True)
class Host:
    """A place that runs a folder.

    Attributes:
        title: what people call it.
        files: everything in the folder but its record, by place.
        holds: patterns of places that each folder of it has, whatever is shipped. They tell what
            was lost even where the folder's record does not.
        check: what is wrong in a folder by this host's rules.
    """

    title: str
    files: Callable[[Shipment], Mapping[str, bytes]]
    holds: tuple[str, ...]
    check: Callable[[Path], Findings] = lambda _folder: ()


def text_of(path: Path) -> str:
    """What a file says; "" where it is not there."""
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def read_yaml(text: str) -> Any:
    """What a text in YAML says; None where it is not YAML.

    Raises:
        ModuleNotFoundError: nothing here reads YAML, which only checks need.
    """
    import yaml  # type: ignore[import-untyped]

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None
