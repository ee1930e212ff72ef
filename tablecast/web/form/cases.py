"""Several cases in one address: ``1.age=19&1.bmi=27.9&2.age=45``.

The first case has every value. The others have those that differ from it, so that the address of a
long form stays short.
"""

from collections.abc import Mapping, Sequence

from flask import url_for

from tablecast.schema.schema import Schema
from tablecast.web.http import reader_language

#: Cases that stand side by side: more do not fit a page, on paper too.
MOST_CASES = 4

Case = Mapping[str, str]


def cases_of(schema: Schema, sent: Mapping[str, str]) -> list[dict[str, str]]:
    """The cases that an address or a form names, at least two, each with a text for every field.

    What the first one lacks is the field's typical value; what another one lacks is the first's.
    Names that mean no case and no field are left alone, as mail programs add some.
    """
    named: dict[int, dict[str, str]] = {}
    for name, text in sent.items():
        number, _, field = name.partition(".")
        if number in _NUMBERS and schema.find(field):
            named.setdefault(_NUMBERS[number], {})[field] = text.strip()
    first = schema.defaults | named.pop(1, {})
    others = [named[number] for number in sorted(named)] or [{}]
    return [first, *(first | other for other in others)]


def address_of(schema: Schema, cases: Sequence[Case]) -> str:
    """The address that puts these cases side by side, in the reader's language."""
    first, *others = cases
    values = {name_of(1, field.name): first.get(field.name, "") for field in schema.fields}
    for number, case in enumerate(others, start=2):
        differs = [name for name in first if case.get(name, "") != first[name]]
        # One that is like the first one is still a case.
        for name in differs or [schema.fields[0].name]:
            values[name_of(number, name)] = case.get(name, "")
    return reader_language.address(url_for("compare.compare"), values)


def name_of(number: int, field: str) -> str:
    """What a case's field is called in an address, and in the form of all cases."""
    return f"{number}.{field}"


_NUMBERS = {str(number): number for number in range(1, MOST_CASES + 1)}
