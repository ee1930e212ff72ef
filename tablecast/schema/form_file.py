"""The form file: labels, hints, limits and other facts that the table does not contain.

A small TOML file beside the table; every key is optional::

    title = "Hospital charges"
    description = "What an insurer would pay for a year of care."

    [target]
    label = "Estimated charges"
    unit = "$"

    [target.classes]  # where the answer is a class
    1 = "Float glass"

    [fields.bmi]
    label = "Body mass index"
    hint = "Weight in kilograms divided by height in metres, squared."
    unit = "kg/m²"
    hard_maximum = 100

    [fields.smoker.levels]
    yes = "Smokes"
    no = "Does not smoke"

    [card]  # what only a person knows, for the model card
    intended = ["A first estimate, before an offer is worked out by hand."]
    unsuited = ["Setting a premium, or refusing anybody."]
    source = "Where the rows come from, when and how they were collected."
    license = "Under which terms they may be used."
    contact = "Who answers for the model."
    sensitive = ["age", "sex"]  # fields by which the law or decency forbids to tell people apart

    [table]  # what cannot be seen in the table; each is an option of the command line, too
    category = ["zip"]
    number = ["grade"]
    date = { sold = "%d/%m/%y" }
    drop = ["note"]
    keep = ["ticket"]
    missing = ["?", "n.k."]
    level = { continent = ["NA"] }
    task = "regression"  # and encoding, separator, decimal, sheet
    group = "person"  # or time; and weight

A text may be given in several languages (see ``tablecast.schema.translations``)::

    label = { en = "Age", zh = "年龄" }

The fields appear on the form in the file's order, then the rest: in the table's order, or the most
important first where there are many (see ``arrangement.py``). With ``order = "importance"``
that holds for all of them, and the file's order says nothing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from os import PathLike
from pathlib import Path
from typing import Any

from tablecast.errors import FormFileError, TableError
from tablecast.i18n.language import ENGLISH
from tablecast.schema.options import LISTS, MAPPINGS, TEXTS, ReadingOptions
from tablecast.schema.translations import in_language, languages_in

_TOP_KEYS = {
    "title": str, "description": str, "order": str, "target": dict, "fields": dict, "card": dict,
    "table": dict,
}
_TARGET_KEYS = {"label": str, "unit": str, "classes": dict}
_ORDERS = ("file", "importance")
_FIELD_KEYS: dict[str, Any] = {
    "label": str,
    "hint": str,
    "unit": str,
    "levels": dict,
    "minimum": (int, float),
    "maximum": (int, float),
    "hard_minimum": (int, float),
    "hard_maximum": (int, float),
    "default": (int, float, str),
    "folded": bool,
}


_CARD_KEYS = {
    "intended": list, "unsuited": list, "source": str, "license": str, "contact": str,
    "sensitive": list,
}


_TABLE_KEYS = (
    dict.fromkeys(LISTS, list) | dict.fromkeys(MAPPINGS, dict) | dict.fromkeys(TEXTS, str)
)


@dataclass(frozen=True)
class Form:
    """What the form file says; empty where there is none.

    Attributes:
        title, description: the page's heading and the sentence below it.
        target_label, target_unit: what the answer is called and counted in.
        class_labels: what the pages call a class, by the class as the table spells it.
        by_importance: whether the fields' importance orders them all, and not the file.
        fields: column name to its overrides, in the form's order.
        card: what the model card says that only a person knows.
        languages: what the file says in other languages, by ``Language.primary``.
        reading: what it says of the table itself.
        file, text: the file's name and its text, for messages; empty where there is none.
    """

    title: str = ""
    description: str = ""
    target_label: str = ""
    target_unit: str = ""
    class_labels: Mapping[str, str] = field(default_factory=dict)
    by_importance: bool = False
    fields: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    card: Mapping[str, Any] = field(default_factory=dict)
    languages: Mapping[str, Form] = field(default_factory=dict)
    reading: ReadingOptions = field(default_factory=ReadingOptions)
    file: str = field(default="", compare=False)
    text: str = field(default="", compare=False, repr=False)

    def check(self, features: Sequence[str], classes: Sequence[str | int]) -> None:
        """Whether the table has what the form names.

        Raises:
            FormFileError: the form names a column or a class that the table lacks.
        """
        self.check_names(features)
        unknown = self.class_labels.keys() - {str(label) for label in classes}
        if unknown:
            known = ", ".join(map(str, classes)) or "none, the target is an amount"
            raise FormFileError(
                f"[target.classes] names {min(unknown)!r}, which is not a class of the target. "
                f"The classes: {known}."
            )


    def check_names(self, features: Sequence[str]) -> None:
        """Whether the table has the columns that the form names.

        Raises:
            FormFileError: it has not; the message names the nearest.
        """
        known = frozenset(features)
        sections = {name: f"[fields.{name}]" for name in self.fields}
        sensitive = self.card.get("sensitive", ())
        sections |= {name: f"{name!r} in [card] sensitive" for name in sensitive}
        for name, section in sections.items():
            if name not in known:
                near = get_close_matches(name, features, 1, cutoff=0)
                raise FormFileError(
                    f"{self._place_of(name)}{section} is not a feature of the table; the nearest "
                    f"is {near[0]!r}."
                )

    def _place_of(self, name: str) -> str:
        """Where the file names a column, as the beginning of a sentence."""
        if not self.file:
            return ""
        lines = [one.partition("#")[0] for one in self.text.splitlines()]
        quoted = rf"[\"']?{re.escape(name)}[\"']?"
        for pattern in (rf"\s*\[\s*fields\s*\.\s*{quoted}\s*[\].]", rf".*\b{quoted}(?!\w)"):
            found = (at for at, one in enumerate(lines, start=1) if re.match(pattern, one))
            if line := next(found, 0):
                return f"Line {line} of '{self.file}': "
        return f"'{self.file}': "


def read_form(
    path: str | PathLike[str] | None, reading: ReadingOptions | None = None
) -> Form:
    """Read a form file; None gives an empty one.

    Args:
        path: of the file.
        reading: what else a person says of the table; it goes before what the file says.

    Raises:
        FormFileError: the file is missing, is not TOML, or has an unknown key or a value of
            the wrong type.
    """
    reading = reading or ReadingOptions()
    if not path:
        return Form(reading=reading)
    try:
        text = Path(path).read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except FileNotFoundError:
        raise FormFileError(f"There is no form file {str(path)!r}; check the path.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FormFileError(f"The form file {str(path)!r} is not TOML: {error}.") from None
    others = [tag for tag in languages_in(data) if tag != ENGLISH.primary]
    form = _form(in_language(data, ENGLISH.primary))
    languages = {tag: _form(in_language(data, tag)) for tag in others}
    return replace(
        form,
        languages=languages,
        reading=reading.over(form.reading),
        file=Path(path).name,
        text=text,
    )


def _form(data: Mapping[str, Any]) -> Form:
    """What the file says, its texts in one language."""
    _check_keys(data, _TOP_KEYS, "the form file")
    target = data.get("target", {})
    _check_keys(target, _TARGET_KEYS, "[target]")
    _check_labels(target.get("classes", {}), "[target.classes]")
    if data.get("order", "file") not in _ORDERS:
        raise FormFileError(f"order is {data['order']!r}; choose one of: {', '.join(_ORDERS)}.")
    for name, overrides in data.get("fields", {}).items():
        _check_field(name, overrides)
    _check_card(data.get("card", {}))
    return Form(
        title=data.get("title", ""),
        description=data.get("description", ""),
        target_label=target.get("label", ""),
        target_unit=target.get("unit", ""),
        class_labels=target.get("classes", {}),
        by_importance=data.get("order") == "importance",
        fields=data.get("fields", {}),
        card=data.get("card", {}),
        reading=_reading(data.get("table", {})),
    )


def _reading(entries: Mapping[str, Any]) -> ReadingOptions:
    _check_keys(entries, _TABLE_KEYS, "[table]")
    for key, value in entries.items():
        parts = value.values() if isinstance(value, dict) else [value]
        if not all(isinstance(text, str) for part in parts for text in _as_list(part)):
            raise FormFileError(f"[table] {key} must hold texts in quotes.")
    levels = {name: _as_list(each) for name, each in entries.get("level", {}).items()}
    try:
        return ReadingOptions(**{**entries, "level": levels})
    except TableError as error:
        raise FormFileError(f"[table]: {error}") from None


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _check_field(name: str, overrides: Any) -> None:
    if not isinstance(overrides, dict):
        raise FormFileError(f"[fields.{name}] must be a table of keys, such as label = \"…\".")
    _check_keys(overrides, _FIELD_KEYS, f"[fields.{name}]")
    _check_labels(overrides.get("levels", {}), f"[fields.{name}.levels]")


def _check_card(card: Mapping[str, Any]) -> None:
    _check_keys(card, _CARD_KEYS, "[card]")
    for key, value in card.items():
        if isinstance(value, list) and not all(isinstance(text, str) for text in value):
            raise FormFileError(f"[card] {key} must be a list of texts in quotes.")


def _check_labels(labels: Mapping[str, Any], section: str) -> None:
    for key, label in labels.items():
        if not isinstance(label, str):
            raise FormFileError(f"{section} {key!r} must be text in quotes.")


def _check_keys(data: Mapping[str, Any], known: Mapping[str, Any], section: str) -> None:
    for key, value in data.items():
        if key not in known:
            near = get_close_matches(key, known, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Valid keys: {', '.join(known)}."
            raise FormFileError(f"{section}: unknown key {key!r}. {hint}")
        wrong_bool = isinstance(value, bool) and known[key] is not bool
        if wrong_bool or not isinstance(value, known[key]):
            raise FormFileError(f"{section}: {key} has a value of the wrong type, {value!r}.")
