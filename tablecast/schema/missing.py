"""Texts that mean a missing value."""

from __future__ import annotations

from tablecast.schema.texts import fold

MISSING = (
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"),
    *("<NA>", "N/A", "NA", "NULL", "NaN", "n/a", "nan", "null"),
)
"""What a CSV cell says when it is missing: pandas' own list, which PyCaret's users know, without
``None``. In the house table "None" is a level (a house without masonry), not a gap. In a column
that otherwise holds only numbers, dates or booleans, "None" cannot be a level and is missing."""

#: What Eurostat writes behind the colon of a missing number: confidential, estimated, and so on.
FLAGS = ("", *"bcdefilmnprsuz")

#: What else stands for a missing value among numbers, dates and booleans, where it cannot be a
#: level; among texts each of them may be one.
_PLACEHOLDERS = frozenset(map(fold, (
    *("?", "??", "???", "-", "--", "---", "–", "—", ".", "..", "...", "…", "*", "**", "***", "/"),
    *("_", "__", "x", "xx", "xxx", "#", "\\N", "'", '""', "~", "="),
    *("none", "nil", "nothing", "empty", "blank", "(blank)", "(empty)", "(null)", "<null>"),
    *("[null]", "(none)", "missing", "(missing)", "<missing>", "unknown", "(unknown)", "unk"),
    "undefined",
    *(f".{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"),  # Stata's
    *("n.a.", "n.a", "n/a.", "na.", "n/d", "n.d.", "n.d", "nd", "nd.", "n/k", "nk", "n.k.", "nan%"),
    *("not available", "not applicable", "not known", "not given", "not stated", "not reported"),
    *("not specified", "not recorded", "not measured", "no data", "no answer", "no value", "tbd"),
    *("tba", "pending", "refused", "don't know", "invalid", "error", "void", "nat", "<nat>"),
    *("#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#WERT!"),
    *("#NV", "#BEZUG!", "#ZAHL!", "#VALEUR!", "#NOM?", "#NOMBRE!", "#¡DIV/0!", "#¡VALOR!"),
    "err:502",
    *(f":{space}{flag}" for space in ("", " ") for flag in FLAGS),  # Eurostat's
    *("unbekannt", "fehlt", "k.a.", "k. a.", "keine angabe", "keine", "entfällt", "leer"),
    *("inconnu", "inconnue", "manquant", "non disponible", "nc", "n.c.", "s/d", "s.d.", "sin dato"),
    *("desconocido", "desconhecido", "ninguno", "sconosciuto", "mancante", "onbekend", "okänd"),
    *("нет данных", "неизвестно", "н/д", "不明", "不详", "未知", "缺失", "无", "無", "空", "暂无"),
    *("暂无数据", "無資料", "无数据", "なし", "欠損", "不詳", "없음", "미상", "결측"),
)))


#: How numbers begin and end, and no placeholder does both.
_BEGINS, _ENDS = frozenset("0123456789+-.,"), frozenset("0123456789")


def is_placeholder(text: str) -> bool:
    """Whether a text among numbers or dates only says that there is none."""
    if text[:1] in _BEGINS and text[-1:] in _ENDS:
        return False
    return fold(text) in _PLACEHOLDERS or text in MISSING
