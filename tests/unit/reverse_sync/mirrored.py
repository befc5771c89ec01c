"""Two CRMs in memory and the mirror between them: people edit, a round reads, mirrors, keeps and writes."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pyarrow as pa

from pipelines.reverse_sync.mirror import build, choices
from pipelines.reverse_sync.mirror.metadata import FieldMeta, Metadata
from pipelines.rules.mappings.model import Side
from pipelines.settings import PROJECT_ROOT, load_settings
from pipelines.state import State, actions, agreed, conflict_choices, mirrored
from pipelines.state.agreed import Agreed
from pipelines.state.journal import Intent

BEGAN = datetime(2026, 6, 1, tzinfo=UTC)
_SYNCS = """
syncs:
  other: {vendor: hubspot, object: tickets, desired: d, existing: e,
    fields: {x: {type: text, provider: computed, owner: us, rule: r}}}
"""
_TYPES = {"number": "double", "money": "decimal(18,2)", "boolean": "boolean", "timestamp": "timestamptz"}
_EMPTY = """
set timezone = 'UTC'; create schema raw_hubspot; create schema raw_salesforce; create schema intermediate;
create schema rules; create schema ops; create schema marts; create schema reverse_sync;
create table rules.connections as
    select * from (values ('hubspot', 'P'), ('salesforce', 'O')) t(vendor, org_id);
create table ops.loads (vendor varchar, object varchar, status varchar, window_to timestamptz);
create table intermediate.int_person_members (person_id varchar, record_key varchar);
create table intermediate.int_person_consents (person_id varchar, consent varchar);
create table intermediate.int_owners as select * from (values ('h1', 's1'), ('h2', 's2'))
    t(owner_id_hubspot, owner_id_salesforce);
create table marts.identity_reviews (entity varchar, reason varchar, left_key varchar, right_key varchar);
create table raw_salesforce.lead_history ("LeadId" varchar, "Field" varchar, "CreatedDate" timestamptz);
create table raw_hubspot.contacts_property_history (id varchar, property varchar, changed_at timestamptz);
"""


class Mirror:
    """`lines` of a mapping of contacts and leads; with a head that names no objects, of people."""

    def __init__(
        self, folder: Path, left: Mapping[str, FieldMeta], right: Mapping[str, FieldMeta], *lines: str,
        head: str = "source_object: contacts\ndestination_object: Lead\n",
    ) -> None:  # fmt: skip
        self.config = folder / "config"
        (self.config / "field_mappings").mkdir(parents=True)
        shutil.copy(PROJECT_ROOT / "config" / "fields.yml", self.config)
        (self.config / "syncs.yml").write_text(_SYNCS)
        body = "".join(f"  - {line}\n" for line in lines)
        text = f"source: hubspot\ndestination: salesforce\n{head}lines:\n{body}"
        (self.config / "field_mappings" / "team.yml").write_text(text)
        self.metas = {"contacts": left, "Lead": right, "Contact": right}
        self.metadata = Metadata({
            ("hubspot", "contacts"): left, ("salesforce", "Lead"): right, ("salesforce", "Contact"): right,
        })  # fmt: skip
        self.state = State.open(load_settings({"CRM_HOME": str(folder)}, vendors=False))
        self.records: dict[str, dict[str, dict[str, Any]]] = {"contacts": {}, "Lead": {}, "Contact": {}}
        self.moved: dict[str, datetime] = {}
        self.people: list[tuple[str, str]] = []
        self.changes: list[tuple[str, str, str, datetime]] = []
        self.reviews: list[tuple[str, str]] = []
        self.refusing: set[str] = set()
        self.refused: set[str] = set()
        """Objects of which a CRM takes nothing."""
        self.gone: dict[str, datetime] = {}
        self.creates_of: dict[str, Any] = {}
        self.now, self.rounds = BEGAN, 0
        self.conflicts: pa.Table | None = None
        self.warehouse = duckdb.connect()

    def record(self, object_name: str, record_id: str, person: str, **values: Any) -> None:
        self.records[object_name][record_id] = values
        self.moved[record_id] = self.now
        self.people.append((person, self.key(object_name, record_id)))

    @staticmethod
    def key(object_name: str, record_id: str) -> str:
        return f"{'hubspot:P' if object_name == 'contacts' else 'salesforce:O'}:{object_name}:{record_id}"

    def edit(self, object_name: str, record_id: str, **values: Any) -> None:
        """Somebody changes a record; without values it is stamped and nothing else."""
        self.now += timedelta(minutes=5)
        self.records[object_name][record_id].update(values)
        self.moved[record_id] = self.now

    def changed(self, object_name: str, record_id: str, said: str, at: datetime) -> None:
        """A row of a CRM's history, as it spells the field."""
        self.changes.append((object_name, record_id, said, at))

    def round(self) -> list[tuple[str, str, str | None]]:
        """Read, mirror, keep what agrees, write. Returns (object, field, value) of what was written."""
        self.rounds += 1
        self.now += timedelta(minutes=5)
        self.warehouse.close()
        self.warehouse = duckdb.connect()
        self._load()
        build.mirror(self.warehouse, self.state, self.config, self.metadata, f"r{self.rounds}", self.now)
        self.conflicts = self.warehouse.execute("from reverse_sync.conflicts").to_arrow_table()
        with self.state.writing() as state:
            mirrored.publish_mirrored(state, self.warehouse)
        cells = self.warehouse.execute(
            "select object, record_id, record_key, field, nullif(value, '__clear__') "
            "from reverse_sync.mirrored_cells"
        ).fetchall()
        taken = [cell for cell in cells if cell[0] not in self.refused]
        for object_name, record_id, _, field, value in taken:
            self.edit(object_name, record_id, **{field: value})
        with self.state.writing() as state:
            agreed.save(state, [Agreed(key, f, v, self.now, "r") for _, _, key, f, v in taken])
        return [(object_name, field, value) for object_name, _, _, field, value in cells]

    def open_ones(self) -> list[dict[str, object]]:
        """Conflicts that the last round left to people."""
        return choices.open_ones(self.warehouse)

    def choose(self, field: str, winner: conflict_choices.Side, *values: str) -> None:
        """Kim says who wins in this field of HubSpot's."""
        [conflict] = [each for each in self.open_ones() if each["field_left"] == field]
        made = choices.chosen(conflict, winner, values, "Kim", self.now)
        with self.state.writing() as state:
            conflict_choices.save(state, made)

    def rules(self) -> set[str]:
        """Of what the last round wrote."""
        rows = self.warehouse.execute("select distinct rule from reverse_sync.mirrored_cells").fetchall()
        return {rule for (rule,) in rows}

    def make(self, action_key: str, object_name: str, record_id: str, person: str, **values: Any) -> None:
        """The apply makes a record of a creation that the last round wanted; nobody has read it yet."""
        said = self.creates()[action_key]
        self.record(object_name, record_id, person, **values)
        vendor, source_key = ("hubspot" if object_name == "contacts" else "salesforce"), said["key"]
        self._did(action_key, "create_record", vendor, object_name, source_key, said, record_id)

    def take_back(self, action_key: str, object_name: str, record_id: str) -> None:
        """`crm undo` removes what was made."""
        made = self.creates_of[action_key]
        payload = {"kind": "create_record", "action_key": action_key, "id": record_id, "payload": made}
        vendor = "hubspot" if object_name == "contacts" else "salesforce"
        self._did(f"undo:r:{action_key}", "undo", vendor, object_name, made["key"], payload, "")
        self.delete(object_name, record_id)

    def undo(self, object_name: str, record_id: str, **values: Any) -> None:
        """`crm undo` sets fields of a record back."""
        self.edit(object_name, record_id, **values)
        key = self.key(object_name, record_id)
        with self.state.writing() as state:
            agreed.save(state, [Agreed(key, f, v, self.now, "undo") for f, v in values.items()])

    def delete(self, object_name: str, record_id: str) -> None:
        self.now += timedelta(minutes=5)
        self.gone[record_id] = self.now
        self.people = [each for each in self.people if each[1] != self.key(object_name, record_id)]

    def restore(self, object_name: str, record_id: str, person: str) -> None:
        """Somebody takes it out of the recycle bin."""
        del self.gone[record_id]
        self.edit(object_name, record_id)
        self.people.append((person, self.key(object_name, record_id)))

    def follow(self, object_name: str, record_id: str) -> None:
        """The apply deletes what the last round wanted deleted."""
        vendor = "hubspot" if object_name == "contacts" else "salesforce"
        key = self.key(object_name, record_id)
        self._did(f"delete:{key}", "delete_record", vendor, object_name, key, {}, "")
        self.delete(object_name, record_id)

    def deletes(self) -> list[str]:
        rows = self.warehouse.execute("select record_key from reverse_sync.actions_deletes order by 1")
        return [key for (key,) in rows.fetchall()]

    def _did(
        self, action_key: str, kind: str, vendor: str, object_name: str, key: str, payload: Any, made: str
    ) -> None:
        """The journal says that an action was done."""
        self.creates_of[action_key] = payload
        intent = Intent(
            actions.change_id(action_key), "p", "s", vendor, object_name, "", key, kind, None,
            orjson.dumps(payload).decode(), "mirrored", "r", operation=kind, action_key=action_key,
        )  # fmt: skip
        with self.state.writing() as state:
            actions.intend(state, [intent], run_id="r", at=self.now)
            actions.settle(state, [actions.Ended(action_key, "confirmed", "", "", "", made, self.now)])

    def creates(self) -> dict[str, dict[str, Any]]:
        rows = self.warehouse.execute("select action_key, payload from reverse_sync.actions_creates")
        return {key: orjson.loads(payload) for key, payload in rows.fetchall()}

    def held(self) -> list[tuple[str, str]]:
        return self.warehouse.execute(
            "select record_key, reason from reverse_sync.mirror_held order by all"
        ).fetchall()

    def judged(self) -> list[tuple[str, str]]:
        """(field, outcome) of the conflicts that were new in the last round."""
        return self.warehouse.execute(
            "select field_left, outcome from reverse_sync.conflicts where run_id = ? order by all",
            [f"r{self.rounds}"],
        ).fetchall()

    def _load(self) -> None:
        run = self.warehouse.execute
        run(_EMPTY)
        if self.conflicts is not None:
            self.warehouse.register("kept", self.conflicts)
            run("create table reverse_sync.conflicts as from kept")
        for object_name, records in self.records.items():
            vendor = "hubspot" if object_name == "contacts" else "salesforce"
            run("insert into ops.loads values (?, ?, 'loaded', ?)", [vendor, object_name, self.now])
            self._table(vendor, object_name, records)
        for table, rows in (
            ("intermediate.int_person_members", self.people),
            ("intermediate.int_person_consents", [(each, "opted_out") for each in self.refusing]),
            ("marts.identity_reviews", [("person", "review", *each) for each in self.reviews]),
            ("raw_salesforce.lead_history", [c[1:] for c in self.changes if c[0] == "Lead"]),
            ("raw_hubspot.contacts_property_history", [c[1:] for c in self.changes if c[0] == "contacts"]),
        ):
            for row in rows:
                run(f"insert into {table} values ({', '.join('?' * len(row))})", list(row))

    def _table(self, vendor: str, object_name: str, records: Mapping[str, Mapping[str, Any]]) -> None:
        names = [meta.name for meta in self.metas[object_name].values()]
        kinds = [_TYPES.get(meta.type, "varchar") for meta in self.metas[object_name].values()]
        own = {
            "hubspot": ("id", "lastmodifieddate", "createdate", "archived boolean"),
            "salesforce": ("Id", "LastModifiedDate", "CreatedDate", "IsDeleted boolean, IsConverted boolean"),
        }[vendor]
        fields = ", ".join(f'"{n}" {k}' for n, k in zip(names, kinds, strict=True))
        table = f"raw_{vendor}.{object_name.lower()}"
        self.warehouse.execute(
            f"create table {table} ({own[0]} varchar, {own[1]} timestamptz, {own[2]} timestamptz, {fields}, "
            f"{own[3]}, deleted_at timestamptz, deleted_how varchar)"
        )
        marks = ", ".join("?" * (3 + len(names)))
        listed = ", ".join(f'"{name}"' for name in names)
        for record_id, values in records.items():
            row = [record_id, self.moved[record_id], BEGAN, *(values.get(name) for name in names)]
            self.warehouse.execute(
                f"insert into {table} ({', '.join(own[:3])}, {listed}) values ({marks})", row
            )
            if record_id in self.gone:
                self.warehouse.execute(
                    f"update {table} set deleted_at = ?, deleted_how = 'deleted' where {own[0]} = ?",
                    [self.gone[record_id], record_id],
                )


def of(side: Side, *metas: FieldMeta) -> dict[str, FieldMeta]:
    """Fields of an object, and the ones that every test needs."""
    always = {"left": ("email", "external_id"), "right": ("Email", "External_Id__c")}[side]
    listed = (FieldMeta(always[0], "text", "email"), FieldMeta(always[1], "text", unique=True), *metas)
    return {meta.name.lower(): meta for meta in listed}
