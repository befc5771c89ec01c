"""The month and quarter of an instant in the business zone are those of its day there, at their ends too."""

from __future__ import annotations

import duckdb

from tests.fixtures.dbt_sql import rendered

MOMENTS = """
set timezone = 'UTC';
create table run (business_zone varchar);
create table moments as
select unnest(generate_series(
    timestamptz '2023-12-30 00:30:00+00', timestamptz '2024-04-03 00:00:00+00', interval 57 minute
)) as moment
union all
select null;
"""


def test_a_month_begins_where_it_does_in_the_business_zone() -> None:
    parts = {part: rendered(f"{{{{ business_month('moment', '{part}') }}}}") for part in ("month", "quarter")}
    with duckdb.connect() as connection:
        connection.execute(MOMENTS)
        for zone in ("Pacific/Kiritimati", "Etc/GMT+12", "America/New_York"):
            connection.execute("create or replace table run as select ? as business_zone", [zone])
            for part, begun in parts.items():
                others = connection.execute(
                    f"select moment from moments where {begun} is distinct from "
                    f"cast(date_trunc('{part}', moment at time zone '{zone}') as date)"
                ).fetchall()
                assert others == [], (zone, part)
