"""Whether a page is the one that is written from a deployment, and still answers as it does."""

import hashlib
import re
from pathlib import Path

from tablecast.deployment.opening import load_with_graph
from tablecast.errors import PageError
from tablecast.export.page.contents import contents_of
from tablecast.export.page.html_file import page_html
from tablecast.export.page.proof import PageProof, prove_page
from tablecast.export.page.smaller import unfolded
from tablecast.i18n.language import language_of, speaking

_BEGINNING = re.compile(r'<!doctype html>\n<html lang="([\w-]+)">')


def check_page(page: str | Path, name: str | Path, rows: int, seed: int) -> PageProof:
    """Make a page again and compare each character; then compare its answers.

    Args:
        page: the file.
        name: the deployment that it should be of.
        rows, seed: how many random rows are answered, and which.

    Raises:
        ArtifactError: there is no such deployment, or it is damaged.
        PageError: the file is no page of the deployment, was changed, or answers otherwise.
    """
    path = Path(page)
    text = _text_of(path)
    begins = _BEGINNING.match(text)
    language = language_of(begins[1]) if begins else None
    if language is None:
        raise PageError(f"{path.name} is not a page that tablecast wrote.")
    loaded, graph = load_with_graph(name)
    contents, graph_hash = contents_of(loaded, graph), hashlib.sha256(graph).hexdigest()
    if graph_hash not in text:
        raise PageError(
            f"{path.name} was not made from {loaded.name}, or from an earlier version of it. Write "
            f"it again (python -m tablecast page {loaded.name} -o {path.name})."
        )
    with speaking(language):
        made = (page_html(loaded, contents, graph_hash, card=card) for card in (True, False))
        if unfolded(text) not in map(unfolded, made):
            raise PageError(
                f"{path.name} differs from the page of {loaded.name}: it was changed, or another "
                "version of tablecast wrote it. Do not trust it; write it again."
            )
    return prove_page(loaded, contents, rows=rows, seed=seed)


def _text_of(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except OSError as error:
        raise PageError(f"{str(path)!r} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise PageError(f"{path.name} is not a page that tablecast wrote.") from None
