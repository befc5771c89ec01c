"""A database in memory in which a few people are as they are now, over a warehouse in which they are as the
last refresh saw them.

Belongs here: what of the warehouse is looked up where it stands, what is narrowed to these people, and
working out the models between the two. Reading the CRMs is `pipelines.sources.again`, who is who is `who`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime

import duckdb
import pyarrow as pa

from pipelines.events.models import Anew
from pipelines.rules import consent_tables, crm_scores
from pipelines.rules.lead_score import LeadScore
from pipelines.run import Run
from pipelines.sources import persons
from pipelines.sources.catalogs import schema_of
from pipelines.sources.persons import CONTACT_TYPES, Holds
from pipelines.state.decisions import KeptDecision

_SHOWN = ("intermediate", "marts", "rules")
_COPIED = ("decisions.handoffs", "reverse_sync.mirror_run", "reverse_sync.mirrored_fields",
           "reverse_sync.coexisting_fields", "ops.loads", "ops.connections")  # fmt: skip
"""Small tables that the steps replace, or that a plan reads besides its records."""
_ENDS = ("from_type", "from_id", "to_type", "to_id")
"""What an association is known by."""
_WHOLE = frozenset({"raw_hubspot.leads"})
"""Whether a portal uses them is asked of the whole table."""


class Overlay:
    """Over one warehouse: `land` what was read again, `narrow` it to people, then `work_out` models."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, anew: Anew, run: Run, as_of: datetime, day: date
    ) -> None:
        self.connection, self.anew, self.as_of = connection, anew, as_of
        self._landed: dict[tuple[str, str], str] = {}
        self._kinds: dict[str, str] = {}
        """What was made here: relation -> table or view."""
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'base'"
        ).fetchall()
        self.tables = {f"{schema}.{name}" for schema, name in tables}
        for schema in {schema for schema, _ in tables} | {"staging", "reverse_sync", "decisions", "ops"}:
            connection.execute(f'create schema if not exists "{schema}"')
        for schema, name in tables:
            if schema in _SHOWN or schema.startswith("raw_"):
                self._put(f"{schema}.{name}", f'from base.{schema}."{name}"', kind="view")
        made_here = anew.people.keys() | anew.desired.keys()
        for schema, name in connection.execute(
            "select schema_name, view_name from duckdb_views() where database_name = 'base'"
        ).fetchall():
            is_made_here = f"{schema}.{name}" in made_here
            if schema in _SHOWN and name in anew.models and not is_made_here:
                self._put(f"{schema}.{name}", f'from base.{schema}."{name}"', kind="view")
        for relation in _COPIED:
            if relation in self.tables:
                self._put(relation, f"from base.{relation}")
        if "ops.journal" in self.tables:
            self._put("ops.journal", "from base.ops.journal", kind="view")
        for relation, sql in anew.staging.items():
            self._put(relation, sql, kind="view")
        self._put(
            "rules.run",
            "select * replace ($run as run_id, $at::timestamptz as as_of, $day::date as business_date) "
            "from base.rules.run", {"run": run.id, "at": as_of, "day": day},
        )  # fmt: skip

    def land(self, vendor: str, table: str, rows: pa.Table) -> None:
        """Rows of a raw table as they were read again; they take the place of those with the same key."""
        name = f"landed_{vendor}_{table}"
        self.connection.register("rows_again", rows)
        self.connection.execute(f"create table main.{name} as from rows_again")
        self.connection.unregister("rows_again")
        self._landed[vendor, table] = name

    def narrow(self, ids: Mapping[str, Collection[str]], emails: Collection[str], scores: LeadScore) -> None:
        """Of every raw table in which rows are some person's, only those of these people are left. `ids` are
        of their records, by vendor."""
        connection = self.connection
        connection.execute("create or replace table main.person_ids (vendor varchar, id varchar)")
        pairs = [(vendor, each) for vendor, some in ids.items() for each in some]
        if pairs:
            connection.executemany("insert into main.person_ids values (?, ?)", pairs)
        connection.execute("create or replace table main.person_emails (email varchar)")
        if emails:
            connection.executemany("insert into main.person_emails values (?)", [[e] for e in sorted(emails)])
        narrowed = self.tables - _WHOLE
        for vendor, tables in persons.DECLARED.items():
            for name, holds in tables.items():
                relation = f"{schema_of(vendor)}.{name}"
                if relation in narrowed and (where := _theirs(vendor, name, holds)):
                    self._put(relation, self._narrowed(vendor, name, holds, where), kind="view")
        for relation in ("rules.crm_scores", "rules.consent_flags"):
            self._drop(relation)
            self._kinds[relation] = "table"
        crm_scores.write(connection, scores)
        consent_tables.flags(connection)

    def work_out(self, models: Mapping[str, str]) -> None:
        """Build these models, which are in order."""
        for relation, sql in models.items():
            self._put(relation, sql)

    def replace(self, relation: str, rows: pa.Table) -> None:
        """Put these rows where the warehouse had its own."""
        self.connection.register("rows_put", rows)
        self._put(relation, "from rows_put")
        self.connection.unregister("rows_put")

    def everyone(self, people: Collection[str], recent: Collection[KeptDecision]) -> str:
        """A schema with the open leads of all for questions about loads: these people as they are now, the
        others as they were; who was decided about since then and is in no refresh yet is a new one."""
        connection = self.connection
        connection.execute("create schema if not exists everyone")
        ids = ", ".join(f"'{each}'" for each in people) or "''"
        connection.execute("create or replace table main.recent (person_id varchar, owner_id varchar)")
        if recent:
            last = {decision.person_id: decision.owner_email for decision in recent}
            connection.executemany(
                "insert into main.recent values (?, ?)", [[*each] for each in last.items()]
            )
        connection.execute(
            "create or replace view everyone.open_leads as select person_id, owner_id "
            f"from base.marts.open_leads where person_id not in ({ids}) "
            "union all select person_id, owner_id from marts.open_leads "
            f"union all select person_id, owner_id from main.recent where person_id not in ({ids}) "
            "and person_id not in (select person_id from base.marts.unified_leads)"
        )
        return "everyone"

    def complete(self) -> None:
        """Every table of the desired state is there, empty where it is about others."""
        have = {
            f"{schema}.{name}" for schema, name in self.connection.execute(
                "select schema_name, table_name from duckdb_tables() where database_name = current_database()"
            ).fetchall()
        }  # fmt: skip
        for relation in sorted(self.tables - have):
            if relation.startswith("reverse_sync."):
                schema, name = relation.split(".", 1)
                self.connection.execute(
                    f'create table {schema}."{name}" as from base.{schema}."{name}" limit 0'
                )

    def loaded(self, run: Run) -> None:
        """What was read again counts as fresh in what is planned."""
        for (vendor, table), name in self._landed.items():
            self.connection.execute(
                "insert into ops.loads (run_id, vendor, object, table_name, status, rows, window_to, "
                "loaded_at) select ?, vendor, object, table_name, 'loaded', (select count(*) from main."
                f"{name}), ?::timestamptz, ?::timestamptz from base.ops.loads "
                "where vendor = ? and table_name = ? limit 1",
                [run.id, self.as_of, self.as_of, vendor, table],
            )

    # -- inside --------------------------------------------------------------------------------------

    def _narrowed(self, vendor: str, name: str, holds: Holds, where: str) -> str:
        relation = f'base.{schema_of(vendor)}."{name}"'
        landed = self._landed.get((vendor, name))
        if landed is None:
            return f"select * from {relation} where {where}"
        key = ", ".join(f'"{each}"' for each in (_ENDS if name == "associations" else (holds.key or "id",)))
        return (
            f"select * from {relation} where ({where}) "
            f"and ({key}) not in (select {key} from main.{landed}) "
            f"union all by name select * from main.{landed}"
        )

    def _put(
        self, relation: str, sql: str, bound: Mapping[str, object] | None = None, *, kind: str = "table"
    ) -> None:
        self._drop(relation)
        self.connection.execute(f"create {kind} {_quoted(relation)} as {sql}", dict(bound or {}))
        self._kinds[relation] = kind

    def _drop(self, relation: str) -> None:
        kind = self._kinds.pop(relation, None)
        if kind is not None:
            self.connection.execute(f"drop {kind} {_quoted(relation)}")


def _theirs(vendor: str, table: str, holds: Holds) -> str:
    """The condition under which a row is of one of these people; empty where no row is anybody's."""
    ids = f"(select id from main.person_ids where vendor = '{vendor}')"
    emails = "(select email from main.person_emails)"
    types = ", ".join(f"'{each}'" for each in CONTACT_TYPES)
    if holds.record:
        return f'"{holds.key}" in {ids}'
    found = [f'"{name}" in {ids}' for name in holds.ids]
    found += [f'lower("{kind}") in ({types}) and "{name}" in {ids}' for kind, name in holds.typed]
    found += [f'lower("{name}") in {emails}' for name in holds.emails]
    if holds.via:
        found += [
            f"\"id\" in (select {one}_id from {schema_of(vendor)}.associations where {one}_type = '{table}')"
            for one in ("from", "to")
        ]
    return " or ".join(f"({each})" for each in found)


def _quoted(relation: str) -> str:
    schema, name = relation.split(".", 1)
    return f'"{schema}"."{name}"'
