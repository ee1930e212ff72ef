"""What a person is told of how rows were split and counted, and what scores then hold for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tablecast.errors import Remark

if TYPE_CHECKING:
    from tablecast.data.row_metadata import RowMetadata


def how_split(about: RowMetadata) -> list[Remark]:
    """How rows are split and counted where it is not at random and alike, and what that is for."""
    said = []
    if about.groups is not None and about.times is not None:
        said.append(Remark(
            "The rows are split by {time} and by {name}: models learn from earlier rows and are "
            "tested on later rows of other values of {name} ({count} values), in every fold. So "
            "the scores hold for later rows of new values of {name}.",
            values={
                "time": str(about.times.name), "name": str(about.groups.name),
                "count": int(about.groups.nunique()),
            },
        ))
    elif about.groups is not None:
        values = {"name": str(about.groups.name), "count": int(about.groups.nunique())}
        said.append(Remark(
            "Rows with the same {name} ({count} values) stay together: no value of {name} is in "
            "both training and test rows, nor in two folds. So the scores hold for new values of "
            "{name}.",
            values=values,
        ))
    elif about.times is not None:
        said.append(Remark(
            "The rows are split by {name}: models learn from earlier rows and are tested on later "
            "ones, in every fold. So the scores hold for predictions of later rows.",
            values={"name": str(about.times.name)},
        ))
    if about.weights is not None:
        said.append(Remark(
            "The rows have weights ({name}), which count in training, in the scores and in the "
            "ranges. Pictures and group tables count each row once.",
            values={"name": str(about.weights.name)},
        ))
    return said


def how_refitted(about: RowMetadata) -> list[Remark]:
    """The same of the refits alone, where somebody else has trained the model."""
    said = []
    if about.groups is not None:
        said.append(Remark(
            "Errors and ranges come from refits that keep rows with the same {name} together.",
            values={"name": str(about.groups.name)},
        ))
    if about.times is not None:
        said.append(Remark(
            "Errors and ranges come from refits on earlier rows, tested on later ones by {name}.",
            values={"name": str(about.times.name)},
        ))
    if about.weights is not None:
        said.append(Remark(
            "Rows are weighted by {name} in the refits that errors and ranges come from.",
            values={"name": str(about.weights.name)},
        ))
    return said
