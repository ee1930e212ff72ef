"""The two servers of examples/cluster: names, ports, settings and checks hold against the code."""

from __future__ import annotations

import re
import tomllib
from typing import Any
from urllib.parse import urlsplit

import yaml
from deployments import ROOT, SHIPPED, shipped_deployment

from tablecast.cli.main import command_parser
from tablecast.settings import SETTINGS, read_settings
from tablecast.web.app import create_app

FOLDER = ROOT / "examples" / "cluster"
FRONT, ROLL, IMAGE = (
    (FOLDER / name).read_text() for name in ("haproxy.cfg", "roll.sh", "Dockerfile")
)


def compose(**variables: str) -> dict[str, Any]:
    """The file as Compose reads it: ``${NAME:-default}`` is the variable or its default."""
    def value(found: re.Match[str]) -> str:
        return variables.get(found[1]) or found[2]

    text = (FOLDER / "compose.yaml").read_text()
    read: dict[str, Any] = yaml.safe_load(re.sub(r"\$\{(\w+):-([^}]*)\}", value, text))
    return read


SERVICES = compose()["services"]
WEB = SERVICES["web1"]
PORT = int(WEB["environment"]["PORT"])


def test_the_settings_are_settings_and_take_effect() -> None:
    """Each variable of a server is one of ours, with a value that is taken."""
    environment = WEB["environment"]
    assert environment.keys() <= {setting.variable for setting in SETTINGS.values()}
    read = read_settings(environment)
    assert {name for name, value in read.items() if value != read_settings({})[name]} == {
        "deployment", "limits", "log", "rate", "proxies",
    }
    assert SERVICES["web2"] == WEB


def test_the_log_and_the_limits_are_those_of_the_other_containers() -> None:
    """Host, user, password and database are what PostgreSQL is made with; Redis has its port."""
    for variables in ({}, {"PASSWORD": "long"}):
        services = compose(**variables)["services"]
        made = services["postgres"]["environment"]
        log = urlsplit(services["web1"]["environment"]["TABLECAST_LOG"])
        assert (log.hostname, log.port) == ("postgres", None)
        assert (log.username, log.password, log.path[1:]) == (
            made["POSTGRES_USER"], made["POSTGRES_PASSWORD"], made["POSTGRES_DB"],
        )  # fmt: skip
    limits = urlsplit(WEB["environment"]["TABLECAST_LIMITS"])
    assert (limits.hostname in SERVICES, limits.port) == (True, 6379)
    assert SERVICES["postgres"]["healthcheck"]["test"] == ["CMD", "pg_isready", "-U", log.username]


def test_the_check_asks_what_there_is() -> None:
    """The container's check and HAProxy's ask a route that answers, at the server's port."""
    asked = re.search(r"urlopen\('http://localhost:(\d+)(/\w+)'\)", WEB["healthcheck"]["test"][-1])
    assert asked
    assert int(asked[1]) == PORT
    assert re.findall(r"http-check send meth GET uri (\S+)", FRONT) == [asked[2]]
    client = create_app(shipped_deployment("onnx")).test_client()
    assert client.get(asked[2]).status_code == 200


def test_haproxy_finds_what_it_needs() -> None:
    """Every variable of its file is given; servers are containers, at the port they listen on."""
    front = SERVICES["haproxy"]
    given = front["environment"]
    assert {*re.findall(r"\$\{(\w+)\}", FRONT)} == given.keys()
    servers = dict(re.findall(r'^ +server (\w+) "\$\{(\w+)\}"$', FRONT, re.M))
    assert {name: given[variable] for name, variable in servers.items()} == {
        name: f"{name}:{PORT}" for name in SERVICES if SERVICES[name] == WEB
    }
    listens = given["LISTEN"].rpartition(":")[2]
    assert [port.partition(":")[2] for port in front["ports"]] == [listens]
    assert [name for name in SERVICES if "ports" in SERVICES[name]] == ["haproxy"]
    assert front["volumes"][0].split(":")[1] == "/usr/local/etc/haproxy/haproxy.cfg"


def test_servers_are_replaced_by_their_names() -> None:
    """The script's servers, its backend and its port are those of the files beside it."""
    wanted = re.search(r"for server in (.*); do", ROLL)
    assert wanted
    assert wanted[1].split() == [name for name in SERVICES if SERVICES[name] == WEB]
    backends = re.findall(r"^backend (\w+)", FRONT, re.M)
    assert {*re.findall(r'(?:server |\^)(\w+)[/,]\$server', ROLL)} == {*backends}
    assert f"/dev/tcp/{SERVICES['haproxy']['environment']['ADMIN'].replace(':', '/')}" in ROLL
    assert 'stats socket "ipv4@${ADMIN}" level admin' in FRONT


def test_what_is_named_is_there() -> None:
    """Containers that others wait for, volumes, the deployment, the image's extras and command."""
    for service in SERVICES.values():
        assert {*service.get("depends_on", [])} <= {*SERVICES}
    declared = {*compose()["volumes"]}
    assert {volume.partition(":")[0] for volume in SERVICES["postgres"]["volumes"]} == declared
    source, folder, _ = WEB["volumes"][0].split(":")
    served = WEB["environment"]["TABLECAST_DEPLOYMENT"]
    assert served == f"{folder}/{SHIPPED.name}"
    assert (FOLDER / source / f"{SHIPPED.name}.onnx").is_file()
    assert (FOLDER / WEB["build"]["context"] / WEB["build"]["dockerfile"]).samefile(
        FOLDER / "Dockerfile"
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = re.search(r'"/src\[([\w,]+)\]"', IMAGE)
    assert extras
    assert {*extras[1].split(",")} <= project["optional-dependencies"].keys()
    command = re.search(r"CMD \[(.*)\]", IMAGE)
    assert command
    arguments = [word.strip(' "') for word in command[1].split(",")][1:]
    assert command_parser(arguments).parse_args(arguments).host == "0.0.0.0"
    kept = (FOLDER / "Dockerfile.dockerignore").read_text().split()
    assert all((ROOT / name[1:]).exists() for name in kept if name.startswith("!"))
