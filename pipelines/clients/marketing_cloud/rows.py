"""Rows of data extensions written, some at once and whole, thousands by a request settled later, and removed.

Belongs here: the ways in, the way out, and waiting for the slow one. Which rows is the callers'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import Any
from xml.sax.saxutils import escape

from pipelines.clients import errors
from pipelines.clients.batches import batched
from pipelines.clients.marketing_cloud import soap
from pipelines.clients.marketing_cloud.client import ROWS_PAGE, SUBSCRIBERS_AT_ONCE, MarketingCloudClient
from pipelines.clients.results import MISSING_FROM_ANSWER, Outcomes, RowResult
from pipelines.clients.transport import json_of

SYNC_LIMIT, ASYNC_LIMIT, DELETE_LIMIT = 50, 32_000, SUBSCRIBERS_AT_ONCE
LOOKED_FOR = 20
"""Rows asked for by key in one call: more make an address that a server may refuse."""
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


def upsert_each(client: MarketingCloudClient, key: str, keys: Sequence[str], rows: Sequence[Row]) -> Outcomes:
    """At most SYNC_LIMIT rows; where one of them is refused each goes alone, and fails alone."""
    try:
        return upsert_some(client, key, keys, rows)
    except errors.Rejected as refused:
        if len(rows) == 1:
            return Outcomes([RowResult(False, code=refused.code or "REJECTED", message=refused.what)])
    return Outcomes([result for row in rows for result in upsert_each(client, key, keys, [row])])


def find(client: MarketingCloudClient, key: str, column: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Rows by their primary key, at most LOOKED_FOR; names in small letters."""
    if not ids:
        return []
    where = " or ".join(f"{column} eq '{each.replace(chr(39), chr(39) * 2)}'" for each in ids)
    return [row for page in client.extension_rows(key, where=where) for row in page]


def find_many(
    client: MarketingCloudClient, key: str, column: str, ids: Sequence[str]
) -> list[dict[str, Any]]:
    """Rows by their primary key, any number, by the fewer calls: each LOOKED_FOR keys one, or all of the
    extension, of which the first page says how many rows it has. How many calls that takes does not depend on
    whom that page happens to have: it was forecast."""
    if len(ids) <= LOOKED_FOR:
        return find(client, key, column, ids)
    first = client.extension_page(key)
    if ceil(first.total / ROWS_PAGE) - 1 <= ceil(len(ids) / LOOKED_FOR):
        return [row for page in client.extension_rows(key, first=first) for row in page]
    return [row for some in batched(ids, LOOKED_FOR) for row in find(client, key, column, some)]


def delete_some(client: MarketingCloudClient, key: str, column: str, ids: Sequence[str]) -> Outcomes:
    """Remove rows by their primary key `column`, at most DELETE_LIMIT. REST has no way to."""
    listed = "".join(
        soap.object_xml(
            "DataExtensionObject", {"CustomerKey": key},
            f"<Keys><Key><Name>{escape(column)}</Name><Value>{escape(each)}</Value></Key></Keys>",
        )
        for each in ids
    )  # fmt: skip
    body = f'<DeleteRequest xmlns="{soap.API}"><Options />{listed}</DeleteRequest>'
    return soap.outcomes(client.soap_call("Delete", body, write=True), client.host, ids)


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
