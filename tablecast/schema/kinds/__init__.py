"""The kinds of fields, each with everything in which it differs from the others."""

from tablecast.schema.field import KINDS
from tablecast.schema.kinds.boolean import BooleanField
from tablecast.schema.kinds.category import CategoryField
from tablecast.schema.kinds.date import DateField
from tablecast.schema.kinds.integer import IntegerField
from tablecast.schema.kinds.number import NumberField

KINDS |= {
    "number": NumberField,
    "integer": IntegerField,
    "category": CategoryField,
    "boolean": BooleanField,
    "date": DateField,
}
