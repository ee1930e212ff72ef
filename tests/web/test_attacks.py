"""What strangers may try on a started gunicorn, while others are served as before."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator

import pytest

from benchmarks.attack import FILES, attacked, processes_of, started
from benchmarks.attacks import ATTACKS, Attack, answer, connect, request

pytestmark = pytest.mark.server

#: Seconds that 99 of 100 answers to a healthy client may take meanwhile. ``make bench-attack``
#: finds some milliseconds; an attack that works takes seconds. The rest is for a busy machine.
MOST = 0.5


@pytest.fixture(autouse=True)
def many_files() -> Iterator[None]:
    """The attackers' own connections need more files than many systems allow at first."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(soft, 4 * FILES)
    if hard not in (resource.RLIM_INFINITY,) and hard < wanted:
        pytest.skip("the system allows too few open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])
def test_others_are_served_during_an_attack(attack: Attack) -> None:
    """Whoever asks meanwhile is answered, each time, and no worker is lost."""
    with started("gunicorn") as (port, process):
        workers = processes_of(process)
        healthy = attacked(attack, port, seconds=4)
        assert processes_of(process) == workers
    assert healthy.failures == []
    # What costs computing is shared fairly, which is slow where others compute too.
    assert healthy.ms(0.99) < 1000 * (4 * MOST if "5 MB" in attack.name else MOST)


def test_a_stayer_is_closed_in_the_end() -> None:
    """A client that does not close is closed after some seconds, and sooner if it sends on."""
    with started("gunicorn") as (port, _), connect(port) as silent, connect(port) as chatty:
        for client in (silent, chatty):
            client.sendall(request("Connection: close"))
            answer(client)
        with pytest.raises(OSError, match=r"reset|Broken pipe"):
            for _ in range(1000):
                chatty.sendall(b" " * 8192)
        time.sleep(4)
        with pytest.raises(OSError, match=r"reset|Broken pipe"):
            for _ in range(2):
                silent.sendall(b" ")
                time.sleep(0.1)
