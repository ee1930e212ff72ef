"""Compiled templates, stored for the next start as Python stores its own bytecode, without the
spaces that only whoever writes a template needs.

Jinja's own cache on disk reads a pickle; serving reads none.
"""

import marshal
import re
from contextlib import suppress
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket, BytecodeCache, bc_magic
from jinja2.ext import Extension

from tablecast import __version__
from tablecast.deployment.unfinished import replaced_when_whole

#: What wrote a file: Jinja's bytecode format and Python's version, Jinja's own, and ours.
WRITER = bc_magic + f"{jinja2.__version__} {__version__} unindented ".encode()

_INDENT = re.compile(r"\n[ \t]+")


class WithoutIndents(Extension):
    """Leaves a template's indents out where it is compiled, which costs no page anything."""

    def preprocess(self, source: str, *_names: str | None, **_named: str | None) -> str:
        """A template with every line at the margin; what ``pre`` shows comes from values."""
        return _INDENT.sub("\n", source)


class KeptTemplates(BytecodeCache):
    """A file for each template in a folder; none where the folder cannot be written.

    Whoever can write to the folder can give the server other code: it must be as well guarded as
    the package's own, such as the package's ``__pycache__``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take what was kept of the same source by the same versions."""
        head = _head(bucket)
        with suppress(OSError, EOFError, ValueError, TypeError):
            content = self._file(bucket).read_bytes()
            if content.startswith(head):
                bucket.code = marshal.loads(content[len(head) :])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template; a process that reads meanwhile sees the old file or the new one."""
        with suppress(OSError), replaced_when_whole(self._file(bucket), 0o600) as temporary:
            temporary.write_bytes(_head(bucket) + marshal.dumps(bucket.code))

    def _file(self, bucket: Bucket) -> Path:
        return self._folder / f"page-{bucket.key}.cache"


def _head(bucket: Bucket) -> bytes:
    return WRITER + bucket.checksum.encode()
