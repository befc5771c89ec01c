"""Activities that were logged in one CRM, as actions that log them in the other: made once, kept up to date.

Belongs here: which activities, about whom there, and in the other CRM's words. How one is made, found again
by our key in its text and taken back is `reverse_sync.actions.activities`. Where it was logged is where it is
edited; only that a task is done counts from either side. Meetings that people booked once they were handed
over are carried over whatever else is.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipelines.objects.sql import record_key_sql, rows_in, text_literal
from pipelines.reverse_sync.actions.base import empty_table_sql
from pipelines.reverse_sync.mirror.activities_sql import (
    ABOUT,
    ALIKE,
    BOOKED,
    FIELDS,
    GONE,
    LOGGED,
    MEETINGS_LOGGED,
    PEOPLE,
    WANTED,
)
from pipelines.rules.activities import Activities, load_activities
from pipelines.rules.handoff import load_handoffs
from pipelines.warehouse import has_table

KIND, CHANGE, DELETE = "activity", "fields", "delete_record"
RULE = "activities.yml"
TABLE = "reverse_sync.actions_activities"
# What an earlier run carried over: where the copy is, and what it was last told.
_CARRIED = """
create or replace temp table carried as
with told as (
    select json_extract_string(after_value, '$.source') as source_key, after_value, settled_at, operation
    from ops.journal
    where rule = 'activities.yml' and state = 'confirmed' and operation in ('activity', 'fields')
),
-- How often a task was closed because its copy was.
closed as (
    select record_key, count(*) as times from ops.journal
    where rule = 'activities.yml' and state = 'confirmed' and operation = 'fields'
        and starts_with(action_key, 'activity:' || record_key || ':done')
    group by record_key
)
select m.source_key, m.copy_key, m.target, m.mark,
    max_by(json_extract(t.after_value, '$.all'), t.settled_at) as told,
    count(*) filter (where t.operation = 'fields') as times, any_value(coalesce(d.times, 0)) as times_done
from (
    select json_extract_string(after_value, '$.source') as source_key, object as target,
        vendor || ':' || split_part(record_key, ':', 2) || ':' || object || ':' || result_id as copy_key,
        '[crm:' || action_key || ']' as mark
    from ops.journal where rule = 'activities.yml' and state = 'confirmed' and operation = 'activity'
    and result_id <> ''
) m join told t on t.source_key = m.source_key left join closed d on d.record_key = m.source_key
group by 1, 2, 3, 4
"""
_NOTHING = """
create or replace temp table carried (
    source_key varchar, copy_key varchar, target varchar, mark varchar, told json, times bigint,
    times_done bigint
)
"""


def wish(connection: duckdb.DuckDBPyConnection, config_dir: Path) -> int:
    """Leave the actions in `reverse_sync.actions_activities`. Returns how many there are."""
    asked = load_activities(config_dir)
    connection.execute(empty_table_sql(TABLE))
    is_any = bool(asked.to_salesforce or asked.to_hubspot)
    handoffs = load_handoffs(config_dir)
    follows = bool(handoffs.rules) and handoffs.salesforce_events
    if not (is_any or follows):
        return 0
    connection.execute(_CARRIED if has_table(connection, "ops", "journal") else _NOTHING)
    if not (_bookings(connection, follows=follows) or is_any or rows_in(connection, "carried")):
        return 0
    for statement in (LOGGED if is_any else MEETINGS_LOGGED, GONE, PEOPLE):
        connection.execute(statement)
    _outcomes(connection, asked)
    connection.execute(WANTED, {"days": asked.days, "wanted": [*asked.to_salesforce, *asked.to_hubspot]})
    connection.execute(ABOUT.replace("{hubspot}", _prefix(connection, "hubspot")).replace(
        "{salesforce}", _prefix(connection, "salesforce")))  # fmt: skip
    connection.execute(FIELDS)
    connection.execute(ALIKE)
    for statement in (_NEW, _CHANGED, _DONE):
        connection.execute(statement)
    goes_too = [*asked.to_salesforce, *asked.to_hubspot] if asked.on_delete == "copy" else []
    connection.execute(_GONE, {"goes_too": goes_too})
    connection.execute(_OFF, {"goes_too": goes_too})
    return rows_in(connection, TABLE)


def _bookings(connection: duckdb.DuckDBPyConnection, *, follows: bool) -> int:
    """How many meetings were booked by people who are handed over, if they are followed; they are in
    `activities_booked`."""
    connection.execute("create or replace temp table activities_booked (id varchar)")
    if not follows:
        return 0
    connection.execute(BOOKED.replace("{hubspot}", _prefix(connection, "hubspot")))
    return rows_in(connection, "activities_booked")


def _outcomes(connection: duckdb.DuckDBPyConnection, asked: Activities) -> None:
    """How a meeting came out, in the field of Salesforce's event that config names for it."""
    connection.execute("create or replace temp table activity_outcomes (outcome varchar, said json)")
    rule = asked.event_outcome
    for outcome, value in (rule.told if rule else {}).items():
        connection.execute(
            "insert into activity_outcomes values (?, json_object(?, ?))",
            [outcome, rule.field if rule else "", value],
        )


def _prefix(connection: duckdb.DuckDBPyConnection, vendor: str) -> str:
    """The beginning of that CRM's record keys, as SQL."""
    found = connection.execute(
        f"select {record_key_sql(connection, vendor, '', text_literal(''))}"
    ).fetchone()
    return text_literal(found[0].rsplit(":", 2)[0] if found else "")


_NEW = f"""
insert into {TABLE}
select 'activity:' || f.source_key, f.vendor || '_activities', '{KIND}', f.vendor, f.target, f.parent_key,
    f.person_id, json_object('fields', f.fields, 'all', f.fields, 'body', f.body_field, 'who', f.who,
        'what', f.what, 'source', f.source_key)::varchar,
    null, 'mirrored', '{RULE}', if(f.is_booked, 'booked in ', 'logged in ') || f.logged_in, null, null
from activity_fields f
where f.parent_key is not null and f.outcome is distinct from 'CANCELED'
    and f.source_key not in (select source_key from carried)
    and f.source_key not in (select source_key from activities_alike)
"""
# Edited where it was logged: the copy follows, our key stays in its text. What comes to the same again, after
# something else, is told once more; Salesforce has no task without a status.
_CHANGED = f"""
insert into {TABLE}
with differing as (
    select f.*, c.copy_key, c.mark, c.told, c.times, list_filter(
        list_distinct(list_concat(json_keys(f.fields), json_keys(c.told))),
        lambda n: json_extract_string(f.fields, '$.' || n)
            is distinct from json_extract_string(c.told, '$.' || n)
            and not (n = f.status_field and f.copy_done and f.done)
    ) as names
    from activity_fields f join carried c on c.source_key = f.source_key
)
select 'activity:' || source_key || ':' || substr(sha256(fields::varchar), 1, 12)
        || if(times > 0, ':' || times, ''), vendor || '_activities',
    '{CHANGE}', vendor, target, copy_key, person_id,
    json_object(
        'fields', json_group_object(n, case when n = body_field
            then to_json(concat_ws(chr(10), json_extract_string(fields, '$.' || n), mark))
            when n = 'Status' then coalesce(json_extract(fields, '$.Status'), to_json('Not Started'))
            else json_extract(fields, '$.' || n) end),
        'before', json_group_object(n, case when n = body_field
            then to_json(concat_ws(chr(10), json_extract_string(told, '$.' || n), mark))
            else json_extract(told, '$.' || n) end),
        'all', any_value(fields), 'source', source_key)::varchar,
    null, 'mirrored', '{RULE}', 'changed in ' || any_value(logged_in), null, null
from (select *, unnest(names) as n from differing where len(names) > 0)
group by source_key, vendor, target, copy_key, person_id, fields::varchar, times
"""
# A copy that somebody ticked off: the task is done where it was logged, too.
_DONE = f"""
insert into {TABLE}
select 'activity:' || f.source_key || ':done' || if(c.times_done > 0, ':' || c.times_done, ''),
    f.logged_in || '_activities', '{CHANGE}', f.logged_in,
    split_part(f.source_key, ':', 3), f.source_key, f.person_id,
    json_object('fields', json_object(f.own_status_field, f.own_done), 'before',
        json_object(f.own_status_field, f.own_status))::varchar,
    null, 'mirrored', '{RULE}', 'done in ' || f.vendor, null, null
from activity_fields f join carried c on c.source_key = f.source_key
where f.copy_done and not f.done and f.own_status_field is not null
"""
_GONE = f"""
insert into {TABLE}
select 'delete:' || copy_key, split_part(copy_key, ':', 1) || '_activities', '{DELETE}',
    split_part(copy_key, ':', 1), target, copy_key, '', json_object('deleted', source_key)::varchar,
    null, 'mirrored', '{RULE}', 'its activity was deleted in ' || split_part(source_key, ':', 1), null, null
from carried c
where list_contains($goes_too, split_part(source_key, ':', 3))
    and source_key in (select source_key from activities_gone)
"""
# A meeting that is deleted before it begins is called off: its copy stays, and says so, each
# time it is deleted. One that was carried over as a booking stays, too, where copies of others go.
_OFF = f"""
insert into {TABLE}
with off as (
    select c.*, json_extract_string(c.told, '$.Subject') as subject
    from carried c join activities_logged l on l.source_key = c.source_key
    where c.target = 'Event' and not coalesce(l.is_there, true)
        and l.happened_at > (select as_of from rules.run)
        and not list_contains($goes_too, split_part(c.source_key, ':', 3))
)
select 'activity:' || source_key || ':gone' || if(times > 0, ':' || times, ''), 'salesforce_activities',
    '{CHANGE}', 'salesforce', target,
    copy_key, '', json_object('fields', json_object('Subject', 'Canceled: ' || subject),
        'before', json_object('Subject', subject),
        'all', json_merge_patch(told, json_object('Subject', 'Canceled: ' || subject)),
        'source', source_key)::varchar,
    null, 'mirrored', '{RULE}', 'deleted in hubspot', null, null
from off where not starts_with(subject, 'Canceled: ')
"""
