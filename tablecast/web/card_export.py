"""The model card as a file: one HTML page that needs nothing else, or JSON."""

import json
from pathlib import Path

from tablecast.deployment.deployment import Deployment
from tablecast.deployment.model_card import card_of
from tablecast.deployment.unfinished import write_whole
from tablecast.errors import CardError

#: The style sheets that the page has, in their order.
STYLES = ("tablecast.css", "card.css")


def write_card(loaded: Deployment, output: str | Path) -> Path:
    """Write a deployment's card, whole or not at all.

    Args:
        loaded: the deployment.
        output: the file; its ending, ``.html`` or ``.json``, says what is written.

    Raises:
        CardError: the ending is another one, or the file cannot be written.
    """
    path = Path(output)
    makers = {".html": card_html, ".htm": card_html, ".json": card_text}
    make = makers.get(path.suffix.lower())
    if make is None:
        raise CardError(
            f"A model card is written as .html or .json. Rename {path.name!r} to end in one of "
            "them."
        )
    write_whole(path, make(loaded), CardError)
    return path


def card_text(loaded: Deployment) -> str:
    """The card as JSON."""
    return json.dumps(card_of(loaded), indent=2, ensure_ascii=False) + "\n"


def card_html(loaded: Deployment) -> str:
    """The card as one HTML page, with its style sheets in it."""
    from markupsafe import Markup

    from tablecast.web.app import create_app
    from tablecast.web.card.sections import page_of
    from tablecast.web.display.organisation import style_of
    from tablecast.web.http.rendering import render_page

    app = create_app(loaded)
    folder = Path(app.static_folder or "")
    files = [(folder / name).read_text(encoding="utf-8") for name in STYLES]
    with app.test_request_context("/model"):
        styles = "\n".join([*files, style_of(loaded.schema)])
        values = page_of(loaded) | {"layout": "card_file.html", "styles": Markup(styles)}
        return render_page("model.html", **values).get_data(as_text=True)
