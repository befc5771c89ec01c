"""Objects of a portal, as the model: merged into what the file says of them, for HubSpot says less.

Belongs here: which part of an object becomes which part of the file. A property by itself is `properties`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.errors import UsageError
from pipelines.rules.schema import reserved
from pipelines.rules.schema.load import Model
from pipelines.rules.schema.objects import STANDARD
from pipelines.schema.hubspot import objects, properties, read
from pipelines.schema.items import Item, Json, Live, Wanted, differences
from pipelines.schema.written import Objects, joined, json_text, slug

_PARTS = {"label": "label", "description": "help", "options": "values", "hasUniqueValue": "unique",
          "groupName": "group", "calculationFormula": "hubspot_formula"}  # fmt: skip
_KINDS = ("type", "fieldType", "showCurrencySymbol", "numberDisplayHint")


class FromHubSpot:
    """One import."""

    def __init__(self, client: HubSpotClient, model: Model, target: Objects) -> None:
        self.client, self.model, self.target = client, model, target
        self.said: list[str] = []
        self.new: set[str] = set()
        """Objects that the file did not have."""
        self.groups: dict[str, str] = {}
        """The group of each property of the object that is read."""
        self.joining: set[str] = set()
        """Objects that the file had of Salesforce's only."""
        self.both = model
        self.wanted: dict[Any, Item] = {}
        self.there: dict[Any, Item] = {}
        """What the portal has of the objects that were named."""
        self.shared = {(owner, p.model.hubspot or "") for owner, p in model.shared("hubspot")}

    def objects_named(self, asked: Sequence[str]) -> list[str]:
        schemas = {str(e["name"]).lower(): e for e in self.client.schemas() if not e.get("archived")}
        standard = {there for there, _ in STANDARD.values() if there is not None}
        absent = [name for name in asked if name.lower() not in schemas and name.lower() not in standard]
        if absent:
            raise UsageError(
                f"HubSpot has no object {', '.join(absent)}", where="crm schema import",
                remedy="use its name, as subscriptions",
            )  # fmt: skip
        listed = self.target.objects
        self.joining = {
            key for key in (self._key(name.lower()) for name in asked)
            if "hubspot" not in (listed.get(key) or {}).get("crms", ("hubspot",))
        }  # fmt: skip
        self.both = joined(self.model, [*self.joining])
        self.wanted = {item.key: item for item in objects.wanted(self.both).items}
        for name in asked:
            self._object(name.lower(), schemas.get(name.lower()))
        return self.said

    def _live(self, name: str, schema: Json | None) -> Live:
        """Everything of one object, whether the file has it or not."""
        probe = Wanted("hubspot", [*self.wanted.values()])
        kinds = ["pipeline", "validation"] + (["limit"] if schema is not None else [])
        probe.items += [Item("hubspot", k, f"{name}: " if k == "pipeline" else f"{name}.", {}) for k in kinds]
        live = Live("hubspot", "")
        reading = read.Reading(self.client, probe, live)
        reading.schemas({name})
        if schema is None:
            reading.properties(name, self.client.properties(name))
        pairs = [k[2] for k in live.items if k[1] == "association" and k[2].startswith(f"{name} →")]
        related = {"contacts", "companies", "deals", "tickets"} | reading.customs.keys()
        reading.labels([f"{pair}: " for pair in pairs if pair.partition(" → ")[2] in related])
        reading.limits()
        reading.pipelines(name)
        reading.validations(name)
        self._flows(reading, live, name)
        return live

    def _flows(self, reading: read.Reading, live: Live, name: str) -> None:
        path = self.client.path("flows")
        kind = reading.type_of(name)
        kinds = {kind, *(i for i, n in reading.names.items() if n == name)}
        ids = [str(e["id"]) for e in self.client.pages(path, 100) if str(e.get("objectTypeId")) in kinds]
        if not ids:
            return
        asked = {"inputs": [{"flowId": each, "type": "FLOW_ID"} for each in ids]}
        flows = self.client.post(f"{path}/batch/read", asked).get("results") or []
        called = Counter(str(flow.get("name")) for flow in flows)
        for flow in flows:
            if called[str(flow.get("name"))] == 1:
                read.add_workflow(live, self.wanted, reading.names, flow)
        for flow_name, count in called.items():
            if count > 1:
                self.said.append(f"{name} has {count} workflows called {flow_name}, and each is known by "
                                 "its name; left out.")  # fmt: skip

    def _key(self, name: str) -> str:
        known = self.target.known(self.model, "hubspot", name)
        if known is not None:
            return known
        return next((here for here, (there, _) in STANDARD.items() if there == name), name)

    def _object(self, name: str, schema: Json | None) -> None:
        key, live = self._key(name), self._live(name, schema)
        self.groups = {
            k[2]: str(raw.get("groupName") or "") for k, raw in live.raw.items() if k[1] == "property"
        }
        self._unsayable_groups(name, schema)
        self.there |= live.items
        if key not in self.target.objects:
            self.new.add(key)
            self.target.new(key, "hubspot", extends=schema is None)
        entry = self.target.objects[key]
        count = 0
        order = {kind: i for i, kind in enumerate(("object", "property", "association"))}
        schema_item = live.items.get(("hubspot", "object", name))
        for item in sorted(live.items.values(), key=lambda i: order.get(i.kind, 9)):
            wanted = self.wanted.get(item.key)
            is_same = wanted is not None and wanted.content == item.content
            if item.of != name or (is_same and not self._group(item, wanted)):
                continue
            if (name, item.name.partition(".")[2]) in self.shared:
                continue
            count += self._item(key, entry, item, wanted)
        if schema_item is not None:
            self._flags(entry, schema_item)
        if key in self.joining:
            self.target.join(key, self._lacking(name, entry, live), "hubspot")
        self.said.append(f"{name} is {key} in the file: {count} things taken over.")

    def _lacking(self, name: str, entry: Json, live: Live) -> Iterator[Json]:
        """Fields and relationships that the file has and this object has not."""
        for key, each in (entry.get("fields") or {}).items():
            place: Any = ("hubspot", "property", f"{name}.{each.get('hubspot') or key.lower()}")
            if place in self.wanted and place not in live.items:
                yield each
        for each in (entry.get("relationships") or {}).values():
            target = self.both.target("hubspot", each["to"])
            pair: Any = ("hubspot", "association", f"{name} → {target}")
            if target is None or (pair in self.wanted and pair not in live.items):
                yield each

    def _unsayable_groups(self, name: str, schema: Json | None) -> None:
        """The file says the name of a group, of which its label is made: others are left as they are."""
        used = {each for each in self.groups.values() if each and not each.endswith("information")}
        if not used:
            return
        path = self.client.path("properties", name if schema is None else str(schema["objectTypeId"]))
        listed = self.client.get(f"{path}/groups").get("results") or []
        odd = {str(e["name"]): str(e["label"]) for e in listed
               if e["name"] in used and e["label"] != objects.group_label(str(e["name"]))}  # fmt: skip
        for group, label in odd.items():
            self.said.append(f"{name}: the group {group} is left out: the file cannot say its label {label}.")
        self.groups = {each: "" if group in odd else group for each, group in self.groups.items()}

    def _item(self, key: str, entry: Json, item: Item, wanted: Item | None) -> int:
        if item.kind == "object":
            self._about(key, entry, item)
            return 1
        if item.kind == "property":
            return self._property(key, entry, item, wanted)
        if item.kind in ("label", "limit"):
            return self._related(entry, item)
        if item.kind == "pipeline":
            self._pipeline(entry, item)
            return 1
        if item.kind == "validation":
            self._validation(entry, item)
            return 1
        if item.kind == "workflow":
            self._workflow(entry, item)
            return 1
        return 0

    def _about(self, key: str, entry: Json, item: Item) -> None:
        content, put = item.content, self.target.put
        put(entry, "label", content["singular"])
        put(entry, "plural", content["plural"])
        if content.get("description"):
            put(entry, "description", content["description"])
        if key != item.name:
            put(entry, "hubspot", item.name)
        shown = str(content.get("primaryDisplayProperty") or "name")
        said = dict(entry.get("name") or {})
        called = {part: each for part, each in said.items() if part != "field"}
        if shown != "name":
            called["field"] = shown
        if "format" not in called:
            called.pop("required", None)
            if shown not in content["requiredProperties"]:
                called["required"] = False
        if shown != said.get("field", "name"):
            for each in (shown, said.get("field", "name")):  # one is the name now, the other a field
                self.wanted.pop(("hubspot", "property", f"{item.name}.{each}"), None)
        put(entry, "name", called)

    def _flags(self, entry: Json, item: Item) -> None:
        """What an object's schema says of its properties: which are required, and which are searched."""
        for key, field in (entry.get("fields") or {}).items():
            called = field.get("hubspot") or key.lower()
            if called in item.content["requiredProperties"]:
                self.target.put(field, "required", True)
            if called in item.content["searchableProperties"] and key != entry.get("key"):
                self.target.put(field, "searchable", True)

    def _group(self, item: Item, wanted: Item | None) -> str:
        """The group of a property that the file does not say yet, other than HubSpot's own of the object."""
        group = self.groups.get(item.name, "") if item.kind == "property" else ""
        said = wanted is not None and "groupName" in wanted.content
        return "" if said or group.endswith("information") else group

    def _property(self, owner: str, entry: Json, item: Item, wanted: Item | None) -> int:
        called = item.name.partition(".")[2]
        shown = (entry.get("name") or {}).get("field", "name")
        if called == shown and "extends" not in entry:
            self.target.put(entry, "name", dict(entry.get("name") or {}) | {"label": item.content["label"]})
            return 1
        if called == objects.RECORD_TYPE:
            return self._record_types(entry, item)
        listed = entry.setdefault("fields", {})
        known = (k for k, e in listed.items() if (e.get("hubspot") or k.lower()) == called)
        key = next(known, reserved.free_name(called) if owner in self.new else called)
        found = properties.from_property(item.content)
        if key.lower() != called:
            found["hubspot"] = called
        group = self._group(item, wanted)
        if group:
            found["group"] = group
        if key not in listed:
            if owner not in self.new and "salesforce" in entry.get("crms", ("salesforce",)):
                found["crms"] = ["hubspot"]  # the object is of both, and this field of one
            self.target.put(listed, key, found)
            return 1
        field = listed[key]
        if "hubspot" not in field.get("crms", ("hubspot",)):
            self.target.put(field, "crms", None)  # it is of both by now
            return 1
        before = wanted.content if wanted is not None else {}
        changed = differences(before, item.content)
        if wanted is None and "hubspot_formula" in found:
            changed = {"calculationFormula": ("", "")}
        if group:
            changed["groupName"] = ("", group)
        for name in changed:
            if name in _PARTS:
                self.target.put(field, _PARTS[name], found.get(_PARTS[name]))
            elif name in _KINDS and found["type"] != field.get("type"):
                self.target.put(listed, key, {**field, **found})
                break
        return 1

    def _record_types(self, entry: Json, item: Item) -> int:
        listed = entry.setdefault("record_types", {})
        for option in item.content.get("options") or []:
            if option["value"] not in listed:
                self.target.put(listed, option["value"], {"label": option["label"]})
            else:
                self.target.put(listed[option["value"]], "label", option["label"])
        return 1

    def _relation(self, entry: Json, pair: str) -> Json:
        """The relationship of a pair; an association where the file has none."""
        end = pair.partition(" → ")[2]
        to = self._key(end)
        listed = entry.setdefault("relationships", {})
        for each in listed.values():
            if each.get("to") == to:
                found: Json = each
                return found
        self.target.put(listed, to, {"to": to, "kind": "association", "crms": ["hubspot"]})
        made: Json = listed[to]
        return made

    def _related(self, entry: Json, item: Item) -> int:
        pair, _, name = item.name.partition(": ")
        relation = self._relation(entry, pair)
        if item.kind == "limit":
            self.target.put(relation, "limit", item.content["most"])
            return 1
        label: Json = {"label": item.content["label"]}
        if item.content["inverse"] != item.content["label"]:
            label["inverse"] = item.content["inverse"]
        self.target.put(relation.setdefault("labels", {}), name, label)
        return 1

    def _pipeline(self, entry: Json, item: Item) -> None:
        listed, label = entry.setdefault("pipelines", {}), item.content["label"]
        key = next((k for k, e in listed.items() if e.get("label") == label), slug(label))
        stages: list[Json] = []
        for stage in item.content["stages"]:
            shown: Json = {"label": stage["label"]}
            if stage["probability"] is not None:
                shown["probability"] = stage["probability"]
            elif stage["closed"]:
                shown["closed"] = True
            stages.append(shown)
        self.target.put(listed, key, {"label": label, "stages": stages})

    def _validation(self, entry: Json, item: Item) -> None:
        place, _, rule = item.name.partition(" ")
        called = place.partition(".")[2]
        field = next((k for k, e in (entry.get("fields") or {}).items()
                      if (e.get("hubspot") or k.lower()) == called), called)  # fmt: skip
        found = {"field": field, "rule": rule, "arguments": item.content["arguments"]}
        listed = entry.setdefault("validations", {})
        for each in listed.values():
            own = each.get("hubspot") or {}
            if (own.get("field"), own.get("rule")) == (field, rule) or (
                not own and each.get("field") == field
            ):
                self.target.put(each, "hubspot", found)
                return
        self.target.put(listed, f"{field}_{rule.lower()}", {"hubspot": found})

    def _workflow(self, entry: Json, item: Item) -> None:
        listed = entry.setdefault("workflows", {})
        key = next((k for k, e in listed.items() if e.get("name") == item.name), slug(item.name))
        file = (listed.get(key) or {}).get("file") or f"workflows/{key}.json"
        definition = {n: v for n, v in item.content.items() if n not in ("name", "objectTypeId")}
        self.target.put(listed, key, {"name": item.name, "file": file})
        self.target.file(self.model.folder, file, json_text(definition))
