"""Numbers, texts and names as SQL writes them."""

import math

from tablecast.export.sql.dialects import Dialect


def name_of(name: str) -> str:
    """A table's or a column's name, whatever is in it."""
    quoted = name.replace('"', '""')
    return f'"{quoted}"'


def text_of(text: str) -> str:
    """A text."""
    quoted = text.replace("'", "''")
    return f"'{quoted}'"


def number_of(dialect: Dialect, number: float) -> str:
    """A float64; with an exponent, since others are decimals in DuckDB. NaN is a missing value."""
    if math.isnan(number):
        return f"CAST(NULL AS {dialect.real})"
    if math.isinf(number):
        return dialect.infinity if number > 0 else f"-{dialect.infinity}"
    written = repr(float(number))
    written = written if "e" in written else f"{written}e0"
    return f"({written})" if number < 0 else written


def choice(index: str, words: list[str]) -> str:
    """One of several, by a number from 0 on; what most of them are is the rest."""
    rest = max(words, key=words.count)
    cases = [f"WHEN {i} THEN {word}" for i, word in enumerate(words) if word != rest]
    return f"CASE {index} {' '.join(cases)} ELSE {rest} END" if cases else rest
