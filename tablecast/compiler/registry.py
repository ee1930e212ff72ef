"""Which converter compiles which class. Each converter is registered beside its own code."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, TypeVar

from tablecast.compiler.frame import Cell, Frame, Step
from tablecast.compiler.graph import Builder, Matrix
from tablecast.errors import UnsupportedStep


@dataclass(frozen=True)
class Classification:
    """What a classifier's converter offers; names of tensors over (rows, classes).

    Attributes:
        index: int64 (rows,), the index of the predicted class in ``estimator.classes_``.
        probabilities: float64 (rows, classes), or None without ``predict_proba``.
        decision: float64 (rows, classes) or (rows, 1) for two classes, or None without
            ``decision_function``.
    """

    index: str
    probabilities: str | None = None
    decision: str | None = None


Regress = Callable[[Builder, Any, Matrix], str]
Classify = Callable[[Builder, Any, Matrix], Classification]

Convert = Callable[[Frame, Step], dict[str, Cell]]

T = TypeVar("T")

_converters: dict[str, Convert] = {}
_regressors: dict[str, Regress] = {}
_classifiers: dict[str, Classify] = {}


def converts(*classes: str) -> Callable[[Convert], Convert]:
    """Register a converter of a preprocessing step.

    It is given the columns before the step and the step, and returns the cells of the columns that
    the transformer returns, by name. Classes are named as for ``regresses``.
    """
    return _registers(_converters, classes)


def regresses(*classes: str) -> Callable[[Regress], Regress]:
    """Register a converter that returns the float64 tensor (rows, 1) a regressor predicts.

    Classes are named as ``"sklearn.linear_model.LinearRegression"`` (the public module path or the
    defining one), so that registering imports nothing.
    """
    return _registers(_regressors, classes)


def classifies(*classes: str) -> Callable[[Classify], Classify]:
    """Register a converter that returns what a classifier predicts."""
    return _registers(_classifiers, classes)


def _registers(table: dict[str, T], classes: Sequence[str]) -> Callable[[T], T]:
    def register(converter: T) -> T:
        for name in classes:
            if name in table:
                raise ValueError(f"{name} has a converter already: {table[name]}")
            table[name] = converter
        return converter

    return register


def import_modules(package: str, folders: Iterable[str]) -> None:
    """Import every module of a package, in the order of their names; each registers what it has.

    Args:
        package: the package's full name.
        folders: where its modules are (the package's ``__path__``).
    """
    for name in sorted(module.name for module in iter_modules(folders)):
        import_module(f"{package}.{name}")


def _names(estimator: Any) -> list[str]:
    """Every name that a class, then its bases, may be registered under."""
    names = []
    for kind in type(estimator).__mro__:
        parts = kind.__module__.split(".")
        public = ".".join(part for part in parts if not part.startswith("_"))
        names += [f"{kind.__module__}.{kind.__qualname__}", f"{public}.{kind.__qualname__}"]
    return names


def _lookup(table: dict[str, Any], instance: Any) -> Any:
    for name in _names(instance):
        if name in table:
            return table[name]
    return None


def _find(table: dict[str, Any], estimator: Any) -> Any:
    converter = _lookup(table, estimator)
    if converter is not None:
        return converter
    raise UnsupportedStep(
        type(estimator).__name__,
        "no converter is registered for this estimator",
        "Choose another --model, or serve with TABLECAST_ENGINE=pycaret.",
    )


def convert(frame: Frame, step: Step) -> dict[str, Cell]:
    """Compile a fitted step. Raises UnsupportedStep where there is no converter."""
    converter: Convert | None = _lookup(_converters, step.transformer)
    if converter is None:
        kind = type(step.transformer).__name__
        raise UnsupportedStep(step.name, f"no converter is registered for {kind}")
    return converter(frame, step)


def regress(builder: Builder, estimator: Any, x: Matrix) -> str:
    """Compile a fitted regressor. Raises UnsupportedStep where there is no converter."""
    converter: Regress = _find(_regressors, estimator)
    return converter(builder, estimator, x)


def classify(builder: Builder, estimator: Any, x: Matrix) -> Classification:
    """Compile a fitted classifier. Raises UnsupportedStep where there is no converter."""
    converter: Classify = _find(_classifiers, estimator)
    return converter(builder, estimator, x)
