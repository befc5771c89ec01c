"""Where both CRMs say the same of what is mapped, and where not: data quality asks it of every mapped field.

Belongs here: two tables of schema `ops`, as of this run. What is written after the extract settles a
difference; that is found in the journal by the dbt models that read these.
"""

from __future__ import annotations

import duckdb

from pipelines.reverse_sync.mirror.resolve import ResolvedPair

TABLES = """
create schema if not exists ops;
create or replace table ops.mapped_fields (mapping varchar, entity varchar, field varchar, pairs bigint);
create or replace table ops.mapping_differences (
    mapping varchar, entity varchar, field varchar, left_key varchar, right_key varchar,
    field_left varchar, field_right varchar, wish_left varchar, wish_right varchar
);
"""
_FIELD = "field_left || ' and ' || field_right"


def note(connection: duckdb.DuckDBPyConnection, pair: ResolvedPair) -> None:
    """Reads temp tables `mirror_wide`, `mirror_lines` and `mirror_outcome` of this pair of objects.

    A line that only fills what is empty lets two values stand beside each other: that is no difference.
    """
    filling = [
        str(number) for number, line in enumerate(pair.lines)
        if line.rules and all(rule.policy == "fill_if_empty" for rule in line.rules.values())
    ]  # fmt: skip
    said = [pair.mapping.name, pair.mapping.entity]
    connection.execute(
        f"insert into ops.mapped_fields select ?, ?, {_FIELD}, (select count(*) from mirror_wide) "
        "from mirror_lines",
        said,
    )
    connection.execute(
        f"insert into ops.mapping_differences select ?, ?, {_FIELD}, left_key, right_key, field_left, "
        "field_right, wish_left, wish_right from mirror_outcome where outcome not in ('agreed', 'empty') "
        f"and not (line in ({', '.join(filling) or 'null'}) and l is not null and r is not null) is true",
        said,
    )
