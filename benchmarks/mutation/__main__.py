"""``make bench-tests``: how many small changes of the code the tests notice.

    python -m benchmarks.mutation [--count 100] [--seed 0] [--only tablecast/schema …] [--fresh]

It first learns which test reaches which line (kept in ``.cache/mutation``), of those of ``make
quick`` and those marked thorough; then makes one change after the other in a copy of the repository
and runs the tests that reach it.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, groupby, zip_longest
from pathlib import Path
from queue import SimpleQueue

from benchmarks.mutation.mutants import Mutant, mutants_of
from benchmarks.mutation.reached import DATA, tests_by_line
from benchmarks.mutation.run import Copy, preload

#: Where a wrong line costs a user most.
FOLDERS = (
    "tablecast/schema", "tablecast/inference", "tablecast/training/intervals", "tablecast/batch",
    "tablecast/web",
)

#: What only the clusters of ``make test-engines`` run, which no test here can start.
ELSEWHERE = ("ray", "spark")

#: What only a started server or worker runs is tried by the tests that start one, too: coverage
#: does not see what they reach. By folder, the mark and the place of such tests.
STARTED = {
    Path("tablecast/web/server"): ("server", "tests/web"),
    Path("tablecast/batch/engines"): ("slow", "tests/batch/test_engines.py"),
}

#: The share that is aimed for.
GOAL = 0.9

#: Tests that read the source of all modules and run none of it, so that coverage sees no line.
READERS = ["tests/test_constants.py"]

#: Tests that are run for one change at most, of each sort that ``tests_of`` has.
MOST = 100

#: Files whose tests are tried first.
FEW = 3

WORKERS = 2

#: What becomes of a change.
NOTICED, LIVED, UNREACHED = "noticed", "LIVED", "no such test comes there"


def main() -> None:
    options = _options()
    if options.fresh or not list(DATA.parent.glob(f"{DATA.name}.*")):
        learn()
    reached = tests_by_line()
    sample = chosen(options.only, options.count, options.seed)
    outcomes = list(tried(sample, reached))
    lived = [(mutant, outcome) for mutant, outcome in outcomes if not outcome.startswith(NOTICED)]
    share = 1 - len(lived) / len(sample)
    print(f"\n{len(sample) - len(lived)} of {len(sample)} changes noticed ({share:.0%}).")
    for folder, count in Counter(_folder(mutant, options.only) for mutant, _ in lived).items():
        print(f"  {count} not noticed in {folder}")
    for mutant, outcome in lived:
        print(f"  {mutant}: {outcome}")
    sys.exit(share < GOAL)


def learn() -> None:
    """Run the quick and the thorough tests, and keep which line each of them reaches."""
    shutil.rmtree(DATA.parent, ignore_errors=True)
    DATA.parent.mkdir(parents=True)
    print("Learning which test reaches which line", flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "benchmarks.mutation.reached", "--thorough",
         "-n", str(WORKERS), "--dist", "loadfile", "-p", "no:cacheprovider"],
        stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    # Coverage makes tests of time slower than they may be, so that they fail; they count.
    if done.returncode not in (0, 1):
        sys.exit(done.stdout)


def starting_tests(mark: str, place: str) -> list[str]:
    """The tests with a mark, of a folder or a file."""
    listed = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--collect-only", "-m", mark, place],
        stdout=subprocess.PIPE, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    return [line for line in listed if "::" in line]


def chosen(folders: Iterable[str], count: int, seed: int) -> list[Mutant]:
    """A sample of the changes, the same for the same seed and source."""
    every = (file for folder in folders for file in Path(folder).rglob("*.py"))
    files = sorted(file for file in every if not file.stem.startswith(ELSEWHERE))
    known = [mutant for file in files for mutant in mutants_of(file)]
    return random.Random(seed).sample(known, min(count, len(known)))


def tests_of(mutant: Mutant, reached: dict[Path, dict[int, set[str]]]) -> list[list[str]]:
    """The tests of a change in three runs, the likeliest to notice it first.

    First those that reach its line in a few files, which are soon imported: files about its module,
    as most tests pass through a line that every page needs; then all that reach it; then others of
    the same files, which get what the first of them left in a fixture or a cache, and the folder of
    its part. A line that only an import runs is reached by whatever reaches its file: coverage saw
    it in the first test alone; and by the tests that read it.
    """
    lines = reached.get(mutant.path, {})
    direct = lines.get(0 if mutant.by_import else mutant.line) or lines.get(0, set())
    own = f"tests/{mutant.path.parts[1]}/"
    files = Counter(map(file_of, direct))
    about = [file for file in files if is_about(file, mutant.path)] or list(files)
    ranked = sorted(about, key=lambda file: (not file.startswith(own), -files[file], file))
    first = {test for test in direct if file_of(test) in ranked[:FEW]}
    every = set().union(*(tests for known in reached.values() for tests in known.values()))
    beside = {test for test in every if file_of(test) in files} - direct
    rest = {test for test in every if test.startswith(own)} - direct - beside
    near = in_turn(first, own)[:MOST]
    last = in_turn(beside, own)[:MOST] + in_turn(rest, own)[:MOST]
    if mutant.by_import:
        last += READERS
    return [near, in_turn(direct - set(near), own)[:MOST], last]


def is_about(test_file: str, module: Path) -> bool:
    """Whether a file of tests has the module's name in its own, or imports it."""
    if module.stem in Path(test_file).stem:
        return True
    file = Path(test_file)
    *parents, name = module.with_suffix("").parts
    parent = re.escape(".".join(parents))
    imported = rf"from {parent}(\.{name} import| import ([^()\n]*|\([^()]*)\b{name}\b)"
    return file.is_file() and re.search(imported, file.read_text()) is not None


def in_turn(tests: Iterable[str], own: str) -> list[str]:
    """A test of each file before a second one of any, and a folder's own first."""
    files = groupby(sorted(tests), key=file_of)
    turns = chain.from_iterable(zip_longest(*(list(group) for _, group in files)))
    return sorted((test for test in turns if test), key=lambda test: not test.startswith(own))


def file_of(test: str) -> str:
    return test.partition("::")[0]


def tried(
    sample: list[Mutant], reached: dict[Path, dict[int, set[str]]]
) -> Iterable[tuple[Mutant, str]]:
    """Each change with what becomes of it; on two copies, side by side."""
    preload()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(WORKERS) as pool:
        copies: SimpleQueue[Copy] = SimpleQueue()
        starting = {
            part: in_turn(starting_tests(*which), which[1])[:MOST]
            for part, which in STARTED.items()
            if any(one.path.is_relative_to(part) for one in sample)
        }
        for number in range(WORKERS):
            copies.put(Copy(Path(folder) / str(number)))

        def try_one(mutant: Mutant) -> tuple[Mutant, str]:
            outcome = outcome_of(mutant)
            print(f"{mutant}: {outcome}", flush=True)
            return mutant, outcome

        def outcome_of(mutant: Mutant) -> str:
            runs = tests_of(mutant, reached)
            runs += [
                tests for part, tests in starting.items() if mutant.path.is_relative_to(part)
            ]
            if not (runs := [tests for tests in runs if tests]):
                return UNREACHED
            copy = copies.get()
            try:
                by = next(filter(None, (copy.notices(mutant, tests) for tests in runs)), None)
                return f"{NOTICED} by {by}" if by else LIVED
            finally:
                copies.put(copy)

        yield from pool.map(try_one, sample)


def _folder(mutant: Mutant, folders: Iterable[str]) -> str:
    return next(folder for folder in folders if mutant.path.is_relative_to(folder))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="changes to make")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--only", nargs="+", default=FOLDERS, help="folders or files to change")
    parser.add_argument("--fresh", action="store_true", help="learn anew which test reaches what")
    return parser.parse_args()


if __name__ == "__main__":
    main()
