"""Principal components."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tablecast.compiler.frame import Cell, Frame, Number, Step
from tablecast.compiler.registry import converts
from tablecast.errors import UnsupportedStep


@converts("sklearn.decomposition.PCA", "sklearn.decomposition.IncrementalPCA")
def project(frame: Frame, step: Step) -> dict[str, Cell]:
    """Centre, then multiply by the components."""
    builder, pca = frame.builder, step.transformer
    x = frame.matrix(step.name, step.columns, step.single)
    components = np.asarray(pca.components_, dtype=np.float64).T
    if pca.whiten:
        components = components / np.sqrt(pca.explained_variance_)
    centred = builder.op("Sub", x.name, builder.constant(_row(pca.mean_)))
    tensor = builder.op("MatMul", centred, builder.constant(components))
    return _numbered(step, tensor)


@converts("sklearn.decomposition.KernelPCA")
def project_kernel(frame: Frame, step: Step) -> dict[str, Cell]:
    """Similarity to every training row, centred, times the components.

    The graph then holds the training rows (as the features that they became).
    """
    builder, pca = frame.builder, step.transformer
    if pca.kernel != "rbf":
        raise UnsupportedStep(step.name, f"its kernel is {pca.kernel!r}, not 'rbf'")
    x = frame.matrix(step.name, step.columns, step.single)
    rows = np.asarray(pca.X_fit_, dtype=np.float64)
    lengths = builder.op("ReduceSumSquare", x.name, axes=[1])
    products = builder.op("MatMul", x.name, builder.constant(-2.0 * rows.T))
    distances = builder.op(
        "Add",
        builder.op("Add", lengths, products),
        builder.constant(_row(np.square(rows).sum(axis=1))),
    )
    distances = builder.op("Max", distances, builder.constant(0.0))
    gamma = getattr(pca, "gamma_", None) or 1.0 / rows.shape[1]
    kernel = builder.op("Exp", builder.op("Mul", distances, builder.constant(-gamma)))
    centre = pca._centerer
    mean = builder.op("ReduceMean", kernel, axes=[1])
    kernel = builder.op(
        "Sub",
        builder.op("Sub", kernel, mean),
        builder.constant(_row(centre.K_fit_rows_ - centre.K_fit_all_)),
    )
    return _numbered(step, builder.op("MatMul", kernel, builder.constant(_alphas(pca))))


def _alphas(pca: Any) -> NDArray[np.float64]:
    alphas = np.zeros_like(pca.eigenvectors_, dtype=np.float64)
    used = np.flatnonzero(pca.eigenvalues_)
    alphas[:, used] = pca.eigenvectors_[:, used] / np.sqrt(pca.eigenvalues_[used])
    return alphas


def _row(values: Any) -> NDArray[np.float64]:
    return np.asarray(values, dtype=np.float64).reshape(1, -1)


def _numbered(step: Step, tensor: str) -> dict[str, Cell]:
    names = [str(name) for name in step.after.columns]
    return {name: Number(tensor, len(names), index) for index, name in enumerate(names)}
