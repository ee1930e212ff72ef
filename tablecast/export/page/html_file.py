"""One HTML file that predicts: the form, the answer and the model card, with all that they need."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import render_template
from markupsafe import Markup

from tablecast.deployment import graph_file
from tablecast.deployment.deployment import Deployment
from tablecast.deployment.files import replaced_when_whole, without_ending
from tablecast.deployment.opening import load
from tablecast.errors import PageError
from tablecast.export.page.contents import as_json, contents_of
from tablecast.export.page.proof import PageProof, prove_page
from tablecast.export.page.rules import rules_of, words_of
from tablecast.export.page.script import page_script, predictor_script, rules_script
from tablecast.i18n.formats import currency_sign, day
from tablecast.i18n.language import LANGUAGES, Language, current_language, speaking
from tablecast.schema.schema import Schema
from tablecast.web.app import create_app
from tablecast.web.card.sections import page_of
from tablecast.web.card.translate import stated_in_words
from tablecast.web.display.organisation import contact_of, style_of
from tablecast.web.form.answer import is_average
from tablecast.web.form.controls import Control, controls_of
from tablecast.web.form.layout import layout_of

#: The style sheets that the page has, in their order.
STYLES = ("tablecast.css", "answer.css")
CARD_STYLES = "card.css"

_START = (
    'startPage(JSON.parse(document.querySelector("#contents").textContent), openPredictor, '
    "openRules, say);\n"
)


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
    loaded = load(name, "onnx")
    graph, _ = graph_file.read_graph(without_ending(name))
    contents = contents_of(loaded, graph)
    proof = prove_page(loaded, contents)
    html = page_html(loaded, contents, hashlib.sha256(graph).hexdigest(), card=card)
    try:
        with replaced_when_whole(path) as temporary:
            temporary.write_text(html, encoding="utf-8")
    except OSError as error:
        raise PageError(f"{str(path)!r} cannot be written: {error.strerror}.") from None
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
    schema = loaded.schema.in_language(own)
    script = predictor_script() + rules_script() + page_script() + _START
    names = [*STYLES, CARD_STYLES] if card else STYLES
    sheets = [(folder / name).read_text(encoding="utf-8") for name in names]
    text = as_json(_all_contents(loaded, contents, languages))
    # A request leaves English behind it.
    with speaking(own), app.test_request_context("/"):
        styles = _small("\n".join([*sheets, style_of(schema)]))
        stated = stated_in_words(loaded, loaded.description["card"].get("stated", {}))
        return render_template(
            "page_file.html",
            schema=schema,
            deployment=loaded.description,
            contact=contact_of(stated),
            made_on=day(datetime.fromisoformat(loaded.description["created"])),
            shells=[(one.tag, _shell(loaded, one)) for one in languages],
            card=_card(loaded) if card else "",
            styles=Markup(styles),
            script=Markup(script),
            contents=Markup(text),
            style_hash=Markup(_source(styles)),
            script_hash=Markup(_source(script)),
            hashes={"graph": graph_hash, "contents": _sha256(text + script).hex()},
            icon=_icon(folder),
        )


def _all_contents(
    loaded: Deployment, contents: Mapping[str, Any], languages: Sequence[Language]
) -> dict[str, Any]:
    schema, background = loaded.schema, loaded.background
    interval = loaded.predictor.interval
    return {
        "predictor": contents,
        "rules": rules_of(schema),
        "defaults": _defaults(schema),
        "facts": {
            "level": interval.level if interval else None,
            "wholeRange": bool(interval and interval.limits.whole),
            "isAverage": is_average(loaded),
            "fractions": dict(background.class_fractions) if background else {},
        },
        "languages": [_language(schema.in_language(one), one) for one in languages],
    }


def _language(schema: Schema, language: Language) -> dict[str, Any]:
    with speaking(language):
        controls = controls_of(schema, _defaults(schema))
        forms = {name: fact for name, fact in language.facts.items() if name != "name"}
        classes = {
            str(label): (schema.show_class(label), schema.name_class(label))
            for label in schema.classes
        }
        return {
            "tag": language.tag,
            "words": words_of(language),
            "forms": forms,
            "title": schema.title,
            "target": schema.target_label,
            "unit": _unit(schema.target_unit),
            "classes": classes if schema.task == "classification" else None,
            "labels": {field.name: field.label for field in schema.fields},
            "units": {field.name: _unit(field.unit) for field in schema.fields},
            "choices": {
                field.name: [(choice.value, choice.label) for choice in field.choices]
                for field in schema.fields
                if field.choices
            },
            "controls": [_control(control) for control in controls],
        }


def _control(control: Control) -> dict[str, Any]:
    """Where a field stands in the form: its id, and the names of a date's day, month and year."""
    parts = list(control.part_names) if control.widget == "date" else None
    return {"name": control.field.name, "id": control.id, "parts": parts}


def _unit(unit: str) -> dict[str, str]:
    return {"name": unit, "sign": currency_sign(unit)}


def _defaults(schema: Schema) -> dict[str, str]:
    return {field.name: field.show(field.default) for field in schema.fields}


def _shell(loaded: Deployment, language: Language) -> Markup:
    """The header and the form in a language."""
    with speaking(language):
        schema = loaded.schema.in_language(language)
        controls = controls_of(schema, _defaults(schema))
        html = render_template(
            "form.html", frame="page_shell.html", schema=schema, languages=LANGUAGES,
            controls=controls, layout=layout_of(controls),
        )  # fmt: skip
    return Markup(_without_indents(html))


def _card(loaded: Deployment) -> Markup:
    schema = loaded.schema.in_language(current_language())
    html = render_template(
        "model.html", layout="card_part.html", schema=schema, deployment=loaded.description,
        **page_of(loaded),
    )  # fmt: skip
    return Markup(_without_indents(html))


def _without_indents(html: str) -> str:
    """Lines without the space before them, which is a fifth of a page."""
    return re.sub(r"\n\s+", "\n", html)


def _small(styles: str) -> str:
    """Style sheets without comments, and without space where it says nothing."""
    bare = re.sub(r"/\*.*?\*/", "", styles, flags=re.DOTALL)
    return re.sub(r"\s*([{};,\n])\s*", r"\1", bare).strip()


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _source(text: str) -> str:
    """What a content security policy calls an element of this text."""
    return f"'sha256-{b64encode(_sha256(text)).decode()}'"


def _icon(folder: Path) -> str:
    return "data:image/svg+xml;base64," + b64encode((folder / "icon.svg").read_bytes()).decode()
