"""Deployments and servers for the tests of the API: every kind of field, and an instant engine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from flask import Flask
from werkzeug.serving import make_server

from tablecast.deployment.deployment import Deployment
from tablecast.inference.engine import Answer, Columns
from tablecast.schema.schema import Schema
from tests.started import shared

ROWS = 120


class PlaceEngine:
    """Answers a row with its place: a number and a half, or the classes in turn."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def answer(self, columns: Columns) -> Answer:
        places = np.arange(len(next(iter(columns.values()))))
        if self._schema.task == "regression":
            return Answer(places + 0.5)
        classes = np.array(self._schema.classes, dtype=object)
        shares = np.full((len(places), len(classes)), 1 / len(classes))
        return Answer(classes[places % len(classes)], shares)


def every_kind_of_column() -> pd.DataFrame:
    """A table with every kind of field, under names that are hard on programs."""
    place = np.arange(ROWS)
    return pd.DataFrame(
        {
            "age": 18 + place % 47,
            "Age": 1 + place % 3,
            "Fuel Type (EU)": np.where(place % 3, "Diesel", "LPG/ÖKO <1>"),
            'a "quoted" [name] > 3 & more': (place - 60) * 0.25,
            "größe": np.where(place % 5, place * 1.5, np.nan),
            "bedrooms": np.where(place % 7, place % 4, np.nan),
            "grade": pd.Series(np.where(place % 2, "60", "80"), dtype=object),
            "colour": pd.Series(np.where(place % 4, "red", None), dtype=object),
            "ticket": [f"T-{number}" for number in place],
            "cabin": pd.Series([f"C {number}" if number % 2 else None for number in place]),
            "insured": place % 2 == 0,
            "bought on": pd.Timestamp("2020-03-01") + pd.to_timedelta(place, "D"),
            "target": place,
        }
    )


def deployment_of(table: pd.DataFrame, target: str, task: Any, **description: Any) -> Deployment:
    """A deployment with the table's schema and an instant engine."""
    schema = Schema.from_table(table, target, task)
    described = {
        "name": "place",
        "version": "20200428000000",
        "created": "2020-04-28T00:00:00+00:00",
        "schema": schema.to_json(),
        "card": {},
        "versions": {"tablecast": "0.1.0"},
        "sha256": "0" * 64,
    }
    return Deployment(described | description, PlaceEngine(schema))


def regression_app() -> Flask:
    """The shared application that answers numbers, from every kind of field."""
    return shared(_numbers())


def classification_app(classes: tuple[Any, ...] = ("no", "yes", "it depends")) -> Flask:
    """The shared application that answers classes and their probabilities."""
    return shared(_classes(classes))


@cache
def _numbers() -> Deployment:
    return deployment_of(every_kind_of_column(), "target", "regression")


@cache
def _classes(classes: tuple[Any, ...]) -> Deployment:
    table = every_kind_of_column().assign(target=np.resize(np.array(classes, dtype=object), ROWS))
    return deployment_of(table, "target", "classification")


@contextmanager
def server(app: Flask) -> Iterator[str]:
    """A real server on a free port, and its address."""
    listening = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}"
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


def loaded_by(app: Flask) -> Deployment:
    """The deployment that an application answers from."""
    loaded: Deployment = app.extensions["tablecast"].current().loaded
    return loaded
