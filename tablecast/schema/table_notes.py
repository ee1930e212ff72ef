"""Notes about reading a table: sentences whose values are filled in later.

``{name}`` is the column that a sentence is about.
"""

from tablecast.errors import Remark, counted

OTHER_ENCODING = Remark(
    "The file is not UTF-8 (see line {line}), so it was read as {encoding}. If letters look wrong, "
    "set the encoding (--encoding NAME)."
)
BAD_BYTES = counted(
    "{count} character cannot be read as {encoding} and is shown as � (line {line}).",
    "{count} characters cannot be read as {encoding} and are shown as � (first in line {line}).",
)
TITLE = Remark("Ignored the title above the table: {text}")
NUMBERS_AS_NAMES = Remark(
    "The first row holds numbers, which were read as the names of the columns: {text}. If it is "
    "data, write a row of names above it."
)
DATA_AS_NAMES = Remark(
    "The first row was read as the names of the columns, but looks like data: {text}. If it is "
    "data, write a row of names above it."
)
FOOTER = Remark("Ignored a line below the table: {text}")
TOTAL = Remark("Ignored the last row, which is the total of the others: {text}")
TOTAL_BELOW = Remark("Ignored the last row (line {line}), which is the total of the others.")
HEADER_AGAIN = counted(
    "Ignored {count} row that repeats the column names (line {line}).",
    "Ignored {count} rows that repeat the column names (first: line {line}).",
)
LABELS = Remark("Ignored line {line}, which holds units or labels, not values: {text}")
LINES_ABOVE = Remark("Ignored the lines above the column names.")
LINES_BELOW = counted(
    "Ignored {count} line below the table (line {line}).",
    "Ignored {count} lines below the table (first: line {line}).",
)
ROW_NAMES = Remark("Ignored the first column, which has no name and holds row names ({first} …).")
EMPTY_COLUMN = counted(
    "Ignored {count} column without a name or a value.",
    "Ignored {count} columns without a name or a value.",
)
SAME_COLUMN = Remark("Ignored the second of two equal columns named {name}.")
RENAMED = Remark("More than one column is named {other}; one of them is called {name} here.")
NAMELESS = Remark("A column has no name; it is called {name} here.")
SHEET = Remark(
    "Read the sheet “{sheet}” of the workbook, not {rest}. To read another: --sheet NAME."
)

CODES = Remark(
    "{name} was read as text, because “{example}” starts with 0, as codes do. To read it as "
    "numbers: --number {option}."
)
SPELT = Remark("{name} was read as numbers with “{sign}” as the decimal sign, as in “{example}”.")
GROUPED = Remark("{name} was read as numbers with a thousands separator, as in “{example}”.")
UNIT = Remark("{name} was read as numbers in {unit}, as in “{example}”.")
DECIMAL_SIGN = Remark(
    "{name} was read with “{sign}” as the decimal sign, so “{example}” is {number}. Use --decimal "
    "{option} if it is {other}."
)
COMMA_OPEN = Remark(
    "{name} was read as text: “{example}” may be {number} or {other}. Set the decimal sign "
    "(--decimal . or --decimal ,)."
)
MIXED = Remark(
    "{name} was read as text, because its numbers are written in different ways, such as "
    "“{example}” and “{other}”. Write them in one way, then use --number {option}."
)
UNITS = Remark(
    "{name} was read as text: “{example}” (line {line}) is not in {unit}, unlike the others. Use "
    "one unit, or treat this value as missing (--missing {option})."
)
TWO_UNITS = Remark(
    "{name} was read as text, because its numbers are in different units, such as “{example}” and "
    "“{other}” (line {line}). Write them in one unit."
)
BESIDE = counted(
    "{name} was read as text: “{example}” (line {line}) is a number with a flag or a unit, unlike "
    "the others. Put “{sign}” in a column of its own, or treat this value as missing (--missing "
    "{option}).",
    "{name} was read as text: {count} of its values are numbers with a flag or a unit, such as "
    "“{example}” (line {line}), unlike the others. Put “{sign}” in a column of its own, or treat "
    "this value as missing (--missing {option}).",
)
CLOCK = Remark(
    "{name} was read as text: its values, such as “{example}”, are durations or times of day. To "
    "use them as amounts, write them as numbers, such as minutes."
)
MIXED_DATES = Remark(
    "{name} was read as text, because its dates are written in different ways, such as “{example}” "
    "and “{other}” (line {line}). Write them in one way."
)
BUDDHIST_DATES = Remark(
    "{name} was read as text: its years, as in “{example}”, look like the Buddhist calendar. To "
    "use them as dates, subtract 543 from each year."
)
BUDDHIST_YEARS = Remark(
    "{name} was read as whole numbers. Its years, such as {example}, look like the Buddhist "
    "calendar; {example} is {year} in the Gregorian calendar."
)
TOO_MANY_DIGITS = Remark(
    "{name}: “{example}” has more digits than a number keeps, so it was read as {number:.0f}. To "
    "keep all of them: --category {option}."
)
EXPONENT = Remark(
    "{name} was read as numbers: “{example}” is {number}. If it is a code: --category {option}."
)
MAY_BE_DATES = Remark(
    "{name} was read as whole numbers, but they look like dates, such as {example}. To read them "
    "as dates: --date {option}."
)
ODD = counted(
    "{name} was read as text: “{example}” (line {line}) is not a number. If it means “unknown”, "
    "use --missing {option}.",
    "{name} was read as text: {count} of its values are not numbers, such as “{example}” (line "
    "{line}). If it means “unknown”, use --missing {option}.",
)
ODD_DATE = counted(
    "{name} was read as text: “{example}” (line {line}) is not a date like the others. If it means "
    "“unknown”, use --missing {option}.",
    "{name} was read as text: {count} of its values are not dates like the others, such as "
    "“{example}” (line {line}). If it means “unknown”, use --missing {option}.",
)
PLACEHOLDERS = counted(
    "{count} value of {name} ({texts}) was treated as missing.",
    "{count} values of {name} ({texts}) were treated as missing.",
)
INFINITE = counted(
    "{count} value of {name} is infinite and was treated as missing.",
    "{count} values of {name} are infinite and were treated as missing.",
)
NA_LEVEL = counted(
    "{name}: NA ({count} row) was read as a value like {like}. To treat it as missing: --missing "
    "NA.",
    "{name}: NA ({count} rows) was read as a value like {like}. To treat it as missing: --missing "
    "NA.",
)
NA_MISSING = counted(
    "{count} value of {name} (“{text}”) was treated as missing. To keep it as a value: --level "
    "{option}.",
    "{count} values of {name} (“{text}”) were treated as missing. To keep them as a value: --level "
    "{option}.",
)
MERGED = counted(
    "{name}: “{other}” ({count} row) was read as “{level}”, which differs only in case, spaces or "
    "punctuation. To keep it apart: --level {option}.",
    "{name}: “{other}” ({count} rows) was read as “{level}”, which differs only in case, spaces or "
    "punctuation. To keep it apart: --level {option}.",
)
READ_AS = Remark("{name}: “{example}” was read as {level}.")
AS_TEXT = Remark("{name} was read as text, as requested.")
TWO_ORDERS = Remark(
    "{name}: “{example}” may be day first or month first; it was read as {date}. To read the other "
    "date: --date {option}."
)
SHORT_YEARS = Remark("{name} has two-digit years, which were read as {first} to {last}.")
DATE_FORMAT = Remark("{name} was read as dates: “{example}” is {date}.")
OPEN_END = counted(
    "{count} value of {name} ({texts}) is too far away to be a date and was treated as missing.",
    "{count} values of {name} ({texts}) are too far away to be dates and were treated as missing.",
)

NO_ANSWER = counted(
    "Ignored {count} row without a value in {name}.",
    "Ignored {count} rows without a value in {name}.",
)
TASK = Remark("Task: {task} ({reason}).")
TASK_OR = Remark("Task: {task} ({reason}). For the other task: --task {option}.")
REPEATED = counted(
    "{count} duplicate row. If it is a copy of the same case, the test scores are too optimistic.",
    "{count} duplicate rows. If they are copies of the same case, the test scores are too "
    "optimistic.",
)
GAPS = Remark("{name} is missing in {share:.0%} of the rows.")
GROWS = Remark(
    "{name} increases from row to row. If it is a time and you will predict later rows: --time "
    "{option}. If it is an ID, train without it: --drop {option}."
)
MAYBE_GROUP = Remark(
    "{name} looks like a group: rows share its {count} values. If you will predict for new values "
    "of {name}, keep rows with the same value together: --group {option}."
)
MAYBE_TIME = Remark(
    "{name} may be a time. If you will predict later rows from earlier ones: --time {option}."
)
NEAR_ID = Remark("{name} is almost an ID: it has {count} different texts.")
LEFT_OUT = Remark("Ignored {name}: {reason}.")
LEFT_OUT_UNLESS = Remark("Ignored {name}: {reason}. To use it: --keep {option}.")
AS_ASKED = Remark("as requested")
NO_SUCH_LEVEL = Remark(
    "{name} has no value “{text}”, which --level names. The closest value is “{near}”."
)
NOTHING_MISSING = Remark("No cell holds “{text}”, which --missing names.")

NO_METADATA = counted(
    "Ignored {count} row without a value in {name}, which {role} needs.",
    "Ignored {count} rows without a value in {name}, which {role} needs.",
)
ZERO_WEIGHTS = counted(
    "Ignored {count} row whose weight in {name} is 0.",
    "Ignored {count} rows whose weight in {name} is 0.",
)
NO_GROUPS = Remark(
    "--group {name} has no effect: {name} has a different value in every row, so no rows belong "
    "together."
)
ALIKE_WEIGHTS = Remark("--weight {name} has no effect: every row has the same weight.")
STAYS_FEATURE = Remark(
    "{name} splits the rows and stays a feature. To train without it: --drop {option}."
)
