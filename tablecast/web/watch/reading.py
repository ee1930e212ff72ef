"""The report of the deployment that an application serves, from its prediction log."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask import current_app
from werkzeug.exceptions import ServiceUnavailable

from tablecast.errors import LogError
from tablecast.i18n.language import N_, _
from tablecast.log.evidence import BLOCK, BLOCKS
from tablecast.log.watch_report import Report, report_of
from tablecast.web.answer_log import EXTENSION, RETRY_AFTER, AnswerLog
from tablecast.web.http.opened import opened

if TYPE_CHECKING:
    from tablecast.log.prediction_log import PredictionLog

#: Days that are looked at: two years. Older ones say little of today.
MOST_DAYS = 730

#: Rows that are looked at to find the deployment's last ones: others may be asked as well.
MOST_LOOKED_AT = 5_000

#: Seconds.
DAY = 86_400

AWAY = N_("The log cannot be read now. Try again in a few seconds.")


def is_logged() -> bool:
    """Whether the application keeps a log."""
    return current_app.extensions[EXTENSION] is not None


def report() -> Report:
    """What the log tells now, of an application that keeps one.

    Raises:
        ServiceUnavailable: the log cannot be read.
    """
    answers: AnswerLog = current_app.extensions[EXTENSION]
    about = opened()
    try:
        return read_report(answers.log, about.logged_as, about.loaded.description)
    except LogError:
        raise ServiceUnavailable(_(AWAY), retry_after=RETRY_AFTER) from None


def read_report(log: PredictionLog, name: str, description: Mapping[str, Any]) -> Report:
    """What a log tells now of a deployment that it knows by a name. Raises LogError."""
    whose, today = (name, str(description["sha256"])), int(time.time() // DAY)
    log.learn(name, description)
    days = log.days(*whose, today - MOST_DAYS)
    rows = log.last(*whose, BLOCK * BLOCKS, MOST_LOOKED_AT)
    return report_of(description, days, today, rows)
