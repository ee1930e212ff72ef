"""Ask a started server for everything, slowly and for long, and see what it keeps.

    python -m benchmarks.soak [--minutes 60] [--rate 30] [--server gunicorn|granian]

Each answer is held against the first one of the same request. Memory and open files of the worker
processes are printed once a minute; a leak is what grows from the tenth minute on.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import itertools
import json
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.attack import processes_of, started
from benchmarks.servers import ROW

#: What differs from one answer to the next by its nature: ids of requests, and times of counts.
OWN = re.compile(rb'request id [0-9a-f]{16}|name="token" value="[^"]+"')

#: Answers that say how the server fares, which changes.
CHANGING = ("/metrics",)


@dataclass(frozen=True)
class Request:
    """What is sent, and the status that answers it."""

    path: str
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200
    method: str = ""

    def sent_by(self, client: http.client.HTTPConnection) -> tuple[int, bytes]:
        """Send it, and read what answers."""
        method = self.method or ("GET" if self.body is None else "POST")
        client.request(method, self.path, self.body, self.headers)
        answer = client.getresponse()
        return answer.status, OWN.sub(b"", answer.read())


def requests() -> list[Request]:
    """One request of every kind, good and bad."""
    row = json.dumps(ROW).encode()
    table = (",".join(ROW) + "\n" + ",".join(map(str, ROW.values())) + "\n").encode()
    form = "&".join(f"{name}={value}" for name, value in ROW.items())
    told = b'--x\r\nContent-Disposition: form-data; name="errors"\r\n\r\ncolumn\r\n'
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\n'
    upload = told + part + table + b"x,,,,,\n" * 200 + b"\r\n--x--\r\n"
    as_json, as_csv = {"Content-Type": "application/json"}, {"Content-Type": "text/csv"}
    as_form = {"Content-Type": "application/x-www-form-urlencoded"}
    as_file = {"Content-Type": "multipart/form-data; boundary=x"}
    packed = as_json | {"Content-Encoding": "gzip"}
    pages = ["/", f"/?{form}", "/?lang=zh", "/model", "/batch", "/docs", "/openapi.json",
             "/api/v1/model", "/batch/template.csv", "/static/form.js", "/static/tablecast.css",
             "/healthz", "/readyz", "/metrics"]  # fmt: skip
    zipped = {"Accept-Encoding": "gzip"}
    return [
        *[Request(path) for path in pages],
        *[Request(path, headers=zipped) for path in ("/", "/model", "/static/tablecast.css")],
        *[Request("/predict_api", row, as_json)] * 10,
        Request("/predict_api", b"[" + b",".join([row] * 50) + b"]", as_json),
        Request("/predict_api", row[:-5], as_json, 400),
        Request("/predict_api", b'{"age": "x"}', as_json, 422),
        Request("/predict_api", gzip.compress(row), packed),
        Request("/predict_api", gzip.compress(row)[:-9], packed, 415),
        Request("/api/v1/predict", row, as_json),
        Request("/api/v1/predict?explain=1&whatif=1", row, as_json),
        Request("/api/v1/predict", table, as_csv),
        Request("/api/v1/predict", row, {"Content-Type": "application/x-ndjson"}),
        Request("/predict", form.encode(), as_form),
        Request("/predict", b"age=-5", as_form, 422),
        Request("/predict", b"age=" + b"1" * 200_000, as_form, 413),
        Request("/batch", upload, as_file),
        Request("/batch", upload.replace(b"age,", b"ago,"), as_file, 422),
        Request("/none", status=404),
        Request("/model", method="DELETE", status=405),
    ]  # fmt: skip


@dataclass
class Soak:
    """What came of it.

    Attributes:
        first: the first answer to each request, which all others must equal.
        seconds: that each answer took.
        wrong: what was not as the first time, or as it should be.
    """

    port: int
    first: dict[int, bytes] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    wrong: Counter[str] = field(default_factory=Counter)

    def ask(self, client: http.client.HTTPConnection, place: int, sent: Request) -> None:
        """Send one request, and judge its answer."""
        began = time.perf_counter()
        try:
            status, content = sent.sent_by(client)
        except (OSError, http.client.HTTPException) as error:
            client.close()
            self.wrong[f"{sent.path}: {type(error).__name__}"] += 1
            return
        self.seconds.append(time.perf_counter() - began)
        same = self.first.setdefault(place, content) == content or sent.path in CHANGING
        if status != sent.status:
            self.wrong[f"{sent.path}: {status}"] += 1
        elif not same:
            self.wrong[f"{sent.path}: another answer"] += 1


def kept_by(parent: int) -> str:
    """Memory (RSS) and open files of each worker process."""
    found = []
    for process in processes_of(parent)[1:]:
        status = Path(f"/proc/{process}/status").read_text()
        memory = int(status.partition("VmRSS:")[2].split()[0]) / 1000
        files = len(list(Path(f"/proc/{process}/fd").iterdir()))
        found.append(f"{memory:.1f} MB, {files} files")
    return "; ".join(found)


def main() -> None:
    """Ask for so many minutes; exit with an error where an answer was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", choices=("gunicorn", "granian"), default="gunicorn")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=30, help="requests a second")
    told = parser.parse_args()
    with started(told.server) as (port, process):
        workers, soak = processes_of(process), Soak(port)
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        began = said = time.monotonic()
        print(f"before: {kept_by(process)}", flush=True)
        for asked, (place, sent) in enumerate(itertools.cycle(enumerate(requests()))):
            now = time.monotonic()
            if now - began > 60 * told.minutes:
                break
            if now - said > 60:
                said = now
                print(f"{(now - began) / 60:.0f} min: {kept_by(process)}", flush=True)
            if asked % 100 == 99:
                client.close()  # another connection, perhaps another worker
            soak.ask(client, place, sent)
            time.sleep(max(0.0, began + asked / told.rate - time.monotonic()))
        print(f"after: {kept_by(process)}")
        same = processes_of(process) == workers
    slowest = sorted(soak.seconds)[int(0.99 * len(soak.seconds))]
    print(
        f"{len(soak.seconds):,} answers, p99 {1000 * slowest:.0f} ms, the same workers: {same}, "
        f"wrong: {dict(soak.wrong) or 'none'}"
    )
    raise SystemExit(bool(soak.wrong) or not same)


if __name__ == "__main__":
    main()
