"""HubSpot's batch answers (200, 201, 207) as one RowResult for each input, in the order of the inputs.

Belongs here: matching answers to inputs. HubSpot answers in its own order, may leave out rows it merged away,
and names failed rows in `errors[].context`; a row is found by its trace id, then its unique value or its id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import httpx

from pipelines.clients.errors import ClientError, Rejected
from pipelines.clients.hubspot.errors import detail_code, detail_fields
from pipelines.clients.results import MISSING_FROM_ANSWER, Outcomes, RowResult
from pipelines.clients.transport import json_of

Input = dict[str, Any]


def with_traces(inputs: Sequence[Input]) -> list[Input]:
    """Number the inputs, so that each can be found in the answer and fails alone."""
    return [{**each, "objectWriteTraceId": str(position)} for position, each in enumerate(inputs)]


def outcomes(response: httpx.Response, inputs: Sequence[Input]) -> Outcomes:
    """One result for each input."""
    body = json_of(response) or {}
    rows: list[RowResult | None] = [None] * len(inputs)
    index = _Index(inputs)
    for result in body.get("results") or []:
        position = index.of_result(result)
        if position is not None:
            rows[position] = _stored(result)
    for error in body.get("errors") or []:
        for position in index.of_error(error):
            rows[position] = rows[position] or failed(error, inputs[position].get("id"))
    missing = RowResult(False, code=MISSING_FROM_ANSWER, message="HubSpot's answer does not mention this row")
    return Outcomes((row or missing for row in rows), request_id=request_id(response))


def failed(error: dict[str, Any], record_id: str | None) -> RowResult:
    """The outcome of a row an error object is about."""
    return RowResult(
        False, str(record_id) if record_id is not None else None, code=detail_code(error),
        message=str(error.get("message") or ""), fields=detail_fields(error),
    )  # fmt: skip


def all_tied(response: httpx.Response, asked: int, host: str) -> None:
    """Every pair of an answer about associations is tied. Raises Rejected with HubSpot's words of the first
    that is not."""
    errors = [row for row in (json_of(response) or {}).get("errors") or [] if isinstance(row, dict)]
    if errors:
        said = str(errors[0].get("message"))[:300]
        raise Rejected(
            f"HubSpot does not associate {len(errors)} of {asked} pairs: {said}",
            where=host, code=detail_code(errors[0]), status=response.status_code,
        )  # fmt: skip


def rejected(error: ClientError, record_id: str | None) -> RowResult:
    """The outcome of a row that was sent alone and rejected."""
    return RowResult(
        False, str(record_id) if record_id is not None else None, code=error.code, message=error.what,
        fields=error.fields,
    )  # fmt: skip


def as_created(row: RowResult) -> RowResult:
    """A batch create says no `new`: what it stored is new."""
    return replace(row, created=row.ok)


def request_id(response: httpx.Response) -> str:
    """HubSpot's correlation id of a call."""
    return str(response.headers.get("x-hubspot-correlation-id") or response.headers.get("x-request-id") or "")


def _stored(result: dict[str, Any]) -> RowResult:
    created = bool(result.get("new", False))
    return RowResult(True, str(result.get("id")), created=created, values=result.get("properties") or {})


class _Index:
    """Positions of inputs by every name an answer may call them."""

    def __init__(self, inputs: Sequence[Input]) -> None:
        self.by_trace = {
            str(each["objectWriteTraceId"]): n
            for n, each in enumerate(inputs)
            if "objectWriteTraceId" in each
        }
        self.by_id = {
            str(each["id"]).casefold(): n for n, each in enumerate(inputs) if each.get("id") is not None
        }
        self.id_properties = {str(each["idProperty"]) for each in inputs if each.get("idProperty")}

    def of_result(self, result: dict[str, Any]) -> int | None:
        trace = result.get("objectWriteTraceId")
        if trace is not None and str(trace) in self.by_trace:
            return self.by_trace[str(trace)]
        values = result.get("properties") or {}
        names = [str(values.get(name) or "") for name in self.id_properties] or [str(result.get("id"))]
        return next((self.by_id[name.casefold()] for name in names if name.casefold() in self.by_id), None)

    def of_error(self, error: dict[str, Any]) -> list[int]:
        context = error.get("context") or {}
        traces = _listed(context.get("objectWriteTraceId"))
        found = [self.by_trace[trace] for trace in traces if trace in self.by_trace]
        ids = [*_listed(context.get("ids")), *_listed(context.get("id"))]
        return found or [self.by_id[each.casefold()] for each in ids if each.casefold() in self.by_id]


def _listed(value: object) -> list[str]:
    if value is None:
        return []
    return [str(each) for each in value] if isinstance(value, (list, tuple)) else [str(value)]
