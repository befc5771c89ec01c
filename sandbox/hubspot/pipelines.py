"""Pipelines and their stages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, requests

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot


def routes(hubspot: HubSpot) -> list[Route]:
    area = "/crm/pipelines"
    return [
        *hubspot.versioned("GET", area, "/{type}", lambda call: _list(hubspot, call)),
        *hubspot.versioned("GET", area, "/{type}/{pipeline}", lambda call: _read(hubspot, call)),
        *hubspot.versioned("GET", area, "/{type}/{pipeline}/stages", lambda call: _stages(hubspot, call)),
        *hubspot.versioned(
            "GET", area, "/{type}/{pipeline}/stages/{stage}", lambda call: _stage(hubspot, call)
        ),
    ]


def listed(hubspot: HubSpot, plural: str) -> list[dict[str, Any]]:
    stages: dict[str, list[dict[str, Any]]] = {}
    for pipeline, stage, label, order, probability, closed, archived, created, updated in hubspot.store.rows(
        "select pipeline, id, label, display_order, probability, is_closed, archived, created, updated "
        "from stages where object = ? order by pipeline, display_order, id",
        (plural,),
    ):
        stages.setdefault(pipeline, []).append(
            {
                "label": label,
                "displayOrder": order,
                "id": stage,
                "archived": bool(archived),
                "metadata": metadata(plural, closed, probability),
                "createdAt": times.iso(created),
                "updatedAt": times.iso(updated),
                "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
            }
        )
    return [
        {
            "label": label,
            "displayOrder": order,
            "id": pipeline,
            "stages": stages.get(pipeline, []),
            "createdAt": times.iso(created),
            "updatedAt": times.iso(updated),
            "archived": bool(archived),
        }
        for pipeline, label, order, archived, created, updated in hubspot.store.rows(
            "select id, label, display_order, archived, created, updated from pipelines where object = ? "
            "order by display_order, id",
            (plural,),
        )
    ]


def metadata(plural: str, closed: int, probability: float | None) -> dict[str, str]:
    """What a stage means: tickets say OPEN or CLOSED, deals a probability."""
    if plural == "tickets":
        return {"ticketState": "CLOSED" if closed else "OPEN", "isClosed": "true" if closed else "false"}
    shown = {"isClosed": "true" if closed else "false"}
    return shown if probability is None else shown | {"probability": str(probability)}


def _list(hubspot: HubSpot, call: Call) -> Response:
    return answer({"results": listed(hubspot, requests.kind_of(hubspot.portal, call).plural)})


def _one(hubspot: HubSpot, call: Call) -> dict[str, Any]:
    for pipeline in listed(hubspot, requests.kind_of(hubspot.portal, call).plural):
        if pipeline["id"] == call.params["pipeline"]:
            return pipeline
    raise errors.not_found(call)


def _read(hubspot: HubSpot, call: Call) -> Response:
    return answer(_one(hubspot, call))


def _stages(hubspot: HubSpot, call: Call) -> Response:
    return answer({"results": _one(hubspot, call)["stages"]})


def _stage(hubspot: HubSpot, call: Call) -> Response:
    for stage in _one(hubspot, call)["stages"]:
        if stage["id"] == call.params["stage"]:
            return answer(stage)
    raise errors.not_found(call)
