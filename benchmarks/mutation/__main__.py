"""``make bench-tests``: how many small changes of the code the tests notice.

    python -m benchmarks.mutation [--count 100] [--seed 0] [--only tablecast/schema …] [--fresh]

It first learns which test of ``make quick`` reaches which line (kept in ``.cache/mutation``), then
makes one change after the other in a copy of the repository and runs the tests that reach it.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
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

#: The share that is aimed for.
GOAL = 0.9

#: Tests that are run for one change at most, those of its own folder first.
MOST = 150

WORKERS = 2


def main() -> None:
    options = _options()
    if options.fresh or not list(DATA.parent.glob(f"{DATA.name}.*")):
        learn()
    reached = tests_by_line()
    sample = chosen(options.only, options.count, options.seed)
    lived = [mutant for mutant, noticed in noticed_in(sample, reached) if not noticed]
    share = 1 - len(lived) / len(sample)
    print(f"\n{len(sample) - len(lived)} of {len(sample)} changes noticed ({share:.0%}).")
    for folder, count in Counter(_folder(mutant, options.only) for mutant in lived).items():
        print(f"  {count} lived in {folder}")
    for mutant in lived:
        print(f"  lived: {mutant}")
    sys.exit(share < GOAL)


def learn() -> None:
    """Run the quick tests, and keep which line each of them reaches."""
    shutil.rmtree(DATA.parent, ignore_errors=True)
    DATA.parent.mkdir(parents=True)
    print("Learning which test reaches which line", flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "benchmarks.mutation.reached", "--quick",
         "-n", str(WORKERS), "--dist", "loadfile", "-p", "no:cacheprovider"],
        stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    # Coverage makes some tests slower than a quick one may be, so that they fail; they count.
    if done.returncode not in (0, 1):
        sys.exit(done.stdout)


def chosen(folders: Iterable[str], count: int, seed: int) -> list[Mutant]:
    """A sample of the changes, the same for the same seed and source."""
    files = sorted(file for folder in folders for file in Path(folder).rglob("*.py"))
    known = [mutant for file in files for mutant in mutants_of(file)]
    return random.Random(seed).sample(known, min(count, len(known)))


def tests_of(mutant: Mutant, reached: dict[Path, dict[int, set[str]]]) -> list[str]:
    """The tests that reach a change; of a line that only an import runs, those of its file."""
    lines = reached.get(mutant.path, {})
    tests = lines.get(mutant.line) or lines.get(0, set())
    own = f"tests/{'/'.join(mutant.path.parts[1:2])}/"
    return sorted(tests, key=lambda test: (not test.startswith(own), test))[:MOST]


def noticed_in(
    sample: list[Mutant], reached: dict[Path, dict[int, set[str]]]
) -> Iterable[tuple[Mutant, bool]]:
    """Each change with whether a test notices it; on two copies, side by side."""
    preload()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(WORKERS) as pool:
        copies: SimpleQueue[Copy] = SimpleQueue()
        for number in range(WORKERS):
            copies.put(Copy(Path(folder) / str(number)))

        def try_one(mutant: Mutant) -> bool:
            tests = tests_of(mutant, reached)
            if not tests:
                return False
            copy = copies.get()
            try:
                return copy.notices(mutant, tests)
            finally:
                copies.put(copy)

        for mutant, noticed in zip(sample, pool.map(try_one, sample), strict=True):
            print("noticed" if noticed else "LIVED  ", mutant, flush=True)
            yield mutant, noticed


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
