"""A form file put into a deployment: new words, the same predictions, nothing trained.

The form file's part of a description is the schema's words and limits, and what a person states for
the card. Nothing of it is in the graph's nodes, so that the proof that they give PyCaret's
predictions holds.
"""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from tablecast.deployment import graph_file
from tablecast.deployment.deployment import Deployment
from tablecast.deployment.description import read_description, write_json
from tablecast.deployment.files import missing, with_ending
from tablecast.deployment.opening import check_readable, row_program_of
from tablecast.deployment.staging import check_free
from tablecast.deployment.unfinished import replaced_when_whole
from tablecast.deployment.versions import base_meant
from tablecast.inference.marginals import Background
from tablecast.inference.onnx_engine import GraphEngine
from tablecast.schema.form_file import Form
from tablecast.schema.relabel import relabelled, say_the_same
from tablecast.schema.schema import Schema

#: Another description of a deployment; None where nothing is to change.
Change = Callable[[Mapping[str, Any]], dict[str, Any] | None]


def description_of(name: str | PathLike[str]) -> dict[str, Any]:
    """What a deployment says of itself: its graph, or else its pickle's description.

    Raises:
        ArtifactError: there is no such deployment, or its files are not what was saved.
    """
    base = base_meant(name)
    graph = with_ending(base, ".onnx")
    if graph.is_file():
        return graph_file.read_graph(base)[1]
    if with_ending(base, ".json").is_file():
        return read_description(base)
    raise missing(graph)


def relabel(name: str | PathLike[str], form: Form) -> list[Path]:
    """Put a form file into a deployment. Its keys replace the deployment's, all else stays.

    Args:
        name: the deployment's path, with or without ending.
        form: what the form file says.

    Returns:
        The files that changed: the graph and its hash, the pickle's description, each whole or not
        at all; none where nothing changes.

    Raises:
        ArtifactError: there is no such deployment, or its files are not what was saved.
        FormFileError: the form file does not fit it. Nothing is written.
    """
    return redescribe(name, lambda description: _with_form(description, form))


def redescribe(name: str | PathLike[str], change: Change) -> list[Path]:
    """Change what a deployment says of itself, and nothing that its predictions depend on.

    Args:
        name: the deployment's path, with or without ending.
        change: makes another description of one; None where nothing is to change.

    Returns:
        The files that changed, as ``relabel`` does.

    Raises:
        ArtifactError: there is no such deployment, or its files are not what was saved.
    """
    base = base_meant(name)
    json_file, graph = with_ending(base, ".json"), with_ending(base, ".onnx")
    if not (json_file.is_file() or graph.is_file()):
        raise missing(graph)
    check_free(base, force=True)
    changed = []
    with ExitStack() as written:
        if json_file.is_file():
            description = read_description(base)
            if described := change(description):
                write_json(described, written.enter_context(replaced_when_whole(json_file)))
                changed.append(json_file)
        if graph.is_file() and _change_graph(base, change):
            changed += [graph, with_ending(graph, ".sha256")]
    return changed


def with_form(loaded: Deployment, form: Form) -> Deployment:
    """A deployment as it would be with a form file put into it; no file changes.

    Raises:
        FormFileError: the form file does not fit it.
    """
    described = _with_form(loaded.description, form)
    return replace(loaded, description=described) if described else loaded


def _change_graph(base: Path, change: Change) -> bool:
    """Whether anything was to change, which then has."""
    content, description = graph_file.read_graph(base)
    described = change(description)
    if described is None:
        return False
    content = graph_file.with_description(content, described)
    # As serving opens it, before it is there.
    engine = GraphEngine(content, row_program_of(base, described))
    check_readable(Deployment(described, engine), base)
    graph_file.replace_graph(content, base)  # all but its description was read a moment ago
    return True


def _with_form(description: Mapping[str, Any], form: Form) -> dict[str, Any] | None:
    """The description with what the form says; None where it says so already."""
    schema = Schema.from_json(description["schema"])
    card, background = description["card"], description.get("background")
    seen = Background.from_json(background, schema).frequent if background else {}
    changed = relabelled(schema, form, card.get("importance"), seen)
    stated = {**card.get("stated", {}), **form.card}
    if stated == card.get("stated", {}) and say_the_same(changed, schema, stated):
        return None
    return {**description, "schema": changed.to_json(), "card": {**card, "stated": stated}}
