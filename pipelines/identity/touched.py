"""Which links and groups a change touches, and their links as they are now; the others stand.

Belongs here: finding them. A group is touched when a link of it comes, goes or weighs otherwise, or a record
of it comes, goes or changes; then all of it is settled again, with every link that ends in it.
"""

from __future__ import annotations

import duckdb

from pipelines.identity import links as linking

_LINK = "left_key, right_key, kind, value, match_weight, match_probability, offered"
_BETWEEN = linking.BETWEEN_RECORDS


def find(
    connection: duckdb.DuckDBPyConnection, policy: linking.Policy, kept: str, *, has_features: bool
) -> str:
    """Make temp tables `touched` (record_key) and `shared_keys`; SQL of the links that end in one of these,
    as `links.gather` gives them.

    Reads `due` (owner), the links of the last run (`kept`), and what `links.cluster` reads.
    """
    _keys(connection, kept)
    linking.share(connection, policy, "keys_again", has_features=has_features)
    scored = None
    if has_features:
        scored = "scored_again"
        connection.execute(
            f"create or replace temp table {scored} as "
            "select left_key, right_key, match_weight, match_probability from scored "
            f" where match_probability >= {policy.review_from} and "
            "(left_key in (from due) or right_key in (from due))"
        )
    connection.execute(
        f"create or replace temp table made_again as {linking.gather(policy, 'keys_again', scored)};"
        f"""
        create or replace temp table unmade as
        select l.left_key, l.right_key, l.kind, l.value from {kept} as l
        semi join keys_looked_at as v on l.kind = v.kind and l.value = v.value
        where l.left_key is not null and l.kind not in ('decision', 'similarity', {_BETWEEN})
        union all
        select left_key, right_key, kind, value from {kept}
        where kind in ({_BETWEEN})
                and case when value = left_key then right_key else left_key end in (from due)
            or kind = 'similarity' and (left_key in (from due) or right_key in (from due))"""
    )
    _touch(connection, kept)
    return f"""
        select {_LINK} from {kept} as l
        where (left_key in (from touched) or right_key in (from touched)) and kind != 'decision'
            and not exists (
                from unmade as u
                where u.left_key = l.left_key and u.right_key = l.right_key and u.kind = l.kind
                    and u.value is not distinct from l.value
            )
        union all
        select {_LINK} from made_again
        where kind != 'decision' or left_key in (from touched) or right_key in (from touched)"""


def _keys(connection: duckdb.DuckDBPyConnection, kept: str) -> None:
    """Temp tables `keys_looked_at` (kind, value), which records that are due have or had, or too many shared;
    and `keys_again`: all keys of these, and those by which records that are due name others."""
    connection.execute(
        f"""
        create or replace temp table keys_looked_at as
        select kind, value from keys where record_key in (from due) and kind not in ({_BETWEEN})
        union
        select kind, value from {kept} where kind not in ('decision', 'similarity', {_BETWEEN})
            and (left_key in (from due) or right_key in (from due) or verdict = 'shared')
            and verdict != 'crowded';
        create or replace temp table keys_again as
        select k.record_key, k.kind, k.value from keys as k
        semi join keys_looked_at as v on k.kind = v.kind and k.value = v.value
        union all
        select record_key, kind, value from keys where record_key in (from due) and kind in ({_BETWEEN})"""
    )


def _touch(connection: duckdb.DuckDBPyConnection, kept: str) -> None:
    connection.execute(
        f"""
        create or replace temp table seeds as
        with ends as (
            select left_key, right_key from unmade
            union all
            select left_key, right_key from made_again where kind != 'decision'
        )
        select owner as record_key from due
        union select left_key from ends union select right_key from ends;
        create or replace temp table groups_touched as
        select distinct component from {kept}
        where component is not null and (left_key in (from seeds) or right_key in (from seeds));
        create or replace temp table touched as
        select record_key from seeds
        union select left_key from {kept} where component in (from groups_touched)
        union select right_key from {kept} where component in (from groups_touched)"""
    )
