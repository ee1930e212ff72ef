"""The report of the deployment that an application serves, from its prediction log."""

from __future__ import annotations

import time

from flask import current_app
from werkzeug.exceptions import ServiceUnavailable

from tablecast.errors import LogError
from tablecast.i18n.language import N_, _
from tablecast.log.report import Report, report_of
from tablecast.web.answer_log import EXTENSION, RETRY_AFTER, AnswerLog
from tablecast.web.http.responses import deployment

#: Days that are looked at: two years. Older ones say little of today.
MOST_DAYS = 730

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
    description = deployment().description
    today = int(time.time() // DAY)
    try:
        days = answers.log.days(str(description["sha256"]), today - MOST_DAYS)
    except LogError:
        raise ServiceUnavailable(_(AWAY), retry_after=RETRY_AFTER) from None
    return report_of(description, days, today)
