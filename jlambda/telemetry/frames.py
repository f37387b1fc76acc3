"""Records and logs as pandas DataFrames.

Each function takes what was recorded and gives a frame whose columns and types do not depend on how much that was.
Imported when a frame is first asked for, since pandas is slow to import. What things cost is `jlambda.billing`'s part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from types import MappingProxyType
from typing import Any, get_args

import numpy as np
import pandas as pd

from jlambda import billing
from jlambda.errors import InvalidParameter
from jlambda.model.invocation import InvocationRecord, Status
from jlambda.model.runtime import THIS_PYTHON
from jlambda.telemetry import logs as log_text

_TIME = "datetime64[us, UTC]"
_STATUS = pd.CategoricalDtype(list(get_args(Status)))
_FAILED = ("error", "timeout", "out_of_memory")

_INVOCATIONS: dict[str, Any] = {
    "request_id": "string",
    "function": "string",
    "version": "string",
    "qualifier": "string",
    "started_at": _TIME,
    "duration_ms": "float64",
    "billed_ms": "int64",
    "init_ms": "float64",
    "restore_ms": "float64",
    "memory_mb": "int64",
    "max_memory_mb": "int64",
    "cold_start": "bool",
    "status": _STATUS,
    "error_type": "string",
    "trigger": "string",
    "attempt": "int64",
    "environment_id": "string",
    "request_bytes": "int64",
    "response_bytes": "int64",
    "cost_usd": "float64",
}
_LOGS = {
    "timestamp": _TIME,
    "function": "string",
    "version": "string",
    "request_id": "string",
    "log_stream": "string",
    "level": "string",
    "message": "string",
}
_COST = {
    "function": "string",
    "invocations": "int64",
    "gb_seconds": "float64",
    "request_usd": "float64",
    "compute_usd": "float64",
    "storage_usd": "float64",
    "restore_usd": "float64",
    "total_usd": "float64",
}
_METRICS = {
    "period_start": _TIME,
    "function": "string",
    "invocations": "int64",
    "errors": "int64",
    "throttles": "int64",
    "duration_p50_ms": "float64",
    "duration_p90_ms": "float64",
    "duration_p99_ms": "float64",
    "concurrent_executions": "int64",
}

_QUEUED: dict[str, Any] = {
    "request_id": "string",
    "function": "string",
    "state": "string",
    "attempts": "int64",
    "due_at": _TIME,
    "due_in_s": "float64",
    "age_s": "float64",
    "reason": "string",
    "trigger": "string",
}


def invocations(records: Sequence[InvocationRecord]) -> pd.DataFrame:
    """One row for each invocation, in the order given; `init_ms` and `restore_ms` are NaN where there was none.

    `version` is what ran, `qualifier` the alias or version that was asked for, missing where none was.
    """
    columns = _columns(InvocationRecord._fields, records)
    streams = {stream: stream[-32:] for stream in set(columns["log_stream"])}
    columns["environment_id"] = [streams[stream] for stream in columns["log_stream"]]
    columns["cost_usd"] = list(map(billing.Totals().of, records))
    return _frame(_INVOCATIONS, columns)


def logs(
    records_with_output: Iterable[tuple[InvocationRecord, bytes]], runtimes: Mapping[str, str] = MappingProxyType({})
) -> pd.DataFrame:
    """One row for each log event, START, END and REPORT among them, in the order of time; `runtimes` by function."""
    rows = [
        (at_ms / 1_000, record.function, record.version, record.request_id, record.log_stream, level, message)
        for record, output in records_with_output
        for at_ms, message, level in log_text.lines(record, output, runtimes.get(record.function, THIS_PYTHON))
    ]
    return _frame(_LOGS, _columns(_LOGS, rows)).sort_values("timestamp", kind="stable", ignore_index=True)


def cost(records: Iterable[InvocationRecord], prices: billing.PriceList = billing.PRICES) -> pd.DataFrame:
    """One row for each function: what its invocations would have cost on AWS, months added up, before the free tier.

    ``frame.attrs["note"]`` says whose prices these are and what the free tier would have covered.
    """
    bills = billing.monthly(records, prices)
    amounts = list(_COST)[2:]
    rows = [
        (part.function, part.invocations, *(getattr(part.cost, amount) for amount in amounts))
        for each in bills
        for part in each.functions
    ]
    frame = _frame(_COST, _columns(_COST, rows)).groupby("function", as_index=False).sum()
    frame.attrs["note"] = billing.note(bills, prices)
    return frame


def metrics(records: Sequence[InvocationRecord], period: str = "1min") -> pd.DataFrame:
    """One row for each function and period (``"10s"``, ``"1min"``, ``"1h"``) in which an invocation started.

    Durations are those of what ran, throttled attempts count as throttles only, and `concurrent_executions` is the most
    that ran at one time. Raises `InvalidParameter` for a period that is none.
    """
    frame = invocations(records)
    try:
        frame["period_start"] = frame["started_at"].dt.floor(period)
        length = pd.Timedelta(str(period) if period[:1].isdigit() else f"1{period}")
        if length <= pd.Timedelta(0):
            raise ValueError(period)
    except ValueError as error:
        raise InvalidParameter(f"period {period!r}: use a fixed length of time such as '10s', '1min' or '1h'") from error
    frame["has_run"] = frame["status"] != "throttled"
    frame["has_failed"] = frame["status"].isin(_FAILED)
    frame["ran_ms"] = frame["duration_ms"].where(frame["has_run"])
    groups = frame.groupby(["period_start", "function"])
    ran_ms = groups["ran_ms"]
    table = pd.DataFrame(
        {
            "invocations": groups["has_run"].sum(),
            "errors": groups["has_failed"].sum(),
            "throttles": groups.size() - groups["has_run"].sum(),
            "duration_p50_ms": ran_ms.quantile(0.50),
            "duration_p90_ms": ran_ms.quantile(0.90),
            "duration_p99_ms": ran_ms.quantile(0.99),
        }
    ).reset_index()
    table["concurrent_executions"] = _concurrent(frame[frame["has_run"]], table, length)
    return _frame(_METRICS, {name: table[name] for name in _METRICS})


def ahead_ms(frame: pd.DataFrame) -> pd.Series[float]:
    """What came before each invocation itself, in ms: an init phase or a restore, 0 where the environment was warm."""
    return frame["init_ms"].fillna(0.0) + frame["restore_ms"].fillna(0.0)


def queued(events: Iterable[tuple[str, str, str, int, float | None, float, str | None, str]], now: float) -> pd.DataFrame:
    """Asynchronous events, one a row, in the order given, at the time `now` of the session's clock.

    Each is a request id, a function as it was named, a state, how often the function has failed it, when it is due, when it
    was accepted, the reason of its state and its trigger. What is running or dead is not due.
    """
    names = ("request_id", "function", "state", "attempts", "due_at", "accepted_at", "reason", "trigger")
    columns: dict[str, Any] = {**_columns(names, list(events))}
    due = pd.Series(columns["due_at"], dtype="float64")
    columns["due_at"] = pd.to_datetime((due * 1e6).round(), unit="us", utc=True)
    columns["due_in_s"] = (due - now).round(3)
    columns["age_s"] = (now - pd.Series(columns["accepted_at"], dtype="float64")).round(3)
    return _frame(_QUEUED, columns)


def _columns(names: Iterable[str], rows: Sequence[Sequence[Any]]) -> dict[str, list[Any]]:
    return {name: list(map(itemgetter(place), rows)) for place, name in enumerate(names)}


def _frame(types: dict[str, Any], columns: Mapping[str, Any]) -> pd.DataFrame:
    """The columns that `types` names, each of its type; times are given in seconds since the epoch."""
    typed = {}
    for name, kind in types.items():
        if kind == _TIME and not isinstance(columns[name], pd.Series):
            micros = np.rint(np.asarray(columns[name], dtype="float64") * 1e6).astype("int64")
            typed[name] = pd.Series(micros.astype("datetime64[us]")).dt.tz_localize("UTC")
        else:
            typed[name] = pd.Series(columns[name], dtype=kind)
    return pd.DataFrame(typed)


def _concurrent(ran: pd.DataFrame, table: pd.DataFrame, length: pd.Timedelta) -> list[int]:
    """The most invocations of a function at one time, for each row of `table` (a function and a period)."""
    found = dict.fromkeys(table.index, 0)
    took = pd.to_timedelta(ran["duration_ms"] + ahead_ms(ran), unit="ms")
    ended_at = (ran["started_at"] + took).dt.as_unit("us")
    for function, rows in table.groupby("function"):
        mine = ran["function"] == function
        starts = np.sort(ran.loc[mine, "started_at"].to_numpy("datetime64[us]"))
        ends = np.sort(ended_at[mine].to_numpy("datetime64[us]"))
        # how many run just after each start, itself included: those begun less those over
        running = np.arange(1, len(starts) + 1) - np.searchsorted(ends, starts, side="right")
        for row, begin in zip(rows.index, rows["period_start"], strict=True):
            first, after = np.searchsorted(starts, [begin.to_datetime64(), (begin + length).to_datetime64()])
            carried = first - np.searchsorted(ends, begin.to_datetime64(), side="right")
            found[row] = int(max([carried, *running[first:after]]))
    return [found[row] for row in table.index]
