"""Attribution at size: the SQL of the dbt models over ten million touches, and the data-driven models over a
million journeys beside ChannelAttribution and marketing-attribution-models.

Belongs here: the data, the clocks and the tables. The two packages are installed from PyPI into an
environment of their own, or `--peers PYTHON` names an interpreter that has them; `--no-peers` leaves their
rows out. The hand-written SQL computes the same heuristics the way an analyst would: one window per deal,
weights as columns, money as floating point, no cents to share out.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from benchmarks import peers
from benchmarks.attribution_paths import journeys
from pipelines.attribution import markov, shapley
from pipelines.rules import rows
from pipelines.rules.attribution import load_attribution
from pipelines.rules.tables import _as_table as as_table
from pipelines.settings import PROJECT_ROOT
from tests.fixtures.dbt_sql import made

PEERS = ("ChannelAttribution==2.2.5", "matplotlib", "marketing-attribution-models==2.1.1")
HEURISTICS = (
    "first", "last", "last_non_direct", "linear", "u_shaped", "w_shaped", "multi_touch", "position_based",
    "time_decay",
)  # fmt: skip
_STEPS = (
    "intermediate/credits/int_credit_deals", "intermediate/credits/int_deal_touches",
    "intermediate/credits/int_credit_journeys",
    "intermediate/credits/int_credit_parts", "intermediate/credits/int_credit_weights",
    "intermediate/credits/int_credit_money", "marts/attribution/attribution_credits",
)  # fmt: skip
_VIEWS = ("int_credit_parts", "int_credit_money")
_DATA = """
set timezone = 'UTC';
create table run as select timestamptz '2026-06-30 12:00:00+00' as as_of, date '2026-06-30' as business_date,
    'USD' as company_currency, 'Europe/London' as business_zone;
create table int_people as
select 'p' || i as person_id, timestamptz '2025-01-01' + to_hours((hash(i) % 8000)::integer) as created_at
from range({people}) as r(i);
create table int_opportunity_people as
select 'd' || i as opportunity_id, 'p' || (i * 20 + k) as person_id, 'contact_role' as via
from range({deals}) as r(i), range(2) as s(k);
create table int_opportunities as
select 'd' || i as opportunity_id, null::varchar as campaign_id,
    timestamptz '2025-12-01' + to_hours((hash(i + 7) % 3000)::integer) as created_at, i % 3 != 0 as is_closed,
    i % 3 = 1 as is_won,
    case when i % 3 != 0 then timestamptz '2026-05-01' + to_days((hash(i) % 50)::integer) end as closed_at,
    (hash(i + 1) % 10000000 / 100.0)::decimal(18, 2) as amount,
    (hash(i + 1) % 10000000 / 100.0)::decimal(18, 2) as amount_converted, 'USD' as currency
from range({deals}) as r(i);
create table int_campaign_members as select ''::varchar as record_key, ''::varchar as campaign_id where false;
create table int_touches as
select lpad(to_hex(i), 16, '0') as touchpoint_id, 'p' || (hash(i) % {people}) as person_id,
    timestamptz '2025-01-01' + to_seconds((hash(i + 3) % 47000000)::bigint) as occurred_at,
    'channel_' || (hash(i + 5) % 12) as channel, 'conversion' as touch_type, true as is_counted,
    true as earns_credit, null::varchar as campaign_id, 'r' as record_key,
    false as is_member
from range({touches}) as r(i);
create view attribution_touchpoints as from int_touches;
"""
_BY_HAND = """
create or replace table by_hand as
with met as (
    select o.opportunity_id, o.created_at, o.amount, o.is_won, o.is_closed, t.touchpoint_id, t.occurred_at,
        t.channel, min(p.created_at) over (partition by o.opportunity_id) as lead_at,
        row_number() over (partition by o.opportunity_id order by t.occurred_at, t.touchpoint_id) as nth
    from int_opportunity_people as op
    join int_opportunities as o using (opportunity_id)
    join int_people as p using (person_id)
    join int_touches as t using (person_id)
    where t.occurred_at < coalesce(o.closed_at + interval 1 day, timestamptz '2026-06-30 12:00:00+00')
),
marked as (
    select *, count(*) over deal as n,
        (nth = 1)::double as f, (nth = max(nth) over deal)::double as l,
        (nth = max(case when occurred_at <= lead_at then nth end) over deal)::double as c,
        (nth = max(case when occurred_at <= created_at then nth end) over deal)::double as o,
        (nth = max(case when is_won then nth end) over deal)::double as w,
        (nth = max(case when channel != 'direct' then nth end) over deal)::double as nd,
        pow(2.0, -epoch(max(occurred_at) over deal - occurred_at) / 86400 / 7) as decay
    from met
    where nth = 1 or occurred_at >= created_at - interval 90 day
    window deal as (partition by opportunity_id)
),
weighed as (
    select opportunity_id, touchpoint_id, amount,
        f as first, l as last, nd as last_non_direct, 1::double as linear,
        coalesce(f * 0.4, 0) + coalesce(c * 0.4, 0) + 0.2 / n as u_shaped,
        coalesce(f * 0.3, 0) + coalesce(c * 0.3, 0) + coalesce(o * 0.3, 0) + 0.1 / n as w_shaped,
        coalesce(f * 0.225, 0) + coalesce(c * 0.225, 0) + coalesce(o * 0.225, 0) + coalesce(w * 0.225, 0)
            + 0.1 / n as multi_touch,
        coalesce(f * 0.4, 0) + coalesce(l * 0.4, 0) + 0.2 / n as position_based, decay as time_decay
    from marked
),
long as (
    unpivot weighed on first, last, last_non_direct, linear, u_shaped, w_shaped, multi_touch, position_based,
        time_decay into name model value weight
)
select opportunity_id, touchpoint_id, model, weight / sum(weight) over deal as share,
    amount * weight / sum(weight) over deal as revenue
from long where weight > 0
window deal as (partition by opportunity_id, model)
"""


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks attribution")
    parser.add_argument("--touches", type=int, default=10_000_000)
    parser.add_argument("--deals", type=int, default=50_000)
    parser.add_argument("--journeys", type=int, default=1_000_000)
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--no-peers", action="store_true", help="this project's rows only")
    asked = parser.parse_args(arguments)
    _heuristics(asked.touches, asked.deals)
    _journeys(asked.journeys, None if asked.no_peers else asked.peers or peers.python(*PEERS))


def _timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _best(work: Callable[[], Any]) -> tuple[float, float]:
    """Seconds by the clock and of the processors, the better of two runs: others work beside."""
    runs = []
    for _ in range(2):
        before = time.process_time()
        seconds = _timed(work)
        runs.append((seconds, time.process_time() - before))
    return min(wall for wall, _ in runs), min(used for _, used in runs)


def _heuristics(touches: int, deals: int) -> None:
    connection = duckdb.connect()  # noqa: TID251 - of its own, in memory
    connection.execute(_DATA.format(touches=touches, deals=deals, people=deals * 20))
    known = load_attribution(PROJECT_ROOT / "config")
    known = known.model_copy(update={"models": tuple(m for m in known.models if m.model in HEURISTICS)})
    for name in ("attribution_models", "attribution_bases"):
        connection.register("incoming", as_table(*getattr(rows, name)(known)))
        connection.execute(f"create table {name} as from incoming")
    connection.execute(
        "create table int_channel_values as select ''::varchar as model, ''::varchar as channel, "
        "0.0::double as value where false"
    )
    print(f"\n#### {len(HEURISTICS)} heuristics, 90 days, {touches:,} touches, {deals:,} deals\n")
    print("| what | s | CPU s | rows |\n| --- | ---: | ---: | ---: |")
    by_hand, used_by_hand = _best(lambda: connection.execute(_BY_HAND))
    written = _count(connection, "by_hand")
    print(f"| hand-written SQL, floating point | {by_hand:.2f} | {used_by_hand:.2f} | {written:,} |")
    total = total_used = 0.0
    for step in _STEPS:
        name = step.rsplit("/", 1)[1]
        kind = "view" if name in _VIEWS else "table"
        make = partial(made, connection, f"{step}.sql", kind)
        seconds, used = _best(make)
        total, total_used = total + seconds, total_used + used
        print(f"| {name} | {seconds:.2f} | {used:.2f} | {_count(connection, name):,} |")
    print(f"| all steps, to the cent | {total:.2f} | {total_used:.2f} | |")
    print(f"| all steps ÷ hand-written | {total / by_hand:.2f} | {total_used / used_by_hand:.2f} | |")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"| peak MiB of the process | {peak:,.0f} | | |")


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return int((connection.execute(f"select count(*) from {table}").fetchone() or (0,))[0])


def _journeys(count: int, interpreter: Path | None) -> None:
    paths = journeys(count)
    print(f"\n#### {count:,} journeys, {len(paths.channels):,} touches, {len(paths.names)} channels\n")
    print("| engine | model | s |\n| --- | --- | ---: |", flush=True)
    for order in (1, 2, 3):
        seconds = _timed(lambda order=order: markov.removal_effects(paths, order))  # type: ignore[misc]
        print(f"| this project, exact | Markov order {order} | {seconds:.2f} |")
    print(f"| this project, exact | Shapley volume | {_timed(lambda: shapley.volume(paths)):.2f} |")
    print(f"| this project, exact | Shapley rate | {_timed(lambda: shapley.rate(paths)):.2f} |", flush=True)
    if interpreter is not None:
        script = Path(__file__).with_name("attribution_peers.py")
        subprocess.run([interpreter, script, str(count)], check=True)
    assert np.isfinite(paths.conversions).all()
