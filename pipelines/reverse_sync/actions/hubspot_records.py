"""Creating records in HubSpot: looked for first, then upserted by our key, a hundred at a time.

Belongs here: HubSpot's words for the engine's. An upsert by a unique property never makes a second record, so
a lost answer costs a look and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from math import ceil
from typing import Any

from pipelines.clients import errors
from pipelines.clients.hubspot import campaigns
from pipelines.clients.hubspot.client import BATCH_LIMIT
from pipelines.clients.results import Outcomes, RowResult
from pipelines.reverse_sync.actions import hubspot_campaigns
from pipelines.reverse_sync.actions.base import NOT_THERE, Action, Found
from pipelines.reverse_sync.actions.by_vendor import InHubSpot
from pipelines.reverse_sync.actions.records import RecordCreator, domain_of, email_of, fields_of, linked
from pipelines.reverse_sync.outcomes import CHANGED_BY_OTHERS
from pipelines.reverse_sync.values import for_text

_EXISTING = re.compile(r"Existing ID: (\d+)")


class HubSpotCreator(RecordCreator, InHubSpot):
    """Contacts, companies, deals and campaigns that only Salesforce has. A call is of one object."""

    @staticmethod
    def forecast(actions: int) -> int:
        return 2 * ceil(actions / BATCH_LIMIT)

    @classmethod
    def forecast_group(cls, actions: Sequence[Action]) -> int:
        if actions[0].object == campaigns.OBJECT:
            return 2 * len(actions)
        return super().forecast_group(actions)

    @classmethod
    def looks(cls, actions: Sequence[Action]) -> int:
        known = {"contacts": email_of, "companies": domain_of}.get(actions[0].object)
        refusing = actions[0].object == "contacts" and any(_refuses(a) and email_of(a) for a in actions)
        return int(known is not None and any(known(action) for action in actions)) + int(refusing)

    def send(self, actions: Sequence[Action]) -> Outcomes:
        if actions[0].object == campaigns.OBJECT:
            return hubspot_campaigns.send(self._client, actions)
        there = self._matches(actions)
        absent = [action for action in actions if action.action_key not in there]
        made: dict[str, RowResult] = {}
        request_id = ""
        if absent:
            answers = self._client.batch_upsert(absent[0].object, [_input(action) for action in absent])
            request_id = answers.request_id
            made = {a.action_key: _as_link(a, row) for a, row in zip(absent, answers, strict=True)}
            self._unsubscribe([a for a, row in zip(absent, answers, strict=True) if row.ok and _refuses(a)])
        rows = [there.get(action.action_key) or made[action.action_key] for action in actions]
        return Outcomes(rows, request_id=request_id)

    def _unsubscribe(self, made: Sequence[Action]) -> None:
        """Whoever refuses e-mail elsewhere refuses it from the first moment; the next run looks again."""
        addresses = [address for action in made if (address := email_of(action))]
        if addresses:
            with suppress(errors.Rejected):  # the records were made all the same
                self._client.unsubscribe_all(addresses)

    def _matches(self, actions: Sequence[Action]) -> dict[str, RowResult]:
        """Action key -> the record that is there: by e-mail, or by domain."""
        kind = actions[0].object
        if kind == "contacts":
            return self._by_email(actions)
        return self._by_domain(actions) if kind == "companies" else {}

    def _by_email(self, actions: Sequence[Action]) -> dict[str, RowResult]:
        wanted = list(dict.fromkeys(email for action in actions if (email := email_of(action))))
        if not wanted:
            return {}
        found = self._client.batch_read("contacts", wanted, ["email"], id_property="email")
        ids = {
            str((each.get("properties") or {}).get("email") or "").lower(): str(each["id"]) for each in found
        }
        return {
            a.action_key: linked(ids[email], "contacts", f"HubSpot has {email}")
            for a in actions
            if (email := email_of(a)) in ids
        }

    def _by_domain(self, actions: Sequence[Action]) -> dict[str, RowResult]:
        wanted = list(dict.fromkeys(domain for action in actions if (domain := domain_of(action))))
        if not wanted:
            return {}
        asked: list[dict[str, Any]] = [{"propertyName": "domain", "operator": "IN", "values": wanted}]
        ids: dict[str, str] = {}
        for each in self._client.search_page("companies", ["domain"], asked).results:
            ids.setdefault(str((each.get("properties") or {}).get("domain") or "").lower(), str(each["id"]))
        return {
            a.action_key: linked(ids[domain], "companies", f"HubSpot has {domain}")
            for a in actions
            if (domain := domain_of(a)) in ids
        }

    def look_up(self, actions: Sequence[Action]) -> Sequence[Found]:
        if actions[0].object == campaigns.OBJECT:
            return hubspot_campaigns.look_up(self._client, actions)
        by_field: dict[tuple[str, str], list[Action]] = {}
        for action in actions:
            by_field.setdefault((action.object, str(action.payload["key_field"])), []).append(action)
        ids: dict[str, str] = {}
        for (kind, name), some in by_field.items():
            keys = [str(action.payload["key"]) for action in some]
            for each in self._client.batch_read(kind, keys, [name], id_property=name):
                ids[str((each.get("properties") or {}).get(name))] = str(each["id"])
        return [Found(ids[key]) if (key := str(a.payload["key"])) in ids else NOT_THERE for a in actions]

    def undo(self, actions: Sequence[tuple[Action, str]]) -> Outcomes:
        """Archive what we created, unless somebody has worked on it since."""
        rows: dict[str, RowResult] = {}
        by_object: dict[str, list[tuple[Action, str]]] = {}
        for action, record_id in actions:
            by_object.setdefault(action.object, []).append((action, record_id))
        for kind, some in by_object.items():
            if kind == campaigns.OBJECT:
                rows |= {str(each.id): each for each in hubspot_campaigns.undo(self._client, some)}
            else:
                rows |= self._undo(kind, some)
        return Outcomes([rows[record_id] for _, record_id in actions])

    def _undo(self, kind: str, some: Sequence[tuple[Action, str]]) -> dict[str, RowResult]:
        names = sorted({name for action, _ in some for name in fields_of(action)})
        held = {
            str(each["id"]): each.get("properties") or {}
            for each in self._client.batch_read(kind, [i for _, i in some], names)
        }
        rows = {i: RowResult(True, i) for _, i in some}
        mine = []
        for action, i in some:
            if i in held and not _is_as_sent(held[i], fields_of(action)):
                rows[i] = RowResult(False, i, code=CHANGED_BY_OTHERS, message="somebody has changed it since")
            elif i in held:
                mine.append(i)
        if mine:
            self._client.batch_archive(kind, mine)
        return rows


def _refuses(action: Action) -> bool:
    return bool(action.payload.get("refuses"))


def _input(action: Action) -> dict[str, Any]:
    properties = {name: for_text(value) for name, value in fields_of(action).items()}
    return {"id": action.payload["key"], "idProperty": action.payload["key_field"], "properties": properties}


def _as_link(action: Action, row: RowResult) -> RowResult:
    """A duplicate's refusal names the record that is there: that is the partner."""
    existing = _EXISTING.search(row.message) if not row.ok else None
    if existing is None:
        return replace(row, values={"object": action.object})
    return linked(existing[1], action.object, row.message)


def _is_as_sent(held: Mapping[str, Any], sent: Mapping[str, str]) -> bool:
    return all(str(held.get(name) or "") == str(value or "") for name, value in sent.items())
