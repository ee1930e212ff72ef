"""Notes and errors as pages show them: with the form's names, levels and figures."""

from dataclasses import replace

from tablecast.errors import Remark
from tablecast.i18n.formats import listed
from tablecast.schema.schema import Schema


def sentence_of(schema: Schema, remark: Remark) -> str:
    """A remark as the pages say it: with the field's label, and its levels as its control has them.

    A program is told the column's name and the levels that it may send; see ``Remark.say``.
    """
    field = schema.find(remark.field)
    if field is None:
        return remark.say()
    if "levels" in remark.values:
        labels = listed(choice.label for choice in field.choices)
        remark = replace(remark, values={**remark.values, "levels": labels})
    return remark.say(field.label)


def warning_of(schema: Schema, remark: Remark) -> str:
    """A remark on a valid value: as ``sentence_of``, its numbers as people write them."""
    field = schema.find(remark.field)
    if field is not None:
        figures = {name: field.in_figures(text) for name, text in remark.values.items()}
        remark = replace(remark, values=figures)
    return sentence_of(schema, remark)
