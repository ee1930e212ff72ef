"""What is understood of a table, said before anything is trained on it."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from deployments import ROOT

import tablecast
from tablecast import publish
from tablecast.cli.main import command_parser, main
from tablecast.data.inspection import inspect
from tablecast.data.names import unique_names
from tablecast.data.sources import read_table
from tablecast.errors import FormFileError, TableError
from tablecast.schema.form_file import read_form
from tablecast.schema.from_column import field_of_column
from tablecast.schema.options import ReadingOptions
from tablecast.schema.readings import reading_of

#: Tables of the kinds that real files have, made elsewhere; each says what is to be understood.
CASES = ROOT.parent / "shared" / "cases" / "tables.py"


def cases() -> list[Any]:
    if not CASES.is_file():
        return []
    spec = importlib.util.spec_from_file_location("tables", CASES)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [pytest.param(*case, id=case[0]) for case in module.cases()]


def rows(count: int, *cells: str) -> str:
    """Lines of cells, in which # stands for the row's number."""
    return "".join(",".join(cells).replace("#", str(at)) + "\n" for at in range(count))


def notes_of(found: dict[str, Any]) -> str:
    return " ".join([*found["notes"], *(n for c in found["columns"] for n in c["notes"])])


ENDS = {
    "maximum_at_least": lambda column, value: column["maximum"] >= value,
    "minimum_from": lambda column, value: column["minimum"] >= value,
    "maximum_to": lambda column, value: column["maximum"] <= value,
}


@pytest.mark.parametrize(("name", "content", "target", "expected"), cases())
def test_the_kinds_of_files_that_people_have(
    tmp_path: Path, name: str, content: bytes, target: str, expected: dict[str, Any]
) -> None:
    """What a careful person reads in each of them is what is reported."""
    (tmp_path / name).write_bytes(content)
    found = inspect(tmp_path / name, target).to_json()
    columns = {column["name"]: column for column in found["columns"]}
    for key, value in expected.items():
        if key == "columns":
            for column, wanted in value.items():
                for part, known in wanted.items():
                    told = ENDS.get(part, lambda one, known, part=part: one[part] == known)
                    assert told(columns[column], known), (column, part, columns[column])
        elif key == "notes_mention":
            assert all(words in notes_of(found) for words in value), notes_of(found)
        else:
            assert found[key] == value, key


COLUMN_KEYS = ["name", "kind", "role", "missing", "levels", "minimum", "maximum", "unit", "notes"]


def test_json_is_as_programs_expect_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every key is there, numbers are numbers, and dates are ISO 8601."""
    table = tmp_path / "t.csv"
    lines = "".join(f"{at % 28 + 1:02}.03.2024;{'ab'[at % 2]};{at},5 €\n" for at in range(60))
    table.write_text(f"day;kind;price\n{lines}", encoding="utf-8")
    assert main(["inspect", str(table), "--target", "price", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    columns = found.pop("columns")
    assert found["notes"]
    assert {key: value for key, value in found.items() if key != "notes"} == {
        "rows": 60, "encoding": "utf-8", "separator": ";", "decimal": ",", "task": "regression",
        "target": "price", "classes": [],
    }  # fmt: skip
    assert [list(column) for column in columns] == [COLUMN_KEYS] * 3
    day, kind, price = columns
    assert (day["kind"], day["minimum"], day["maximum"]) == ("date", "2024-03-01", "2024-03-28")
    assert (kind["kind"], kind["levels"], kind["minimum"]) == ("category", ["a", "b"], None)
    assert (price["role"], price["unit"], price["maximum"]) == ("target", "€", 59.5)


def test_the_table_fits_a_terminal(tmp_path: Path) -> None:
    """No line is wider than 80 columns, however long or wide the names and levels are."""
    name = "一个非常长的列名" * 6
    header = f"{name},kind,y\n"
    (tmp_path / "t.csv").write_text(
        header + "".join(f"{'等级' * 20}{at % 7},a,{at}\n" for at in range(60)), encoding="utf-8"
    )
    text = str(inspect(tmp_path / "t.csv", "y"))
    assert "60 rows, 3 columns" in text
    for line in text.splitlines():
        wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in line)
        assert len(line) + wide <= 80, line


@pytest.mark.thorough
def test_it_is_quick_and_imports_no_pycaret(real_table: Any) -> None:
    """A second or so of work, most of it pandas' import."""
    code = (
        "import sys, time; from tablecast import inspect;"
        f"found = inspect({str(real_table('house'))!r}, 'SalePrice');"
        "heavy = [name for name in ('pycaret', 'sklearn', 'matplotlib') if name in sys.modules];"
        "print(found.rows, heavy, time.process_time() < 2)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[0] == "1460 [] True"
    assert "inspect" in tablecast.__all__


#: Folders whose modules start other programs: a text without a space is an argument of theirs. What
#: a host's own program is told stands in ``hosts``.
STARTING = ("server", "ship")


def sentences() -> Iterator[tuple[str, str]]:
    """Every text in the package that names an option, with its module."""
    for path in sorted((ROOT / "tablecast").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                folder = path.parent.name
                if folder == "hosts" or (" " not in node.value and folder in STARTING):
                    continue
                for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", node.value):
                    yield path.name, option


@pytest.mark.thorough
def test_each_sentence_advises_an_option_that_exists() -> None:
    """Whatever option a message, a hint or a docstring names, a command has it."""
    known: set[str] = set()
    waiting = [command_parser()]
    while waiting:
        for action in waiting.pop()._actions:
            known |= set(action.option_strings)
            waiting += (action.choices or {}).values() if isinstance(action.choices, dict) else []
    # What other programs are told on their own command lines.
    known |= {"--factory", "--bind", "--host", "--no-location", "--config"}
    known |= {"--no-deps", "--force-reinstall", "--hash", "--find-links"}  # pip's
    named = set(sentences())
    assert len({option for _, option in named} & set(OPTIONS)) == len(OPTIONS)
    babel = {one for one in named if one[0] == "messages.py"}
    assert {one for one in named - babel if one[1] not in known} == set()


#: An option by which a person may know better, and a table on which it changes what is read.
OPTIONS: dict[str, tuple[list[str], str, str, Any]] = {
    "--task": (["regression"], "y\n" + rows(60, "#"), "task", "regression"),
    "--category": (["x"], "x,y\n" + rows(60, "1#", "#"), "x.kind", "category"),
    "--number": (["x"], "x,y\n" + rows(60, "00#", "#"), "x.kind", "integer"),
    "--date": (["x=%Y%m%d"], "x,y\n" + "20240301,1\n20240302,2\n" * 20, "x.kind", "date"),
    "--drop": (["x"], "x,y\n" + rows(60, "1.5#", "#"), "x.role", "ignored"),
    "--keep": (["x"], "x,y\n" + rows(60, "T#", "#"), "x.role", "feature"),
    "--missing": (["none given"], "x,y\n" + rows(60, "#", "#") + "none given,1\n", "x.missing", 1),
    "--level": (["x=NA"], "x,y\n" + "NA,1\nbrick,2\n" * 20, "x.missing", 0),
    "--encoding": (["cp850"], "x,y\n" + "Stra\xdfe,1\nWeg,2\n" * 20, "encoding", "cp850"),
    "--separator": (["|"], "x,z|y\n" + rows(60, "a,b|#"), "separator", "|"),
    "--decimal": ([","], "x\ty\n" + "1.234\t1\n5.678\t2\n" * 20, "x.maximum", 5678),
}


@pytest.mark.parametrize("option", OPTIONS)
def test_each_judgement_can_be_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    """On the command line and in the form file alike, for inspect and for train."""
    values, text, key, expected = OPTIONS[option]
    table, form = tmp_path / "t.csv", tmp_path / "form.toml"
    table.write_bytes(text.encode("cp850" if option == "--encoding" else "utf-8"))
    form.write_text(f"[table]\n{in_toml(option[2:], values[0])}\n", encoding="utf-8")
    command = ["inspect", str(table), "--target", "y", "--json"]

    def told(*more: str) -> Any:
        assert main([*command, *more]) == 0
        found = json.loads(capsys.readouterr().out)
        name, _, part = key.rpartition(".")
        columns = {column["name"]: column for column in found["columns"]}
        return columns[name][part] if name else found[part]

    assert told(option, *values) == expected
    assert told("--form", str(form)) == expected
    if option not in ("--task", "--separator"):
        assert told() != expected
    command_parser().parse_args(["train", "t.csv", "--target", "y", option, *values])


def in_toml(key: str, value: str) -> str:
    column, equals, rest = value.partition("=")
    if key in ("date", "level"):
        return f"{key} = {{ {column} = {json.dumps(rest if equals else '')} }}"
    if key in ("task", "encoding", "separator", "decimal"):
        return f"{key} = {json.dumps(value)}"
    return f"{key} = {json.dumps([value])}"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"category": ["zipp"]}, r"no column 'zipp'. Did you mean 'zip'"),
        ({"number": ["zip"]}, r"Line 5: 'zip' holds 'abc', which is no number .*--missing abc"),
        ({"date": {"zip": "%Y"}}, r"Line 2: 'zip' holds '02134', which is no .*--date zip=FORMAT"),
        ({"date": {"zip": "%Q"}}, r"'%Q' is not a date format.*--date COLUMN=FORMAT"),
        ({"date": {"zip": "%Y%Y"}}, r"'%Y%Y' is not a date format"),
        ({"encoding": "utf-16"}, r"utf-16 text.*--encoding"),
        ({"decimal": ";"}, r"--decimal"),
        ({"separator": "ab"}, r"--separator"),
        ({"task": "clustering"}, r"--task"),
        ({"separator": '"'}, r"--separator"),
        ({"separator": "\n"}, r"--separator"),
        ({"sheet": "2"}, r"'t.csv' is a text file, which has no sheet.*--sheet"),
        ({"drop": ["y"]}, r"'y' is the target.*--target, --drop"),
        ({"category": ["y"], "task": "regression"}, r"'y' .*--category.*--task regression"),
        ({"drop": ["zip"], "keep": ["zip"]}, r"'zip' is named by both drop and keep"),
        ({"drop": ["zip"], "keep": ["ZIP "]}, r"'zip' is named by both drop and keep"),
        ({"category": ["zip"], "number": ["zip"]}, r"both category and number"),
        ({"category": ["zip"], "date": {"zip": ""}}, r"both category and date"),
        ({"number": ["zip"], "date": {"zip": ""}}, r"both number and date"),
        ({"number": ["zip"], "level": {"zip": ["abc"]}}, r"both number and level"),
        ({"date": {"zip": ""}, "level": {"zip": ["abc"]}}, r"both date and level"),
    ],
)
def test_what_cannot_be_so_is_refused(
    tmp_path: Path, options: dict[str, Any], words: str
) -> None:
    """With the line, the column, the cell and the option that would help."""
    table = tmp_path / "t.csv"
    table.write_text("zip,y\n02134,1\n10001,2\n12,3\nabc,4\n" + rows(30, "#", "#"))
    with pytest.raises(TableError, match=words):
        inspect(table, "y", ReadingOptions(**options))


def test_a_contradiction_in_the_form_file_or_the_options_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line names both; what the command line says goes before the form file."""
    table, form = tmp_path / "t.csv", tmp_path / "form.toml"
    table.write_text("x,z,y\n" + rows(60, "1#", "b", "#"))
    form.write_text('[table]\ndrop = ["x"]\nkeep = ["x"]\n')
    with pytest.raises(FormFileError, match=r"\[table\]: 'x' is named by both drop and keep"):
        read_form(form)
    with pytest.raises(TableError, match="'x' is named by both"):
        publish(object(), table=table, target="y", reading=ReadingOptions(drop="x", keep="x"))
    form.write_text('[table]\ndrop = ["x"]\nnumber = ["x"]\n')
    said = ["inspect", str(table), "--target", "y", "--form", str(form), "--json"]
    assert main([*said, "--keep", "x", "--category", "x"]) == 0
    (column, *_) = json.loads(capsys.readouterr().out)["columns"]
    assert (column["role"], column["kind"]) == ("feature", "category")
    for wrong in (["--level", "NA"], ["--level", "="], ["--level", "x="], ["--level", "=x"]):
        assert main([*said, *wrong]) == 1
        assert "write COLUMN=TEXT" in capsys.readouterr().err
    assert main([*said, "--date", "z=%d/%m/%y", "--date", "z=%m/%d/%y"]) == 1
    assert "'z' has two formats of dates (--date): %d/%m/%y and %m/%d/%y" in capsys.readouterr().err


def test_what_names_nothing_in_the_table_is_said(tmp_path: Path) -> None:
    """A level or a missing text that no cell holds, with the nearest that one does."""
    table = tmp_path / "t.csv"
    table.write_text("x,y\n" + "NA,1\nEU,2\nbrick,3\n" * 20)
    found = inspect(table, "y", ReadingOptions(level={"x": ["brik"]}, missing=["n.k."]))
    assert any("“brik”" in one and "“brick”" in one for one in found.columns[0].notes)
    assert any("“n.k.”" in note and "--missing" in note for note in found.notes)
    known = inspect(table, "y", ReadingOptions(level={"x": ["NA"]}, missing=["brick"]))
    assert not any("--missing names" in one or "--level names" in one for one in known.sentences)


@pytest.mark.parametrize("target", ["y", None])
def test_a_form_file_is_checked_against_the_table(tmp_path: Path, target: str | None) -> None:
    """A section of a column that is not there names the nearest, the file and the line."""
    table, form = tmp_path / "t.csv", tmp_path / "form.toml"
    table.write_text("age,z,y\n" + rows(60, "1#", "b", "#"))
    form.write_text('description = "of any agee"\n\n[fields.agee]\nlabel = "Age"\n')
    with pytest.raises(
        FormFileError, match=r"Line 3 of 'form.toml': \[fields.agee\] .* the nearest is 'age'"
    ):
        inspect(table, target, form=read_form(form))


@pytest.mark.thorough
def test_many_columns_are_looked_at_in_time_that_grows_with_them(tmp_path: Path) -> None:
    """And too many are refused at once, with what may be the cause."""
    taken = []
    for width in (500, 2_000):
        header = ",".join(f"c{at}" for at in range(width))
        row = ",".join(str(at % 7) for at in range(width))
        (tmp_path / "t.csv").write_text("\n".join([header, *[row] * 25]))
        began = time.process_time()
        inspect(tmp_path / "t.csv", "c1")
        taken.append(time.process_time() - began)
    assert taken[1] < 8 * taken[0]
    (tmp_path / "t.csv").write_text(("1," * 99_999 + "1\n") * 3)
    began = time.process_time()
    with pytest.raises(TableError, match=r"'t.csv' has 100,000 columns; the limit is 10,000"):
        inspect(tmp_path / "t.csv", "c1")
    assert time.process_time() - began < 2
    assert len(set(unique_names(["x"] * 50_000))) == 50_000


CHANGES = {
    "text in other letters": ("x,y\n" + "Yes,1\nyes ,2\nYES,3\nno,4\n" * 10, "x"),
    "typographic quotes": ("x,y\n" + "it’s,1\nit's,2\nb,3\n" * 10, "x"),
    "a placeholder": ("x,y\n" + rows(30, "#", "#") + "?,1\n", "x"),
    "currency": ("x,y\n" + rows(30, "$1#", "#"), "x"),
    "thousands": ("x,y\n" + rows(30, '"1,00#"', "#").replace('"1,00', '"1,0')[:0]
                  + "".join(f'"{at + 1000:,}",{at}\n' for at in range(30)), "x"),
    "decimal commas": ("x;y\n" + "".join(f"{at},5;{at}\n" for at in range(30)), "x"),
    "booleans": ("x,y\n" + "TRUE,1\nfalse,2\n" * 15, "x"),
    "dates": ("x,y\n" + "".join(f"{at + 1}.3.24,{at}\n" for at in range(30)), "x"),
    "a date that never comes": ("x,y\n" + "2024-01-05,1\n9999-12-31,2\n" * 15, "x"),
    "NA": ("x,y\n" + "brick,1\nNA,2\nwood,3\n" * 10, "x"),
    "NA as a level": ("x,y\n" + "EU,1\nNA,2\nAS,3\n" * 10, "x"),
    "infinity": ("x,y\n" + rows(30, "1.#", "#") + "inf,1\n", "x"),
    "a repeated column": ("x,x,y\n" + rows(30, "1.#", "1#", "#"), "x (2)"),
    "a column without a name": ("x,,y\n" + rows(30, "1.#", "3", "#"), "column 2"),
    "codes": ("x,y\n" + rows(30, "00#", "#"), "x"),
    "brackets": ("x,y\n" + rows(30, "(1#)", "#"), "x"),
    "a trailing minus": ("x,y\n" + rows(30, "1#-", "#"), "x"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_each_change_of_a_cells_meaning_leaves_a_note(tmp_path: Path, change: str) -> None:
    """Nothing is guessed silently: whatever is not taken as written is said of its column."""
    text, name = CHANGES[change]
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    found = inspect(tmp_path / "t.csv", "y")
    (column,) = [column for column in found.columns if column.name == name]
    assert column.notes, found


def test_a_first_row_of_numbers_is_said(tmp_path: Path) -> None:
    """A file without names loses a row to them, which its reader has to know."""
    for first, is_said in (("6.52,1620,3", True), ("0,1,2", False), ("2001,2002,2003", False)):
        text = f"{first}\n" + rows(30, "1.#", "#", "#")
        (tmp_path / "t.csv").write_text(text, encoding="utf-8")
        notes = inspect(tmp_path / "t.csv").notes
        assert any("first row holds" in note for note in notes) == is_said


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('"a" "b" "y"\n' + rows(30, '"r#" 1.# "u v" #').replace(",", " "), ["a", "b", "y"]),
        ("a b\n" + rows(30, "1.#   #"), ["a", "b"]),
        ("name   age city\n" + rows(30, "  bob#    1# ulm"), ["name", "age", "city"]),
        ("name city\n" + rows(30, "bob# Bad Ems"), ["name city"]),
        ("Date of birth\n" + rows(30, "5 March 19#"), ["Date of birth"]),
        ("Body weight\n" + rows(30, "1# kg"), ["Body weight"]),
    ],
)
def test_spaces_cut_only_what_cannot_be_one_column(
    tmp_path: Path, text: str, names: list[str]
) -> None:
    """R quotes the names and texts; what others write with spaces are numbers alone."""
    (tmp_path / "t.txt").write_text(text, encoding="utf-8")
    assert [column.name for column in inspect(tmp_path / "t.txt").columns] == names


@pytest.mark.parametrize(
    ("header", "is_said"),
    [("10.5,a,0", True), ("x,a,z", True), ("x,y,z", False), ("1,2,3", False), ("2019,b,z", False)],
)
def test_a_first_row_that_looks_like_data_is_said(
    tmp_path: Path, header: str, is_said: bool
) -> None:
    """A number with decimals, or a text that is there again in its column, is no name."""
    (tmp_path / "t.csv").write_text(f"{header}\n" + rows(20, "1#.5", "a", "#"))
    notes = inspect(tmp_path / "t.csv").notes
    assert any("looks like data" in note for note in notes) == is_said


HINTS = {
    "days as numbers": ("x,y\n" + "".join(f"{19580301 + at},{at}\n" for at in range(28)),
                        "--date x=%Y%m%d"),
    "months as numbers": ("x,y\n" + "".join(f"{202101 + at},{at}\n" for at in range(12)) * 3,
                          "--date x=%Y%m"),
    "two units": ("x;y\n" + "".join(f"{at + 10} {'kg' if at % 2 else 'lb'};{at}\n"
                                    for at in range(60)), "different units"),
    "two currencies": ("x;y\n" + "".join(f"{'$' if at % 2 else '€'}{at + 10};{at}\n"
                                         for at in range(60)), "different units"),
    "a unit in half of the rows": ("x;y\n" + "".join(f"{at + 10}{' kg' if at % 2 else ''};{at}\n"
                                                     for at in range(60)), "different units"),
}  # fmt: skip


@pytest.mark.parametrize("hint", HINTS)
def test_what_may_be_meant_otherwise_is_hinted_at(tmp_path: Path, hint: str) -> None:
    """Numbers that look like dates, and numbers of two units, are named with what to do."""
    text, words = HINTS[hint]
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    assert words in " ".join(inspect(tmp_path / "t.csv").columns[0].notes)


def test_a_number_that_is_no_date_is_not_taken_for_one(tmp_path: Path) -> None:
    """One day or month that the calendar has not is enough."""
    for first, last in ((19580329, 19580356), (202101, 202113), (12345678, 12345699)):
        text = "x,y\n" + "".join(f"{at},1\n" for at in range(first, last + 1))
        (tmp_path / "t.csv").write_text(text)
        assert "--date" not in " ".join(inspect(tmp_path / "t.csv").columns[0].notes)


def test_a_cell_that_is_too_long_is_named(tmp_path: Path) -> None:
    """With its line, the limit and both of what may be the cause."""
    (tmp_path / "t.csv").write_text("x,y\n1,2\n" + "a" * 131_073 + ",2\n")
    words = "Line 3 of 't.csv' has a cell of more than 131,072 characters.*Shorten.*quotation mark"
    with pytest.raises(TableError, match=words):
        inspect(tmp_path / "t.csv")


def test_plain_cells_leave_none(tmp_path: Path) -> None:
    """A table that is taken as written has nothing to say about how its columns were read."""
    lines = (f"{at / 2},x{at % 3},2024-01-{at % 28 + 1:02},{at * 7 % 31}" for at in range(60))
    text = "\n".join(["a,b,c,y", *lines])
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    notes = [column.notes for column in inspect(tmp_path / "t.csv", "y").columns]
    assert [len(one) for one in notes] == [0, 0, 1, 0]
    assert "(--time c)" in notes[2][0]


def test_classes_in_other_letters_are_one(tmp_path: Path) -> None:
    """Yes and yes in a target are one class, and it is said."""
    (tmp_path / "t.csv").write_text("x,y\n" + rows(20, "#", "Yes") + rows(9, "#", "yes")
                                    + rows(9, "#", "no"))  # fmt: skip
    found = inspect(tmp_path / "t.csv", "y")
    assert found.classes == ["Yes", "no"]
    assert "“yes” (9 rows) was read as “Yes”" in " ".join(found.columns[1].notes)


def test_the_form_file_says_what_the_options_say(tmp_path: Path) -> None:
    """A wrong value is refused where it stands."""
    (tmp_path / "form.toml").write_text('[table]\ndecimal = "x"\n')
    with pytest.raises(Exception, match=r"\[table\]: .*--decimal"):
        read_form(tmp_path / "form.toml")
    (tmp_path / "form.toml").write_text('[table]\nmissing = [1]\n')
    with pytest.raises(Exception, match=r"Line 2 of .*: missing has 1, which must be text"):
        read_form(tmp_path / "form.toml")


def test_train_shows_the_same_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first lines of a training are those of the inspection."""
    table = tmp_path / "t.csv"
    table.write_text("x,z,y\n" + rows(10, "#", "a", "#"))
    assert main(["train", str(table), "--target", "y", "--out", str(tmp_path)]) == 1
    shutil.rmtree(tmp_path, ignore_errors=True)
    assert "at least 20" in capsys.readouterr().err


def described(folder: Path, text: str) -> tuple[dict[str, Any], str]:
    """Each column's kind, and all notes about a table."""
    (folder / "t.csv").write_text(text, encoding="utf-8")
    found = inspect(folder / "t.csv").to_json()
    return {column["name"]: column["kind"] for column in found["columns"]}, notes_of(found)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ("cm,kg,", "Ignored line 2, which holds units or labels, not values: cm kg"),
        ("How long?,How heavy?,What is it?", "Ignored line 2"),
        ("(cm),,", "Ignored line 2"),
        ("Size,Weight,Kind\n(cm),(kg),-", "Ignored line 3"),
        ('"{""id"":1}","{""id"":2}","{""id"":3}"', "Ignored line 2"),
    ],
)
def test_rows_of_units_and_labels_are_left_out(tmp_path: Path, labels: str, said: str) -> None:
    """Below the names of the columns a survey has its questions, and an instrument its units."""
    kinds, notes = described(tmp_path, f"a,b,c\n{labels}\n" + rows(40, "#.5", "#", "x#"))
    assert said in notes
    assert (kinds["a"], kinds["b"]) == ("number", "integer")


@pytest.mark.parametrize("first", ["?,-,x", "0.5,n/a,x", "oops,3,x", "unknown,,x"])
def test_a_first_row_with_a_gap_or_a_mistake_is_a_row(tmp_path: Path, first: str) -> None:
    """One odd text is asked about, and a placeholder is missing: the row stays."""
    (tmp_path / "t.csv").write_text(f"a,b,c\n{first}\n" + rows(40, "#.5", "#", "x"))
    assert inspect(tmp_path / "t.csv").rows == 41


@pytest.mark.parametrize(
    ("name", "cell", "kind", "said"),
    [
        ("v", '="00#"', "category", '“="000"” was read as 000'),
        ("v", '"=""5#"""', "integer", '“="50"” was read as 50'),
        ("v", "1#:30", "category", "“10:30”, are durations or times of day"),
        ("v", "01:1#:15", "category", "such as “01:10:15”, are durations"),
        ("year", "255#", "integer", "2550 is 2007 in the Gregorian calendar"),
        ("ปี", "255#", "integer", "Buddhist calendar"),
        ("weight", "255#", "integer", ""),
        ("day", "2#/01/255#", "category", "“20/01/2550”, look like the Buddhist calendar"),
        ("day", "255#-01-2#", "category", "subtract 543 from each year"),
    ],
)
def test_what_looks_like_something_else_is_named(
    tmp_path: Path, name: str, cell: str, kind: str, said: str
) -> None:
    """Excel's texts, durations and the years of Thailand."""
    lines = [f"{cell.replace('#', str(at % 10))},{at % 3},{'ab'[at % 2]}\n" for at in range(60)]
    kinds, notes = described(tmp_path, f"{name},w,c\n" + "".join(lines))
    assert kinds[name] == kind
    assert said in notes
    assert said or "Buddhist" not in notes


@pytest.mark.parametrize(("cells", "kind", "said"), [
    (["01.10", "02.20", "10.30"] * 9, "category", "“01.10” starts with 0"),
    (["5", "7", "9", "11", "#VALOR!", "#N/D", "na", "не указано"] * 4, "integer", "16 values of v"),
    (["1E2", "3E4", "27E1", "4E4"] * 9, "integer", "“1E2” is 100. If it is a code: --category v"),
    (["2021-01-05", "03/04/2021", "2021-02-05", "13/04/2021"] * 9, "category",
     "“03/04/2021” and “2021-01-05” (line 2)"),
    ([f"202103{day:02}120000" for day in range(1, 29)], "integer", "--date v=%Y%m%d%H%M%S"),
    ([f"Fri Apr {day:02} 03:26:00 +0200 2021" for day in range(1, 29)], "date", "2021-04-01"),
    ([f"Fri Apr {day} 03:26:00 2021" for day in range(1, 29)], "date", "2021-04-01"),
    (["x", "", "x", "", ""] * 9, "category", "its only value is “x”, and other rows have none"),
    (["New York", "New\u200b York", "\ufeffNew York", "Rome"] * 9, "category", ""),
])  # fmt: skip
def test_what_cells_mean_is_read_or_said(
    tmp_path: Path, cells: list[str], kind: str, said: str
) -> None:
    """Codes with points, errors of any spreadsheet, flats, dates of two kinds, signs unseen."""
    rows = "".join(f'"{cell}",{place * place}\n' for place, cell in enumerate(cells))
    (tmp_path / "t.csv").write_text(f"v,y\n{rows}", encoding="utf-8")
    found = inspect(tmp_path / "t.csv", target="y").columns[0]
    assert found.kind == kind
    assert said in " ".join(found.notes)
    if not said:
        assert found.levels == ["New York", "Rome"]
    table = read_table(tmp_path / "t.csv")
    if kind != "category":
        field = field_of_column(table["v"], reading_of(table).of("v").for_field)
        known = field.array_of_table(table["v"])
        for cell, value in zip(cells, known, strict=True):
            read = field.read(cell, text=True)[0]
            assert read == value or (read != read and value != value)


def test_a_title_may_hold_the_separator(tmp_path: Path) -> None:
    """It is left out and said, and the row below it names the columns."""
    titles = "Sales 2021\nSource: ministry, department of statistics\n\n"
    (tmp_path / "t.csv").write_text(titles + "k,n,y\n" + rows(30, "a", "#", "1#"))
    found = inspect(tmp_path / "t.csv", target="y")
    assert [column.name for column in found.columns] == ["k", "n", "y"]
    assert any("ministry department" in note for note in found.notes)


@pytest.mark.parametrize(("text", "said"), [
    ("<html><body><table><tr><td>k</td></tr></table></body></html>", "a web page"),
    ('[{"k": "a", "y": 1},\n {"k": "b", "y": 2}]', "holds JSON"),
    ('{"k": "a", "y": 1}\n{"k": "b", "y": 2}\n', "holds JSON"),
    ("% made by weka\n@relation x\n@attribute k {a,b}\n@data\na\n", "holds ARFF"),
    ("<!DOCTYPE html>\n<title>t</title>\n", "a web page"),
    ("k n y\na 1 2\nb 3 4\n", "read as one column, 'k n y'.*--separator ' '"),
    ("k:n:y\na:1:2\nb:3:4\n", "read as one column, 'k:n:y'.*--separator"),
])  # fmt: skip
def test_a_file_of_another_kind_is_named(tmp_path: Path, text: str, said: str) -> None:
    """Instead of a header without rows, or columns that nobody wrote."""
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(TableError, match=said):
        inspect(tmp_path / "t.csv", target="y")


@pytest.mark.parametrize("text", ["-9", "-n/a-", "---", "-x"])
def test_a_text_that_begins_with_a_minus_is_no_option(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a note advises, --missing -n/a-, works as it is written there."""
    cells = [text if place % 9 == 4 else str(place) for place in range(40)]
    table = "".join(f"{cell},{place}\n" for place, cell in enumerate(cells))
    (tmp_path / "t.csv").write_text("v,y\n" + table)
    arguments = ["inspect", str(tmp_path / "t.csv"), "--missing", text, "--target", "y", "--json"]
    assert main(arguments) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["target"], found["columns"][0]["missing"]) == ("y", cells.count(text))


def test_numbers_with_flags_are_asked_about(tmp_path: Path) -> None:
    """Eurostat's letters behind a number are named; its colons are missing values."""
    lines = [f"{at / 8},{at}\n" for at in range(1, 60)]
    kinds, notes = described(tmp_path, "v,w\n" + "".join(lines) + "16.4 b,1\n12 e,2\n")
    assert kinds["v"] == "category"
    assert "2 of its values are numbers with a flag or a unit, such as “16.4 b” (line 61)" in notes
    assert "Put “b” in a column of its own" in notes
    kinds, notes = described(tmp_path, "v,w\n" + "".join(lines) + ":,1\n: c,2\n:u,3\n")
    assert kinds["v"] == "number"
    assert "3 values of v (“:”, “: c”, “:u”) were treated as missing" in notes
