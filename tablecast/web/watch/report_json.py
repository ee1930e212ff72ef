"""The watch as JSON, the body of ``/api/v1/watch``."""

import math
from itertools import pairwise
from typing import Any

from tablecast.deployment.deployment import Deployment
from tablecast.log.bins import Bins
from tablecast.log.evidence import ALPHA
from tablecast.log.outcome_quality import Coverage, Figure
from tablecast.log.watch_report import Drift, Report, Week

#: The shares of the answers whose time is told.
PERCENTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}


def report_json(loaded: Deployment, report: Report) -> dict[str, Any]:
    """All of it as plain data; what is not known is null."""
    sums = report.sums
    return {
        "model": {
            key: loaded.description[key] for key in ("name", "version", "created", "sha256")
        },
        "from": report.first.isoformat(),
        "to": report.last.isoformat(),
        "quiet": report.is_quiet,
        "false_alarm_rate": ALPHA,
        "tests": report.tests,
        "predictions": sums.get("rows", 0),
        "refused": sums.get("refused", 0),
        "warned": sums.get("warned", 0),
        "milliseconds": {
            name: _finite(report.milliseconds(share)) for name, share in PERCENTILES.items()
        },
        "refusals": _reasons(report, "refusals"),
        "warnings": _reasons(report, "warnings"),
        "drift": [{"field": drift.field, **_drift(drift)} for drift in report.drifts],
        "prediction_drift": _drift(report.answers) if report.answers else None,
        "not_compared": list(report.not_compared),
        "outcomes": sums.get("outcomes", {}).get("rows", 0),
        "coverage": _coverage(report, report.coverage) if report.coverage else None,
        "errors": [_figure(report, figure) for figure in report.figures],
        "weeks": [_week(week) for week in report.weeks],
    }


def _reasons(report: Report, name: str) -> list[dict[str, Any]]:
    return [
        {"reason": kind, "field": field or None, "count": times}
        for kind, field, times in report.reasons(name)
    ]


def _drift(drift: Drift) -> dict[str, Any]:
    return {
        "drifted": drift.drifted,
        "since": drift.since.isoformat() if drift.since else None,
        "p": drift.p,
        "distance": drift.distance if drift.rows else None,
        "rows": drift.rows,
        "level": drift.level,
        "training": _finite(drift.trained),
        "now": _finite(drift.now),
        "bins": [
            {"values": values, "training": trained, "now": now if drift.rows else None}
            for values, trained, now in zip(
                bins_json(drift.bins), drift.bins.expected.shares.tolist(), drift.shares,
                strict=True,
            )
        ],
        "weeks": [_finite(value) for value in drift.weeks],
    }


def bins_json(bins: Bins) -> list[Any]:
    """What falls into each bin: ``[from, to]`` of numbers, a level, "other", or null (missing)."""
    if bins.expected.places is None:
        return [*bins.levels, "other", None]
    return [*map(list, pairwise([None, *bins.edges, None])), None]


def _coverage(report: Report, coverage: Coverage) -> dict[str, Any]:
    return {
        "promised": coverage.promised, "rows": coverage.rows, "value": coverage.value,
        "low": coverage.low, "high": coverage.high, "p": coverage.p, "below": coverage.below,
        "since": report.day(coverage.start).isoformat() if coverage.below else None,
    }


def _figure(report: Report, figure: Figure) -> dict[str, Any]:
    return {
        "name": figure.name, "card": figure.card, "rows": figure.rows, "value": figure.value,
        "low": _finite(figure.low), "high": _finite(figure.high), "p": figure.p,
        "worse": figure.worse,
        "since": report.day(figure.start).isoformat() if figure.worse else None,
    }


def _week(week: Week) -> dict[str, Any]:
    return {
        "from": week.first.isoformat(), "predictions": week.rows, "refused": week.refused,
        "warned": week.warned, "covered": week.covered, "error": week.error,
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
