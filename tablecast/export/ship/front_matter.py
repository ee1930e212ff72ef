"""What a README tells Hugging Face of a Space, above its text: written, and checked."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tablecast.export.ship.host import Findings, read_yaml, text_of
from tablecast.export.ship.shipment import Shipment
from tablecast.export.ship.templates import quoted

#: Characters that a Space's page has room for.
LONGEST_DESCRIPTION = 60

#: Of the two ends of a Space's picture.
COLOURS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")

#: Words that mean themselves in YAML without quotation marks.
_PLAIN = ("colorFrom", "colorTo", "sdk", "app_file")


def front_matter(shipment: Shipment, sdk: str, **more: str | int) -> str:
    """The lines between the two rules.

    Args:
        sdk: ``docker`` or ``static``.
        more: what that kind of Space needs besides, such as ``app_port``.
    """
    short = f"Prediction: {shipment.deployment.schema.target_label}"[:LONGEST_DESCRIPTION].strip()
    told: dict[str, str | int] = {
        "title": shipment.title, "emoji": "📈", "colorFrom": "green", "colorTo": "blue",
        "sdk": sdk, **more, "short_description": short,
    }  # fmt: skip
    lines = [f"{key}: {_written(key, value)}\n" for key, value in told.items()]
    return "".join([*lines, "pinned: false\n"])


def _written(key: str, value: str | int) -> str:
    return str(value) if key in _PLAIN or isinstance(value, int) else quoted(value)


def check_front_matter(readme: Path, sdk: str) -> Findings:
    """What a Space would refuse of its README, or not understand."""
    start, _, rest = text_of(readme).partition("---\n")
    front, end, _ = rest.partition("\n---\n")
    told = read_yaml(front) if end and not start.strip() else None
    if not isinstance(told, dict):
        return ["README.md does not begin with front matter between two lines of ---."]
    return list(_findings(told, sdk))


def _findings(told: dict[str, Any], sdk: str) -> Iterator[str]:
    if told.get("sdk") != sdk:
        yield f"README.md: sdk is {told.get('sdk')!r}, not {sdk!r}."
    for key in ("title", "emoji"):
        if not isinstance(told.get(key), str) or not told[key].strip():
            yield f"README.md: {key} must be a text."
    for key in ("colorFrom", "colorTo"):
        if told.get(key) not in COLOURS:
            yield f"README.md: {key} must be one of {', '.join(COLOURS)}."
    if len(str(told.get("short_description", ""))) > LONGEST_DESCRIPTION:
        yield f"README.md: short_description has more than {LONGEST_DESCRIPTION} characters."
    if sdk == "docker" and not isinstance(told.get("app_port"), int):
        yield "README.md: app_port must be the number of the port."
    if sdk == "static" and not (told.get("app_file") or "").endswith(".html"):
        yield "README.md: app_file must be the page."
