"""Creating records: what the handlers of both vendors share.

Belongs here: reading the payload of `create_record`: `properties` (canonical text by field), `types` (of
those that are no text), `key_field` and `key` (the unique field that holds our key), `joins` (entity and
prefix of record keys, for identity), `links` (fields that hold another record's id, or its creation's key).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from pipelines.clients.results import RowResult
from pipelines.reverse_sync.actions.base import Action, Reversibility

LINKED = "LINKED"
"""Code of a confirmed creation that found the record there, and created nothing."""


class RecordCreator:
    """What a creator is to the engine."""

    kind: ClassVar[str] = "create_record"
    reversibility: ClassVar[Reversibility] = "compensable"
    is_noticed: ClassVar[bool] = False
    lag: ClassVar[timedelta] = timedelta(seconds=15)

    @staticmethod
    def unfit(action: Action) -> str:
        if not action.payload.get("properties"):
            return "a record to create has no properties"
        return (
            ""
            if action.payload.get("key") and action.payload.get("key_field")
            else "it carries no key of ours"
        )

    @staticmethod
    def apart(action: Action) -> frozenset[str]:
        """What it hangs on, and by what it would be found if another call had just created it."""
        links = dict(action.payload.get("links") or {}).values()
        return frozenset({email_of(action), domain_of(action), _name_of(action), *map(str, links)} - {""})

    batch_size: ClassVar[int]

    @classmethod
    def looks(cls, actions: Sequence[Action]) -> int:
        """Calls in which the CRM is asked for these before they are created."""
        raise NotImplementedError

    @classmethod
    def forecast_group(cls, actions: Sequence[Action]) -> int:
        pieces = [actions[n : n + cls.batch_size] for n in range(0, len(actions), cls.batch_size)]
        return sum(1 + cls.looks(piece) for piece in pieces)


def linked(record_id: str, object_name: str, why: str) -> RowResult:
    """The record is there: it becomes the other side's partner instead of a new one."""
    return RowResult(True, record_id, code=LINKED, message=why, values={"object": object_name})


def fields_of(action: Action) -> Mapping[str, str]:
    properties: Mapping[str, str] = action.payload["properties"]
    return properties


def links_of(action: Action) -> dict[str, str]:
    """Fields that point to another record, with the ids of what was made meanwhile."""
    said: dict[str, str] = dict(action.payload.get("links") or {})
    return {name: made.id if (made := action.results.get(to)) else to for name, to in said.items()}


def email_of(action: Action) -> str:
    return next((v.strip().lower() for n, v in fields_of(action).items() if n.lower() == "email" and v), "")


def domain_of(action: Action) -> str:
    """The bare domain of a company, from `domain` or `Website`."""
    said = next((v for n, v in fields_of(action).items() if n.lower() in ("domain", "website") and v), "")
    return bare_domain(said)


def bare_domain(website: str) -> str:
    """`acme.example` of `https://www.acme.example/en?from=mail`."""
    host = re.split(r"[/?#:\s]", website.strip().lower().rpartition("://")[2])[0]
    return host.removeprefix("www.").rstrip(".")


def _name_of(action: Action) -> str:
    """The name of a HubSpot campaign, which is how it is looked for."""
    return fields_of(action).get("hs_name", "").strip().lower()


def joined(action: Action, record_id: str, object_name: str) -> tuple[str, str, str] | None:
    """(entity, source key, record key of the partner): for identity; None when it learns nothing."""
    said: dict[str, Any] = action.payload.get("joins") or {}
    if not said or not record_id or action.kind != RecordCreator.kind:
        return None
    return str(said["entity"]), action.record_key, f"{said['prefix']}:{object_name}:{record_id}"
