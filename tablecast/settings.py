"""Every setting: its name, default, help, and the environment variable that sets it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from tablecast.errors import SettingError


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        default: its value where its variable is not set.
        help: a sentence for whoever sets it.
        choices: what it may be; empty where any value of the default's type will do.
        least, most: of a whole number.
        variable: the environment's that sets it; by default TABLECAST_ and its name.
    """

    default: str | int
    help: str
    choices: tuple[str, ...] = ()
    least: int = 1
    most: int = 10**12
    variable: str = ""

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


def named(settings: Mapping[str, Setting]) -> dict[str, Setting]:
    """The settings with their variables: ``rate`` is TABLECAST_RATE."""
    return {
        name: replace(one, variable=one.variable or f"TABLECAST_{name.upper()}")
        for name, one in settings.items()
    }


SETTINGS = named({
    "deployment": Setting(
        "deployment_28042020",
        "The deployment to serve: the path of its files without their endings, a folder of its "
        "versions, or a folder of deployments.",
    ),
    "engine": Setting(
        "onnx",
        "What predicts: the compiled graph (onnx), or PyCaret from the pickle (pycaret, slower).",
        ("onnx", "pycaret"),
    ),
    "reload": Setting(
        "off",
        "Whether a running server notices that the deployment's files or its form file changed.",
        ("on", "off"),
    ),
    "form_file": Setting(
        "",
        "A form file whose labels and limits are shown in place of the deployment's own. Empty: "
        "the deployment's own.",
    ),
    "most_open": Setting(32, "Most deployments of a folder that a worker process keeps open."),
    "max_body": Setting(5_000_000, "Largest request body of the form and the API, in bytes."),
    "max_upload": Setting(50_000_000, "Largest file that /batch accepts, in bytes."),
    "max_rows": Setting(10_000, "Most rows in one API request."),
    "keys": Setting(
        "", "The file of keys, or its text. Empty: no key is needed. Make keys with tablecast keys."
    ),
    "signed_by": Setting(
        "",
        "The public key, or its file: only deployments signed with it are opened. Empty: any. "
        "Sign with tablecast sign.",
    ),
    "form": Setting(
        "key",
        "Whether the form needs a key too (key), or only the rest does (open).",
        ("key", "open"),
    ),
    "rate": Setting(
        "", "Most requests from one address without a key, such as 100/m. Empty: no limit."
    ),
    "at_once": Setting(
        0,
        "Most requests of one key, or of one address without a key, that are answered at the same "
        "time, such as 10. Empty: no limit.",
        most=1000,
    ),
    "limits": Setting(
        "", "Where rates are counted, such as redis://host:6379. Empty: on this machine."
    ),
    "access_log": Setting(
        "json",
        "A line of JSON for each request on standard output (json), or none (off).",
        ("json", "off"),
    ),
    "log": Setting(
        "",
        "Where every answer is kept: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME. "
        "Empty: nowhere.",
    ),
    "log_mode": Setting(
        "strict",
        "Whether an answer is kept before it is given (strict), or within a second (relaxed).",
        ("strict", "relaxed"),
    ),
    "log_days": Setting(
        0, "Days after which the server deletes what the log keeps. Empty: never.", most=100_000
    ),
    "log_secret": Setting(
        "", "The secret that hashes values whose field says log = \"hash\" in the form file."
    ),
    "hosts": Setting(
        "",
        "Host names that the server accepts, such as example.com or .example.com. Empty: any.",
        variable="TRUSTED_HOSTS",
    ),
    "cors": Setting(
        "",
        "Other sites whose pages may use the API. Empty: none.",
        variable="TABLECAST_CORS_ORIGINS",
    ),
    "frames": Setting(
        "",
        "Sites that may show the form in a frame. Empty: none.",
        variable="TABLECAST_FRAME_ANCESTORS",
    ),
    "space": Setting(
        "",
        "Set by Hugging Face, so that its page may show the form in a frame.",
        variable="SPACE_HOST",
    ),
    "data": Setting("", "A folder where train looks for a data set first."),
    "max_seconds": Setting(10, "Most CPU seconds for one file at /batch."),
    "patience": Setting(10, "Seconds that gunicorn waits for a client to send or to read more."),
    "least_rate": Setting(
        1000, "Bytes a second that a client must send or read on average (gunicorn)."
    ),
    "proxies": Setting(
        "",
        "Proxies whose X-Forwarded-For, -Proto, -Host and -Prefix headers are trusted: addresses "
        "or networks, separated by commas, or * for any. Empty: none.",
    ),
    "port": Setting(5000, "The port that the server listens on.", most=65535, variable="PORT"),
    "workers": Setting(
        2, "How many worker processes the server starts.", most=1000, variable="WEB_CONCURRENCY"
    ),
})


def unknown_settings(environment: Mapping[str, str] | None = None) -> list[str]:
    """A sentence for each variable that looks like a setting and is none."""
    environment = os.environ if environment is None else environment
    known = [setting.variable for setting in SETTINGS.values()]
    messages = []
    for name in sorted(environment):
        if name.startswith("TABLECAST_") and name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Settings: {', '.join(sorted(known))}."
            messages.append(f"There is no setting {name}, so it has no effect. {hint}")
    return messages


def read_settings(environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Every setting's value, by its short name.

    Raises:
        SettingError: a variable has a value that cannot be used.
    """
    environment = os.environ if environment is None else environment
    return {name: setting.read(environment) for name, setting in SETTINGS.items()}
