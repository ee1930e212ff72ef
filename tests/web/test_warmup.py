"""What is found out at the start, before anybody asks."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from typing import Any

import pytest
import served
import stand_ins
from flask import Flask

from tablecast.deployment.deployment import Deployment
from tablecast.errors import TablecastError
from tablecast.web import warmup
from tablecast.web.app import create_app, create_app_or_exit
from tablecast.web.http import navigation
from tests.started import started

Change = Callable[[dict[str, Any]], Any]


def changed(change: Change) -> Deployment:
    """The insurance form's deployment, with a description that somebody has changed."""
    deployment = stand_ins.deploy(
        "fake", stand_ins.insurance_schema(), stand_ins.FormulaEngine()
    )
    description = copy.deepcopy(dict(deployment.description))
    change(description)
    return Deployment(description, deployment.engine)


BROKEN: dict[str, Change] = {
    "a name with a line's end": lambda told: told.update(name="a\r\nSet-Cookie: b=c"),
    "no moment": lambda told: told.update(created="yesterday"),
    "no text for a moment": lambda told: told.update(created=5),
    "an unknown kind": lambda told: told["schema"]["fields"][0].update(kind="fuzzy"),
    "an unknown spelling": lambda told: told["schema"]["fields"][0].update(spelling="''"),
    "no task": lambda told: told["schema"].update(task="none"),
    "a list for a card": lambda told: told.update(card=["nothing"]),
    "a text for limits": lambda told: told["card"].update(metrics="good"),
    "a level that is a list": lambda told: told["schema"]["fields"][1].update(levels=[["a"]]),
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN.keys())
def test_what_cannot_be_shown_stops_the_start(change: Change) -> None:
    """A description that some page or answer would fail on is refused with one line."""
    with pytest.raises(SystemExit, match=r"^tablecast: "):
        create_app_or_exit(lambda: create_app(changed(change)))


def test_a_name_may_be_of_any_script() -> None:
    """A name that no header can hold as it is does not stop a download."""
    app = create_app(changed(lambda told: told.update(name="保险 “1”")))
    warmup.prepare(app)
    answer = app.test_client().get("/batch/template.csv")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].isascii()


@pytest.mark.parametrize("make", [served.regression_app, served.classification_app])
def test_every_page_is_made_before_anybody_asks(make: Callable[[], Any]) -> None:
    """Every kind of form starts, and nothing stays of answers that its model did not give."""
    app = make()
    warmup.prepare(app)
    client = app.test_client()
    text = client.get("/openapi.json").text
    assert "0.5" in text or "it depends" in text
    assert "prediction_label" in client.get("/batch").text


def test_the_error_names_the_deployment() -> None:
    """Who serves several knows which one it is."""
    app = create_app(changed(BROKEN["no moment"]))
    with pytest.raises(TablecastError, match="'fake'"):
        warmup.prepare(app)


def test_a_server_with_names_of_its_own_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """TRUSTED_HOSTS need not hold a name by which the pages are rendered at the start."""
    monkeypatch.setenv("TRUSTED_HOSTS", ".example.com")
    app = create_app_or_exit(lambda: create_app(changed(dict)))
    warmup.rehearse(app)
    for host, status in (("a.example.com", 200), ("localhost", 400)):
        assert app.test_client().get("/", headers={"Host": host}).status_code == status


#: What a response says of itself alone.
OWN = ("Date", "X-Request-Id")


@pytest.mark.thorough
@pytest.mark.parametrize("language", ["en", "zh-CN", "es"])
@pytest.mark.parametrize("name", ["insurance", "iris", "every kind", "a field called lang"])
def test_what_is_started_answers_as_what_is_created(name: str, language: str) -> None:
    """Pages that are rendered before anybody asks are those that are rendered for a request."""
    deployment = DEPLOYMENTS[name]()
    created, ready = create_app(deployment), started(deployment)
    for address in _addresses(ready):
        headers = {"Accept-Language": language, "Accept": "text/html"}
        first = created.test_client().get(address, headers=headers)
        second = ready.test_client().get(address, headers=headers)
        assert second.text == first.text, address
        assert _told(second) == _told(first), address


def test_every_page_offers_the_other_languages() -> None:
    """Each page of the header leads to itself in another language, also where it was kept."""
    app = started(DEPLOYMENTS["insurance"]())
    with app.test_request_context("/"):
        pages = [app.url_for(link.endpoint) for link in navigation.navigation()]
    assert len(pages) > 3
    for page in pages:
        assert 'hreflang="zh-Hans"' in app.test_client().get(page).text, page


def _addresses(app: Flask) -> list[str]:
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    plain = [rule.rule for rule in rules if not rule.arguments and rule.rule != "/metrics"]
    asked = [f"{path}?lang=zh" for path in plain] + [f"{path}?utm_source=x" for path in plain]
    return [*plain, *asked, "/nothing"]


def _told(response: Any) -> dict[str, str]:
    return {name: value for name, value in response.headers if name not in OWN}


def _with_a_field_called_lang() -> Deployment:
    table = served.every_kind_of_column().rename(columns={"ticket": "lang"})
    return served.deployment_of(table, "target", "regression")


DEPLOYMENTS: dict[str, Callable[[], Deployment]] = {
    "insurance": lambda: changed(dict),
    "iris": lambda: stand_ins.deploy(
        "iris", stand_ins.iris_schema(), stand_ins.NearestPetalEngine()
    ),
    "every kind": lambda: served.deployment_of(
        served.every_kind_of_column(), "target", "regression"
    ),
    "a field called lang": _with_a_field_called_lang,
}


def test_threads_of_a_server_take_short_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for little does not wait 5 ms for each thread that answers a file."""
    turns: list[float] = []
    monkeypatch.setattr(sys, "setswitchinterval", turns.append)
    warmup.rehearse(served.regression_app())
    assert warmup.TURN in turns
