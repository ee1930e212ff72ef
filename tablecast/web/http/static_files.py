"""Static files with a hash in their address, so that browsers may keep them.

``url_for("static", filename=…)`` adds the content's hash, ``?v=…``. What is asked for by the hash
that it has never changes at that address. Without one it may change with the next deployment.
"""

import hashlib
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

#: A year, the most that caches take a header's word for.
FOR_GOOD = "public, max-age=31536000, immutable"

#: Five minutes: long enough for somebody who tries several patients without the pages' own links.
FOR_NOW = "public, max-age=300"

#: During an update an old server may be asked for a new file: what it answers must not stay.
ASK_AGAIN = "no-cache"

#: Digits of SHA-256: two files of one name never share them by chance.
DIGITS = 12


def install(app: Flask) -> None:
    """Let an application's static files have addresses that name their content."""
    versions = versions_of(Path(app.static_folder or ""))

    def name_content(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and values.get("filename") in versions:
            values.setdefault("v", versions[values["filename"]])

    def say_how_long(response: Response) -> Response:
        if request.endpoint == "static" and response.status_code in (200, 304):
            asked = request.args.get("v")
            held = versions.get((request.view_args or {}).get("filename", ""))
            right = FOR_GOOD if asked == held else ASK_AGAIN
            response.headers["Cache-Control"] = right if asked else FOR_NOW
        return response

    app.url_defaults(name_content)
    app.after_request(say_how_long)


def versions_of(folder: Path) -> dict[str, str]:
    """Path within a folder to the first digits of the content's SHA-256."""
    return {
        path.relative_to(folder).as_posix(): digest(path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def digest(content: bytes) -> str:
    """The first digits of a content's SHA-256."""
    return hashlib.sha256(content).hexdigest()[:DIGITS]
