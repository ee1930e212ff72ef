"""Texts that mean a missing value."""

import re

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
    *("missing value", "unspecified", "undefined", "undetermined", "no response", "n.r.", "nr"),
    *(f".{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"),  # Stata's
    "na",
    *("n.a.", "n.a", "n/a.", "na.", "n/d", "n.d.", "n.d", "nd", "nd.", "n/k", "nk", "n.k.", "nan%"),
    *("not available", "not applicable", "not known", "not given", "not stated", "not reported"),
    *("not specified", "not recorded", "not measured", "no data", "no answer", "no value", "tbd"),
    *("tba", "pending", "refused", "don't know", "invalid", "error", "void", "nat", "<nat>"),
    "#NV",
    *(f":{space}{flag}" for space in ("", " ") for flag in FLAGS),  # Eurostat's
    *("keine daten", "ohne angabe", "o.a."),
    *("unbekannt", "fehlt", "k.a.", "k. a.", "keine angabe", "keine", "entfällt", "leer"),
    *("inconnu", "inconnue", "manquant", "non disponible", "aucun", "aucune", "indéterminé",
      "non renseigné", "non communiqué", "nc", "n.c.", "s/d", "s.d.", "sin dato"),
    *("sin datos", "no disponible", "no aplica", "não informado", "não disponível", "sem dados"),
    *("ignorado", "brak", "brak danych", "b.d.", "geen", "geen gegevens", "ukendt", "tuntematon"),
    *("desconocido", "desconhecido", "ninguno", "sconosciuto", "mancante", "onbekend", "okänd"),
    *("нет данных", "нет", "не указано", "неизвестно", "н/д", "不明", "不详", "未知"),
    *("缺失", "缺失值", "未填", "未填写", "不适用", "无", "無", "空", "暂无"),
    *("暂无数据", "無資料", "无数据", "なし", "欠損", "不詳", "データなし"),
    *("없음", "자료없음", "미상", "결측"),
)))


#: A spreadsheet's error, in whatever language: #DIV/0!, #¡VALOR!, #ИМЯ?, #N/D, Err:502.
_ERROR = re.compile(r"#\S{1,14}[!?]|#[^\W\d_]/[^\W\d_]{1,2}|err:[0-9]{3}")

#: How numbers begin and end, and no placeholder does both.
_BEGINS, _ENDS = frozenset("0123456789+-.,"), frozenset("0123456789")


def is_placeholder(text: str) -> bool:
    """Whether a text among numbers or dates only says that there is none."""
    if text[:1] in _BEGINS and text[-1:] in _ENDS:
        return False
    folded = fold(text)
    return folded in _PLACEHOLDERS or text in MISSING or _ERROR.fullmatch(folded) is not None
