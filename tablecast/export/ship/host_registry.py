"""The hosts that there are: each module of ``hosts/`` is one."""

import pkgutil
from collections.abc import Sequence
from functools import cache
from importlib import import_module

from tablecast.errors import ShipError
from tablecast.export.ship import hosts
from tablecast.export.ship.host import Host


@cache
def host_names() -> tuple[str, ...]:
    """The hosts that there are, in the order of the alphabet.

    A module whose name Python keeps for itself ends in an underscore.
    """
    return tuple(sorted(module.name.rstrip("_") for module in _modules()))


def host_of(name: str) -> Host:
    """A host by its name.

    Raises:
        ShipError: there is none of that name.
    """
    for module in _modules():
        if module.name.rstrip("_") == name:
            host: Host = import_module(f"{hosts.__name__}.{module.name}").HOST
            return host
    raise ShipError(f"There is no host {name[:40]!r}. Choose one of {', '.join(host_names())}.")


def _modules() -> Sequence[pkgutil.ModuleInfo]:
    return list(pkgutil.iter_modules(hosts.__path__))
