"""What the tests read of README and docs: the blocks of code, by language."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from deployments import ROOT

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Page:
    """A Markdown file of the repository."""

    path: str

    @property
    def text(self) -> str:
        return (ROOT / self.path).read_text(encoding="utf-8")

    @property
    def blocks(self) -> list[tuple[str, str]]:
        """Each block of code with its language, in the page's order."""
        return BLOCK.findall(self.text)

    def blocks_with(self, language: str, word: str) -> list[str]:
        """The blocks of a language that hold a word; at least one."""
        found = [code for kind, code in self.blocks if kind == language and word in code]
        assert found, f"{self.path} has no {language} block with {word}"
        return found


def run_shell(code: str, build: Path) -> str:
    """Run commands as a page has them, but for the environment and the folder; what they print."""
    code = code.replace("make setup\n", "").replace(".venv-train/bin/python", sys.executable)
    code = code.replace("build/", f"{build}/").replace("--out build", f"--out {build}")
    done = subprocess.run(
        ["bash", "-ec", code], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
