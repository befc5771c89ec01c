"""Routing at size: leads through rules and people, in bulk and one at a time.

`python -m benchmarks.routing [LEADS]` prints the table. What is timed is all of it: conditions and
territories over every lead in SQL, fetching, and the fold with working hours in eight zones, caps, capacity
and weights. Belongs here: the made-up office, and the measurement.
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from pipelines.decisions import office
from pipelines.decisions.assignment import Fold, Lead
from pipelines.decisions.leads import asker, rule_case, territory_case
from pipelines.rules.routing import Routing, load_routing

ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "Europe/London",
         "Europe/Berlin", "Asia/Kolkata", "Australia/Sydney")  # fmt: skip
METHODS = ("round-robin", "weighted", "capacity-based", "load-balanced")
SIZES = ((200, 500), (20, 50))
START = datetime(2026, 3, 1, tzinfo=UTC)


def configured(folder: Path, rules: int, people: int) -> Routing:
    """A file of so many rules, teams of ten people, every method, hours in eight zones."""
    drawn = random.Random(1)
    teams = max(1, people // 10)
    lines = ["people:"]
    for n in range(people):
        hours = '{mon-fri: ["09:00-12:30", "13:30-17:30"]}'
        lines.append(
            f"  p{n}@x.example: {{zone: {ZONES[n % 8]}, hours: {hours}, weight: {1 + n % 3}, cap: 1000000}}"
        )
    lines.append("teams:")
    for t in range(teams):
        members = ", ".join(f"p{n}@x.example" for n in range(t * 10, t * 10 + 10))
        lines.append(f"  t{t}: {{members: [{members}]}}")
    (folder / "teams.yml").write_text("\n".join(lines))
    lines = ["rules:"]
    for r in range(rules - 1):
        low, country, size = drawn.randrange(100), drawn.randrange(60), drawn.randrange(1, 5_000)
        when = f"lead_score >= {low} and country in ('c{country}', 'c{country + 1}') and employees < {size}"
        lines.append(f'  - {{name: r{r}, when: "{when}", team: t{r % teams}, method: {METHODS[r % 4]}}}')
    lines.append("  - {name: rest, team: t0}")
    (folder / "routing.yml").write_text("\n".join(lines))
    return load_routing(folder)


def people_table(connection: duckdb.DuckDBPyConnection, leads: int) -> None:
    """Leads over 90 days."""
    connection.execute(
        "create or replace table asked as select 'p' || i as person_id, 'new' as event_key, "
        f"timestamptz '{START.isoformat()}' + to_seconds((i * 7776000 // {leads})::bigint) as happened_at, "
        "(hash(i) % 101)::integer as lead_score, 'c' || hash(i + 1) % 60 as country, "
        "(hash(i + 2) % 6000)::integer as employees, 'new-lead' as trigger "
        f"from range({leads}) as r(i)"
    )


def question(routing: Routing, source: str) -> str:
    return (
        "select person_id, event_key, epoch(happened_at), "
        f"{rule_case(routing.rules)}, {territory_case(routing)} "
        f"from {source}"
    )


def folding(routing: Routing) -> Fold:
    return office.fold(routing, routing.rules, frozenset(routing.teams.people), {}, {})


def bulk(leads: int, rules: int, people: int) -> tuple[float, float, float]:
    """Seconds in SQL, seconds in the fold, and CPU seconds of both."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:  # noqa: TID251
        routing = configured(Path(folder), rules, people)
        people_table(connection, leads)
        begun, spent = time.perf_counter(), time.process_time()
        rows = connection.execute(question(routing, "asked")).fetchall()
        asked = time.perf_counter()
        found = [Lead(p, e, at, at, rule, land) for p, e, at, rule, land in rows]
        made = folding(routing).run(found, (START + timedelta(days=97)).timestamp())
        done = time.perf_counter()
        assert len(made) == leads
        assert all(a.owner_email for a in made)
        return asked - begun, done - asked, time.process_time() - spent


def one(rules: int, people: int, times: int = 300) -> float:
    """Median milliseconds for one lead through the same rules, once they are loaded."""
    with tempfile.TemporaryDirectory() as folder:
        routing = configured(Path(folder), rules, people)
    first, fold, spent = asker(routing.rules), folding(routing), []
    for n in range(times):
        at = (START + timedelta(hours=16, minutes=n)).timestamp()
        row = {"lead_score": n % 101, "country": f"c{n % 60}", "employees": n, "trigger": "new-lead"}
        begun = time.perf_counter()
        fold.decide(Lead(f"p{n}", "new", at, at, first(row)))
        spent.append(time.perf_counter() - begun)
    return sorted(spent)[times // 2] * 1_000


def table(leads: int) -> str:
    lines = ["| leads | rules | people | SQL s | fold s | whole s | CPU s | CPU µs a lead | one lead, ms |",
             "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]  # fmt: skip
    for rules, people in SIZES:
        asked, folded, cpu = bulk(leads, rules, people)
        lines.append(
            f"| {leads:,} | {rules} | {people} | {asked:.1f} | {folded:.1f} | "
            f"{asked + folded:.1f} | {cpu:.1f} | {cpu / leads * 1e6:.1f} | {one(rules, people):.2f} |"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return "\n".join([*lines, "", f"Memory at most: {peak:,.0f} MB"])


def main(arguments: Sequence[str] = ()) -> int:
    print(table(int(arguments[0]) if arguments else 1_000_000))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
