"""The history of journeys: who came in, met the goal or was let out, as a file of the last thirty days."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call
from sandbox.marketing_cloud import account, errors, rows

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

PATH = "/interaction/v1/interactions/journeyhistory/download"
KEPT = 30 * times.DAY
_COLUMNS = ("TransactionTime", "ContactKey", "Status", "DefinitionId", "DefinitionName", "ActivityId",
            "ActivityName", "ActivityType")  # fmt: skip
_KNOWN = (*_COLUMNS, "DefinitionInstanceId", "EpochTimeInMilliseconds", "EventName", "CreatedDate", "Id")
_TYPES = {"startinteractionactivity": "Start", "goalcriteriaactivity": "Goal", "exitcriteriaactivity": "Exit"}
_ENDS = {"goal": "goalcriteriaactivity", "exited": "exitcriteriaactivity"}
_SEPARATORS = {"csv": ",", "tsv": "\t"}


def routes(mc: MarketingCloud) -> list[Route]:
    return list(mc.route("POST", PATH, lambda call: _download(mc, call)))


def _download(mc: MarketingCloud, call: Call) -> Response:
    given = rows.body_of(call)
    if not isinstance(given, dict):
        raise errors.invalid("The request body must be an object")
    separator = _SEPARATORS.get(call.query.get("format", "csv"))
    columns = [name.strip() for name in call.query.get("columns", ",".join(_COLUMNS)).split(",")]
    if separator is None or not set(columns) <= set(_KNOWN):
        raise errors.invalid("format is csv or tsv, and columns are those of the journey history")
    start, end = _moment(given, "start", 0), _moment(given, "end", call.now + 1)
    kinds, people = _names(given, "activityTypes"), _names(given, "contactKeys")
    found = [
        each
        for each in _happened(mc)
        if max(start, call.now - KEPT) <= each["at"] < end
        and (not kinds or each["ActivityType"] in kinds)
        and (not people or each["ContactKey"] in people)
    ]
    call.records = len(found)
    text = io.StringIO()
    written = csv.DictWriter(text, columns, delimiter=separator, extrasaction="ignore", restval="")
    written.writeheader()
    written.writerows(found)
    return Response(
        text.getvalue(), media_type="text/csv" if separator == "," else "text/tab-separated-values"
    )


def _moment(given: dict[str, Any], name: str, otherwise: int) -> int:
    if name not in given:
        return otherwise
    try:
        return account.told(str(given[name]))
    except ValueError:
        raise errors.invalid(f"{name} is not a date") from None


def _names(given: dict[str, Any], name: str) -> set[str]:
    found = given.get(name) or []
    if not isinstance(found, list):
        raise errors.invalid(f"{name} is a list")
    return {str(each) for each in found}


def _happened(mc: MarketingCloud) -> list[dict[str, Any]]:
    """What happened to each entry, in order: it began, and it met its goal or was ended."""
    found = []
    for entry, contact, interaction, journey, event, at, state, ended in mc.store.rows(
        "select e.id, e.contact, e.interaction, i.name, e.event_key, e.at, e.state, e.ended "
        "from entries e join interactions i on i.id = e.interaction"
    ):
        moments = [("startinteractionactivity", at)]
        if state in _ENDS and ended is not None:
            moments.append((_ENDS[state], ended))
        for kind, moment in moments:
            found.append({
                "at": moment, "TransactionTime": account.shown(moment), "ContactKey": contact,
                "Status": "Complete", "DefinitionId": interaction, "DefinitionName": journey,
                "ActivityId": account.guid("history", interaction, kind), "ActivityName": _TYPES[kind],
                "ActivityType": kind, "DefinitionInstanceId": entry, "EventName": event,
                "EpochTimeInMilliseconds": str(moment), "CreatedDate": account.shown(moment),
                "Id": account.guid("history", entry, kind),
            })  # fmt: skip
    return sorted(found, key=lambda each: (each["at"], each["Id"]))
