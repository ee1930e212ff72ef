"""What a search did, as its deployment's card keeps it, so that another can do the same.

Everything that a search finds follows from the table, the seed, the limits and the versions of its
libraries, but for what the clock decides: what there is no time for, and which graph is too slow.
So those decisions are all that a plan needs besides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from importlib import metadata
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeVar

from tablecast import __version__
from tablecast.deployment.description import read_description
from tablecast.deployment.files import without_ending
from tablecast.errors import TrainingError

if TYPE_CHECKING:
    from tablecast.data.prepared import Prepared

#: Raised whenever the search makes other decisions, or the same ones in another order.
FORMAT = 1
#: Whose versions decide what is fitted, and so how its answers round.
PACKAGES = ("pycaret", "scikit-learn", "numpy", "scipy", "pandas", "lightgbm")
OTHER_MACHINE = (
    "Nothing is saved: this machine computes otherwise than that of the first search. Train "
    "without --repeat."
)
# Another processor's linear algebra rounds otherwise; this is far from another pipeline.
SAME_LOSS = 1e-6


@dataclass(frozen=True)
class Plan:
    """What a search did.

    Attributes:
        format: `FORMAT`.
        table: SHA-256 of the prepared table, its columns' kinds, and the task.
        versions: of tablecast and of `PACKAGES`.
        seed, max_latency, budget: what the search was given.
        trials, draws, steps, blends: how many estimators were tried on every fold or stopped early,
            rounds of either kind of tuning, and blends that were worth keeping.
        ended: where time ended it, as a note says; empty where it came to its own end.
        asked, said, interrupted: see ``tablecast.training.search.budget.Clock``.
        chosen, loss: the name of what was chosen, and its loss.
    """

    format: int
    table: str
    versions: Mapping[str, str]
    seed: int
    max_latency: float
    budget: float
    trials: int
    draws: int
    steps: int
    blends: int
    ended: str
    asked: int
    said: Mapping[int, bool | int | str]
    interrupted: int | None
    chosen: str
    loss: float

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self) | {"said": {str(number): one for number, one in self.said.items()}}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Plan:
        """What `to_json` made."""
        said = {int(number): answer for number, answer in plain["said"].items()}
        return cls(**{**plain, "said": said})

    @classmethod
    def read(cls, name: str | PathLike[str]) -> Plan:
        """The plan of a deployment, by its path with or without ending.

        Raises:
            ArtifactError: there is no such deployment.
            TrainingError: it has no plan, one of another format, or one of other versions.
        """
        base = without_ending(name)
        found = read_description(base)["card"].get("search")
        if not found:
            raise TrainingError(
                f"{base.name} cannot be repeated: it was not made by a search that keeps its plan. "
                "Train it again without --repeat."
            )
        known = {field.name for field in fields(cls)}
        if found.get("format") != FORMAT or known != set(found):
            raise TrainingError(
                f"{base.name} cannot be repeated: its plan has format {found.get('format')!r}, and "
                f"this tablecast follows format {FORMAT}. Train it again without --repeat."
            )
        for package, here in versions().items():
            made = found["versions"].get(package)
            if made != here:
                raise TrainingError(
                    f"{base.name} cannot be repeated: it was made with {package} {made}, and "
                    f"{here} is installed, which may compute otherwise. Install {package} {made}, "
                    "or train without --repeat."
                )
        return cls.from_json(found)

    def again(self, number: int, usual: Answer) -> Answer:
        """What the clock said then; the usual, where it is not kept.

        Raises:
            TrainingError: the decision of this number was about something else.
        """
        answer = self.said.get(number, usual)
        if type(answer) is not type(usual):
            raise TrainingError(f"The repeated search takes another way. {OTHER_MACHINE}")
        return answer

    def check_table(self, prepared: Prepared) -> None:
        """Raises TrainingError where the plan belongs to another table."""
        if fingerprint(prepared) != self.table:
            raise TrainingError(
                "The plan to be repeated belongs to another table: a row, a column, the target or "
                "their order differs. Name the same file, --target, --drop and --keep, or train "
                "without --repeat."
            )

    def confirm(self, found: Mapping[str, Any] | None) -> None:
        """Raises TrainingError where another plan, as plain data, tells of another pipeline."""
        made = Plan.from_json(found or {})
        same = self.chosen == made.chosen and self.asked == made.asked
        if not same or abs(made.loss - self.loss) > SAME_LOSS * abs(self.loss):
            raise TrainingError(
                f"The repeated search has found {made.chosen} (loss {made.loss:.9g}) and not "
                f"{self.chosen} (loss {self.loss:.9g}). {OTHER_MACHINE}"
            )


def versions() -> dict[str, str]:
    """What is installed here."""
    return {"tablecast": __version__} | {one: metadata.version(one) for one in PACKAGES}


def fingerprint(prepared: Prepared) -> str:
    """SHA-256 of a prepared table: columns, their kinds, all rows in order, target and task."""
    from pandas.util import hash_pandas_object

    table = prepared.table
    kinds = [(str(name), str(kind)) for name, kind in table.dtypes.items()]
    made = hashlib.sha256(repr((kinds, prepared.target, prepared.task)).encode())
    made.update(hash_pandas_object(table, index=False).to_numpy().tobytes())
    return made.hexdigest()


Answer = TypeVar("Answer", bool, int, str)
