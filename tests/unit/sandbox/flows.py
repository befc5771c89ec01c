"""Workflows, and the filters they share with lists, as HubSpot's API writes them.

Belongs here: how a request is put together. What comes of it stands in the tests.
"""

from __future__ import annotations

from typing import Any

from tests.unit.sandbox.conftest import Running

LISTS = "/crm/v3/lists"


def made_contact(portal: Running, name: str, **more: str) -> str:
    body = {"properties": {"email": f"{name}@enrol.example", **more}}
    made: str = portal.hubspot.post("/crm/v3/objects/contacts", json=body).json()["id"]
    return made


def made_flow(portal: Running, name: str, actions: list[dict[str, Any]], **more: Any) -> str:
    body = {"name": name, "type": "CONTACT_FLOW", "objectTypeId": "0-1", "isEnabled": True,
            "startActionId": "1", "actions": actions, **more}  # fmt: skip
    made: str = portal.hubspot.post("/automation/v4/flows", json=body).json()["id"]
    return made


def does(number: str, kind: str, following: str = "", **fields: Any) -> dict[str, Any]:
    further = {"connection": {"edgeType": "STANDARD", "nextActionId": following}} if following else {}
    return {"actionId": number, "actionTypeId": kind, "actionTypeVersion": 0, "type": "SINGLE_CONNECTION",
            "fields": fields, **further}  # fmt: skip


def static(value: str) -> dict[str, str]:
    return {"type": "STATIC_VALUE", "staticValue": value}


def happened(kind: str, *filters: dict[str, Any]) -> dict[str, Any]:
    return {"eventTypeId": kind, "operator": "HAS_COMPLETED", "filterBranchType": "UNIFIED_EVENTS",
            "filterBranchOperator": "AND", "filterBranches": [], "filters": list(filters)}  # fmt: skip


def branch(*filters: dict[str, Any]) -> dict[str, Any]:
    inner = {"filterBranchType": "AND", "filterBranches": [], "filters": list(filters)}
    return {"filterBranchType": "OR", "filters": [], "filterBranches": [inner]}


def filtered(name: str, kind: str, operator: str, **more: Any) -> dict[str, Any]:
    operation = {"operationType": kind, "operator": operator, **more}
    return {"filterType": "PROPERTY", "property": name, "operation": operation}
