"""Merging a duplicate into the record that is kept. Nothing takes a merge back, so both are looked at first.

Belongs here: whether the two are still what they were when they were found to be one, and what of the record
that goes is kept: HubSpot fills what is empty in the other by itself, Salesforce does it where it is told to.
Which records are duplicates, and of those which are merged, is the dbt model `actions_merges`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from math import ceil
from typing import Any, ClassVar

from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.clients.results import Outcomes, RowResult
from pipelines.clients.salesforce.client import SalesforceClient
from pipelines.clients.salesforce.partner import Merge
from pipelines.reverse_sync.actions.base import NOT_THERE, Action, Found, Reversibility
from pipelines.reverse_sync.destinations.hubspot import HubSpotDestination
from pipelines.reverse_sync.destinations.salesforce import SalesforceDestination
from pipelines.reverse_sync.outcomes import CHANGED_BY_OTHERS

# What a record was known by when it was compared, in the order in which `actions_merges` hashes it.
KNOWN_BY: Mapping[str, tuple[str, ...]] = {
    "contacts": ("firstname", "lastname", "email"),
    "companies": ("name", "domain"),
    "Lead": ("FirstName", "LastName", "Email"),
    "Contact": ("FirstName", "LastName", "Email"),
    "Account": ("Name", "Website"),
}
_SAID = ("survivor_id", "other_id", "survivor_seen", "other_seen")
_MERGED_IDS = "hs_merged_object_ids"
_CHANGED = "its name or address is another since the two were compared; the next run compares them anew"
_GONE = "one of the two is not there any more"
_KEPT_BY_SALESFORCE = frozenset({"IndividualId", "OwnerId"})
_NEVER_EMPTY = frozenset({"boolean", "address", "location"})
_PLACE = re.compile(
    r"(Street|City|StateCode|State|PostalCode|CountryCode|Country|Latitude|Longitude|GeocodeAccuracy)$"
)


def seen(object_name: str, values: Mapping[str, Any]) -> str:
    """What a record is known by, as a hash: a plan and its journal need no name and no address for it."""
    text = "\x1f".join(str(values.get(name) or "") for name in KNOWN_BY[object_name])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class _Merging:
    """What merges have in common. Payload: the ids of both, and what each was known by when compared."""

    kind: ClassVar[str] = "merge"
    reversibility: ClassVar[Reversibility] = "final"
    is_noticed: ClassVar[bool] = False
    lag: ClassVar[timedelta] = timedelta(seconds=15)
    objects: ClassVar[frozenset[str]]

    @classmethod
    def unfit(cls, action: Action) -> str:
        if action.object not in cls.objects:
            return f"nothing here merges {action.object or 'an object without a name'}"
        missing = [name for name in _SAID if not action.payload.get(name)]
        if missing:
            return f"it has no {missing[0]}"
        return "" if _id(action, "survivor") != _id(action, "other") else "a record is not merged with itself"

    def undo(self, actions: Sequence[tuple[Action, str]]) -> Outcomes:
        return Outcomes([RowResult(False, i, code="FINAL", message="a merge is final") for _, i in actions])


class HubSpotMerge(_Merging):
    """A merge makes a new record there, to which the ids of both lead."""

    vendor: ClassVar[str] = "hubspot"
    batch_size: ClassVar[int] = 1
    objects: ClassVar[frozenset[str]] = frozenset({"contacts", "companies"})

    def __init__(self, channel: HubSpotDestination) -> None:
        self._client: HubSpotClient = channel.client

    @staticmethod
    def forecast(actions: int) -> int:
        return 2 * actions

    def send(self, actions: Sequence[Action]) -> Outcomes:
        (action,) = actions
        kept, gone = self._now(action)
        if kept is None or gone is None:
            return Outcomes([RowResult(False, code=CHANGED_BY_OTHERS, message=_GONE)])
        if kept["id"] == gone["id"]:
            return Outcomes([RowResult(True, str(kept["id"]))])
        if _is_another(action, kept["properties"], gone["properties"]):
            return Outcomes([RowResult(False, code=CHANGED_BY_OTHERS, message=_CHANGED)])
        path = self._client.path("objects", action.object) + "/merge"
        body = {"primaryObjectId": str(kept["id"]), "objectIdToMerge": str(gone["id"])}
        made = self._client.change("POST", path, body)
        return Outcomes([RowResult(True, str(made.get("id") or kept["id"]))])

    def look_up(self, actions: Sequence[Action]) -> Sequence[Found]:
        """Merged are those whose ids lead to one record."""
        found = []
        for action in actions:
            kept, gone = self._now(action)
            is_one = kept is not None and gone is not None and kept["id"] == gone["id"]
            found.append(Found(str(kept["id"])) if kept is not None and is_one else NOT_THERE)
        return found

    def _now(self, action: Action) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        """The records that the two ids lead to."""
        ids = [_id(action, "survivor"), _id(action, "other")]
        names = [*KNOWN_BY[action.object], _MERGED_IDS]
        by_id: dict[str, dict[str, Any]] = {}
        for each in self._client.batch_read(action.object, ids, names):
            merged = str((each.get("properties") or {}).get(_MERGED_IDS) or "")
            by_id |= dict.fromkeys((str(each["id"]), *merged.split(";")), each)
        kept, gone = (by_id.get(i) for i in ids)
        return kept, gone


class SalesforceMerge(_Merging):
    """The record that goes lies in the recycle bin and names the one that is kept."""

    vendor: ClassVar[str] = "salesforce"
    batch_size: ClassVar[int] = 100
    objects: ClassVar[frozenset[str]] = frozenset({"Lead", "Contact", "Account"})

    def __init__(self, channel: SalesforceDestination) -> None:
        self._client: SalesforceClient = channel.client
        self._fields: dict[str, list[dict[str, Any]]] = {}

    @staticmethod
    def forecast(actions: int) -> int:
        return 1 + 2 * ceil(actions / SalesforceMerge.batch_size)

    def send(self, actions: Sequence[Action]) -> Outcomes:
        kind = actions[0].object
        fields = self._filled(kind)
        ids = list(dict.fromkeys(_id(a, end) for a in actions for end in ("survivor", "other")))
        names = list(dict.fromkeys(["Id", *KNOWN_BY[kind], *(str(f["name"]) for f in fields)]))
        now = dict(zip(ids, self._client.read_collection(kind, ids, names), strict=True))
        rows: list[RowResult | None] = []
        merges: list[Merge] = []
        values_of: dict[str, dict[str, Any]] = {}  # of those that are kept, with what earlier ones bring
        for action in actions:
            kept, gone = now[_id(action, "survivor")], now[_id(action, "other")]
            refusal = _GONE if not kept or not gone else _CHANGED if _is_another(action, kept, gone) else ""
            rows.append(RowResult(False, code=CHANGED_BY_OTHERS, message=refusal) if refusal else None)
            if kept and gone and not refusal:
                held = values_of.setdefault(str(kept["Id"]), dict(kept))
                values = filled(held, gone, fields)
                held |= values
                merges.append(Merge(str(kept["Id"]), str(gone["Id"]), values))
        made = self._client.partner.merge(kind, merges)
        ends = iter(made)
        return Outcomes([row or next(ends) for row in rows], request_id=made.request_id)

    def look_up(self, actions: Sequence[Action]) -> Sequence[Found]:
        """What was merged away is deleted, and names who took it over."""
        kind = actions[0].object
        listed = ", ".join(f"'{_id(action, 'other')}'" for action in actions)
        soql = f"SELECT Id, MasterRecordId FROM {kind} WHERE Id IN ({listed}) AND IsDeleted = true"
        master = {
            str(row["Id"])[:15]: str(row["MasterRecordId"] or "")
            for page in self._client.query_pages(soql, all_rows=True)
            for row in page.records
        }
        found = []
        for action in actions:
            into = master.get(_id(action, "other")[:15], "")
            found.append(Found(into) if into[:15] == _id(action, "survivor")[:15] else NOT_THERE)
        return found

    def _filled(self, kind: str) -> list[dict[str, Any]]:
        """Fields of the record that is kept which may be filled from the other."""
        if kind not in self._fields:
            self._fields[kind] = [
                f for f in self._client.describe(kind)["fields"]
                if f.get("updateable") and not f.get("unique") and not f.get("externalId")
                and f["type"] not in _NEVER_EMPTY and f["name"] not in _KEPT_BY_SALESFORCE
            ]  # fmt: skip
        return self._fields[kind]


def filled(
    kept: Mapping[str, Any], gone: Mapping[str, Any], fields: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What is empty in the record that is kept and not in the other. An address is taken whole or not at all,
    money only in the same currency, and nothing that would make a record its own parent."""
    places = {_place(str(f["name"])) for f in fields if kept.get(f["name"])} - {None}
    is_one_currency = kept.get("CurrencyIsoCode") == gone.get("CurrencyIsoCode")
    ends = (kept.get("Id"), gone.get("Id"))
    found = {}
    for field in fields:
        name = str(field["name"])
        value = gone.get(name)
        if value in (None, "") or kept.get(name) not in (None, "") or value in ends or _place(name) in places:
            continue
        if field["type"] != "currency" or is_one_currency:
            found[name] = re.sub(r"\+0000$", "Z", str(value)) if field["type"] == "datetime" else value
    return found


def _place(name: str) -> str | None:
    """Which address a field is a part of: `Mailing` of MailingCity, "" of a lead's City; None: of none."""
    found = _PLACE.search(name)
    return name[: found.start()] if found else None


def _id(action: Action, end: str) -> str:
    """An id as it may stand in a query: nothing but letters and digits."""
    return "".join(c for c in str(action.payload[f"{end}_id"]) if c.isalnum())


def _is_another(action: Action, kept: Mapping[str, Any], gone: Mapping[str, Any]) -> bool:
    said = (str(action.payload["survivor_seen"]), str(action.payload["other_seen"]))
    return (seen(action.object, kept), seen(action.object, gone)) != said
