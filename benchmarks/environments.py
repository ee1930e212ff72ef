"""The environments that the servers run in, made from hashed locks and kept in ``.cache``."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "bench"
PEERS = Path(__file__).parent / "peers"


@dataclass(frozen=True)
class Environment:
    """A folder with a Python and what was installed for it."""

    folder: Path

    def program(self, name: str) -> str:
        """The path of an installed program, such as ``gunicorn``."""
        return str(self.folder / "bin" / name)


def training() -> Environment:
    """The environment that this runs in, which has PyCaret."""
    return Environment(Path(sys.prefix))


def serving() -> Environment:
    """What ``make run`` installs, made afresh so that its size is that of the lock alone."""
    environment = _made("serving", ROOT / "requirements.txt")
    compiled = [environment.program("python"), "-m", "compileall", "-q", "tablecast"]
    subprocess.run(compiled, check=True, cwd=ROOT)
    return environment


def fastapi() -> Environment:
    """FastAPI, uvicorn and onnxruntime, with what its own model is trained with."""
    return _made("fastapi", PEERS / "fastapi.txt")


def fastapi_log() -> Environment:
    """The same with SQLAlchemy, which keeps its answers."""
    return _made("fastapi_log", PEERS / "fastapi_log.txt")


def flaml() -> Environment:
    """FLAML with the boosted trees that it searches among."""
    return _made("flaml", PEERS / "flaml.txt")


def dice() -> Environment:
    """DiCE, and what opens a deployment's graph beside it."""
    return _made("dice", PEERS / "dice.txt")


def autogluon() -> Environment:
    """AutoGluon with the boosted trees that it stacks."""
    return _made("autogluon", PEERS / "autogluon.txt")


def flaml_ray() -> Environment:
    """FLAML with Ray, by which it runs its trials side by side."""
    return _made("flaml_ray", PEERS / "flaml_ray.txt")


def autogluon_ray() -> Environment:
    """AutoGluon with Ray, by which it fits the folds of a bag side by side."""
    return _made("autogluon_ray", PEERS / "autogluon_ray.txt")


def peer_graph(environment: Environment) -> Path:
    """The graph that skl2onnx makes of a linear regression on the insurance table."""
    table = insurance_table()
    graph = CACHE / f"peer-{hashlib.sha256(table.read_bytes()).hexdigest()[:12]}.onnx"
    if not graph.is_file():
        train = PEERS / "fastapi_train.py"
        run = [environment.program("python"), str(train), str(table), str(graph)]
        subprocess.run(run, check=True)
    return graph


def insurance_table() -> Path:
    """The real insurance table where it is there, else the simulated one."""
    folder = Path(os.environ.get("TABLECAST_DATA") or ROOT.parent / "shared" / "data")
    if (folder / "insurance.csv").is_file():
        return folder / "insurance.csv"
    simulated = CACHE / "simulated.csv"
    script = ROOT / "examples" / "insurance" / "simulate.py"
    subprocess.run([sys.executable, str(script), str(simulated)], check=True, cwd=ROOT)
    return simulated


def packed_megabytes(environment: Environment) -> float:
    """Size of everything installed as one gzip archive, without compiled bytecode, in MB."""
    packed = CACHE / "packed.tar.gz"
    with tarfile.open(packed, "w:gz", compresslevel=6) as archive:
        for folder in environment.folder.glob("lib/python*/site-packages"):
            archive.add(folder, "site-packages", filter=_without_bytecode)
    size = packed.stat().st_size / 1e6
    packed.unlink()
    return size


def _without_bytecode(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if "__pycache__" in member.name else member


def _made(name: str, lock: Path) -> Environment:
    environment = Environment(CACHE / name)
    done = environment.folder / ".installed"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    if done.is_file() and done.read_text() == digest:
        return environment
    print(f"Installing {lock.relative_to(ROOT)} into {environment.folder.relative_to(ROOT)}")
    uv = training().program("uv")
    subprocess.run(
        [uv, "venv", "-q", "--clear", "--python", sys.executable, str(environment.folder)],
        check=True,
    )
    subprocess.run(
        [uv, "pip", "install", "-q", "--compile-bytecode", "--python",
         environment.program("python"), "--require-hashes", "-r", str(lock)],
        check=True,
    )
    done.write_text(digest)
    return environment
