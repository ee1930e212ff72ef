"""Signatures of a deployment's files in minisign's format, which show who made them.

A hash beside a file tells that the file is whole. Whoever can write both can change both; a
signature tells that somebody with the secret key has made them. The files are minisign's own, so
that ``minisign -V`` checks them too.
"""

import os
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from tablecast.deployment.files import with_ending, without_ending
from tablecast.deployment.staging import check_free
from tablecast.deployment.unfinished import replaced_when_whole
from tablecast.deployment.versions import base_meant
from tablecast.errors import ArtifactError
from tablecast.settings import read_settings

#: What is signed, where it is there: the graph, and what PyCaret's engine reads.
SIGNED = (".onnx", ".pkl", ".json")

ENDING = ".minisig"


def check_signature(path: Path, content: bytes) -> None:
    """Refuse a file that the setting TABLECAST_SIGNED_BY wants signed, and that is not.

    Args:
        path: of the file.
        content: its bytes, as they were read.

    Raises:
        ArtifactError: there is no signature, or it is another key's or another file's.
    """
    wanted = read_settings()["signed_by"]
    if not wanted:
        return
    minisign = _minisign()
    public = _public_key(wanted)
    signature = with_ending(path, ENDING)
    try:
        parsed = minisign.Signature.from_file(signature)
    except FileNotFoundError:
        raise ArtifactError(
            f"{path.name} is not signed (there is no {signature.name}), but TABLECAST_SIGNED_BY "
            f"requires it. Sign it: python -m tablecast sign {without_ending(path).name} --key "
            "FILE."
        ) from None
    except (minisign.ParseError, OSError, ValueError):
        words = f"{signature.name} is not a signature. Sign {path.name} again."
        raise ArtifactError(words) from None
    try:
        public.verify(content, parsed)
    except minisign.VerifyError:
        raise ArtifactError(
            f"The signature of {path.name} does not fit the file, or is not of the key in "
            "TABLECAST_SIGNED_BY. Restore the file, or sign it with the right key."
        ) from None


def sign(name: str | os.PathLike[str], key_file: str | os.PathLike[str]) -> list[Path]:
    """Sign the files of a deployment.

    Args:
        name: the deployment's path, with or without ending, or the folder of its versions: then
            the current one is signed.
        key_file: minisign's file of a secret key without a password.

    Returns:
        The signatures that were written.

    Raises:
        ArtifactError: there is no such deployment, the key cannot be used, or nothing can be
            written beside the files.
    """
    base = base_meant(name)
    files = [with_ending(base, ending) for ending in SIGNED]
    files = [file for file in files if file.is_file()]
    if not files:
        raise ArtifactError(f"There is no deployment {base}. Check the path.")
    check_free(base, force=True)
    secret = _secret_key(Path(key_file))
    written = []
    for file in files:
        signature = secret.sign(file.read_bytes(), trusted_comment=f"file:{file.name}")
        with replaced_when_whole(with_ending(file, ENDING)) as temporary:
            temporary.write_bytes(bytes(signature))
        written.append(with_ending(file, ENDING))
    return written


def stale_signatures(changed: Iterable[Path]) -> list[Path]:
    """The signatures that no longer fit, after these files have changed."""
    signatures = (with_ending(path, ENDING) for path in changed)
    return [path for path in signatures if path.is_file()]


def new_key(key_file: str | os.PathLike[str]) -> tuple[Path, str]:
    """Make a pair of keys: the secret one in a file of its owner alone, the public one beside it.

    Returns:
        The path of the public key, and the key as TABLECAST_SIGNED_BY takes it.

    Raises:
        ArtifactError: there is such a file already, or it cannot be written.
    """
    path = Path(key_file)
    pair = _minisign().KeyPair.generate()
    public = with_ending(path, ".pub")
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(bytes(pair.secret_key))
        public.write_bytes(bytes(pair.public_key))
    except OSError as error:
        raise ArtifactError(
            f"The key cannot be written to {path}: {error.strerror}. Name another file."
        ) from None
    return public, bytes(pair.public_key.to_base64()).decode()


def _public_key(wanted: str) -> Any:
    minisign = _minisign()
    try:
        path = Path(wanted)
        if path.is_file():
            return minisign.PublicKey.from_file(path)
        return minisign.PublicKey.from_base64(wanted)
    except (minisign.Error, OSError, ValueError):
        raise ArtifactError(
            "TABLECAST_SIGNED_BY must be a public key of minisign: its text, or the path of its "
            "file. Make one with python -m tablecast sign --new-key FILE."
        ) from None


def _secret_key(path: Path) -> Any:
    minisign = _minisign()
    try:
        secret = minisign.SecretKey.from_file(path)
    except (minisign.Error, OSError, ValueError):
        raise ArtifactError(
            f"{path} is not a secret key of minisign. Make one with python -m tablecast sign "
            "--new-key FILE."
        ) from None
    if secret.is_encrypted():
        raise ArtifactError(
            f"The key in {path} has a password. Sign with minisign itself: minisign -S -s {path} "
            "-m FILE."
        )
    return secret


def _minisign() -> Any:
    try:
        return import_module("minisign")
    except ModuleNotFoundError:
        raise ArtifactError(
            "Signatures need the package py-minisign: pip install 'tablecast[sign]'."
        ) from None
