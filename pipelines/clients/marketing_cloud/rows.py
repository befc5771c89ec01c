"""Writing rows of data extensions: some at once and whole, thousands by a request settled later.

Belongs here: the two ways in, and waiting for the slow one. Which rows is the destination's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipelines.clients import errors
from pipelines.clients.marketing_cloud.client import MarketingCloudClient
from pipelines.clients.results import MISSING_FROM_ANSWER, Outcomes, RowResult
from pipelines.clients.transport import json_of

SYNC_LIMIT, ASYNC_LIMIT = 50, 32_000
POLLS = 240
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.25, 10.0
_RESULTS_PAGE = 2_500
Row = Mapping[str, Any]


def upsert_some(client: MarketingCloudClient, key: str, keys: Sequence[str], rows: Sequence[Row]) -> Outcomes:
    """At most SYNC_LIMIT rows, by the columns `keys`. Raises Rejected when one is refused: none is kept."""
    body = [
        {
            "keys": {name: value for name, value in row.items() if name in keys},
            "values": {name: value for name, value in row.items() if name not in keys},
        }
        for row in rows
    ]
    path = f"/hub/v1/dataevents/key:{key}/rowset"
    answer = json_of(client.rest("POST", path, json=body, write=True))
    stored = answer if isinstance(answer, list) else []
    told = [_echo(each) for each in stored[: len(rows)]]
    missing = RowResult(False, code=MISSING_FROM_ANSWER, message="the answer does not mention this row")
    return Outcomes(told + [missing] * (len(rows) - len(told)))


def _echo(stored: Mapping[str, Any]) -> RowResult:
    values = {**(stored.get("keys") or {}), **(stored.get("values") or {})}
    return RowResult(True, values={str(name): str(value) for name, value in values.items()})


def upsert_many(
    client: MarketingCloudClient, key: str, rows: Sequence[Row], wait: Callable[[float], None]
) -> Outcomes:
    """At most ASYNC_LIMIT rows by one request. Raises AnswerLost when nobody says what became of it."""
    path = f"/data/v1/async/dataextensions/key:{key}/rows"
    answer = json_of(client.rest("PUT", path, json={"items": [dict(row) for row in rows]}, write=True))
    request = str((answer or {}).get("requestId") or "")
    if not request:
        raise errors.AnswerLost("Marketing Cloud named no request for the rows", where=client.host)
    if not _settled(client, request, wait):
        return Outcomes([RowResult(True) for _ in rows], request_id=request)
    results = [
        each
        for page in client.paged(f"/data/v1/async/{request}/results", size=_RESULTS_PAGE)
        for each in page
    ]
    if len(results) != len(rows):  # nobody says which row is meant: read back, row by row
        lost = RowResult(False, code=MISSING_FROM_ANSWER, message="the results do not say which row is meant")
        return Outcomes([lost] * len(rows), request_id=request)
    return Outcomes([_result(each) for each in results], request_id=request)


def _settled(client: MarketingCloudClient, request: str, wait: Callable[[float], None]) -> bool:
    """Wait until the request is done; whether any row failed."""
    pause = FIRST_WAIT_SECONDS
    for _ in range(POLLS):
        status = client.get(f"/data/v1/async/{request}/status").get("status") or {}
        if status.get("requestStatus") in ("Complete", "Error"):
            return bool(status.get("hasErrors")) or status.get("requestStatus") == "Error"
        wait(pause)
        pause = min(pause * 1.5, LONGEST_WAIT_SECONDS)
    raise errors.AnswerLost(
        "Marketing Cloud has not said what became of the rows", where=client.host,
        remedy="the rows are read back before anything is sent again",
    )  # fmt: skip


def _result(each: Mapping[str, Any]) -> RowResult:
    if each.get("status") == "OK":
        return RowResult(True)
    return RowResult(
        False, code=str(each.get("errorCode") or "ERROR"), message=str(each.get("message") or "")
    )
