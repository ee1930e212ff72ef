"""PyCaret on Python 3.12, where it works and refuses to be imported."""

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any

#: The one version whose gate is known: ``pycaret/__init__.py`` names its version, offers one
#: function of a module of its own, and raises RuntimeError from Python 3.12 on.
KNOWN = "3.3.2"

#: Where that version works although it refuses. Its numpy 1.26.4 has no wheels from 3.13 on.
OPEN_ON = (3, 12)


def pass_version_gate() -> None:
    """Let ``import pycaret`` work on Python 3.12.

    The package is put in place without running its ``__init__.py``, which is little more than the
    check; all its other modules are imported as they are. Elsewhere, or where another version of
    PyCaret or none is installed, nothing is done, and the import ends as PyCaret means it to.
    """
    if sys.version_info[:2] != OPEN_ON or "pycaret" in sys.modules:
        return
    spec = find_spec("pycaret")
    if spec is not None and _is_known(spec):
        sys.modules["pycaret"] = _without_check(spec)


def _is_known(spec: ModuleSpec) -> bool:
    """Whether it is the version that was looked at, by what its own file says."""
    return f'version_ = "{KNOWN}"' in Path(spec.origin or "").read_text(encoding="utf-8")


def _without_check(spec: ModuleSpec) -> ModuleType:
    module = module_from_spec(spec)

    def lazily(name: str) -> Any:
        if name != "show_versions":
            raise AttributeError(f"module 'pycaret' has no attribute {name!r}")
        return import_module("pycaret.utils._show_versions").show_versions

    vars(module).update(
        version_=KNOWN, __version__=KNOWN, __all__=["__version__", "show_versions"],
        __getattr__=lazily,
    )
    return module
