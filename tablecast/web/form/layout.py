"""How the controls of a form stand on the page: in groups, and how the form is sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote_plus

from tablecast.i18n.language import _
from tablecast.web.form.controls import Control

#: A form of more fields is searched: on a phone it is longer than six screens.
LONG = 20

#: Bytes of a query that every server reads with the path and the method: gunicorn takes 4,094.
ADDRESS_BYTES = 3000

#: Bytes that a person may type into a field that holds less now.
TYPED_BYTES = 12


@dataclass(frozen=True)
class Section:
    """Controls under one heading.

    Attributes:
        name: the heading; "" for controls that stand for themselves.
        controls: in the form's order.
        is_open: whether they are shown at first.
    """

    name: str
    controls: tuple[Control, ...]
    is_open: bool = True


@dataclass(frozen=True)
class Layout:
    """The whole form.

    Attributes:
        sections: in the order of the first field of each; what is folded away stands last.
        is_long: whether the page offers to search for a field.
        fits_address: whether an address has room for all values.
    """

    sections: tuple[Section, ...]
    is_long: bool
    fits_address: bool


def layout_of(controls: Sequence[Control]) -> Layout:
    """The form of these controls."""
    fits = sum(map(_bytes_of, controls)) <= ADDRESS_BYTES
    return Layout(_sections_of(controls), len(controls) > LONG, fits)


def _sections_of(controls: Sequence[Control]) -> tuple[Section, ...]:
    """By the form file's groups; without them the folded fields are the one group."""
    members: dict[str, list[Control]] = {}
    folded = [it for it in controls if it.field.folded and not it.field.group]
    for it in controls:
        if it not in folded:
            members.setdefault(it.field.group, []).append(it)
    sections = [_section(name, group) for name, group in members.items()]
    return (*sections, *([_section(_("More fields"), folded)] if folded else []))


def _section(name: str, controls: Sequence[Control]) -> Section:
    is_open = any(it.error or not it.field.folded for it in controls)
    return Section(name, tuple(controls), is_open)


def _bytes_of(it: Control) -> int:
    values = [it.value, *(choice.value for choice in it.choices)]
    longest = max(TYPED_BYTES, *(len(quote_plus(value)) for value in values))
    return len(quote_plus(it.field.name)) + len("=&") + longest
