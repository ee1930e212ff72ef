"""Whether there is a log; only then are its packages imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tablecast.errors import SettingError

if TYPE_CHECKING:
    import sqlalchemy as sa

    from tablecast.log.prediction_log import PredictionLog

NOT_INSTALLED = (
    "TABLECAST_LOG is set, and the package {name} that the log needs is not installed. Run: "
    "pip install 'tablecast[log]'"
)

NOT_SET = (
    "TABLECAST_LOG does not say where the log is. Set it as the server has it, such as "
    "TABLECAST_LOG=sqlite:///log.db"
)

_opened: dict[tuple[Any, ...], PredictionLog] = {}


def open_log(
    settings: dict[str, Any], count_dropped: Callable[[int], None] = lambda _: None
) -> PredictionLog | None:
    """The log that the settings name, one for all that ask in a process; None for none.

    Args:
        settings: all of them.
        count_dropped: is told of rows that were not kept in relaxed mode.

    Raises:
        SettingError: the address cannot be used, or the packages are not installed.
    """
    if not settings["log"]:
        return None
    key = tuple(value for name, value in settings.items() if name.startswith(("log", "engine")))
    if key not in _opened:
        _opened[key] = _open(settings, count_dropped)
    return _opened[key]


def engine_for_commands(settings: dict[str, Any]) -> sa.Engine:
    """What reads and writes the log that the settings name, for a command.

    Raises:
        SettingError: they name none, or the packages are not installed.
        LogError: it is not there, cannot be reached, or is of a later version.
    """
    if not settings["log"]:
        raise SettingError(NOT_SET)
    try:
        from tablecast.log.database import errors_of_log, existing, upgrade
    except ModuleNotFoundError as error:
        raise SettingError(NOT_INSTALLED.format(name=error.name)) from None
    engine = existing(settings["log"])
    with errors_of_log():
        upgrade(engine)
    return engine


def _open(settings: dict[str, Any], count_dropped: Callable[[int], None]) -> PredictionLog:
    try:
        from tablecast.log.prediction_log import PredictionLog
    except ModuleNotFoundError as error:
        raise SettingError(NOT_INSTALLED.format(name=error.name)) from None
    return PredictionLog(settings, count_dropped)
