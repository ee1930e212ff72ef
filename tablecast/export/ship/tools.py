"""The programs by which others check such files: each is asked where it is installed."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

#: Seconds: a checker that takes longer hangs.
PATIENCE = 60


@dataclass(frozen=True)
class Tool:
    """A program that checks files.

    Attributes:
        program: its name on the command line.
        options: what it is called with, before the files.
        files: patterns of the files that it checks.
    """

    program: str
    options: tuple[str, ...]
    files: tuple[str, ...]

    def command(self) -> str | None:
        """Where it is installed: beside this Python first, then where the shell finds it."""
        folders = [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
        return shutil.which(self.program, path=os.pathsep.join(folders))

    def findings(self, folder: Path, places: tuple[str, ...]) -> Iterator[str]:
        """What it says of files, a line each; nothing where it is content."""
        command = [str(self.command()), *self.options, *places]
        try:
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, errors="replace",
                timeout=PATIENCE, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            yield f"{self.program} did not end: {error}"
            return
        if done.returncode:
            said = (done.stdout + done.stderr).strip() or f"ended with {done.returncode}"
            yield from (f"{self.program}: {line.strip()}" for line in said.splitlines() if line)


_WORKFLOWS = (".github/workflows/*.yml",)


def _schema(name: str, *files: str) -> Tool:
    options = ("--builtin-schema", f"vendor.{name}")
    return Tool("check-jsonschema", options, files)


TOOLS = (
    Tool("hadolint", ("--no-color",), ("Dockerfile",)),
    _schema("compose-spec", "compose.yaml"),
    _schema("github-workflows", *_WORKFLOWS),
    _schema("circle-ci", ".circleci/config.yml"),
    Tool("actionlint", ("-no-color",), _WORKFLOWS),
    Tool("zizmor", ("--offline", "--no-progress", "--color=never"), _WORKFLOWS),
)


def checked_by_tools(folder: Path) -> Mapping[Tool, list[str] | None]:
    """What each program finds in the files for it; None where it is not installed."""
    found: dict[Tool, list[str] | None] = {}
    for tool in TOOLS:
        paths = [path for pattern in tool.files for path in sorted(folder.glob(pattern))]
        places = tuple(path.relative_to(folder).as_posix() for path in paths)
        if places:
            found[tool] = list(tool.findings(folder, places)) if tool.command() else None
    return found
