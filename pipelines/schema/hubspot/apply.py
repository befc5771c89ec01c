"""One planned thing at a time made, changed or taken away at HubSpot.

Belongs here: which call does what. The order and what is remembered is `pipelines.schema.apply`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice

from pipelines.clients.batches import batched
from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.schema.hubspot import properties
from pipelines.schema.items import Json, Live
from pipelines.schema.plan import Action
from pipelines.schema.risks import renamed_stages

MOST_PROPERTIES = 100
ORDER = (
    "object", "group", "property", "association", "label", "limit", "pipeline", "validation", "workflow",
)  # fmt: skip


def _made_with(action: Action, actions: Sequence[Action]) -> list[Action]:
    """The properties that go into the call that makes their object: first those its schema names, and none of
    a group, which is made after the object."""
    content = action.item.content
    needed = {content["primaryDisplayProperty"], *content["requiredProperties"]}
    needed |= set(content["searchableProperties"])
    mine = [a for a in actions if a.item.kind == "property" and a.item.of == action.item.of]
    found = [a for a in mine if "groupName" not in a.item.content or a.name.partition(".")[2] in needed]
    found.sort(key=lambda a: a.name.partition(".")[2] not in needed)
    return found[:MOST_PROPERTIES]


def _rank(action: Action) -> float:
    """Where an action comes: an object that is there is told of its properties once they are made."""
    if action.item.kind == "object" and action.operation == "change":
        return ORDER.index("property") + 0.5
    return ORDER.index(action.item.kind)


class Applier:
    """Does actions in a portal, whose standing it keeps up as it goes."""

    def __init__(self, client: HubSpotClient, live: Live) -> None:
        self.client, self.live = client, live
        self.types: dict[str, str] = {
            key[2]: str(raw["objectTypeId"]) for key, raw in live.raw.items() if key[1] == "object"
        }

    def steps(self, actions: Sequence[Action]) -> list[tuple[list[Action], Callable[[], None]]]:
        """What is done at once, in order: properties of an object go by the hundred, the rest one by one."""
        found: list[tuple[list[Action], Callable[[], None]]] = []
        with_object: set[str] = set()
        for action in sorted((a for a in actions if a.operation != "destroy"), key=_rank):
            if action.operation == "create" and action.item.kind == "property":
                continue
            if action.item.kind != "object" or action.operation != "create":
                found.append(([action], partial(self.do, action)))
                continue
            # Its properties are made with it: a schema needs those it requires.
            mine = _made_with(action, actions)
            with_object |= {a.name for a in mine}
            found.append(([action, *mine], partial(self.create_object, action, mine)))
        # New properties come before changed ones, whose formulas may name them.
        at = next((i for i, (some, _) in enumerate(found) if _rank(some[0]) >= ORDER.index("property")),
                  len(found))  # fmt: skip
        more: list[tuple[list[Action], Callable[[], None]]] = []
        new = [a for a in actions if a.item.kind == "property" and a.operation == "create"
               and a.name not in with_object]  # fmt: skip
        for owner in dict.fromkeys(a.item.of for a in new):
            for some in batched([a for a in new if a.item.of == owner], MOST_PROPERTIES):
                more.append((list(some), partial(self.create_properties, owner, list(some))))
        # What an object's own call needed is made without its group, for that comes after the object.
        more += [([a], partial(self._property, a)) for a in actions
                 if a.name in with_object and "groupName" in a.item.content]  # fmt: skip
        found[at:at] = more
        destroyed = sorted(
            (a for a in actions if a.operation == "destroy"), key=lambda a: -ORDER.index(a.item.kind)
        )
        found += [([a], partial(self.destroy, a)) for a in destroyed]
        return found

    def type_of(self, owner: str) -> str:
        return self.types.get(owner, owner)

    def _group(self, owner: str, item: Json) -> str:
        """HubSpot's own group of an object, unless the model names one."""
        if item.get("groupName"):
            return str(item["groupName"])
        singular = {"companies": "company"}.get(owner, owner.removesuffix("s"))
        return f"{owner}_information" if owner in self.types else f"{singular}information"

    def create_object(self, action: Action, mine: Sequence[Action]) -> None:
        item, content = action.item, action.item.content
        group = f"{item.name}_information"
        told = {
            "name": item.name, "labels": {"singular": content["singular"], "plural": content["plural"]},
            "primaryDisplayProperty": content["primaryDisplayProperty"],
            "requiredProperties": content["requiredProperties"],
            "searchableProperties": content["searchableProperties"], "associatedObjects": [],
            "properties": [
                properties.body(a.name.partition(".")[2], a.item.content | {"groupName": group}, group)
                for a in mine
            ],
        }  # fmt: skip
        if content.get("description"):
            told["description"] = content["description"]
        answer = self.client.change("POST", self.client.path("schemas"), told)
        self.types[item.name] = str(answer["objectTypeId"])

    def create_properties(self, owner: str, some: Sequence[Action]) -> None:
        inputs = [
            properties.body(a.name.partition(".")[2], a.item.content, self._group(owner, a.item.content))
            for a in some
        ]
        path = self.client.path("properties", self.type_of(owner)) + "/batch/create"
        answer = self.client.change("POST", path, {"inputs": inputs})
        made = {str(each.get("name")): each for each in answer.get("results") or []}
        for action in some:
            # An archived property of that name is restored as it was: then it is changed to what is wanted.
            there = made.get(action.name.partition(".")[2])
            content = action.item.content
            if there and properties.canonical(there, keep_group="groupName" in content) != content:
                self._property(action)

    def do(self, action: Action) -> None:
        {
            "object": self._object, "group": self._group_named, "property": self._property,
            "association": self._association, "label": self._label, "limit": self._limit,
            "pipeline": self._pipeline, "validation": self._validation, "workflow": self._workflow,
        }[action.item.kind](action)  # fmt: skip

    def _object(self, action: Action) -> None:
        content = action.item.content
        told: Json = {
            "labels": {"singular": content["singular"], "plural": content["plural"]},
            "description": content.get("description", ""),
            **{n: content[n] for n in ("primaryDisplayProperty", "requiredProperties",
                                       "searchableProperties")},
        }  # fmt: skip
        path = f"{self.client.path('schemas')}/{self.type_of(action.name)}"
        self.client.change("PATCH", path, told)

    def _group_named(self, action: Action) -> None:
        owner, _, group = action.name.partition(": ")
        path = self.client.path("properties", self.type_of(owner)) + "/groups"
        told = {"name": group, "label": action.item.content["label"], "displayOrder": -1}
        if action.operation == "create":
            self.client.change("POST", path, told)
        else:
            self.client.change("PATCH", f"{path}/{group}", {"label": told["label"]})

    def _property(self, action: Action) -> None:
        owner, _, name = action.name.partition(".")
        group = self._group(owner, action.item.content)
        raw = self.live.raw.get(action.item.key) or {}
        told = properties.body(name, action.item.content, str(raw.get("groupName") or group))
        told = {"description": "", **told}
        before = action.before or {}
        for hint, plain in (("showCurrencySymbol", False), ("numberDisplayHint", "unformatted")):
            if hint in before:
                told = {hint: plain, **told}
        if "options" in before and "options" not in told:
            told["options"] = []
        for fixed in ("name", "hasUniqueValue"):
            told.pop(fixed, None)
        path = f"{self.client.path('properties', self.type_of(owner))}/{name}"
        self.client.change("PATCH", path, told)

    def _association(self, action: Action) -> None:
        start, end = self._ends(action.name)
        path = f"{self.client.path('schemas')}/{self.type_of(start)}/associations"
        told = {"fromObjectTypeId": self._id(start), "toObjectTypeId": self._id(end),
                "name": f"{start}_to_{end}"}  # fmt: skip
        self.client.change("POST", path, told)

    def _ends(self, pair: str) -> tuple[str, str]:
        """Both ends of an association: it is made, and taken away, at the object that is custom."""
        start, _, end = pair.partition(" → ")
        return (start, end) if start in self.types or end not in self.types else (end, start)

    def _id(self, name: str) -> str:
        standard = {
            "contacts": "0-1",
            "companies": "0-2",
            "deals": "0-3",
            "tickets": "0-5",
            "products": "0-7",
            "leads": "0-136",
        }
        return self.types.get(name) or standard.get(name, name)

    def _pair(self, name: str, pair: str) -> str:
        start, _, end = pair.partition(" → ")
        return self.client.path(name, self.type_of(start), self.type_of(end))

    def _label(self, action: Action) -> None:
        pair, _, name = action.name.partition(": ")
        content, path = action.item.content, self._pair("labels", pair)
        if action.operation == "create":
            told = {"label": content["label"], "inverseLabel": content["inverse"], "name": name}
            self.client.change("POST", path, told)
            return
        number = self.live.raw[action.item.key]["typeId"]
        told = {"associationTypeId": number, "label": content["label"], "inverseLabel": content["inverse"]}
        self.client.change("PUT", path, told)

    def _limit(self, action: Action) -> None:
        """Set, changed or taken away: of the plain association of the pair, whatever labels it has."""
        pair = action.name
        start, _, end = pair.partition(" → ")
        listed = self.client.get(self._pair("labels", pair)).get("results") or []
        plain = next(each for each in listed if each.get("label") is None)
        told = {"category": plain["category"], "typeId": plain["typeId"]}
        if action.operation != "destroy":
            told["maxToObjectIds"] = action.item.content["most"]
        verb = {"create": "create", "change": "update", "destroy": "purge"}[action.operation]
        path = f"{self.client.path('association_limits')}/{self.type_of(start)}/{self.type_of(end)}"
        self.client.change("POST", f"{path}/batch/{verb}", {"inputs": [told]})

    def _ungroup(self, action: Action) -> None:
        """HubSpot deletes no group that holds properties: they go to the object's own group first."""
        owner, _, group = action.name.partition(": ")
        path = self.client.path("properties", self.type_of(owner))
        for each in self.client.properties(self.type_of(owner)):
            if each.get("groupName") == group and not each.get("archived"):
                told = {"groupName": self._group(owner, {})}
                self.client.change("PATCH", f"{path}/{each['name']}", told)
        self.client.change("DELETE", f"{path}/groups/{group}")

    def _metadata(self, owner: str, stage: Json) -> Json:
        if owner == "tickets":
            return {"ticketState": "CLOSED" if stage["closed"] else "OPEN"}
        if owner == "deals":
            return {"probability": str(stage["probability"])}
        return {"isClosed": "true" if stage["closed"] else "false"}

    def _pipeline(self, action: Action) -> None:
        owner = action.item.of
        path = self.client.path("pipelines", self.type_of(owner))
        stages = [
            {"label": s["label"], "displayOrder": i, "metadata": self._metadata(owner, s)}
            for i, s in enumerate(action.item.content["stages"])
        ]
        if action.operation == "create":
            told = {"label": action.item.content["label"], "displayOrder": 0, "stages": stages}
            self.client.change("POST", path, told)
            return
        raw = self.live.raw[action.item.key]
        own = f"{path}/{raw['id']}/stages"
        labels = [str(stage["label"]) for stage in stages]
        renamed = renamed_stages(list(raw["stages"]), labels)
        for stage in stages:
            known = raw["stages"].get(renamed.get(str(stage["label"]), stage["label"]))
            self.client.change("PATCH" if known else "POST", f"{own}/{known}" if known else own, stage)
        for label, number in raw["stages"].items():
            if label not in labels and label not in renamed.values():
                self.client.change("DELETE", f"{own}/{number}")

    def _validation(self, action: Action) -> None:
        self._rule(action.name, list(action.item.content["arguments"]))

    def _rule(self, named: str, arguments: list[str]) -> None:
        place, _, rule = named.partition(" ")
        owner, _, name = place.partition(".")
        path = f"{self.client.path('validations', self.type_of(owner))}/{name}/rule-type/{rule}"
        self.client.change("PUT", path, {"ruleArguments": arguments, "shouldApplyNormalization": False})

    def _workflow(self, action: Action) -> None:
        content = dict(action.item.content)
        content["objectTypeId"] = self._id(str(content["objectTypeId"]))
        path = self.client.path("flows")
        if action.operation == "create":
            self.client.change("POST", path, content)
            return
        raw = self.live.raw[action.item.key]
        content["revisionId"] = raw["revisionId"]
        self.client.change("PUT", f"{path}/{raw['id']}", content)

    def _empty(self, name: str) -> None:
        """HubSpot deletes no object that has records: they go to its recycle bin first, by the hundred."""
        kind = self.type_of(name)
        path = self.client.path("objects", kind)
        while ids := [str(each["id"]) for each in islice(self.client.pages(path, 100), 100)]:
            self.client.batch_archive(kind, ids)

    def destroy(self, action: Action) -> None:
        kind, name, raw = action.item.kind, action.name, self.live.raw.get(action.item.key) or {}
        owner, _, own = name.partition(".")
        if kind == "object":
            self._empty(name)
            self.client.change("DELETE", f"{self.client.path('schemas')}/{self.type_of(name)}")
        elif kind == "property":
            self.client.change("DELETE", f"{self.client.path('properties', self.type_of(owner))}/{own}")
        elif kind == "association":
            start, _ = self._ends(name)
            path = f"{self.client.path('schemas')}/{self.type_of(start)}/associations"
            self.client.change("DELETE", f"{path}/{raw['typeId']}")
        elif kind == "label":
            pair = name.partition(": ")[0]
            self.client.change("DELETE", f"{self._pair('labels', pair)}/{raw['typeId']}")
        elif kind == "pipeline":
            owner = action.item.of
            self.client.change("DELETE", f"{self.client.path('pipelines', self.type_of(owner))}/{raw['id']}")
        elif kind == "limit":
            self._limit(action)
        elif kind == "group":
            self._ungroup(action)
        elif kind == "validation":
            self._rule(name, [])
        elif kind == "workflow":
            self.client.change("DELETE", f"{self.client.path('flows')}/{raw['id']}")
        else:
            raise ValueError(f"nobody knows how a {kind} is taken away")
