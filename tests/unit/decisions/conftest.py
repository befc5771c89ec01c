"""A team's office: people, rules and the tables that routing asks.

Belongs here: what several tests of routing stand on. What they say is in the tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.decisions import routing
from pipelines.decisions.routing import Decided
from pipelines.rules.conditions import PERSON_COLUMNS
from pipelines.rules.routing import Load
from pipelines.rules.rows import load_values as rows_of_load
from pipelines.run import Run
from pipelines.settings import Settings
from pipelines.state import State
from pipelines.warehouse import Warehouse
from tests.fixtures.dbt_sql import compiled
from tests.fixtures.tables import table

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)
TEAMS = """
teams:
  field:
    members: [{email: ada@northwind.example}, {email: Bo@northwind.example}]
  inbound:
    members:
      - {email: cy@northwind.example}
      - {email: di@northwind.example}
      - {email: ed@northwind.example, active: false}
      - {email: fay@northwind.example}
"""
RULES = """
new_rules: live
rules:
  - name: big
    when: "lead_score >= 80 and lifecycle_stage in ('mql', 'sql')"
    team: field
    active_from: 2020-01-01T00:00:00Z
  - name: rest
    when: "lifecycle_stage is not null"
    team: inbound
    active_from: 2020-01-01T00:00:00Z
"""
Person = tuple[str, str | None, int | None, str | None]


@dataclass
class Office:
    """A work file, a state and a configuration."""

    settings: Settings
    state: State
    connection: duckdb.DuckDBPyConnection

    def people(self, *people: Person) -> None:
        """(person_id, owner_id, lead_score, lifecycle_stage); they arrived in this order."""
        self.leads(*(
            {"person_id": p, "owner_id": owner, "lead_score": score, "lifecycle_stage": stage}
            for p, owner, score, stage in people
        ))  # fmt: skip

    def leads(self, *people: dict[str, Any]) -> None:
        """Rows of the mart by column; what is left out is empty, and they arrived in this order."""
        kinds = {"text": "varchar", "number": "double", "timestamp": "timestamptz", "boolean": "boolean"}
        columns = {"person_id": "varchar", "updated_at": "timestamptz"} | {
            name: kinds[k] for name, k in PERSON_COLUMNS.items()
        }
        rows = [
            {"created_at": NOON - timedelta(minutes=len(people) - n), "email": f"{p['person_id']}@x.example"}
            | p
            for n, p in enumerate(people)
        ]
        self.table("marts.unified_leads", ", ".join(f"{n} {t}" for n, t in columns.items()),
                   [tuple(row.get(name) for name in columns) for row in rows])  # fmt: skip

    def staff(
        self, owners: Sequence[tuple[str, bool]], users: Sequence[tuple[str, bool]] = (),
        left_at: datetime | None = None,
    ) -> None:  # fmt: skip
        """(e-mail, is active) in HubSpot and in Salesforce; by `left_at` those left who are not."""
        self.table("staging.stg_hubspot__owners", "email varchar, is_active boolean", owners)
        self.table("staging.stg_salesforce__users", "email varchar, is_active boolean", users)
        known = {email.strip().lower(): active for email, active in [*users, *owners]}
        columns = (
            "owner_id varchar, is_active boolean, left_at timestamptz, owner_id_hubspot varchar, "
            "owner_id_salesforce varchar"
        )
        there = [{email.strip().lower() for email, active in some if active} for some in (owners, users)]
        everyone = [
            (
                email,
                active,
                None if active else left_at,
                *(email if email in some else None for some in there),
            )
            for email, active in known.items()
        ]
        self.table("intermediate.int_owners", columns, everyone)
        sources = [("hubspot", *row[:1] * 2) for row in everyone] + [
            ("salesforce", *row[:1] * 2) for row in everyone
        ]
        columns = "vendor varchar, source_id varchar, owner_id varchar"
        self.table("intermediate.int_owner_records", columns, sources)

    def aliases(self, *aliases: tuple[str, str]) -> None:
        self.table("intermediate.int_person_aliases", "alias varchar, person_id varchar", aliases)

    def table(self, name: str, columns: str, rows: Sequence[tuple[Any, ...]]) -> None:
        table(self.connection, name, columns, rows)

    def decide(self, run: str = "run1", as_of: datetime = NOON) -> Decided:
        return routing.decide(self.connection, self.state, self.settings, Run(run), as_of)

    def publish(self) -> int:
        with self.state.writing() as connection:
            return routing.publish_decisions(connection, self.connection)

    def assignments(self, columns: str = "person_id, owner_email, rule, state") -> list[tuple[Any, ...]]:
        return self.connection.execute(
            f"select {columns} from decisions.assignments order by person_id"
        ).fetchall()


MEETINGS = (
    "meeting_id varchar, record_key varchar, outcome varchar, title varchar, created_at timestamptz, "
    "updated_at timestamptz"
)


EVENTS = (
    "record_key varchar, event_id varchar, who_id varchar, subject varchar, outcome varchar, "
    "starts_at timestamptz, created_at timestamptz, updated_at timestamptz"
)


def meetings_of(office: Office, *meetings: tuple[str, str]) -> None:
    """(person, outcome) of meetings with them, one an hour from noon."""
    people = sorted({person for person, _ in meetings})
    records = [("hubspot", "contacts", person, f"key-{person}", None, False) for person in people]
    columns = (
        "vendor varchar, object varchar, record_id varchar, record_key varchar, owner_source_id varchar, "
        "is_converted boolean"
    )
    office.table("intermediate.int_person_records", columns, records)
    members = [(person, f"key-{person}") for person in people]
    office.table("intermediate.int_person_members", "person_id varchar, record_key varchar", members)
    hours = [NOON + timedelta(hours=n) for n in range(len(meetings))]
    rows = [
        (f"m{n}", f"m{n}", outcome, "Demo", hours[n], hours[n]) for n, (_, outcome) in enumerate(meetings)
    ]
    office.table("staging.stg_hubspot__meetings", MEETINGS, rows)
    ties = [("meetings", f"m{n}", "contacts", person) for n, (person, _) in enumerate(meetings)]
    columns = "from_type varchar, from_id varchar, to_type varchar, to_id varchar"
    office.table("staging.stg_hubspot__associations", columns, ties)
    events_of(office)


def events_of(office: Office, *canceled: str) -> None:
    """Salesforce's events that were deleted before they began, one with each of these people."""
    office.table("staging.stg_salesforce__events", EVENTS, [])
    columns = (
        "record_key varchar, event_id varchar, who_id varchar, subject varchar, created_at timestamptz, "
        "canceled_at timestamptz"
    )
    rows = [(f"e-{p}", f"e-{p}", f"00Q-{p}", "Demo", NOON, NOON) for p in canceled]
    office.table("staging.stg_salesforce__canceled_events", columns, rows)
    for person in canceled:
        record = ["salesforce", "Lead", f"00Q-{person}", f"lead-{person}", None, False]
        office.connection.execute(
            "insert into intermediate.int_person_records values (?, ?, ?, ?, ?, ?)", record
        )
        member = [person, f"lead-{person}"]
        office.connection.execute("insert into intermediate.int_person_members values (?, ?)", member)


def open_leads_of(office: Office, *statuses: tuple[str, str]) -> None:
    """The mart of open leads, worked out over these tables by its own SQL. `statuses`: person and the status
    of a lead of theirs in Salesforce, whose key is of `meetings_of`."""
    office.table("staging.stg_hubspot__contacts", "record_key varchar, lead_status varchar", [])
    columns = "record_key varchar, status varchar, is_converted boolean"
    rows = [(f"key-{person}", status, False) for person, status in statuses]
    office.table("staging.stg_salesforce__leads", columns, rows)
    office.table("rules.load_values", "kind varchar, value varchar", rows_of_load(Load())[1])
    office.leads()
    office.connection.execute("set search_path = 'main,marts,intermediate,staging,rules'")
    sql = compiled("marts/decisions/open_leads.sql")
    office.connection.execute(f"create or replace view marts.open_leads as {sql}")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    (tmp_path / "teams.yml").write_text(TEAMS)
    (tmp_path / "routing.yml").write_text(RULES)
    settings = Settings(home=tmp_path / "var", config_dir=tmp_path)
    warehouse = Warehouse(settings.paths)
    with State.open(settings) as state, warehouse.locked("test"):
        warehouse.start_work()
        with warehouse.writing() as connection:
            made = Office(settings, state, connection)
            connection.begin()  # one commit for all of them
            everyone = ["ada", "bo", "cy", "di", "ed", "fay"]
            made.staff([(f"{name.upper()}@northwind.example ", True) for name in everyone])
            made.aliases()
            made.table("intermediate.int_sales_contacts", "person_id varchar, occurred_at timestamptz", [])
            meetings_of(made)
            open_leads_of(made)
            made.table("marts.unified_accounts", "account_id varchar, owner_id varchar", [])
            made.table("marts.opportunities", "owner_id varchar, is_closed boolean", [])
            connection.commit()
            yield made
