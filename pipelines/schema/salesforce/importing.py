"""Objects of an org, as the model: read whole, and merged into what the file says of them.

Belongs here: which part of an object becomes which part of the file. A field by itself is `fields`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pipelines.clients.salesforce.client import SalesforceClient
from pipelines.errors import UsageError
from pipelines.rules.schema import names, reserved
from pipelines.rules.schema.load import Model
from pipelines.rules.schema.objects import STANDARD
from pipelines.schema.items import Item, Json, Live
from pipelines.schema.salesforce import fields, layouts, objects, read
from pipelines.schema.salesforce.encoding import plain
from pipelines.schema.salesforce.rights import Rights
from pipelines.schema.written import Objects, joined, slug

_HUBSPOT_ONLY = (
    "hubspot", "group", "searchable", "hubspot_formula", "crms", "access", "renamed_from",
)  # fmt: skip
"""What Salesforce's metadata of a field does not say; the rights to it come with `rights`."""
_ON_DELETE = {"SetNull": "clear", "Restrict": "restrict", "Cascade": "cascade"}
_SHARING = {there: here for here, there in objects.SHARING.items()}


class FromSalesforce:
    """One import."""

    def __init__(self, client: SalesforceClient, model: Model, target: Objects) -> None:
        self.client, self.model, self.target = client, model, target
        self.said: list[str] = []
        self.new: set[str] = set()
        """Objects that the file did not have."""
        self.joining: set[str] = set()
        """Objects that the file had of HubSpot's only."""
        self.both = model
        self.wanted: dict[Any, Item] = {}
        """What the file comes to by now: what is equal to it is left as it is written."""
        self.there: dict[Any, Item] = {}
        """What the org has of the objects that were named."""
        self.shared = {(owner, p.model.salesforce or "") for owner, p in model.shared("salesforce")}

    def objects_named(self, asked: Sequence[str]) -> list[str]:
        whole = self.client.metadata.read("CustomObject", list(asked))
        by_fold = {name.lower(): name for name in whole}
        absent = [name for name in asked if name.lower() not in by_fold]
        if absent:
            raise UsageError(
                f"Salesforce has no object {', '.join(absent)}", where="crm schema import",
                remedy="use its API name, as Invoice__c",
            )  # fmt: skip
        for name in whole:  # all are there before any is filled: they lead to each other
            key = self._key(name)
            if key not in self.target.objects:
                self.target.new(key, "salesforce", extends=not name.endswith("__c"))
                self.new.add(key)
            elif "salesforce" not in self.target.objects[key].get("crms", ("salesforce",)):
                self.joining.add(key)
        self.both = joined(self.model, [*self.joining])
        self.wanted = {item.key: item for item in objects.wanted(self.both).items}
        pages = self._layouts([*whole])
        for name, element in whole.items():
            live = Live("salesforce", "")
            read.add_object(live, name, read.content(element))
            for layout, content in pages.get(name, {}).items():
                read.add_layout(live, layout, content)
            self._object(name, live, read.content(element))
            self.there |= live.items
        rights = Rights(self.client, self.model.schema.permission_set.name)
        for name in whole:
            key = self._key(name)
            taken = rights.into(self.target, key, name)
            if taken:
                self.said.append(f"{name}: {taken} rights taken over from {rights.source}.")
        self._apex([*whole])
        return self.said

    def _layouts(self, owners: Sequence[str]) -> dict[str, dict[str, Json]]:
        listed = [n for n in self.client.metadata.names("Layout") if n.partition("-")[0] in owners]
        found: dict[str, dict[str, Json]] = {}
        for name, element in self.client.metadata.read("Layout", listed).items():
            found.setdefault(name.partition("-")[0], {})[name] = read.content(element)
        return found

    def _key(self, name: str) -> str:
        known = self.target.known(self.model, "salesforce", name)
        if known is not None:
            return known
        standard = [here for here, (_, there) in STANDARD.items() if there == name]
        return standard[0] if standard else names.plain_name(name)

    def _object(self, name: str, live: Live, whole: Json) -> None:
        key = self._key(name)
        is_new, entry = key in self.new, self.target.objects[key]
        count = 0
        for item in live.items.values():
            if self.wanted.get(item.key) is not None and self.wanted[item.key].content == item.content:
                continue
            if (name, item.name.partition(".")[2]) in self.shared:
                continue
            count += self._item(key, entry, item, live.raw.get(item.key) or {})
        self._order_dependencies(entry)
        if is_new and name.endswith("__c"):
            self._find_key(entry)
        if key in self.joining:
            self.target.join(key, self._lacking(name, entry, live), "salesforce")
        self.said.append(f"{name} is {key} in the file: {count} things taken over.")

    def _lacking(self, name: str, entry: Json, live: Live) -> Iterator[Json]:
        """Fields and lookups that the file has and this object has not."""
        for part in ("fields", "relationships"):
            for key, each in (entry.get(part) or {}).items():
                called = each.get("salesforce") or f"{names.api_name(key)}__c"
                place: Any = ("salesforce", "field", f"{name}.{called}")
                leads_nowhere = part == "relationships" and self.both.target("salesforce", each["to"]) is None
                if leads_nowhere or (place in self.wanted and place not in live.items):
                    yield each

    def _order_dependencies(self, entry: Json) -> None:
        """What a picklist depends on, in the order of the other's values: Salesforce tells them in none."""
        listed = entry.get("fields") or {}
        for each in listed.values():
            control = listed.get((each.get("depends_on") or {}).get("field"))
            if control is not None:
                order = [v["value"] if isinstance(v, dict) else v for v in control.get("values") or []]
                values = each["depends_on"]["values"]
                each["depends_on"]["values"] = {v: values[v] for v in order if v in values}

    def _item(self, key: str, entry: Json, item: Item, raw: Json) -> int:
        if item.kind == "object":
            self._about(key, entry, item)
        elif item.kind == "field" and item.content["type"] in ("Lookup", "MasterDetail"):
            return self._relationship(entry, item)
        elif item.kind == "field":
            return self._field(key, entry, item, raw)
        elif item.kind == "record type":
            self._record_type(entry, item)
        elif item.kind == "validation rule":
            self._validation(entry, item)
        elif item.kind == "layout":
            self._layout(entry, item)
        return 1

    def _about(self, key: str, entry: Json, item: Item) -> None:
        content, put = item.content, self.target.put
        put(entry, "label", content.get("label"))
        put(entry, "plural", content.get("pluralLabel"))
        put(entry, "description", content.get("description"))
        if f"{names.api_name(key)}__c" != item.name:
            put(entry, "salesforce", item.name)
        name = dict(entry.get("name") or {})
        name["label"] = content.get("nameField", {}).get("label") or "Name"
        if content.get("nameField", {}).get("type") == "AutoNumber":
            name["format"] = content["nameField"]["displayFormat"]
        else:
            name.pop("format", None)
        if name != {"label": "Name"}:
            put(entry, "name", name)
        sharing = _SHARING.get(str(content.get("sharingModel")), "read_write")
        put(entry, "sharing", None if sharing == "read_write" else sharing)
        put(entry, "history", content.get("enableHistory") == "true")
        put(entry, "activities", content.get("enableActivities") == "true")
        put(entry, "in_development", content.get("deploymentStatus") == "InDevelopment")

    def _field(self, owner: str, entry: Json, item: Item, raw: Json) -> int:
        called = item.name.partition(".")[2]
        if item.content["type"] not in fields.BACK:
            self.said.append(f"{item.name} is a {item.content['type']}, which the file cannot say; left out.")
            return 0
        shared = (raw.get("valueSet") or {}).get("valueSetName")
        if shared:
            self.said.append(f"{item.name} has the values of the global value set {shared}, which the file "
                             "cannot say; left out.")  # fmt: skip
            return 0
        listed = entry.setdefault("fields", {})
        key = self._field_key(listed, called)
        found = fields.from_metadata(item.content)
        if found["type"] == "rollup" and not self._rollup(found, item):
            return 0
        if f"{names.api_name(key)}__c" != called:
            found["salesforce"] = called
        kept = {n: v for n, v in (listed.get(key) or {}).items() if n in _HUBSPOT_ONLY}
        if "salesforce" not in kept.get("crms", ("salesforce",)):
            del kept["crms"]  # it is of both by now
        if key not in listed and owner not in self.new and "hubspot" in entry.get("crms", ("hubspot",)):
            kept["crms"] = ["salesforce"]  # the object is of both, and this field of one
        self.target.put(listed, key, found | kept)
        return 1

    def _field_key(self, listed: Json, called: str) -> str:
        for key, each in listed.items():
            if (each.get("salesforce") or f"{names.api_name(key)}__c").lower() == called.lower():
                return str(key)
        return reserved.free_name(names.plain_name(called))

    def _rollup(self, found: Json, item: Item) -> bool:
        child, _, relation = str(item.content.get("summaryForeignKey", "")).partition(".")
        rollup: Json = {
            "object": self._key(child), "relationship": names.plain_name(relation),
            "operation": item.content.get("summaryOperation"),
        }  # fmt: skip
        if item.content.get("summarizedField"):
            rollup["field"] = names.plain_name(str(item.content["summarizedField"]).partition(".")[2])
        if rollup["object"] not in self.target.objects:
            self.said.append(f"{item.name} sums up {child}; import that first to take it in.")
            return False
        found["rollup"] = rollup
        return True

    def _relationship(self, entry: Json, item: Item) -> int:
        content, called = item.content, item.name.partition(".")[2]
        to = self._key(str(content["referenceTo"]))
        if to not in self.target.objects and to not in STANDARD:
            self.said.append(
                f"{item.name} leads to {content['referenceTo']}; import that first to take it in."
            )
            return 0
        listed = entry.setdefault("relationships", {})
        key = self._field_key(listed, called)
        before = dict(listed.get(key) or {})
        found: Json = {"to": to}
        if content["type"] == "MasterDetail":
            found["kind"] = "master_detail"
        found["label"] = content.get("label", "")
        if content.get("inlineHelpText"):
            found["help"] = content["inlineHelpText"]
        if to not in self.target.objects and self.model.target("hubspot", to) is None:
            found["crms"] = ["salesforce"]
        if content.get("required") == "true":
            found["required"] = True
        how = _ON_DELETE.get(str(content.get("deleteConstraint")), "clear")
        if how != "clear":
            found["on_delete"] = how
        if content.get("reparentableMasterDetail") == "true":
            found["reparent"] = True
        plural = str(entry.get("plural") or "")
        if content.get("relationshipName") != slug_name(plural):
            found["children"] = content.get("relationshipName")
        if content.get("relationshipLabel") not in (None, plural):
            found["children_label"] = content["relationshipLabel"]
        if f"{names.api_name(key)}__c" != called:
            found["salesforce"] = called
        kept = {n: before[n] for n in ("crms", "labels", "limit") if n in before}
        if before.get("kind") == "association":
            kept.pop("crms", None)  # HubSpot's association is this lookup
        self.target.put(listed, key, found | kept)
        return 1

    def _plain_field(self, entry: Json, called: str) -> str:
        if called == "Name":
            return "name"
        if called == "OwnerId":
            return "owner"
        for part in ("fields", "relationships"):
            for key, each in (entry.get(part) or {}).items():
                if (each.get("salesforce") or f"{names.api_name(key)}__c") == called:
                    return str(key)
        return called  # a standard field, or one that the file does not have: as Salesforce spells it

    def _developer_key(self, listed: Json, called: str) -> str:
        for key, each in listed.items():
            if (each.get("salesforce") or names.api_name(key)) == called:
                return str(key)
        return called.lower()

    def _record_type(self, entry: Json, item: Item) -> None:
        listed, called = entry.setdefault("record_types", {}), item.name.partition(".")[2]
        key = self._developer_key(listed, called)
        found: Json = {"label": item.content.get("label")}
        if item.content.get("description"):
            found["description"] = item.content["description"]
        if item.content.get("active") == "false":
            found["active"] = False
        if names.api_name(key) != called:
            found["salesforce"] = called
        if item.content.get("businessProcess"):
            found["process"] = item.content["businessProcess"]
        picked = {
            self._plain_field(entry, each["picklist"]): each["values"]
            for each in item.content.get("picklistValues") or []
        }
        if picked:
            found["values"] = {name: [plain(v["fullName"]) for v in each] for name, each in picked.items()}
        defaults = {
            n: plain(v["fullName"]) for n, each in picked.items() for v in each if v["default"] == "true"
        }
        if defaults:
            found["defaults"] = defaults
        self.target.put(listed, key, found)

    def _validation(self, entry: Json, item: Item) -> None:
        listed, called = entry.setdefault("validations", {}), item.name.partition(".")[2]
        key = self._developer_key(listed, called)
        content = item.content
        found: Json = {"formula": content["errorConditionFormula"], "message": content["errorMessage"]}
        if content.get("errorDisplayField"):
            found["field"] = self._plain_field(entry, content["errorDisplayField"])
        if content.get("description"):
            found["description"] = content["description"]
        if content.get("active") == "false":
            found["active"] = False
        if names.api_name(key) != called:
            found["salesforce"] = called
        kept = {"hubspot": listed[key]["hubspot"]} if "hubspot" in (listed.get(key) or {}) else {}
        self.target.put(listed, key, found | kept)

    def _layout(self, entry: Json, item: Item) -> None:
        label = plain(item.name.partition("-")[2])
        listed = entry.setdefault("layouts", {})
        key = next((k for k, e in listed.items() if e.get("label") == label), slug(label))
        sections = layouts.sections(item.content, entry, lambda called: self._plain_field(entry, called))
        self.target.put(listed, key, {"label": label, "sections": sections})

    def _find_key(self, entry: Json) -> None:
        for name, each in (entry.get("fields") or {}).items():
            if each.get("unique") and each.get("external_id"):
                entry["key"] = name
                return

    def _apex(self, owners: Sequence[str]) -> None:
        """Triggers of the objects, and classes that name one of them."""
        soql = "SELECT Name, Body, ApiVersion, Status FROM {}"
        for row in self.client.metadata.tooling(soql.format("ApexTrigger")):
            body = str(row.get("Body") or "")
            owner = next((o for o in owners if f" on {o.lower()} " in body.lower().replace("(", " (")), None)
            if owner is not None:
                entry = self.target.objects[self._key(owner)]
                self._unit(entry.setdefault("triggers", {}), row, "trigger")
        for row in self.client.metadata.tooling(soql.format("ApexClass")):
            if any(owner.lower() in str(row.get("Body") or "").lower() for owner in owners):
                classes = self.target.content.setdefault("apex_classes", {})
                self._unit(classes, row, "cls")
        for holder in (self.target.content, *self.target.objects.values()):
            for part in ("apex_classes", "triggers"):
                if part in holder and not holder[part]:
                    del holder[part]

    def _unit(self, listed: Json, row: Json, suffix: str) -> None:
        name, body = str(row["Name"]), str(row.get("Body") or "")
        file = (listed.get(name) or {}).get("file") or f"apex/{name}.{suffix}"
        found: Json = {"file": file}
        if "@istest" in body.lower():
            found["test"] = True
        if row.get("Status") == "Inactive":
            found["active"] = False
        if float(row.get("ApiVersion") or 62.0) != 62.0:
            found["api_version"] = float(row["ApiVersion"])
        self.target.put(listed, name, found)
        self.target.file(self.model.folder, file, body.strip() + "\n")


def slug_name(plural: str) -> str:
    """The name of the list of children that the file takes by itself."""
    return re.sub(r"\W+", "_", plural).strip("_")
