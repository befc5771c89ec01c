"""Mappings and metadata together: which lines hold for which objects, which way, between which fields.

Belongs here: finding each field, turning round or leaving out lines that cannot hold, the built-in name
mapping, and whose provider gives way. Whether the values fit is `fit`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pipelines.reverse_sync.mirror.findings import Finding
from pipelines.reverse_sync.mirror.fit import fit
from pipelines.reverse_sync.mirror.metadata import FieldMeta, Metadata, ObjectKey
from pipelines.rules.fields import Fields
from pipelines.rules.mappings.model import (
    PEOPLE,
    VENDORS,
    Direction,
    Line,
    Mapping,
    Matched,
    Side,
    read_besides,
)
from pipelines.rules.syncs import FieldRule, Sync, Syncs

SIDES: tuple[Side, Side] = ("left", "right")
KEYED_BY_TEXT = {("hubspot", "campaigns")}
_CONNECTORS = (
    "salesforceleadid", "salesforcecontactid", "salesforceaccountid", "hs_salesforceopportunityid",
    "salesforcelastsynctime",
)  # fmt: skip
_ONE_WAY: dict[Side, Direction] = {"left": "to_left", "right": "to_right"}
_NAMES = (("firstname", "FirstName"), ("lastname", "LastName"), ("company", "Company"), ("name", "Name"))
"""The built-in mapping of names: what a CRM requires and no line provides comes from here."""


@dataclass(frozen=True)
class ResolvedLine:
    """A line between two fields that exist."""

    line: Line
    left: FieldMeta
    right: FieldMeta
    rules: dict[Side, FieldRule]
    """How each side that is written is written."""
    computed: str = ""
    """The sync whose model says what the left field will hold; empty where the CRM's own value counts."""

    def field(self, side: Side) -> FieldMeta:
        return self.left if side == "left" else self.right


@dataclass(frozen=True)
class ResolvedPair:
    """Two objects and the lines between them. `extra` are fields that only expressions read."""

    mapping: Mapping
    left_object: str
    right_object: str
    lines: tuple[ResolvedLine, ...]
    extra: dict[Side, tuple[FieldMeta, ...]]

    def object_of(self, side: Side) -> str:
        return self.left_object if side == "left" else self.right_object

    def sync_name(self, side: Side, syncs: Syncs) -> str:
        return sync_name(VENDORS[side], self.object_of(side), syncs)


@dataclass(frozen=True)
class Resolved:
    pairs: tuple[ResolvedPair, ...]
    findings: tuple[Finding, ...]


def sync_name(vendor: str, object_name: str, syncs: Syncs) -> str:
    """The sync that writes an object: the one of syncs.yml, or one of its own."""
    for name, sync in syncs.syncs.items():
        if sync.vendor == vendor and sync.object.lower() == object_name.lower() and not sync.consent:
            return name
    return f"{vendor}_{object_name.lower()}"


def objects_of(mappings: Iterable[Mapping]) -> list[ObjectKey]:
    """Every object whose metadata a check needs."""
    found: list[ObjectKey] = []
    for mapping in mappings:
        for left, right in mapping.pairs:
            found += [(VENDORS["left"], left), (VENDORS["right"], right)]
    return list(dict.fromkeys(found))


def resolve(mappings: Sequence[Mapping], metadata: Metadata, syncs: Syncs, fields: Fields) -> Resolved:
    """Every pair with the lines that hold for it, and everything there is to say about the rest."""
    work = _Resolving(metadata, syncs, fields)
    pairs = [work.pair(mapping, *objects) for mapping in mappings for objects in mapping.pairs]
    work.unkept(mappings)
    work.unseen_deletions(mappings)
    return Resolved(tuple(pair for pair in pairs if pair is not None), tuple(dict.fromkeys(work.findings)))


class _Resolving:
    def __init__(self, metadata: Metadata, syncs: Syncs, fields: Fields) -> None:
        self.metadata, self.syncs, self.fields = metadata, syncs, fields
        self.findings: list[Finding] = []

    def say(self, finding: Finding) -> None:
        self.findings.append(finding)

    def pair(self, mapping: Mapping, left: str, right: str) -> ResolvedPair | None:
        objects: dict[Side, str] = {"left": left, "right": right}
        for side in SIDES:
            if not self.metadata.has(VENDORS[side], objects[side]):
                self.say(Finding("error", mapping.file, f"{VENDORS[side]} {objects[side]}",
                                 "is no object there", "mend its name, or ask for access to it"))  # fmt: skip
                return None
        for side in mapping.creates:
            self._key(mapping, side, objects)
        if mapping.matched is not None and not self._matches(mapping, mapping.matched, objects):
            return None
        self._connector(mapping, objects["left"])
        lines = [self._line(mapping, line, objects) for line in mapping.lines]
        found = [line for line in lines if line is not None]
        found += self._defaults(mapping, objects, found)
        if not found:
            return None
        return ResolvedPair(mapping, left, right, tuple(found), self._extra(mapping, objects))

    def _connector(self, mapping: Mapping, object_name: str) -> None:
        """HubSpot's Salesforce connector leaves properties of its own behind, whoever its user is."""
        theirs = [each for each in _CONNECTORS if self.metadata.find(VENDORS["left"], object_name, each)]
        if theirs:
            self.say(Finding("note", mapping.file, f"{VENDORS['left']} {object_name}.{theirs[0]}",
                             "is of HubSpot's Salesforce connector: what it is seen to write is left to it",
                             "see docs/coexistence.md"))  # fmt: skip

    def unseen_deletions(self, mappings: Sequence[Mapping]) -> None:
        """HubSpot tells of no campaign that it was deleted: it is not in the list any more, that is all."""
        for mapping in mappings:
            if mapping.entity == "campaign" and "right" in mapping.deletes:
                self.say(Finding("warning", mapping.file, "hubspot campaigns",
                                 "tells of no deletion, so none is followed to Salesforce",
                                 "say on_delete: source to follow Salesforce's alone"))  # fmt: skip

    def _matches(self, mapping: Mapping, matched: Matched, objects: dict[Side, str]) -> bool:
        """Records are paired by a field that both sides have."""
        absent = [
            side for side in SIDES
            if self.metadata.find(VENDORS[side], objects[side], matched.of(side)) is None
        ]  # fmt: skip
        for side in absent:
            self.say(Finding("error", mapping.file, self._shown(side, objects, matched.of(side)),
                             "is what records are paired by and does not exist",
                             "mend match, or run crm schema apply"))  # fmt: skip
        return not absent

    def _key(self, mapping: Mapping, side: Side, objects: dict[Side, str]) -> None:
        """What is created carries our key in a unique field; without one it could be created twice. What
        HubSpot has no unique field for carries it in a text, and is looked for by name before."""
        name = mapping.key_of(side)
        meta = self.metadata.find(VENDORS[side], objects[side], name)
        shown = self._shown(side, objects, name)
        if meta is not None and (VENDORS[side], objects[side]) in KEYED_BY_TEXT:
            return
        if meta is None or not meta.unique:
            problem = "is not there" if meta is None else "is not unique"
            remedy = f"create it unique: crm schema apply --field {objects[side]}.{name}"
            said = f"is to hold our key and {problem}"
            self.say(Finding("error", mapping.file, shown, said, remedy))

    # -- one line ------------------------------------------------------------------------------------

    def _line(self, mapping: Mapping, line: Line, objects: dict[Side, str]) -> ResolvedLine | None:
        metas: dict[Side, FieldMeta] = {}
        for side in SIDES:
            found = self._find(side, objects[side], line.field_of(side))
            if found is None:
                self._missing(mapping, line, side, objects)
                return None
            metas[side] = found
        if not self._reads_known_fields(line, objects):
            return None
        directed = self._directed(line, metas, objects)
        if directed is None:
            return None
        self.findings += fit(directed, metas["left"], metas["right"], objects)
        self._currencies(directed, metas, objects)
        rules = {side: self._rule(directed, side, metas, objects) for side in SIDES if directed.writes(side)}
        return ResolvedLine(directed, metas["left"], metas["right"], rules,
                            computed=self._computed(metas["left"], objects["left"]))  # fmt: skip

    def _currencies(self, line: Line, metas: dict[Side, FieldMeta], objects: dict[Side, str]) -> None:
        """An amount copied as it is changes its worth where records have currencies of their own."""
        has_own = self.metadata.find(VENDORS["right"], objects["right"], "CurrencyIsoCode") is not None
        made = line.convert or line.values or line.to_left or line.to_right
        if has_own and metas["right"].vendor_type == "currency" and not made:
            shown = self._shown("right", objects, metas["right"].name)
            self.say(Finding("warning", line.where, shown, "is copied as a number, though each record has a "
                             "currency of its own", "say convert: currency"))  # fmt: skip

    def _find(self, side: Side, object_name: str, name: str) -> FieldMeta | None:
        vendor = VENDORS[side]
        known = self.metadata.find(vendor, object_name, name)
        return known or self.metadata.find(vendor, object_name, self.fields.stands_for(vendor, name))

    def _missing(self, mapping: Mapping, line: Line, side: Side, objects: dict[Side, str]) -> None:
        shown = self._shown(side, objects, line.field_of(side))
        if mapping.pairs == PEOPLE and objects["right"] == "Contact" and side == "right":
            self.say(Finding("note", line.where, shown,
                             "is not there, so this line ends when a lead is converted"))  # fmt: skip
            return
        name = f"{objects[side]}.{line.field_of(side)}"
        self.say(Finding("error", line.where, shown, "does not exist",
                         f"mend its name, or create it with crm schema apply --field {name}"))  # fmt: skip

    def _reads_known_fields(self, line: Line, objects: dict[Side, str]) -> bool:
        whole = True
        for side, name in read_besides(line):
            if self._find(side, objects[side], name) is None:
                self.say(Finding("error", line.where, self._shown(side, objects, name),
                                 "is read by this line and does not exist", "mend its name"))  # fmt: skip
                whole = False
        return whole

    def _directed(self, line: Line, metas: dict[Side, FieldMeta], objects: dict[Side, str]) -> Line | None:
        """The line, one way where one of its sides cannot be written; None where no side can."""
        closed = {
            side: why for side in SIDES if line.writes(side) and (why := self._closed(side, metas, objects))
        }
        if not closed:
            return line
        if line.direction == "both" and len(closed) == 1:
            [(side, why)] = closed.items()
            open_side: Side = "right" if side == "left" else "left"
            way = f"{VENDORS[side]} to {VENDORS[open_side]}"
            self.say(Finding("note", line.where, self._shown(side, objects, metas[side].name),
                             f"{why}, so this line syncs one way: {way}"))  # fmt: skip
            return replace(line, direction=_ONE_WAY[open_side])
        for side, why in closed.items():
            self.say(Finding("error", line.where, self._shown(side, objects, metas[side].name), why,
                             "turn the line round, or map another field"))  # fmt: skip
        return None

    def _closed(self, side: Side, metas: dict[Side, FieldMeta], objects: dict[Side, str]) -> str:
        """Why a field cannot be written by a mapping; empty if it can."""
        meta = metas[side]
        if not meta.writable:
            return "is calculated by the CRM" if meta.calculated else "is read-only"
        rule = self._declared(side, objects[side], meta.name)
        if rule is not None and rule.provider != "mirrored" and not rule.unless_mapped:
            return f"is {rule.provider} by this project ({rule.rule})"
        return ""

    def _declared(self, side: Side, object_name: str, name: str) -> FieldRule | None:
        for sync in self._syncs_of(side, object_name):
            for field, rule in sync.fields.items():
                if field.lower() == name.lower():
                    return rule
        return None

    def _syncs_of(self, side: Side, object_name: str) -> list[Sync]:
        wanted = (VENDORS[side], object_name.lower())
        return [sync for sync in self.syncs.syncs.values() if (sync.vendor, sync.object.lower()) == wanted]

    def _rule(
        self, line: Line, side: Side, metas: dict[Side, FieldMeta], objects: dict[Side, str]
    ) -> FieldRule:
        """How the field is written: as syncs.yml says of it, else as the line does."""
        declared = self._declared(side, objects[side], metas[side].name)
        if declared is None:
            return FieldRule(
                type=metas[side].type, provider="mirrored", owner="crm", policy=line.write, rule=line.rule
            )
        if declared.provider != "mirrored":
            self.say(Finding("note", line.where, self._shown(side, objects, metas[side].name),
                             f"is provided by this line instead of {declared.rule}"))  # fmt: skip
        policy = line.write if declared.policy == "overwrite" else declared.policy
        return declared.model_copy(
            update={"provider": "mirrored", "policy": policy, "dead_band": 0.0, "rule": line.rule}
        )

    def _computed(self, left: FieldMeta, left_object: str) -> str:
        """A value of ours counts from the moment it is desired, so that both sides settle in one round."""
        for sync in self._syncs_of("left", left_object):
            for field, rule in sync.modelled.items():
                if field.lower() == left.name.lower() and not rule.unless_mapped and sync.desired:
                    return sync.desired
        return ""

    # -- what no line says ---------------------------------------------------------------------------

    def _defaults(
        self, mapping: Mapping, objects: dict[Side, str], lines: Sequence[ResolvedLine]
    ) -> list[ResolvedLine]:
        """Required fields that no line provides, from the built-in name mapping."""
        found = []
        for side in SIDES:
            given = {each.field(side).name.lower() for each in lines if each.line.writes(side)}
            for meta in self.metadata.of(VENDORS[side], objects[side]):
                if meta.required and meta.name.lower() not in given:
                    line = self._default(mapping, side, meta, objects)
                    found += [line] if line is not None else []
        return found

    def _default(
        self, mapping: Mapping, side: Side, meta: FieldMeta, objects: dict[Side, str]
    ) -> ResolvedLine | None:
        shown = self._shown(side, objects, meta.name)
        names = {(a if side == "left" else b).lower(): (a, b) for a, b in _NAMES}
        left, right = names.get(meta.name.lower(), ("", ""))
        ends = {
            "left": self.metadata.find(VENDORS["left"], objects["left"], left) if left else None,
            "right": self.metadata.find(VENDORS["right"], objects["right"], right) if right else None,
        }
        from_left, from_right = ends["left"], ends["right"]
        if from_left is None or from_right is None or not meta.writable:
            if meta.writable and not self._is_reference(meta):
                self.say(Finding("warning", mapping.file, shown, "is required and no line provides it",
                                 "add a line, or records without it cannot be created"))  # fmt: skip
            return None
        if self._declared(side, objects[side], meta.name) is not None:
            return None
        self.say(Finding("note", mapping.file, shown, "is required and comes from the default mapping"))
        line = Line(left=left, right=right, where=mapping.file, source=mapping.source, required=True,
                    direction=_ONE_WAY[side], write="fill_if_empty", is_default=True)  # fmt: skip
        rule = FieldRule(
            type=meta.type, provider="mirrored", owner="crm", policy="fill_if_empty", rule=line.rule
        )
        return ResolvedLine(line, from_left, from_right, {side: rule})

    def _is_reference(self, meta: FieldMeta) -> bool:
        return meta.type == "reference"

    def _extra(self, mapping: Mapping, objects: dict[Side, str]) -> dict[Side, tuple[FieldMeta, ...]]:
        read: dict[Side, dict[str, FieldMeta]] = {"left": {}, "right": {}}
        for line in mapping.lines:
            for side, name in read_besides(line):
                meta = self._find(side, objects[side], name)
                if meta is not None:
                    read[side][meta.name.lower()] = meta
        return {side: tuple(metas.values()) for side, metas in read.items()}

    def unkept(self, mappings: Sequence[Mapping]) -> None:
        """Fields that syncs.yml leaves to a mapping and that no line provides."""
        mapped = {
            (VENDORS[side], (left if side == "left" else right).lower(), line.field_of(side).lower())
            for mapping in mappings
            for left, right in mapping.pairs
            for line in mapping.lines
            for side in SIDES
        }
        for sync in self.syncs.syncs.values():
            for name, rule in sync.fields.items():
                if (
                    rule.provider == "mirrored"
                    and (sync.vendor, sync.object.lower(), name.lower()) not in mapped
                ):
                    self.say(Finding("error", "syncs.yml", f"{sync.vendor} {sync.object}.{name}",
                                     "is mirrored and no line of field_mappings/ provides it",
                                     "add a line, or remove the field"))  # fmt: skip

    def _shown(self, side: Side, objects: dict[Side, str], name: str) -> str:
        return f"{VENDORS[side]} {objects[side]}.{name}"
