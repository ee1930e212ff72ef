"""Every setting: its name, default, help, and the environment variable that sets it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from tablecast.errors import SettingError


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        variable: the environment's that sets it.
        default: its value where that is not set.
        help: a sentence for whoever sets it.
        choices: what it may be; empty where any value of the default's type will do.
        least, most: of a whole number.
    """

    variable: str
    default: str | int
    help: str
    choices: tuple[str, ...] = ()
    least: int = 1
    most: int = 10**12

    def read(self, environment: Mapping[str, str]) -> str | int:
        """The value that the environment gives, or the default.

        Raises:
            SettingError: the value is not one of the choices, or no whole number within its limits.
        """
        raw = environment.get(self.variable, "").strip()
        if not raw:
            return self.default
        if self.choices and raw not in self.choices:
            raise SettingError(
                f"{self.variable} must be one of {', '.join(self.choices)}; it is {raw!r}."
            )
        if isinstance(self.default, str):
            return raw
        # Python reads no number of more than some thousand digits.
        if not raw.isdecimal() or len(raw) > 99 or not self.least <= int(raw) <= self.most:
            within = f"from {self.least}" + (f" to {self.most}" if self.most < 10**12 else "")
            raise SettingError(
                f"{self.variable} must be a whole number {within}; it is {raw[:99]!r}."
            )
        return int(raw)


SETTINGS = {
    "deployment": Setting(
        "TABLECAST_DEPLOYMENT",
        "deployment_28042020",
        "Path of the deployment to serve, without its ending.",
    ),
    "engine": Setting(
        "TABLECAST_ENGINE",
        "onnx",
        "What answers: the compiled graph (onnx), or PyCaret itself on the pickle (pycaret).",
        ("onnx", "pycaret"),
    ),
    "max_body": Setting(
        "TABLECAST_MAX_BODY", 5_000_000, "Largest request body that a form or the API reads, bytes."
    ),
    "max_upload": Setting(
        "TABLECAST_MAX_UPLOAD", 50_000_000, "Largest file that /batch reads, bytes."
    ),
    "max_rows": Setting(
        "TABLECAST_MAX_ROWS", 10_000, "Most rows that one API request may hold."
    ),
    "keys": Setting(
        "TABLECAST_KEYS",
        "",
        "File of keys, or its text; empty lets everybody ask. See python -m tablecast keys.",
    ),
    "signed_by": Setting(
        "TABLECAST_SIGNED_BY",
        "",
        "Public key, or its file, that a deployment must be signed by; see tablecast sign.",
    ),
    "form": Setting(
        "TABLECAST_FORM",
        "key",
        "Whether the form wants a key too, where there are keys (key), or none (open).",
        ("key", "open"),
    ),
    "rate": Setting(
        "TABLECAST_RATE", "", "Requests of each address without a key, such as 100/m; empty: any."
    ),
    "at_once": Setting(
        "TABLECAST_AT_ONCE",
        0,
        "Requests of one key, or of one address without a key, that are answered at the same "
        "time, such as 10; not set: any number.",
        most=1000,
    ),
    "limits": Setting(
        "TABLECAST_LIMITS",
        "",
        "Where rates are counted, such as redis://host:6379; empty: on this machine.",
    ),
    "access_log": Setting(
        "TABLECAST_ACCESS_LOG",
        "json",
        "A line for each request on standard output (json), or none (off).",
        ("json", "off"),
    ),
    "hosts": Setting(
        "TRUSTED_HOSTS",
        "",
        "Names by which the server may be asked, such as example.com or .example.com; empty: any.",
    ),
    "cors": Setting(
        "TABLECAST_CORS_ORIGINS", "", "Sites whose pages may ask the API; empty: none but its own."
    ),
    "frames": Setting(
        "TABLECAST_FRAME_ANCESTORS", "", "Sites that may show the form in a frame; empty: none."
    ),
    "space": Setting(
        "SPACE_HOST", "", "Set by Hugging Face, whose page may then show the form in a frame."
    ),
    "data": Setting(
        "TABLECAST_DATA", "", "Folder in which a data set's name is looked up first."
    ),
    "max_seconds": Setting(
        "TABLECAST_MAX_SECONDS", 10, "Most CPU seconds that /batch spends on one file."
    ),
    "patience": Setting(
        "TABLECAST_PATIENCE",
        10,
        "Seconds that gunicorn waits for a head, for a body to go on, or for a client to read on.",
    ),
    "least_rate": Setting(
        "TABLECAST_LEAST_RATE",
        1000,
        "Bytes a second below which a body, or a client that reads, is too slow for gunicorn.",
    ),
    "proxies": Setting(
        "TABLECAST_PROXIES",
        "",
        "Proxies whose X-Forwarded-For, -Proto, -Host and -Prefix are believed: addresses or "
        "networks with commas between, or * for any.",
    ),
    "port": Setting("PORT", 5000, "Port that the server listens on.", most=65535),
    "workers": Setting(
        "WEB_CONCURRENCY", 2, "Worker processes that the server starts.", most=1000
    ),
}


def unknown_settings(environment: Mapping[str, str] | None = None) -> list[str]:
    """A sentence for each variable that looks like a setting and is none."""
    environment = os.environ if environment is None else environment
    known = [setting.variable for setting in SETTINGS.values()]
    found = []
    for name in sorted(environment):
        if name.startswith("TABLECAST_") and name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]}?" if near else "See the list of settings."
            found.append(f"{name} is no setting, and changes nothing. {hint}")
    return found


def read_settings(environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Every setting's value, by its short name.

    Raises:
        SettingError: a variable has a value that cannot be used.
    """
    environment = os.environ if environment is None else environment
    return {name: setting.read(environment) for name, setting in SETTINGS.items()}
