"""The form file: labels, hints, limits and other facts that the table does not contain.

A small TOML file beside the table; every key is optional::

    title = "Hospital charges"
    description = "What an insurer would pay for a year of care."

    [organisation]
    name = "Lakeside Hospital"
    logo = "logo.svg"
    accent = "#0b645f"

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
important first where there are many (see ``field_order.py``). With ``order = "importance"``
that holds for all of them, and the file's order says nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from os import PathLike
from pathlib import Path
from typing import Any

from tablecast.errors import FormFileError, TableError
from tablecast.i18n.language import ENGLISH
from tablecast.schema import form_keys as keys
from tablecast.schema.accent import DARK, LIGHT, is_colour, is_readable, readable
from tablecast.schema.form_lines import FormText
from tablecast.schema.logo import logo_of
from tablecast.schema.options import ReadingOptions
from tablecast.schema.translations import in_language, languages_in


@dataclass(frozen=True)
class Form:
    """What the form file says; empty where there is none.

    Attributes:
        texts: what it says of the whole, by the ``Schema``'s attribute: ``title``,
            ``description``, ``target_label``, ``target_unit``, ``organisation``, ``logo`` (a
            ``data:`` address), ``accent`` and ``accent_dark``.
        class_labels: what the pages call a class, by the class as the table spells it.
        by_importance: whether the fields' importance orders them all, and not the file.
        fields: column name to its overrides, in the form's order.
        card: what the model card says that only a person knows.
        languages: what the file says in other languages, by ``Language.primary``.
        reading: what it says of the table itself.
        source: the file.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    class_labels: Mapping[str, str] = field(default_factory=dict)
    by_importance: bool = False
    fields: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    card: Mapping[str, Any] = field(default_factory=dict)
    languages: Mapping[str, Form] = field(default_factory=dict)
    reading: ReadingOptions = field(default_factory=ReadingOptions)
    source: FormText | None = field(default=None, compare=False)

    @contextmanager
    def naming_lines(self) -> Iterator[None]:
        """What is raised of a key within names the file and the line as well."""
        if self.source is None:
            yield
            return
        with self.source.naming_lines():
            yield

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
                f"The classes: {known}.",
                ("target", "classes", min(unknown)),
            )

    def check_names(self, features: Sequence[str]) -> None:
        """Whether the table has the columns that the form names.

        Raises:
            FormFileError: it has not; the message names the nearest.
        """
        known, sensitive = frozenset(features), ("card", "sensitive")
        places = {name: (f"[fields.{name}]", ("fields", name)) for name in self.fields}
        places |= {
            name: (f"{name!r} in [card] sensitive", sensitive)
            for name in self.card.get("sensitive", ())
        }
        for name, (section, path) in places.items():
            if name not in known:
                near = get_close_matches(name, features, 1, cutoff=0)
                words = f"{section} is not a feature of the table; the nearest is {near[0]!r}."
                with self.naming_lines():
                    raise FormFileError(words, path)


def read_form(path: str | PathLike[str] | None, reading: ReadingOptions | None = None) -> Form:
    """Read a form file; None gives an empty one.

    Args:
        path: of the file.
        reading: what else a person says of the table; it goes before what the file says.

    Raises:
        FormFileError: the file is missing, is not TOML, or has an unknown key or a value that
            cannot be used.
    """
    reading = reading or ReadingOptions()
    if not path:
        return Form(reading=reading)
    try:
        source = FormText(Path(path), Path(path).read_text(encoding="utf-8"))
        data = tomllib.loads(source.text)
    except FileNotFoundError:
        raise FormFileError(f"There is no form file {str(path)!r}; check the path.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FormFileError(f"The form file {str(path)!r} is not TOML: {error}.") from None
    except OSError as error:
        words = f"The form file {str(path)!r} cannot be read: {error.strerror}."
        raise FormFileError(words) from None
    with source.naming_lines():
        others = [tag for tag in languages_in(data) if tag != ENGLISH.primary]
        form = _form(in_language(data, ENGLISH.primary), source.path.parent)
        languages = {tag: _form(in_language(data, tag), source.path.parent) for tag in others}
    return replace(form, languages=languages, reading=reading.over(form.reading), source=source)


def _form(data: Mapping[str, Any], folder: Path) -> Form:
    """What the file says, its texts in one language."""
    keys.check_keys(data, keys.TOP_KEYS)
    keys.check_choice(data, "order", keys.ORDERS)
    target = data.get("target", {})
    keys.check_keys(target, keys.TARGET_KEYS, ("target",))
    keys.check_texts(target.get("classes", {}), ("target", "classes"))
    for name, overrides in data.get("fields", {}).items():
        _check_field(name, overrides)
    keys.check_keys(data.get("card", {}), keys.CARD_KEYS, ("card",))
    texts = {
        **{key: data[key] for key in ("title", "description") if key in data},
        **{f"target_{key}": target[key] for key in ("label", "unit") if key in target},
        **_organisation(data.get("organisation", {}), folder),
    }
    return Form(
        texts=texts,
        class_labels=target.get("classes", {}),
        by_importance=data.get("order") == "importance",
        fields=data.get("fields", {}),
        card=data.get("card", {}),
        reading=_reading(data.get("table", {})),
    )


def _check_field(name: str, overrides: Any) -> None:
    keys.check_keys(overrides, keys.FIELD_KEYS, ("fields", name))
    keys.check_texts(overrides.get("levels", {}), ("fields", name, "levels"))
    keys.check_choice(overrides, "only", keys.WAYS, "fields", name)
    keys.check_choice(overrides, "log", keys.LOGGED, "fields", name)


def _organisation(entries: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The schema's words for it, with the logo as data and a colour for dark pages."""
    keys.check_keys(entries, keys.ORGANISATION_KEYS, ("organisation",))
    said = dict(entries)
    if "name" in said:
        said["organisation"] = said.pop("name")
    if said.get("logo"):
        said["logo"] = logo_of(folder / said["logo"])
    for key, grounds, pages in (("accent", LIGHT, "light"), ("accent_dark", DARK, "dark")):
        if said.get(key):
            _check_accent(key, said[key], grounds, pages)
    if "accent" in said:
        dark = readable(said["accent"], DARK) if said["accent"] else ""
        said.setdefault("accent_dark", dark)
    return said


def _check_accent(key: str, colour: str, grounds: tuple[str, ...], pages: str) -> None:
    path = ("organisation", key)
    if not is_colour(colour):
        raise FormFileError(
            f'[organisation]: {key} is {colour!r}; write a colour as "#0b645f" is written.', path
        )
    if not is_readable(colour, grounds):
        raise FormFileError(
            f"[organisation]: text in {key} {colour} is hard to read on {pages} pages (its "
            f"contrast is below 4.5). The nearest shade that works: {readable(colour, grounds)}.",
            path,
        )


def _reading(entries: Mapping[str, Any]) -> ReadingOptions:
    keys.check_keys(entries, keys.TABLE_KEYS, ("table",))
    for key, value in entries.items():
        if isinstance(value, dict):
            for name, each in value.items():
                keys.check_texts(_as_list(each), ("table", key, name))
    levels = {name: _as_list(each) for name, each in entries.get("level", {}).items()}
    try:
        return ReadingOptions(**{**entries, "level": levels})
    except TableError as error:
        raise FormFileError(f"[table]: {error}", ("table",)) from None


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
