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

from benchmarks import peers
from benchmarks.attribution_paths import table
from pipelines.attribution import markov, shapley, values
from pipelines.rules import rows
from pipelines.rules.attribution import load_attribution
from pipelines.rules.attribution_models import AttributionModel
from pipelines.rules.tables import _as_table as as_table
from pipelines.settings import PROJECT_ROOT
from tests.fixtures.dbt_sql import made

PEERS = ("ChannelAttribution==2.2.5", "matplotlib", "marketing-attribution-models==2.1.1")
HEURISTICS = (
    "first", "last", "last_non_direct", "linear", "u_shaped", "w_shaped", "multi_touch", "position_based",
    "time_decay",
)  # fmt: skip
OTHERS: tuple[dict[str, Any], ...] = (
    {"model": "j_shaped"},
    {"model": "inverse_j_shaped"},
    {"model": "step_decay"},
    {"model": "u_shaped_marketo"},
    {"model": "salesforce_primary"},
    {"model": "salesforce_first"},
    {"model": "salesforce_last"},
    {"model": "salesforce_even"},
    {"model": "ours", "weights": {"first-touch": "0.5", "opportunity-creation": "0.3", "others": "0.2"}},
    {"model": "by_place", "positions": {1: "0.5", 2: "0.2", -1: "0.3"}},
)
"""Heuristics that the hand-written SQL does not have: all of them together are measured beside it too."""
_STEPS = (
    "intermediate/credits/int_credit_deals", "intermediate/credits/int_deal_touches",
    "intermediate/credits/int_credit_journeys",
    "intermediate/credits/int_credit_weights", "intermediate/credits/int_credit_money",
    "intermediate/credits/int_rule_based_credits",
)  # fmt: skip
_VIEWS = ("int_credit_money",)
_DATA = """
set timezone = 'UTC';
create table run as select timestamptz '2026-06-30 12:00:00+00' as as_of, date '2026-06-30' as business_date,
    'USD' as company_currency, 'Europe/London' as business_zone, 'Europe/London' as salesforce_zone;
create table int_people as
select 'p' || i as person_id, timestamptz '2025-01-01' + to_hours((hash(i) % 8000)::integer) as created_at
from range({people}) as r(i);
create table int_opportunity_people as
select 'd' || i as opportunity_id, 'p' || (i * 20 + k) as person_id, 'contact_role' as via
from range({deals}) as r(i), range(2) as s(k);
create table int_opportunities as
select 'd' || i as opportunity_id, 'campaign_' || (hash(i + 13) % 200) as campaign_id,
    timestamptz '2025-12-01' + to_hours((hash(i + 7) % 3000)::integer) as created_at, i % 3 != 0 as is_closed,
    i % 3 = 1 as is_won,
    case when i % 3 != 0 then timestamptz '2026-05-01' + to_days((hash(i) % 50)::integer) end as closed_at,
    (hash(i + 1) % 10000000 / 100.0)::decimal(18, 2) as amount,
    (hash(i + 1) % 10000000 / 100.0 * if(hash(i + 15) % 3 = 0, 1.09, 1))::decimal(18, 2) as amount_converted,
    if(hash(i + 15) % 3 = 0, 'EUR', 'USD') as currency
from range({deals}) as r(i);
create table int_campaign_members as select ''::varchar as record_key, ''::varchar as campaign_id where false;
create table int_touches as
select lpad(to_hex(i), 16, '0') as touchpoint_id, 'p' || (hash(i) % {people}) as person_id,
    timestamptz '2025-01-01' + to_seconds((hash(i + 3) % 47000000)::bigint) as occurred_at,
    'channel_' || (hash(i + 5) % 12) as channel, 'conversion' as touch_type, true as is_counted,
    true as earns_credit, 'campaign_' || (hash(i + 11) % 200) as campaign_id, 'r' as record_key,
    hash(i + 9) % 10 = 0 as is_member, cast(occurred_at as date) as day
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
        pow(2.0, -epoch(max(occurred_at) over deal - occurred_at) / 86400 / 7) as decay{marks}
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
        coalesce(f * 0.4, 0) + coalesce(l * 0.4, 0) + 0.2 / n as position_based, decay as time_decay{columns}
    from marked
),
long as (
    unpivot weighed on first, last, last_non_direct, linear, u_shaped, w_shaped, multi_touch, position_based,
        time_decay{names} into name model value weight
    {members}
)
select opportunity_id, touchpoint_id, model, weight / sum(weight) over deal as share,
    amount * weight / sum(weight) over deal as revenue
from long where weight > 0
window deal as (partition by opportunity_id, model)
"""


_MARKS = """,
        row_number() over (partition by opportunity_id order by occurred_at, touchpoint_id) as place"""
_COLUMNS = """,
        coalesce(f * 0.2, 0) + coalesce(l * 0.6, 0) + 0.2 / n as j_shaped,
        coalesce(f * 0.6, 0) + coalesce(l * 0.2, 0) + 0.2 / n as inverse_j_shaped,
        pow(2.0, -least(n - place, 60)) as step_decay,
        coalesce(f * 0.5, 0) + coalesce(c * 0.5, 0) as u_shaped_marketo,
        coalesce(f * 0.5, 0) + coalesce(o * 0.3, 0) + 0.2 / n as ours,
        case place when 1 then 0.5 when 2 then 0.2 else 0 end + if(place = n, 0.3, 0) as by_place"""
_MEMBERS = """
    union all
    select opportunity_id, touchpoint_id, amount,
        unnest(['salesforce_primary', 'salesforce_first', 'salesforce_last', 'salesforce_even']) as model,
        unnest([
            is_primary::double, (row_number() over deal = 1)::double,
            (row_number() over deal = count(*) over (partition by opportunity_id))::double, 1.0
        ]) as weight
    from (
        select o.opportunity_id, o.amount, t.touchpoint_id, t.occurred_at,
            t.campaign_id = o.campaign_id as is_primary
        from int_opportunity_people as op
        join int_opportunities as o using (opportunity_id)
        join int_touches as t using (person_id)
        where t.is_member
            and t.occurred_at < coalesce(o.closed_at + interval 1 day, timestamptz '2026-06-30 12:00:00+00')
        qualify row_number() over (
            partition by o.opportunity_id, t.campaign_id order by t.occurred_at, t.touchpoint_id
        ) = 1
    )
    window deal as (partition by opportunity_id order by occurred_at, touchpoint_id)
"""


def _by_hand(everything: bool) -> str:
    """The nine, or these and the others."""
    names = "".join(f", {each['model']}" for each in OTHERS if not each["model"].startswith("salesforce_"))
    if not everything:
        return _BY_HAND.format(marks="", columns="", names="", members="")
    return _BY_HAND.format(marks=_MARKS, columns=_COLUMNS, names=names, members=_MEMBERS)


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
    connection.execute(
        "create table int_channel_values as select ''::varchar as model, ''::varchar as channel, "
        "0.0::double as value where false"
    )
    known = load_attribution(PROJECT_ROOT / "config")
    nine = tuple(m for m in known.models if m.model in HEURISTICS)
    others = tuple(AttributionModel.model_validate(each) for each in OTHERS)
    for models in (nine, nine + others):
        some = known.model_copy(update={"models": models})
        for name in ("attribution_models", "attribution_bases"):
            connection.register("incoming", as_table(*getattr(rows, name)(some)))
            connection.execute(f"create or replace table {name} as from incoming")
        print(f"\n#### {len(models)} heuristics, 90 days, {touches:,} touches, {deals:,} deals\n")
        _compared(connection, _by_hand(everything=models != nine))


def _compared(connection: duckdb.DuckDBPyConnection, by_hand_sql: str) -> None:
    print("| what | s | CPU s | rows |\n| --- | ---: | ---: | ---: |")
    by_hand, used_by_hand = _best(lambda: connection.execute(by_hand_sql))
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
    connection = duckdb.connect()  # noqa: TID251 - of its own, in memory
    connection.register("incoming", table(count))
    connection.execute("create table int_journeys as from incoming")
    told = connection.table("int_journeys")
    read: Callable[[], Any] = partial(values.paths_of, told, "all")
    seconds = _timed(read)
    paths = read()
    print(f"\n#### {count:,} journeys, {len(paths.offsets) - 1:,} paths, {len(paths.names)} channels\n")
    print("| engine | model | s |\n| --- | --- | ---: |", flush=True)
    print(f"| this project | of each row below: reading the journeys from their table | {seconds:.2f} |")
    work: list[tuple[str, Callable[[Any], Any]]] = [
        *((f"Markov order {order}", partial(markov.removal_effects, order=order)) for order in (1, 2, 3)),
        ("Shapley volume", shapley.volume), ("Shapley rate", shapley.rate),
    ]  # fmt: skip
    for name, effects in work:
        seconds = min(_timed(lambda effects=effects: effects(read())) for _ in range(2))  # type: ignore[misc]
        print(f"| this project, exact | {name} | {seconds:.2f} |", flush=True)
    if interpreter is not None:
        script = Path(__file__).with_name("attribution_peers.py")
        subprocess.run([interpreter, script, str(count)], check=True)
