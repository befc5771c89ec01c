"""What a portal has of what the model asks, in as few calls as it can be told.

Belongs here: asking, and answers as items. Custom objects come in one call with their properties and
associations; everything else is asked only where the model has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pipelines.clients import errors
from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.schema.hubspot import objects, properties
from pipelines.schema.items import Item, Json, Key, Live, Wanted

_IDS = {
    "0-1": "contacts", "0-2": "companies", "0-3": "deals", "0-5": "tickets", "0-7": "products",
    "0-136": "leads",
}  # fmt: skip


def live(client: HubSpotClient, wanted: Wanted, managed: Iterable[tuple[str, str]]) -> Live:
    """The items that are there of what is wanted and of what was made before, and what is beside them."""
    found = Live("hubspot", str(client.account().get("portalId") or ""))
    reading = Reading(client, wanted, found)
    listed = [(i.kind, i.name) for i in wanted.items] + list(managed)
    owners = {name.partition(".")[0].partition(":")[0].partition(" →")[0] for _, name in listed}
    reading.pairs = {name for kind, name in listed if kind == "association"}
    reading.schemas(owners)
    for owner in sorted(owners - reading.customs.keys() - {n for k, n in listed if k == "object"}):
        if any(kind == "property" and name.startswith(f"{owner}.") for kind, name in listed):
            reading.properties(owner, client.properties(owner))
    kinds = {kind for kind, _ in listed}
    if "group" in kinds:
        reading.groups([name for kind, name in listed if kind == "group"])
    reading.labels([name for kind, name in listed if kind == "label"])
    if "limit" in kinds:
        reading.limits()
    for owner in sorted({n.partition(":")[0] for k, n in listed if k == "pipeline"}):
        reading.pipelines(owner)
    for owner in sorted({n.partition(".")[0] for k, n in listed if k == "validation"}):
        reading.validations(owner)
    if "workflow" in kinds:
        reading.workflows({name for kind, name in listed if kind == "workflow"})
    new = {item.kind for item in wanted.items if item.key not in found.items}
    if "object" in new:
        reading.allowances()
    if "property" in new:
        reading.property_allowances()
    return found


class Reading:
    def __init__(self, client: HubSpotClient, wanted: Wanted, found: Live) -> None:
        self.client, self.found = client, found
        self.by_key: dict[Key, Item] = {item.key: item for item in wanted.items}
        self.customs: dict[str, Json] = {}
        """Schemas of the portal's custom objects, by name."""
        self.names = dict(_IDS)
        self.pairs: set[str] = set()
        """Associations that are meant: a standard object's are told of the custom one at their other end."""

    def type_of(self, owner: str) -> str:
        """What the API calls an object of the model."""
        schema = self.customs.get(owner)
        return owner if schema is None else str(schema["objectTypeId"])

    def schemas(self, owners: set[str]) -> None:
        listed = [each for each in self.client.schemas() if not each.get("archived")]
        for schema in listed:
            name = str(schema["name"]).lower()
            self.customs[name] = schema
            self.names[str(schema["objectTypeId"])] = name
        for name, schema in self.customs.items():
            if name not in owners:
                continue
            add_schema(self.found, name, schema)
            self.properties(name, schema.get("properties") or [])
        for name, schema in self.customs.items():
            for pair in schema.get("associations") or []:
                start = self.names.get(str(pair["fromObjectTypeId"]))
                end = self.names.get(str(pair["toObjectTypeId"]))
                if start == name and end is not None:
                    self._pair(start, end, pair)
                    if f"{end} → {start}" in self.pairs:
                        self._pair(end, start, pair)

    def _pair(self, start: str, end: str, pair: Json) -> None:
        item = Item("hubspot", "association", f"{start} → {end}", {}, start)
        if item.key not in self.found.items:
            self.found.add(item, {"typeId": pair["id"]})

    def properties(self, owner: str, listed: Sequence[Json]) -> None:
        for each in listed:
            if each.get("hubspotDefined"):
                self.found.own.add((owner, str(each["name"])))
            elif not each.get("archived"):
                add_property(self.found, self.by_key, owner, each)

    def groups(self, listed: Sequence[str]) -> None:
        """The groups that are meant, an object's in one call: their labels come with nothing else."""
        asked: dict[str, dict[str, str]] = {}
        for name in listed:
            owner, _, group = name.partition(": ")
            if owner not in asked:
                asked[owner] = self._group_labels(owner)
            if group in asked[owner]:
                self.found.add(Item("hubspot", "group", name, {"label": asked[owner][group]}, owner))

    def _group_labels(self, owner: str) -> dict[str, str]:
        path = self.client.path("properties", self.type_of(owner)) + "/groups"
        try:
            listed = self.client.get(path).get("results") or []
        except (errors.NotFound, errors.Rejected):
            return {}
        return {str(each["name"]): str(each["label"]) for each in listed}

    def labels(self, listed: Sequence[str]) -> None:
        """Labels of each pair that the model labels; HubSpot tells their names only with the schemas."""
        for pair in dict.fromkeys(name.partition(": ")[0] for name in listed):
            start, _, end = pair.partition(" → ")
            is_given = {start, end} <= {*_IDS.values()}
            if not is_given and ("hubspot", "association", pair) not in self.found.items:
                continue
            there = self._labels(start, end)
            back = self._labels(end, start)
            names = self._label_names(start, end)
            for number, label in there.items():
                name = names.get(number) or next(
                    (n.partition(": ")[2] for n in listed if n.startswith(f"{pair}: ")
                     and self._is(n, label)), label.lower().replace(" ", "_"),
                )  # fmt: skip
                inverse = self._inverse(f"{pair}: {name}", number, label, back)
                content = {"label": label, "inverse": inverse}
                self.found.add(
                    Item("hubspot", "label", f"{pair}: {name}", content, start), {"typeId": number}
                )

    def _inverse(self, name: str, number: int, label: str, back: dict[int, str]) -> str:
        """The label of the way back: HubSpot does not say which it is, but numbers both together."""
        item = self.by_key.get(("hubspot", "label", name))
        if item is not None and item.content["inverse"] in back.values():
            return str(item.content["inverse"])
        return back.get(number + 1) or back.get(number - 1) or label

    def _is(self, name: str, label: str) -> bool:
        item = self.by_key.get(("hubspot", "label", name))
        return item is not None and item.content["label"] == label

    def _labels(self, start: str, end: str) -> dict[int, str]:
        path = self.client.path("labels", self.type_of(start), self.type_of(end))
        listed = self.client.get(path).get("results") or []
        return {int(e["typeId"]): str(e["label"]) for e in listed
                if e.get("category") == "USER_DEFINED" and e.get("label")}  # fmt: skip

    def _label_names(self, start: str, end: str) -> dict[int, str]:
        """The names of labels, which only a schema tells."""
        found: dict[int, str] = {}
        for pair in (self.customs.get(start) or {}).get("associations") or []:
            if self.names.get(str(pair["toObjectTypeId"])) == end and str(pair["id"]).isdigit():
                found[int(pair["id"])] = str(pair.get("name") or "")
        return found

    def limits(self) -> None:
        path = self.client.path("association_limits") + "/all"
        for each in self.client.get(path).get("results") or []:
            start = self.names.get(str(each.get("fromObjectTypeId")))
            end = self.names.get(str(each.get("toObjectTypeId")))
            if start is not None and end is not None and not each.get("label"):
                content = {"most": each.get("userEnforcedMaxToObjectIds")}
                self.found.add(Item("hubspot", "limit", f"{start} → {end}", content, start))

    def pipelines(self, owner: str) -> None:
        if owner not in self.customs and owner not in _IDS.values():
            return
        for each in self.client.pipelines(self.type_of(owner)):
            if not each.get("archived"):
                add_pipeline(self.found, owner, each)

    def validations(self, owner: str) -> None:
        if owner not in self.customs and owner not in _IDS.values():
            return
        path = self.client.path("validations", self.type_of(owner))
        for each in self.client.get(path).get("results") or []:
            for rule in each.get("propertyValidationRules") or []:
                name = f"{owner}.{each['propertyName']} {rule['ruleType']}"
                content = {"arguments": [str(a) for a in rule.get("ruleArguments") or []]}
                self.found.add(Item("hubspot", "validation", name, content, owner))

    def workflows(self, wanted: set[str]) -> None:
        """The summaries first, then those that are meant, all in one call."""
        path = self.client.path("flows")
        ids = [str(e["id"]) for e in self.client.pages(path, 100) if e.get("name") in wanted]
        if not ids:
            return
        asked = {"inputs": [{"flowId": each, "type": "FLOW_ID"} for each in ids]}
        for flow in self.client.post(f"{path}/batch/read", asked).get("results") or []:
            add_workflow(self.found, self.by_key, self.names, flow)

    def allowances(self) -> None:
        path = self.client.path("limits") + "/custom-object-types"
        try:
            told = self.client.get(path)
        except (errors.NotFound, errors.Forbidden, errors.Rejected):
            return
        if isinstance(told.get("limit"), int):
            self.found.used["object", ""] = (int(told.get("usage") or 0), int(told["limit"]))

    def property_allowances(self) -> None:
        """How many properties of its own each object has, and may have."""
        try:
            told = self.client.get(self.client.path("limits") + "/custom-properties")
        except (errors.NotFound, errors.Forbidden, errors.Rejected):
            return
        for each in told.get("byObjectType") or []:
            name = self.names.get(str(each.get("objectTypeId")))
            if name is not None and isinstance(each.get("limit"), int):
                self.found.used["property", name] = (int(each.get("usage") or 0), int(each["limit"]))


def add_schema(found: Live, name: str, schema: Json) -> None:
    labels = schema.get("labels") or {}
    content: Json = {
        "singular": labels.get("singular"), "plural": labels.get("plural"),
        "primaryDisplayProperty": schema.get("primaryDisplayProperty"),
        "requiredProperties": sorted(schema.get("requiredProperties") or []),
        "searchableProperties": sorted(schema.get("searchableProperties") or []),
    }  # fmt: skip
    if schema.get("description"):
        content["description"] = schema["description"]
    raw = {n: schema[n] for n in ("objectTypeId", "fullyQualifiedName")}
    found.add(Item("hubspot", "object", name, content, name), raw)


def add_property(found: Live, wanted: dict[Key, Item], owner: str, each: Json) -> None:
    name = f"{owner}.{each['name']}"
    asked = wanted.get(("hubspot", "property", name))
    keep_group = asked is not None and "groupName" in asked.content
    content = properties.canonical(each, keep_group=keep_group)
    found.add(Item("hubspot", "property", name, content, owner), {"groupName": each.get("groupName")})


def add_pipeline(found: Live, owner: str, each: Json) -> None:
    stages: list[Json] = []
    ids: dict[str, str] = {}
    for stage in sorted(each.get("stages") or [], key=lambda s: int(s.get("displayOrder") or 0)):
        if stage.get("archived"):
            continue
        about = stage.get("metadata") or {}
        chance: Any = float(about["probability"]) if owner == "deals" and "probability" in about else None
        closed = str(about.get("isClosed")).lower() == "true" or about.get("ticketState") == "CLOSED"
        closed = chance in (0.0, 1.0) if owner == "deals" else closed
        stages.append({"label": stage["label"], "closed": closed, "probability": chance})
        ids[str(stage["label"])] = str(stage["id"])
    content = {"label": each["label"], "stages": stages}
    raw = {"id": str(each["id"]), "stages": ids}
    found.add(Item("hubspot", "pipeline", f"{owner}: {each['label']}", content, owner), raw)


def add_workflow(found: Live, wanted: dict[Key, Item], names: dict[str, str], flow: Json) -> None:
    """A workflow as far as the file describes it: HubSpot adds what it likes to a definition."""
    name = str(flow.get("name"))
    content = objects.canonical_flow(flow)
    content["objectTypeId"] = names.get(str(flow.get("objectTypeId")), flow.get("objectTypeId"))
    asked = wanted.get(("hubspot", "workflow", name))
    if asked is not None:
        content = {n: v for n, v in content.items() if n in asked.content}
    raw = {"id": str(flow["id"]), "revisionId": flow.get("revisionId")}
    found.add(Item("hubspot", "workflow", name, content, str(content.get("objectTypeId"))), raw)


def losing_rows(client: HubSpotClient, owner: str, name: str) -> int | None:
    """How many records hold a value of a property; None when HubSpot does not say."""
    has = {"propertyName": name, "operator": "HAS_PROPERTY"}
    try:
        return client.search_page(owner, [], [has], limit=1).total
    except errors.ClientError:
        return None
