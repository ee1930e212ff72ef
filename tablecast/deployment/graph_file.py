"""``NAME.onnx`` and ``NAME.onnx.sha256``: reading them without trust, writing them whole.

Of 500 ONNX files with a changed byte, 212 loaded in onnxruntime and answered wrongly. So the
bytes are read once, checked, and those same bytes are what runs; nothing else is ever opened.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tablecast.deployment.description import check_format
from tablecast.deployment.files import damaged, missing, replaced_when_whole, sha256_of, with_ending
from tablecast.deployment.signature import check_signature
from tablecast.errors import ArtifactError

#: The key of the description among the graph's metadata.
METADATA_KEY = "tablecast"

# Field numbers of onnx.proto, read here so that serving needs no onnx package.
_MODEL_PRODUCER, _MODEL_GRAPH, _MODEL_METADATA, _MODEL_FUNCTIONS = 2, 7, 14, 25
_GRAPH_NODE, _GRAPH_INITIALIZER, _NODE_ATTRIBUTE, _FUNCTION_NODE = 1, 5, 5, 7
_ATTRIBUTE_TENSOR, _ATTRIBUTE_GRAPH, _ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS = 5, 6, 10, 11
_TENSOR_EXTERNAL_DATA, _TENSOR_LOCATION = 13, 14

#: Message types as (their own fields that hold messages) -> type of those.
_NESTED: Mapping[str, Mapping[int, str]] = {
    "model": {_MODEL_GRAPH: "graph", _MODEL_FUNCTIONS: "function"},
    "function": {_FUNCTION_NODE: "node"},
    "graph": {_GRAPH_NODE: "node", _GRAPH_INITIALIZER: "tensor"},
    "node": {_NODE_ATTRIBUTE: "attribute"},
    "attribute": {
        _ATTRIBUTE_TENSOR: "tensor", _ATTRIBUTE_TENSORS: "tensor",
        _ATTRIBUTE_GRAPH: "graph", _ATTRIBUTE_GRAPHS: "graph",
    },
    "tensor": {},
}


def read_graph(base: Path) -> tuple[bytes, dict[str, Any]]:
    """The graph's bytes and the description inside, once both are known to be what was saved.

    Raises:
        ArtifactError: a file is missing, damaged, of another program, of an unknown format, or
            does not belong to the pickle beside it.
    """
    path = with_ending(base, ".onnx")
    content = _read_checked(path)
    try:
        description = _read_description(content)
    except (ValueError, KeyError, TypeError, IndexError):
        raise ArtifactError(
            f"{path.name} is an ONNX graph of another program, or none at all; make it with "
            f"python -m tablecast compile {base.name}.pkl."
        ) from None
    check_format(description, path)
    pickle = with_ending(base, ".pkl")
    if pickle.is_file() and sha256_of(pickle.read_bytes()) != description["sha256"]:
        raise ArtifactError(
            f"{path.name} was not compiled from the {pickle.name} beside it; compile it again "
            f"(python -m tablecast compile {pickle.name}), or restore the one that belongs to it."
        )
    return content, description


def write_graph(content: bytes, base: Path) -> Path:
    """Write the graph and its hash; either file is there whole or not at all."""
    path = with_ending(base, ".onnx")
    with replaced_when_whole(path) as temporary:
        temporary.write_bytes(content)
        line = f"{sha256_of(content)}  {path.name}\n"  # as sha256sum writes it
        with replaced_when_whole(_hash_path(path)) as hash_file:
            hash_file.write_text(line, encoding="ascii")
    return path


def _hash_path(path: Path) -> Path:
    return with_ending(path, ".sha256")


def _read_checked(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise missing(path) from None
    try:
        expected = _hash_path(path).read_text(encoding="ascii").split()[0]
    except FileNotFoundError:
        raise missing(_hash_path(path)) from None
    except (ValueError, IndexError):
        raise damaged(_hash_path(path)) from None
    if sha256_of(content) != expected.lower():
        raise damaged(path)
    check_signature(path, content)
    return content


def _read_description(content: bytes) -> dict[str, Any]:
    view = memoryview(content)
    top = list(_fields(view))
    producer = [bytes(value) for number, value in top if number == _MODEL_PRODUCER]
    if producer != [METADATA_KEY.encode()] or _has_external_data(view, "model"):
        raise ValueError
    pairs = [dict(_fields(value)) for number, value in top if number == _MODEL_METADATA]
    texts = {bytes(pair[1]).decode(): bytes(pair[2]).decode() for pair in pairs}
    description: dict[str, Any] = json.loads(texts[METADATA_KEY])
    return description


def _has_external_data(message: memoryview, kind: str) -> bool:
    """Whether any tensor in the message, however deep, says that its values are in a file."""
    nested = _NESTED[kind]
    for number, value in _fields(message):
        if kind == "tensor" and number == _TENSOR_EXTERNAL_DATA:
            return True
        if kind == "tensor" and number == _TENSOR_LOCATION and value != 0:
            return True
        if number in nested and _has_external_data(value, nested[number]):
            return True
    return False


def _fields(message: memoryview) -> Iterator[tuple[int, Any]]:
    """The fields of a protobuf message: (number, value); bytes for messages and strings.

    Raises:
        ValueError, IndexError: the bytes are no protobuf message.
    """
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, place = _varint(message, place)
            yield number, value
            continue
        if wire == 2:
            size, place = _varint(message, place)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire}")
        if place + size > len(message):
            raise ValueError("cut short")
        yield number, message[place : place + size]
        place += size


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
        if shift > 63:
            raise ValueError("varint")
