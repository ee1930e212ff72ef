"""What gunicorn and granian are told, and what each of their processes does first and last."""

from __future__ import annotations

import os
import resource
import sys
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tablecast.errors import ArtifactError
from tablecast.web import answer_log, warmup
from tablecast.web.http import shared_counts
from tablecast.web.server import granian_app, granian_server

CONFIG = "tablecast.web.server.gunicorn_config"


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine that runs the tests, and files enough."""
    for name in ("TABLECAST_KEYS", "PORT", "WEB_CONCURRENCY", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv(shared_counts.VARIABLE, "theirs")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (4096, 4096))


def read() -> Any:
    """gunicorn's configuration, as gunicorn reads it: anew each time."""
    found: Any = find_spec(CONFIG)
    module = module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_gunicorn_is_told_how_to_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures and switches that each have their reason beside them."""
    monkeypatch.setenv("PORT", "8123")
    monkeypatch.setenv("WEB_CONCURRENCY", "3")
    told = read()
    assert (told.bind, told.workers, told.threads) == ("0.0.0.0:8123", 3, 4)
    assert (told.worker_connections, told.keepalive) == (1000, 65)
    assert told.preload_app
    assert told.control_socket_disable
    assert not told.sendfile
    assert told.worker_tmp_dir == ("/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert read().worker_tmp_dir is None
    monkeypatch.setenv("PORT", "a port")
    with pytest.raises(SystemExit, match=r"^tablecast: PORT"):
        read()


@pytest.mark.parametrize(
    ("files", "most", "wanted"),
    [
        (2048, 4096, None), (2047, 4096, 2048), (256, 1500, 1500), (1024, 2048, 2048),
        (256, resource.RLIM_INFINITY, 2048),
    ],
)  # fmt: skip
def test_a_worker_may_have_as_many_files_as_it_needs(
    files: int, most: int, wanted: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2,048 where the system allows it, else what it allows; more stay."""
    asked: list[Any] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, most))
    monkeypatch.setattr(resource, "setrlimit", lambda *told: asked.append(told))
    read()
    assert asked == ([] if wanted is None else [(resource.RLIMIT_NOFILE, (wanted, most))])


def test_gunicorns_processes_count_in_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made for one process more than there are workers, in memory first, and gone in the end."""
    made: list[Any] = []
    counts = tmp_path / "counts"
    counts.mkdir()

    def make(processes: int, parents: Any) -> str | None:
        made.append((processes, parents))
        return str(counts) if len(made) == 1 else None

    monkeypatch.setenv("WEB_CONCURRENCY", "3")
    monkeypatch.setattr(os, "access", lambda *_: True)
    monkeypatch.setattr(shared_counts, "make_folder", make)
    theirs = read()
    assert made == []
    theirs.on_exit(None)
    assert counts.exists()
    monkeypatch.delenv(shared_counts.VARIABLE)
    ours = read()
    assert made == [(4, ("/dev/shm", None))]
    assert os.environ[shared_counts.VARIABLE] == str(counts)
    ended: list[Any] = []
    monkeypatch.setattr(shared_counts, "keep_counts", lambda *told: ended.append(told))
    ours.child_exit(None, SimpleNamespace(pid=7))
    assert ended == [(str(counts), 7)]
    ours.on_exit(None)
    assert not counts.exists()
    monkeypatch.delenv(shared_counts.VARIABLE)
    without = read()
    assert shared_counts.VARIABLE not in os.environ
    without.child_exit(None, SimpleNamespace(pid=7))
    without.on_exit(None)
    assert len(ended) == 1


@pytest.mark.parametrize("quick", [True, False])
def test_what_workers_share_is_loaded_before_them(
    quick: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nobody else's address that anybody can reach goes without a warning."""
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # cannot be imported now
    told = read()
    kept: list[str] = []
    idle = SimpleNamespace(collect=lambda: kept.append("collect"),
                           freeze=lambda: kept.append("freeze"))  # fmt: skip
    monkeypatch.setattr(told, "gc", idle)
    said: list[str] = []
    addresses: list[Any] = [("0.0.0.0", 80), ("0.0.0.0", 81), "/socket", ("127.0.0.1", 80)]
    server = SimpleNamespace(
        cfg=SimpleNamespace(address=addresses), log=SimpleNamespace(warning=said.append),
        app=SimpleNamespace(wsgi=lambda: SimpleNamespace(config={"QUICK": quick})),
    )
    if quick:
        with pytest.raises(ImportError):
            told.when_ready(server)
    else:
        told.when_ready(server)
        assert kept == ["collect", "freeze"]
    assert [sentence[:32] for sentence in said] == ["Anybody who can reach 0.0.0.0 ma"]


def test_a_worker_that_cannot_answer_stops_the_server(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line, and what gunicorn takes as an application that cannot be loaded."""
    rehearsed: list[Any] = []
    monkeypatch.setattr(warmup, "rehearse", rehearsed.append)
    said: list[Any] = []
    worker = SimpleNamespace(wsgi="app", log=SimpleNamespace(error=lambda *told: said.append(told)))
    told = read()
    told.post_worker_init(worker)
    assert (rehearsed, said) == (["app"], [])

    def fails(_app: Any) -> None:
        raise ArtifactError("No.")

    monkeypatch.setattr(warmup, "rehearse", fails)
    with pytest.raises(SystemExit) as ended:
        told.post_worker_init(worker)
    assert ended.value.code == 4
    assert [(words, str(error)) for words, error in said] == [("tablecast: %s", "No.")]


def test_granian_is_told_where_to_listen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its own command, with the log on standard error; its folder of counts goes with it."""
    from granian import cli
    from granian.log import LOGGING_CONFIG

    handlers: Any = LOGGING_CONFIG["handlers"]
    monkeypatch.setitem(handlers, "console", dict(handlers["console"]))
    monkeypatch.setattr(sys, "argv", [])
    seen: list[Any] = []

    def served() -> None:
        counts = Path(os.environ.get(shared_counts.VARIABLE, ""))
        seen.append((sys.argv[:7], counts, counts.is_dir()))
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "entrypoint", served)
    monkeypatch.setattr(os, "access", lambda *_: False)
    made: list[Any] = []
    folder = tmp_path / "counts"
    folder.mkdir()

    def make(*told: Any) -> str | None:
        made.append(told)
        return str(folder) if len(made) == 1 else None

    monkeypatch.setattr(shared_counts, "make_folder", make)
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            granian_server.main("::1", "8080", "2")
        monkeypatch.delenv(shared_counts.VARIABLE, raising=False)
    command = ["granian", "--host", "::1", "--port", "8080", "--workers", "2"]
    assert seen == [
        (command, Path("theirs"), False), (command, folder, True), (command, Path(), True),
    ]  # fmt: skip
    assert made == [(2, (None, None))] * 2
    assert not folder.exists()
    assert handlers["console"]["stream"] == "ext://sys.stderr"
    assert sys.argv[-1] == "tablecast.web.server.granian_app:create_app"


@pytest.mark.parametrize(
    ("workers", "place", "core"), [(2, 0, None), (3, 0, 4), (3, 2, 9), (4, 3, 4), (4, 1, 7)]
)
def test_a_process_has_a_core_of_its_own_where_each_has_one(
    workers: int, place: int, core: int | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The one of its place, in turn where there are more processes; fewer move freely."""
    told: list[Any] = []
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {9, 4, 7}, raising=False)
    monkeypatch.setattr(os, "sched_setaffinity", lambda *to: told.append(to), raising=False)
    monkeypatch.setattr(os, "sched_setscheduler", lambda *to: told.append(to[:2]), raising=False)
    monkeypatch.setattr(granian_app, "_place", lambda _, count: place * (count == workers))
    granian_app.keep_together(tmp_path, workers)
    assert told == ([] if core is None else [(0, {core}), (0, os.SCHED_BATCH)])


@pytest.mark.parametrize("folder", ["counts", ""])
def test_a_process_of_granian_writes_what_waits_at_its_end(
    folder: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The access log and the predictions' log; and it is kept together with its threads."""
    app = SimpleNamespace(extensions={
        "access_log": SimpleNamespace(finish="lines"),
        answer_log.EXTENSION: SimpleNamespace(log=SimpleNamespace(finish="answers")),
    })  # fmt: skip
    done: list[Any] = []
    monkeypatch.setenv(shared_counts.VARIABLE, folder and str(tmp_path))
    monkeypatch.setenv("WEB_CONCURRENCY", "3")
    monkeypatch.setattr(granian_app, "keep_together", lambda *told: done.append(told))
    monkeypatch.setattr(granian_app, "create_app_or_exit", lambda: app)
    monkeypatch.setattr(granian_app, "_warn", lambda *_: None)
    monkeypatch.setattr(granian_app.warmup, "rehearse", done.append)
    monkeypatch.setattr(granian_app, "Finalize",
                        lambda *told, exitpriority: done.append((*told, exitpriority)))  # fmt: skip
    monkeypatch.setattr(granian_app, "gc", SimpleNamespace(
        collect=lambda: done.append("collect"), freeze=lambda: done.append("freeze")))  # fmt: skip
    assert granian_app.create_app() is app  # type: ignore[comparison-overlap]
    together = [(tmp_path, 3)] if folder else []
    assert done == [
        *together, app, (None, "lines", 0), (None, "answers", 0), "collect", "freeze",
    ]  # fmt: skip
    app.extensions = {"access_log": None, answer_log.EXTENSION: None}
    done.clear()
    granian_app.create_app()
    assert done == [*together, app, "collect", "freeze"]
