"""The life of an id: who keeps it when groups of records merge, split, lose their founder or find it again.

An id is made from the record key of the founder, the oldest record at the time, and then stays: when groups
merge, the id with the oldest founder survives and the others become its aliases; when a group splits,
the side
that has the founder keeps the id, and an alias that stands alone again is itself once more. People, companies
and deals live by the same rules. Belongs here: those rules, in SQL. Keeping the registry is
`pipelines.state`.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

import duckdb


def short_hash(text: str) -> str:
    """The first 16 hex digits of sha256, as the macro of the same name in the dbt project."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def resolve(connection: duckdb.DuckDBPyConnection, *, as_of: datetime, elsewhere: str | None = None) -> str:
    """SQL: a row per record that is or was, and per id that is gone.

    Reads tables or views `records` (record_key, created_at), `members` (record_key, component: also of keys
    that are no longer records, such as those a merge took over), `registry` (record_key, id, founded_at,
    joined_at) and `aliases` (alias, id, since, why). Where these are not all there is, `elsewhere` names a
    table of the other ids that live.
    Columns: kind (`record` or `alias`), record_key (or the alias), id, founded_at, joined_at, since,
    why, is_present.
    """
    now = f"timestamptz '{as_of.isoformat()}'"
    for name, sql in _steps(now, elsewhere):
        connection.execute(f"create or replace temp table lives_{name} as {sql}")
    return "select * from lives_all"


def _steps(now: str, elsewhere: str | None) -> list[tuple[str, str]]:
    return [
        ("present", """
            select r.record_key, r.created_at, m.component, substr(sha256(r.record_key), 1, 16) as own_id,
                row_number() over (order by r.created_at asc nulls last, r.record_key asc) as age
            from records as r inner join members as m on r.record_key = m.record_key"""),
        ("known", """
            select g.record_key, g.id, g.joined_at, min(g.founded_at) over (partition by g.id) as founded_at,
                m.component, substr(sha256(g.record_key), 1, 16) != g.id as is_other,
                p.age, p.record_key is not null as is_present
            from registry as g
            left join members as m on g.record_key = m.record_key
            left join lives_present as p on g.record_key = p.record_key"""),
        # An earlier id goes to one group: where its founder is, or else its oldest record.
        ("claims", """
            select id, founded_at, component from lives_known where component is not null
            qualify row_number() over (
                partition by id order by is_other asc, age asc nulls last, record_key asc
            ) = 1"""),
        ("claimed", """
            select component, id, founded_at from lives_claims
            qualify row_number() over (partition by component order by founded_at asc nulls last, id
            asc) = 1"""),
        # Somebody who had been merged away and stands alone again gets the old id back.
        ("founders", """
            select p.component, p.own_id as id, p.created_at
            from lives_present as p left join aliases as a on p.own_id = a.alias
            where p.component not in (select component from lives_claimed)
            qualify row_number() over (
                partition by p.component order by a.alias is null, p.age
            ) = 1"""),
        ("groups", f"""
            select c.component, c.id, coalesce(c.founded_at, {now}) as founded_at from lives_claimed as c
            where c.component in (select component from lives_present)
            union all
            select component, id, coalesce(created_at, {now}) from lives_founders"""),
        ("successors", """
            select c.id as old_id, g.id as new_id
            from lives_claims as c inner join lives_groups as g on c.component = g.component"""),
        ("records", f"""
            select p.record_key, g.id, g.founded_at,
                case
                    when k.id = g.id and k.joined_at is not null then k.joined_at
                    when k.id is null or k.id = g.id then greatest(coalesce(p.created_at, {now}),
                    g.founded_at)
                    else {now}
                end as joined_at, true as is_present
            from lives_present as p
            inner join lives_groups as g on p.component = g.component
            left join lives_known as k on p.record_key = k.record_key
            union all
            select k.record_key, coalesce(g.id, s.new_id, k.id),
                coalesce(g.founded_at, sg.founded_at, k.founded_at), k.joined_at, false
            from lives_known as k
            left join lives_groups as g on k.component = g.component
            left join lives_successors as s on k.id = s.old_id
            left join lives_groups as sg on s.new_id = sg.id
            where not k.is_present"""),
        ("gone", f"""
            with ended as (
                select old_id as alias, new_id as id, {now} as since, 'merged' as why
                from lives_successors where old_id != new_id
                union all by name
                select alias, id, since, why from aliases
                where alias not in (select old_id from lives_successors where old_id != new_id)
            )
            select ended.alias, ended.id, coalesce(before.since, ended.since) as since,
                coalesce(before.why, ended.why) as why
            from ended
            left join aliases as before on ended.alias = before.alias and ended.id = before.id
            where ended.alias not in (select id from lives_records)
                {f"and ended.alias not in (select id from {elsewhere})" if elsewhere else ""}"""),
        # An alias of an alias leads to who lives now.
        ("followed", """
            with recursive steps as (
                select alias, id, since, why, 0 as depth from lives_gone
                union all
                select s.alias, g.id, s.since, s.why, s.depth + 1
                from steps as s inner join lives_gone as g on s.id = g.alias
                where s.depth < 50 and g.id != s.alias
            )
            select alias, id, since, why from steps
            qualify row_number() over (partition by alias order by depth desc) = 1"""),
        ("all", """
            select 'record' as kind, record_key, id, founded_at, joined_at,
                cast(null as timestamptz) as since, cast(null as varchar) as why, is_present
            from lives_records
            union all
            select 'alias', alias, id, null, null, since, why, false from lives_followed"""),
    ]  # fmt: skip
