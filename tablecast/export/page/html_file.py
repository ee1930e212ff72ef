"""One HTML file that predicts: the form, the answer and the model card, with all that they need."""

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask, render_template
from markupsafe import Markup

from tablecast.deployment.deployment import Deployment
from tablecast.deployment.opening import load_with_graph
from tablecast.deployment.unfinished import write_whole
from tablecast.errors import PageError
from tablecast.export.page.contents import contents_of
from tablecast.export.page.form_contents import form_contents
from tablecast.export.page.proof import PageProof, prove_page
from tablecast.export.page.rules import has_dates
from tablecast.export.page.script import (
    bare,
    numbered,
    opening_script,
    page_script,
    predictor_script,
    rules_script,
)
from tablecast.export.page.smaller import folded, small_html, small_styles
from tablecast.i18n.formats import day
from tablecast.i18n.language import LANGUAGES, Language, current_language, speaking
from tablecast.web.app import create_app
from tablecast.web.card.sections import page_of
from tablecast.web.card.translate import stated_in_words
from tablecast.web.display.organisation import contact_of, style_of
from tablecast.web.form.controls import controls_of
from tablecast.web.form.layout import layout_of

#: The style sheets that the page has, in their order.
STYLES = ("tablecast.css",)
CARD_STYLES = "card.css"

#: Those of what only the script draws, which are folded as it is.
LATE_STYLES = ("answer.css", "compare.css")


def write_page(name: str | Path, output: str | Path, *, card: bool = True) -> PageProof:
    """Write a deployment as one HTML file, whole or not at all.

    Args:
        name: the deployment's path, without the ending of its files.
        output: the file, which ends in ``.html``.
        card: whether the model card is folded into it.

    Returns:
        what was compared before it was written.

    Raises:
        ArtifactError: there is no such deployment, or it is damaged.
        PageError: it has something that a page cannot evaluate, the page's answers differ from the
            server's, or the file cannot be written.
    """
    path = Path(output)
    if path.suffix.lower() not in (".html", ".htm"):
        raise PageError(f"A page is written as .html. Rename {path.name!r} to end in .html.")
    loaded, graph = load_with_graph(name)
    contents = contents_of(loaded, graph)
    proof = prove_page(loaded, contents)
    html = page_html(loaded, contents, hashlib.sha256(graph).hexdigest(), card=card)
    write_whole(path, html, PageError)
    return proof


def page_html(
    loaded: Deployment, contents: Mapping[str, Any], graph_hash: str, *, card: bool = True
) -> str:
    """The file's text, in the language of the moment with all the others in it.

    Args:
        loaded: the deployment.
        contents: what ``contents_of`` made of it.
        graph_hash: the SHA-256 of its graph.
        card: whether the model card is folded in.
    """
    app = create_app(loaded)
    folder = Path(app.static_folder or "")
    own = current_language()
    languages = (own, *(other for other in LANGUAGES if other != own))
    script = predictor_script() + rules_script(has_dates(loaded.schema)) + page_script()
    script += bare((folder / "whatif.js").read_text(encoding="utf-8"))
    script = numbered(script)
    # A request leaves English behind it.
    with speaking(own), app.test_request_context("/"):
        shells = {one.tag: _shell(loaded, one) for one in languages}
        card_html = _card(loaded) if card else ""
        schema = loaded.schema.in_language(own)
        names = (*STYLES, CARD_STYLES) if card else STYLES
        sheets = _sheets(folder, names) + style_of(schema)
        at_once = f"{card_html}{_template(app)}"
        styles = small_styles(sheets, at_once)
        late = small_styles(
            sheets + _sheets(folder, LATE_STYLES), f"{at_once}{shells[own.tag]}{script}", styles
        )
        parts = {
            "styles": late,
            "script": script,
            "contents": form_contents(loaded, contents, languages),
            "shells": shells,
        }
        text = json.dumps(parts, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        stated = stated_in_words(loaded, loaded.description["card"].get("stated", {}))
        return render_template(
            "page_file.html",
            schema=schema,
            deployment=loaded.description,
            contact=contact_of(stated),
            made_on=day(datetime.fromisoformat(loaded.description["created"])),
            card=Markup(card_html),
            styles=Markup(styles),
            opening=Markup(opening_script()),
            folded=Markup(folded(text)),
            style_sources=Markup(f"{_source(styles)} {_source(late)}"),
            script_sources=Markup(f"{_source(opening_script())} {_source(script)}"),
            hashes={"graph": graph_hash, "contents": _sha256(text).hex()},
            icon=_icon(folder),
        )


def _template(app: Flask) -> str:
    """The file's own template, as it is written."""
    return (Path(app.root_path) / str(app.template_folder) / "page_file.html").read_text("utf-8")


def _sheets(folder: Path, names: Sequence[str]) -> str:
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in names)


def _shell(loaded: Deployment, language: Language) -> str:
    """The header and the form in a language."""
    with speaking(language):
        schema = loaded.schema.in_language(language)
        controls = controls_of(schema, schema.defaults)
        html = render_template(
            "form.html", frame="page_shell.html", schema=schema, languages=LANGUAGES,
            controls=controls, layout=layout_of(controls),
        )  # fmt: skip
    return small_html(html)


def _card(loaded: Deployment) -> str:
    schema = loaded.schema.in_language(current_language())
    html = render_template(
        "model.html", layout="card_part.html", schema=schema, deployment=loaded.description,
        **page_of(loaded),
    )  # fmt: skip
    return small_html(html)


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _source(text: str) -> str:
    """What a content security policy calls an element of this text."""
    return f"'sha256-{b64encode(_sha256(text)).decode()}'"


def _icon(folder: Path) -> str:
    return "data:image/svg+xml;base64," + b64encode((folder / "icon.svg").read_bytes()).decode()
