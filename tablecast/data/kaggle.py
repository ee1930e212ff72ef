"""Tables of Kaggle, such as ``kaggle:OWNER/DATASET``, through Kaggle's own client."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from tablecast.data.archive import holds_only, is_archive, only_table
from tablecast.data.free_memory import check_bytes, most_bytes
from tablecast.errors import TableError

START = "kaggle:"
CREDENTIALS = ("KAGGLE_USERNAME", "KAGGLE_KEY")

_TIMEOUT = 30  # seconds without a byte from the server
_PIECE = 1_000_000  # bytes

#: What a refusal of Kaggle's means, by its HTTP status.
_REFUSALS = {
    401: "Kaggle does not accept the credentials. Check KAGGLE_USERNAME and KAGGLE_KEY, or make "
    "new ones in the settings of your Kaggle account.",
    403: "this account may not read it. Open the dataset's page on Kaggle while signed in: it may "
    "be private, or ask for your consent.",
    404: "Kaggle has no such dataset or file. Both are named as in the address of the dataset's "
    "page, which ends in /datasets/OWNER/DATASET.",
    429: "Kaggle has had too many requests from this account. Try again later.",
}


class Source(NamedTuple):
    """What ``kaggle:OWNER/DATASET/FILE`` names; without a file, the only table of the dataset."""

    owner: str
    dataset: str
    file: str | None

    @property
    def name(self) -> str:
        return START + "/".join(filter(None, self))


def fetch(name: str, endings: Sequence[str]) -> tuple[bytes, str]:
    """The bytes of a table of Kaggle's, and its file's name.

    Args:
        name: ``kaggle:OWNER/DATASET``, or with ``/FILE`` where the dataset has several tables.
        endings: what a table's name ends in.

    Raises:
        TableError: it is named otherwise, the client or the credentials are missing, or Kaggle
            refuses it. No message holds a credential.
    """
    source = source_of(name)
    content = _downloaded(source)
    file = (source.file or source.dataset).rpartition("/")[2]
    if is_archive(content):
        if source.file is None or file.lower().endswith(".zip"):
            return only_table(content, source.name, endings)
        if holds_only(content, file):  # as Kaggle packs a large file
            return only_table(content, source.name, [file.lower()])
    return content, file


def source_of(name: str) -> Source:
    """What a name such as ``kaggle:OWNER/DATASET`` means.

    Raises:
        TableError: it is named otherwise.
    """
    found = re.fullmatch(r"kaggle:([\w-][\w.-]*)/([\w-][\w.-]*)(?:/(.+))?", name, re.IGNORECASE)
    if not found:
        raise TableError(
            f"'{name}' is not a table of Kaggle's. Write kaggle:OWNER/DATASET, or "
            "kaggle:OWNER/DATASET/FILE if the dataset has several tables."
        )
    return Source(*found.groups())


def _downloaded(source: Source) -> bytes:
    with _client(source) as (client, request):
        response = client.datasets.dataset_api_client.download_dataset(request)
        content, most = bytearray(), most_bytes()
        for piece in response.iter_content(_PIECE):
            content += piece
            if len(content) > most:
                check_bytes(len(content), source.name)
    return bytes(content)


@contextmanager
def _client(source: Source) -> Iterator[tuple[Any, Any]]:
    """Kaggle's client, signed in, and the request for a table; refusals in our words."""
    try:
        from kagglesdk import KaggleClient
        from kagglesdk.datasets.types.dataset_api_service import ApiDownloadDatasetRequest
        from requests import HTTPError, RequestException
    except ImportError:
        raise TableError(
            f"'{source.name}' needs Kaggle's client: install tablecast[kaggle]."
        ) from None
    username, key = (os.environ.get(name, "").strip() or None for name in CREDENTIALS)
    request = ApiDownloadDatasetRequest()
    request.owner_slug, request.dataset_slug, request.file_name = source
    try:
        with KaggleClient(username=username, password=key) as client:
            _prepare(client.http_client()._session, source)
            yield client, request
    except HTTPError as error:
        raise TableError(f"'{source.name}' cannot be fetched: {_why(error.response)}") from None
    except (RequestException, ValueError, TypeError) as error:
        # Its text may have a header, and so a credential, or a proxy's password.
        raise TableError(
            f"'{source.name}' cannot be fetched: Kaggle cannot be reached, or its answer cannot be "
            f"read ({type(error).__name__}). Check the connection, or download the file and name "
            "its path."
        ) from None


def _prepare(session: Any, source: Source) -> None:
    """Give up on a silent server, which the client would wait for without end.

    Raises:
        TableError: the client has found no credentials, in the environment or its own files.
    """
    from requests.adapters import HTTPAdapter

    class Impatient(HTTPAdapter):
        def send(self, *arguments: Any, **options: Any) -> Any:
            return super().send(*arguments, **{**options, "timeout": _TIMEOUT})

    for scheme in ("https://", "http://"):
        session.mount(scheme, Impatient())
    if session.auth is None:
        missing = [name for name in CREDENTIALS if not os.environ.get(name, "").strip()]
        raise TableError(
            f"'{source.name}' needs a Kaggle account: set {' and '.join(missing)}. Both are in the "
            "kaggle.json that the settings of your Kaggle account make; it can stand in ~/.kaggle, "
            "too."
        )


def _why(response: Any) -> str:
    status: int = response.status_code
    return _REFUSALS.get(status, f"Kaggle answers with status {status}. Try again later.")
