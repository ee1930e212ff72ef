"""A deployment as a folder that a host runs: whole, written again, and kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from deployments import ROOT, SHIPPED, shipped_deployment

from tablecast.cli.main import main
from tablecast.deployment.files import with_ending
from tablecast.errors import ShipError
from tablecast.export.ship import shipped_folder as folders
from tablecast.export.ship.host_registry import host_names, host_of
from tablecast.export.ship.lock import LOCKS, lock_of, pins_of
from tablecast.export.ship.offline_checks import check_folder
from tablecast.export.ship.ship import ship
from tablecast.export.ship.shipment import Shipment

#: The hosts that run our server, each by files of its own.
HOSTS = {
    "docker": "Dockerfile", "compose": "compose.yaml", "heroku": "Procfile",
    "spaces": "Dockerfile", "render": "render.yaml", "fly": "fly.toml",
    "cloudrun": "service.yaml", "lambda": "template.yaml", "railway": "railway.json",
}  # fmt: skip


def times(folder: Path) -> dict[str, int]:
    """When each file of a folder was last written."""
    return {path.name: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def refusal(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one line by which a command refuses."""
    capsys.readouterr()
    assert main([*map(str, arguments)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("tablecast: ")
    assert said.err.count("\n") == 1
    return said.err


def test_every_host_is_tried() -> None:
    """The hosts of this file are those that the command knows and that run our server."""
    assert {*HOSTS, "static"} <= set(host_names())


@pytest.mark.slow
@pytest.mark.parametrize("host", HOSTS)
def test_a_folder_passes_the_checks_of_its_users(host: str, tmp_path: Path) -> None:
    """Its own files are there, nothing is found by any tool, and no tool is missing."""
    written = ship(SHIPPED, host, tmp_path / "out").written.written
    assert {HOSTS[host], "app.py", "README.md", "smoke_test.py", ".python-version"} <= {*written}
    assert sum((tmp_path / "out" / lock).exists() for lock in LOCKS) == 1
    checked = check_folder(tmp_path / "out")
    assert checked.findings == ()
    assert checked.left_out == ()
    assert any("hadolint" in one for one in checked.done) == (host != "heroku")


@pytest.mark.parametrize("host", HOSTS)
def test_a_folder_says_nothing_of_this_machine(host: str, tmp_path: Path) -> None:
    """No path of where it was made is in it, and it has three commands that are left."""
    ship(SHIPPED, host, tmp_path / "out")
    for file in (tmp_path / "out").iterdir():
        content = file.read_bytes()
        assert str(tmp_path).encode() not in content
        assert str(ROOT).encode() not in content
    readme = (tmp_path / "out" / "README.md").read_text()
    block = readme.partition("## What is left to do")[2].split("```")[1]
    assert len(block.replace("\\\n", "").strip().splitlines()) == 1 + 3


def test_shipping_again_writes_only_what_changed(tmp_path: Path) -> None:
    """Nothing the second time; and the host's own files where another host takes over."""
    ship(SHIPPED, "fly", tmp_path)
    before = times(tmp_path)
    again = ship(SHIPPED, "fly", tmp_path).written
    assert (again.written, again.removed) == ((), ())
    assert times(tmp_path) == before
    moved = ship(SHIPPED, "render", tmp_path).written
    assert {*moved.written} == {"render.yaml", "README.md", "Dockerfile"}
    assert moved.removed == ("fly.toml",)


def test_the_files_of_a_person_stay(tmp_path: Path) -> None:
    """Their own, always; a changed one of ours, as long as nothing of ours would be new in it."""
    ship(SHIPPED, "docker", tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "README.md").write_text("mine too")
    assert ship(SHIPPED, "docker", tmp_path).written.kept == ("README.md",)
    assert (tmp_path / "README.md").read_text() == "mine too"
    with pytest.raises(folders.ShipError, match=r"README.md in .* --force"):
        ship(SHIPPED, "fly", tmp_path)
    assert not (tmp_path / "fly.toml").exists()
    ship(SHIPPED, "fly", tmp_path, force=True)
    assert "Fly.io" in (tmp_path / "README.md").read_text()
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_file_that_a_person_put_where_ours_goes_is_not_replaced(tmp_path: Path) -> None:
    """A host that needs a file that is there already refuses, and writes nothing."""
    ship(SHIPPED, "docker", tmp_path)
    (tmp_path / "fly.toml").write_text("mine")
    before = times(tmp_path)
    with pytest.raises(folders.ShipError, match=r"fly.toml in .* would be replaced"):
        ship(SHIPPED, "fly", tmp_path)
    assert times(tmp_path) == before


def test_a_new_repository_counts_as_empty(tmp_path: Path) -> None:
    """`git init` and then `ship` works."""
    (tmp_path / ".git").mkdir()
    assert ship(SHIPPED, "heroku", tmp_path).written.written


@pytest.mark.parametrize(
    ("host", "name", "words"),
    [
        ("heruko", SHIPPED, "There is no host 'heruko'. Choose one of cloudrun, compose"),
        ("../fly", SHIPPED, "There is no host"),
        ("fly", "nothing", "There is no nothing.onnx"),
    ],
)
def test_what_is_not_there_is_said(
    host: str, name: Path, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A host or a deployment that does not exist is one line, and no folder is made."""
    assert words in refusal(capsys, "ship", name, "--to", host, "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_deployment_without_a_graph_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where there is only a pickle, the line says how to compile it."""
    (tmp_path / "only.pkl").write_bytes(b"pickle")
    said = refusal(capsys, "ship", tmp_path / "only", "--to", "fly", "-o", tmp_path / "out")
    assert "only has no graph" in said
    assert "python -m tablecast compile" in said
    assert not (tmp_path / "out").exists()


def copied(place: Path) -> Path:
    """The shipped deployment under another name."""
    for ending in (".onnx", ".onnx.sha256"):
        content = with_ending(SHIPPED, ending).read_bytes().replace(
            SHIPPED.name.encode() + b".onnx\n", place.name.encode() + b".onnx\n"
        ) if ending.endswith("256") else with_ending(SHIPPED, ending).read_bytes()  # fmt: skip
        with_ending(place, ending).write_bytes(content)
    return place


@pytest.mark.parametrize("name", ["2024", "模型", "a", "x" * 31, "-", "..."])
def test_a_name_that_no_host_takes_is_refused(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line says what a name needs, and --app gives one."""
    place = copied(tmp_path / name)
    command = ("ship", place, "--to", "docker", "-o", tmp_path / "out")
    assert "--app NAME" in refusal(capsys, *command)
    assert not (tmp_path / "out").exists()
    assert main([*map(str, command), "--app", "good-name"]) == 0
    assert json.loads((tmp_path / "out" / folders.RECORD).read_text())["app"] == "good-name"


@pytest.mark.parametrize("app", ["Upper", "a_b", "-a", "a-", "a--b", "a b", "x" * 31, "ab", "é123"])
def test_a_name_that_was_asked_for_is_checked_too(
    app: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--app takes what every host takes."""
    said = refusal(capsys, "ship", SHIPPED, "--to", "fly", "-o", tmp_path / "out", f"--app={app}")
    assert f"{app!r} cannot be a name" in said


@pytest.mark.slow
@pytest.mark.parametrize("host", ["docker", "heroku", "spaces"])
def test_a_name_of_strange_signs_breaks_no_file(host: str, tmp_path: Path) -> None:
    """What means something to a shell, to Python or to YAML is only a name."""
    place = copied(tmp_path / "it's [a] $(touch x) \"model\" #1")
    ship(place, host, tmp_path / "out")
    assert check_folder(tmp_path / "out").findings == ()
    done = smoke_test(tmp_path / "out")
    assert done.stdout.startswith("It works: ")


@pytest.mark.parametrize("app", ["yes", "off", "null", "true"])
def test_a_word_of_yaml_stays_a_name(app: str) -> None:
    """Where a file is YAML, a name that means a truth or nothing there is still a text."""
    shipment = Shipment(SHIPPED, shipped_deployment("onnx"), app)
    read = {
        (host, place): yaml.safe_load(host_of(host).files(shipment)[place])
        for host, place in HOSTS.items() if place.endswith(".yaml") and host != "lambda"
    }  # fmt: skip
    compose, render = read["compose", "compose.yaml"], read["render", "render.yaml"]
    named = (compose["name"], compose["services"]["web"]["image"], render["services"][0]["name"],
             read["cloudrun", "service.yaml"]["metadata"]["name"])  # fmt: skip
    assert named == (app, app, app, app)


def smoke_test(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a folder's own test."""
    return subprocess.run(
        [sys.executable, "smoke_test.py", *arguments], cwd=folder, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TABLECAST_ACCESS_LOG": "off"}, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_a_smoke_test_fails_for_another_model(tmp_path: Path) -> None:
    """It compares the answer with the one that was shipped, and says in a line what differs."""
    ship(SHIPPED, "docker", tmp_path)
    test = tmp_path / "smoke_test.py"
    test.write_text(test.read_text().replace("EXPECTED = 6", "EXPECTED = 7"))
    done = smoke_test(tmp_path)
    assert done.returncode == 1
    assert "Is another model served there?" in done.stderr
    assert smoke_test(tmp_path, "http://127.0.0.1:9").stderr.count("\n") == 1


@pytest.mark.thorough
@pytest.mark.parametrize("host", ["docker", "static"])
@pytest.mark.parametrize("url", ["charges.fly.dev", "http://[", "http://a:b", "file:///tmp"])
def test_a_smoke_test_says_in_a_line_that_an_address_is_none(
    host: str, url: str, tmp_path: Path
) -> None:
    """Such as one without https://."""
    ship(SHIPPED, host, tmp_path)
    done = smoke_test(tmp_path, url)
    assert done.returncode == 1
    assert done.stderr.startswith(url)
    assert done.stderr.count("\n") == 1


BROKEN_RECORDS = ("{", "[]", "{}", "null", '{"host": "docker", "files": []}', '{"files": {"a": 1}}')


@pytest.mark.parametrize("record", BROKEN_RECORDS)
def test_a_broken_record_is_none(
    record: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever stands in it, a folder is neither checked nor written by it."""
    (tmp_path / folders.RECORD).write_text(record)
    assert "Name a folder that it wrote" in refusal(capsys, "ship", "--check", tmp_path)
    assert "another folder (-o)" in refusal(capsys, "ship", SHIPPED, "--to", "fly", "-o", tmp_path)


@pytest.mark.thorough
@pytest.mark.parametrize("host", sorted(set(host_names()) - {"static"}))
def test_a_record_that_lost_files_is_found(host: str, tmp_path: Path) -> None:
    """Each host knows what its folders hold, also where the record says nothing; shipping again
    mends it."""
    shipped = ship(SHIPPED, host, tmp_path, app="my-charges")
    record = json.loads((tmp_path / folders.RECORD).read_text())
    (tmp_path / folders.RECORD).write_text(json.dumps({**record, "files": {}}))
    findings = check_folder(tmp_path).findings
    assert [one.split()[3] for one in findings] == [f"{place}," for place in shipped.host.holds]
    ship(SHIPPED, host, tmp_path)
    assert not any("lists no" in one for one in check_folder(tmp_path).findings)


@pytest.mark.parametrize("place", ["app.py", "requirements.txt", "README.md"])
def test_a_folder_in_a_file_s_place_is_found(place: str, tmp_path: Path) -> None:
    """What cannot be read is a finding of the check, and a line of the command that would write it.
    """
    ship(SHIPPED, "spaces", tmp_path)
    (tmp_path / place).unlink()
    (tmp_path / place).mkdir()
    assert f"{place} is missing. Ship again." in check_folder(tmp_path).findings
    with pytest.raises(ShipError, match=f"{place}.*cannot be read: Is a directory"):
        ship(SHIPPED, "spaces", tmp_path)


def test_what_a_killed_process_left_goes(tmp_path: Path) -> None:
    """Beside a new folder, and in one that was there: it would be pushed with the rest."""
    left = [tmp_path / f"{folders.UNFINISHED}out", tmp_path / "out" / f"{folders.UNFINISHED}out"]
    for unfinished, host in zip(left, ("docker", "fly"), strict=True):
        (unfinished / "half").mkdir(parents=True)
        ship(SHIPPED, host, tmp_path / "out")
        assert not unfinished.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.thorough
def test_two_at_once_leave_one_of_both(tmp_path: Path) -> None:
    """Who ships into a folder that another command is writing waits for it: neither is mixed."""
    hosts = ("docker", "fly")
    with ThreadPoolExecutor() as pool:
        for name in ("new", "new", "other"):
            list(pool.map(lambda host, out: ship(SHIPPED, host, out), hosts,
                          [tmp_path / name] * 2))  # fmt: skip
            assert check_folder(tmp_path / name).findings == ()
            said = (tmp_path / name / "README.md").read_text()
            last = json.loads((tmp_path / name / folders.RECORD).read_text())["host"]
            assert ("Written by `tablecast ship` for Fly.io" in said) == (last == "fly")
            assert (tmp_path / name / "fly.toml").exists() == (last == "fly")
    assert {path.name for path in tmp_path.iterdir()} == {"new", "other"}


def test_what_was_asked_for_is_taken_back(tmp_path: Path) -> None:
    """A pickle goes along until it is said that it does not."""
    pickle = tmp_path / f"{SHIPPED.name}.pkl"
    for given, there in ((True, True), (None, True), (False, False), (None, False)):
        ship(SHIPPED, "docker", tmp_path, with_pickle=given)
        assert pickle.is_file() == there


@pytest.mark.parametrize("folder", ["n" * 300, "nul\0", "loop"])
def test_what_no_folder_can_be_is_a_line(
    folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever is typed for a folder ends in one line."""
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    said = refusal(capsys, "ship", SHIPPED, "--to", "docker", "-o", tmp_path / folder)
    assert "another folder (-o)" in said


def test_a_folder_below_a_file_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the file is named."""
    (tmp_path / "mine").write_text("mine")
    said = refusal(capsys, "ship", SHIPPED, "--to", "docker", "-o", tmp_path / "mine/a/b")
    assert f"'{tmp_path}/mine' is a file" in said


@pytest.mark.parametrize("kind", ["file", "stranger's", "broken record"])
def test_a_folder_that_is_not_ours_is_refused(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is written into it."""
    out = tmp_path / "out"
    if kind == "file":
        out.write_text("mine")
    else:
        out.mkdir()
        (out / ("mine.txt" if kind == "stranger's" else folders.RECORD)).write_text("{}")
    said = refusal(capsys, "ship", SHIPPED, "--to", "docker", "-o", out)
    assert "another folder (-o)" in said or "Choose a folder (-o)" in said
    assert kind == "file" or len(list(out.iterdir())) == 1


def test_a_record_cannot_name_files_elsewhere(tmp_path: Path) -> None:
    """A record that somebody wrote removes nothing outside of its folder."""
    victim = tmp_path / "victim"
    victim.write_text("mine")
    out = tmp_path / "out"
    out.mkdir()
    stolen = {"../victim": "0" * 64}
    (out / folders.RECORD).write_text(json.dumps({"host": "fly", "files": stolen}))
    with pytest.raises(folders.ShipError, match="cannot be read"):
        ship(SHIPPED, "fly", out)
    assert victim.read_text() == "mine"


def test_an_interrupted_write_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the disk is full, a new folder is not there, and an old one is as it was."""

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    ship(SHIPPED, "docker", tmp_path / "old")
    before = times(tmp_path / "old")
    monkeypatch.setattr(folders.os, "replace", full)
    for name in ("old", "new"):
        with pytest.raises(folders.ShipError, match="No space left"):
            ship(SHIPPED, "fly", tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert times(tmp_path / "old") == before


@pytest.mark.parametrize("calls", [0, 1, 4, 7])
def test_an_interrupted_change_is_taken_back(
    calls: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C after some of the files were moved leaves each as it was, and none that is new."""
    replace, left = folders.os.replace, [calls]

    def interrupted(source: Path, target: Path) -> None:
        left[0] -= 1
        if left[0] == -1:
            raise KeyboardInterrupt
        replace(source, target)

    ship(SHIPPED, "docker", tmp_path, app="one")
    (tmp_path / "mine").write_text("mine")
    before = times(tmp_path)
    monkeypatch.setattr(folders.os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ship(SHIPPED, "heroku", tmp_path, app="two", ci="github", table="a.csv")
    assert times(tmp_path) == before
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == set()


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    """A folder of ours that was replaced by a link is not written through."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".github").symlink_to(tmp_path / "elsewhere")
    record = {"host": "docker", "files": {}}
    (tmp_path / "out" / folders.RECORD).write_text(json.dumps(record))
    with pytest.raises(folders.ShipError, match="leads out of"):
        folders.write_folder(tmp_path / "out", {".github/x.yml": b"x"}, {})
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_the_lock_of_images_is_the_servers_own() -> None:
    """Without the log, every package has the version of requirements.txt."""
    with_log = set(pins_of((ROOT / "requirements.txt").read_text()))
    without = set(pins_of(lock_of("serving")))
    assert without < with_log
    gone = {pin.name for pin in with_log - without}
    assert {"sqlalchemy", "psycopg", "alembic"} <= gone
    assert lock_of("with_log") == (ROOT / "requirements.txt").read_text()


@pytest.mark.parametrize(
    ("host", "place", "old", "new", "finding"),
    [
        ("docker", "Dockerfile", "COPY app.py", "ADD app.py", "DL3020"),
        ("docker", "app.py", "import os", "import os (", "app.py is no Python"),
        ("docker", "requirements.txt", "    --hash=sha256:", "    # ", "has no hash"),
        ("docker", "deployment_28042020.onnx", None, "", "deployment_28042020.onnx"),
        pytest.param("compose", "compose.yaml", "services:", "servces:", "'servces' does not match",
                     marks=pytest.mark.slow),
        ("heroku", "Procfile", "web:", "worker:", "no line for the process web"),
        ("heroku", ".python-version", "3.11", "3.8", ".python-version says '3.8'"),
        ("heroku", "app.json", "{", "", "app.json is no JSON object"),
        ("spaces", "README.md", "colorFrom: green", "colorFrom: teal", "colorFrom must be one of"),
        ("spaces", "README.md", "---\n", "", "does not begin with front matter"),
        ("spaces", "README.md", "sdk: docker", "sdk: gradio", "sdk is 'gradio'"),
        ("render", "render.yaml", "runtime:", "env:", "env is the old word"),
        ("render", "render.yaml", "./Dockerfile", "./None", "dockerfilePath names no file"),
        ("fly", "fly.toml", '"SIGTERM"', '"SIGINT"', "set kill_signal to SIGTERM"),
        ("fly", "fly.toml", "internal_port = 8080", "internal_port = 80", "another port"),
        ("fly", "fly.toml", "[build]", "[build", "fly.toml cannot be read"),
        ("cloudrun", "service.yaml", "WEB_CONCURRENCY", "PORT", "Cloud Run sets PORT itself"),
        ("lambda", "Dockerfile", "AWS_LWA_PORT=", "AWS_LWA_PORTS=", "PORT and AWS_LWA_PORT"),
        ("railway", "railway.json", '"deploy": {', '"deploy": [], "x": {', "no JSON object"),
        ("render", "render.yaml", "  - type: web", "  - web\n  - type: web", "not of the shape"),
        ("fly", "fly.toml", "kill_timeout = 30", 'kill_timeout = "long"', "not of the shape"),
        ("railway", "railway.json", "DOCKERFILE", "NIXPACKS", "builder must be DOCKERFILE"),
    ],
)  # fmt: skip
def test_a_fault_is_found(
    host: str, place: str, old: str | None, new: str, finding: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """What a host would refuse is named, and the command ends with 1."""
    ship(SHIPPED, host, tmp_path)
    path = tmp_path / place
    if old is None:
        path.write_bytes(path.read_bytes()[:-1])
    else:
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
    with pytest.raises(SystemExit, match="1"):
        main(["ship", "--check", str(tmp_path)])
    assert finding in capsys.readouterr().out


def test_a_second_lock_is_found(tmp_path: Path) -> None:
    """Heroku's build fails where there are two."""
    ship(SHIPPED, "heroku", tmp_path)
    (tmp_path / "uv.lock").write_text("")
    assert any("exactly one" in finding for finding in check_folder(tmp_path).findings)


def test_a_missing_tool_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not checked is said; the rest is checked."""
    monkeypatch.setattr("tablecast.export.ship.tools.shutil.which", lambda *_, **__: None)
    ship(SHIPPED, "docker", tmp_path)
    checked = check_folder(tmp_path)
    assert checked.findings == ()
    assert checked.left_out == ("hadolint Dockerfile",)


def test_a_folder_of_others_is_not_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without our record there is nothing to check by."""
    assert "Name a folder that it wrote" in refusal(capsys, "ship", "--check", tmp_path)


def test_incomplete_commands_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """A command without a host, a folder or a deployment says what it needs."""
    for arguments in (["x"], ["x", "--to", "fly"], ["--to", "fly", "-o", "y"], []):
        assert "tablecast ship NAME --to HOST -o FOLDER" in refusal(capsys, "ship", *arguments)


def test_a_folder_remembers_what_was_asked_for(tmp_path: Path) -> None:
    """The second time, only what is new has to be said; the app's name and the pipeline stay."""
    out = tmp_path / "out"
    command = ["ship", str(SHIPPED), "-o", str(out)]
    first = ["--to", "fly", "--app", "charges", "--with-log", "--ci", "github", "--table", "t.csv"]
    assert main([*command, *first]) == 0
    before = times(out)
    assert main(command) == 0
    assert times(out) == before
    assert main([*command, "--to", "render"]) == 0
    record = json.loads((out / folders.RECORD).read_text())
    assert (record["host"], record["app"], record["ci"]) == ("render", "charges", "github")
    assert b"sqlalchemy==" in (out / "requirements.txt").read_bytes()
    assert (out / ".github/workflows/deploy.yml").is_file()
    assert main([*command, "--ci", "none"]) == 0
    assert not (out / ".github").exists()


def test_a_table_without_a_pipeline_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--table does nothing by itself."""
    command = ("ship", SHIPPED, "--to", "fly", "-o", tmp_path / "out", "--table", "a.csv")
    assert "Add --ci" in refusal(capsys, *command)


def test_a_host_has_to_be_said_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a folder that is new nothing is known, so the line lists the hosts."""
    assert "Say which host, by --to: " in refusal(capsys, "ship", SHIPPED, "-o", tmp_path / "out")


def test_the_current_version_of_a_folder_is_shipped(tmp_path: Path) -> None:
    """A folder of versions is named as everywhere else; a signature goes along with its file."""
    version = tmp_path / "charges" / "2"
    version.mkdir(parents=True)
    copied(version / "charges")
    (version / "charges.onnx.minisig").write_text("signature")
    ship(tmp_path / "charges", "docker", tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"charges.onnx", "charges.onnx.sha256", "charges.onnx.minisig"} <= names
    assert check_folder(tmp_path / "out").findings == ()
