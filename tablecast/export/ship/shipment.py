"""What is shipped: a deployment, the name that it gets on its host, and what goes with it."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tablecast.deployment import graph_file
from tablecast.deployment.deployment import Deployment
from tablecast.deployment.files import missing, with_ending
from tablecast.deployment.opening import load
from tablecast.deployment.signature import ENDING
from tablecast.deployment.versions import base_meant
from tablecast.errors import InvalidInput, ShipError
from tablecast.web.docs.row_schemas import example_rows

#: The pickle, and its description, without which it is not opened.
WITH_PICKLE = (".pkl", ".json")

#: Letters of a name that every host takes; Heroku's limit.
LONGEST_APP = 30


@dataclass(frozen=True)
class Shipment:
    """A deployment on its way.

    Attributes:
        base: the path of its files, without their endings.
        deployment: the same, opened.
        app: its name on the host: lower-case letters, digits and hyphens.
        with_pickle: whether the pickle and its description, which serving does not need, go along.
        with_log: whether what a prediction log needs is installed, which takes 50 MB.
    """

    base: Path
    deployment: Deployment
    app: str
    with_pickle: bool = False
    with_log: bool = False

    @property
    def name(self) -> str:
        """The name of its files."""
        return self.base.name

    @property
    def title(self) -> str:
        return " ".join(self.deployment.schema.title.split())

    @property
    def summary(self) -> str:
        """A sentence for lists of programs."""
        return f"A form and an API that predict: {self.deployment.schema.target_label}."

    @property
    def lock(self) -> str:
        """The lock that its host installs."""
        return "with_log" if self.with_log else "serving"

    @cached_property
    def own_files(self) -> dict[str, bytes]:
        """The deployment's files, by name."""
        kinds = (".onnx", *WITH_PICKLE) if self.with_pickle else (".onnx",)
        signatures = [kind + ENDING for kind in kinds]
        there = [one for one in signatures if with_ending(self.base, one).is_file()]
        return {
            self.name + ending: with_ending(self.base, ending).read_bytes()
            for ending in (*kinds, ".onnx.sha256", *there)
        }

    @cached_property
    def example(self) -> dict[str, Any]:
        """A typical row, as JSON takes it."""
        return dict(example_rows(self.deployment.schema)[0])

    @cached_property
    def example_answer(self) -> Any:
        """What the deployment predicts for it; None where it refuses."""
        try:
            row = self.deployment.schema.parse(self.example)
        except InvalidInput:
            return None
        return self.deployment.predictor.predict([row])[0].prediction


def shipment_of(
    name: str | Path, app: str = "", with_pickle: bool = False, with_log: bool = False
) -> Shipment:
    """Open a deployment to ship it.

    Args:
        name: the path of its files, without their endings, or a folder of its versions.
        app: its name on the host; by default after the deployment's.
        with_pickle, with_log: as :class:`Shipment` has them.

    Raises:
        ArtifactError: a file of it is missing or damaged.
        ShipError: it has no graph, or a host could not call it so.
    """
    base = base_meant(name)
    _check_graph(base)
    graph_file.read_graph(base)
    opened = load(base, "onnx")
    shipment = Shipment(base, opened, app or app_name(base.name), with_pickle, with_log)
    _check_app(shipment.app, base.name, asked=bool(app))
    lost = [one for one in WITH_PICKLE if not with_ending(base, one).is_file()]
    if with_pickle and lost:
        raise ShipError(f"There is no {base.name}{lost[0]}. Ship without it: --no-with-pickle.")
    return shipment


def app_name(name: str) -> str:
    """A deployment's name as hosts write names, such as house-prices; it may not be one."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _check_graph(base: Path) -> None:
    if with_ending(base, ".pkl").is_file() and not with_ending(base, ".onnx").is_file():
        raise ShipError(
            f"{base.name} has no graph, and hosts run only graphs. Compile it (python -m tablecast "
            f"compile {with_ending(base, '.pkl')}), or train it without the step that has none."
        )
    if not with_ending(base, ".onnx").is_file():
        raise missing(with_ending(base, ".onnx"))


def _check_app(app: str, name: str, asked: bool) -> None:
    if re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", app) and 3 <= len(app) <= LONGEST_APP:
        return
    said = f"{app!r} cannot be" if asked else f"{name!r} cannot be made into"
    raise ShipError(
        f"{said} a name on a host or of a package: it needs 3 to {LONGEST_APP} lower-case letters, "
        "digits and single hyphens, and begins with a letter. Choose one with --app NAME."
    )
