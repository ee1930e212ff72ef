"""``NAME.onnx`` and its hash: checked before they are opened, replaced as a whole.

Of 500 ONNX files with a changed byte, 212 loaded in onnxruntime and answered wrongly. So the
bytes are read once, checked, and those same bytes are what runs; nothing else is ever opened.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tablecast.deployment.description import check_format
from tablecast.deployment.files import damaged, read_whole, sha256_of, with_ending
from tablecast.deployment.signature import check_signature
from tablecast.deployment.unfinished import replaced_when_whole
from tablecast.errors import ArtifactError

#: The key of the description among the graph's metadata.
METADATA_KEY = "tablecast"

# Fields of onnx.proto that the compiler writes, by number, read here so that serving needs no onnx
# package. Where a field is a message, what that one may hold. All else is refused: in other fields
# a graph can name files that onnxruntime then reads (external data of tensors, sparse ones too).
_Fields = Mapping[int, Mapping[int, Any] | None]
_TENSOR: _Fields = dict.fromkeys((1, 2, 4, 5, 6, 7, 8, 9, 10, 11))
_SHAPE: _Fields = {1: {1: None, 2: None}}
_TYPE: _Fields = {1: {1: None, 2: _SHAPE}}
_VALUE: _Fields = {1: None, 2: _TYPE}
_GRAPH: dict[int, Any] = {2: None, 5: _TENSOR, 11: _VALUE, 12: _VALUE, 13: _VALUE}
_ATTRIBUTE: _Fields = {
    **dict.fromkeys((1, 2, 3, 4, 7, 8, 9, 20)), 5: _TENSOR, 6: _GRAPH, 10: _TENSOR, 11: _GRAPH,
}  # fmt: skip
_GRAPH[1] = {**dict.fromkeys((1, 2, 3, 4, 7)), 5: _ATTRIBUTE}
_PAIR: _Fields = {1: None, 2: None}
_MODEL: _Fields = {**dict.fromkeys((1, 2, 3, 4, 5)), 7: _GRAPH, 8: _PAIR, 14: _PAIR}

# Of the same onnx.proto.
_MODEL_PRODUCER, _MODEL_METADATA = 2, 14

#: Graphs in graphs; the compiler writes one in another at most.
MOST_NESTED = 20


def read_graph(base: Path) -> tuple[bytes, dict[str, Any]]:
    """The graph's bytes and the description inside, once both are known to be what was saved.

    Raises:
        ArtifactError: a file is missing, damaged, of another program, of an unknown format, or
            does not belong to the pickle beside it.
    """
    content, description = _read_described(base)
    _check_nodes(content, with_ending(base, ".onnx"))
    return content, description


def read_graph_description(base: Path) -> dict[str, Any]:
    """What a graph says of itself, once it is known to be the one that was saved.

    Unlike ``read_graph`` it does not look at every node, of which a forest has millions: whoever
    runs the graph must.

    Raises:
        ArtifactError: as ``read_graph``.
    """
    return _read_described(base)[1]


def _read_described(base: Path) -> tuple[bytes, dict[str, Any]]:
    path = with_ending(base, ".onnx")
    content = _read_checked(path)
    description = _described_in(content, path)
    pickle = with_ending(base, ".pkl")
    if pickle.is_file() and sha256_of(pickle.read_bytes()) != description["sha256"]:
        raise ArtifactError(
            f"{path.name} was not compiled from the {pickle.name} beside it. Compile it again "
            f"(python -m tablecast compile {pickle.name}), or restore the right one."
        )
    return content, description


def description_in(content: bytes, path: Path) -> dict[str, Any]:
    """The description in a graph's bytes, of which nothing but a graph of ours can be made.

    Raises:
        ArtifactError: it is not a graph of tablecast, or of an unknown format.
    """
    description = _described_in(content, path)
    _check_nodes(content, path)
    return description


def _described_in(content: bytes, path: Path) -> dict[str, Any]:
    try:
        description = _read_description(content)
    except (ValueError, KeyError, TypeError, IndexError):
        raise _not_ours(path) from None
    check_format(description, path)
    return description


def _check_nodes(content: bytes, path: Path) -> None:
    try:
        check_fields(memoryview(content))
    except (ValueError, IndexError):
        raise _not_ours(path) from None


def _not_ours(path: Path) -> ArtifactError:
    return ArtifactError(
        f"{path.name} is not a graph of tablecast. Make it with "
        f"python -m tablecast compile {path.stem}.pkl."
    )


def with_description(content: bytes, description: Mapping[str, Any]) -> bytes:
    """A graph with another description; every other byte is as it was.

    Raises:
        ValueError: more than that would change.
    """
    view, parts, start = memoryview(content), [], 0
    for number, value, end in _spans(view):
        parts.append(view[start:end])
        if number == _MODEL_METADATA and _text_of(value, 1) == METADATA_KEY:
            parts[-1] = memoryview(_described(description))
        start = end
    changed = b"".join(parts)
    if _without_description(changed) != _without_description(content):
        raise ValueError("more than the description would change")
    return changed


def _described(description: Mapping[str, Any]) -> bytes:
    """The description as a field of the model: as the onnx package writes it."""
    text = json.dumps(description, ensure_ascii=False)
    pair = b"".join(
        _tag(number) + _length(part) + part
        for number, part in ((1, METADATA_KEY.encode()), (2, text.encode()))
    )
    return _tag(_MODEL_METADATA) + _length(pair) + pair


def _without_description(content: bytes) -> list[bytes]:
    """All that a graph does and is named after, field by field."""
    view, parts, start = memoryview(content), [], 0
    for number, value, end in _spans(view):
        if number != _MODEL_METADATA or _text_of(value, 1) != METADATA_KEY:
            parts.append(bytes(view[start:end]))
        start = end
    return parts


def _text_of(pair: memoryview, number: int) -> str:
    return bytes(dict(_fields(pair))[number]).decode()


def _tag(number: int) -> bytes:
    """The head of a field that holds bytes."""
    return bytes([number << 3 | 2])


def _length(part: bytes) -> bytes:
    size, digits = len(part), []
    while size >= 0x80:
        digits.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([*digits, size])


def write_graph(content: bytes, base: Path) -> Path:
    """Write the graph and its hash; either file is there whole or not at all.

    Raises:
        ValueError: the graph has a field that would be refused when it is read.
    """
    check_fields(memoryview(content))
    return replace_graph(content, base)


def replace_graph(content: bytes, base: Path) -> Path:
    """``write_graph`` for a graph whose fields are known to be readable."""
    path = with_ending(base, ".onnx")
    with replaced_when_whole(path) as temporary:
        temporary.write_bytes(content)
        line = f"{sha256_of(content)}  {path.name}\n"  # as sha256sum writes it
        with replaced_when_whole(_hash_path(path)) as hash_file:
            hash_file.write_text(line, encoding="utf-8")
    return path


def _hash_path(path: Path) -> Path:
    return with_ending(path, ".sha256")


def _read_checked(path: Path) -> bytes:
    content = read_whole(path)
    try:
        expected = read_whole(_hash_path(path)).decode().split()[0]
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
    if producer != [METADATA_KEY.encode()]:
        raise ValueError
    pairs = [dict(_fields(value)) for number, value in top if number == _MODEL_METADATA]
    texts = {bytes(pair[1]).decode(): bytes(pair[2]).decode() for pair in pairs}
    description: dict[str, Any] = json.loads(texts[METADATA_KEY])
    return description


def check_fields(message: memoryview, known: _Fields = _MODEL, depth: int = 0) -> None:
    """See whether a message holds what the compiler writes, and nothing else, however deep.

    Raises:
        ValueError: it holds another field.
    """
    if depth > 4 * MOST_NESTED:
        raise ValueError("too deep")
    for number, value, _ in _spans(message):  # of which a forest has millions
        if number not in known:
            raise ValueError(f"field {number}")
        inner = known[number]
        if inner is None:
            continue
        if not isinstance(value, memoryview):
            raise ValueError(f"field {number} is no message")
        check_fields(value, inner, depth + 1)


def _fields(message: memoryview) -> Iterator[tuple[int, Any]]:
    """The fields of a protobuf message: (number, value); bytes for messages and strings.

    Raises:
        ValueError, IndexError: the bytes are no protobuf message.
    """
    return ((number, value) for number, value, _ in _spans(message))


def _spans(message: memoryview) -> Iterator[tuple[int, Any, int]]:
    """The fields with where each ends: (number, value, offset).

    Raises:
        ValueError, IndexError: the bytes are no protobuf message.
    """
    offset = 0
    while offset < len(message):
        key, offset = _varint(message, offset)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, offset = _varint(message, offset)
            yield number, value, offset
            continue
        if wire == 2:
            size, offset = _varint(message, offset)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire}")
        if offset + size > len(message):
            raise ValueError("cut short")
        offset += size
        yield number, message[offset - size : offset], offset


def _varint(message: memoryview, offset: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[offset]
        offset += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, offset
        shift += 7
        if shift > 63:
            raise ValueError("varint")
