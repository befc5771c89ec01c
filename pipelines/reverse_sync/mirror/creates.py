"""Records that one CRM has and the other does not, as actions that create them there.

Belongs here: who is a candidate, what the new record would hold, what holds it back, and which account it
hangs on. Whether the vendor has such a record after all is asked by the handler, just before it creates one.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import orjson

from pipelines.objects.sql import columns_of, record_key_sql, text_literal
from pipelines.reverse_sync.mirror import deletions, settle
from pipelines.reverse_sync.mirror.records import MEMBERS
from pipelines.reverse_sync.mirror.resolve import ResolvedPair
from pipelines.reverse_sync.mirror.values_sql import compile_pair, kinds_of
from pipelines.rules.mappings.load import OTHER
from pipelines.rules.mappings.model import VENDORS, Mapping, Side
from pipelines.warehouse import has_table

KIND = "create_record"
GREY = "it may be a record the other CRM has: settle the review first (crm why)"
GREY_CAMPAIGN = (
    "it may be a campaign the other CRM has: settle marts.campaign_reviews in attribution.yml first"
)
REFUSES = {
    "salesforce": '{"properties": {"HasOptedOutOfEmail": "true"}, '
    '"types": {"HasOptedOutOfEmail": "boolean"}}',
    "hubspot": '{"refuses": true}',
}
"""What a new record of somebody who refuses e-mail is given with it: nobody is to write to them meanwhile."""
_CHECKBOXES = """coalesce((
    select to_json({
        'properties': map_from_entries(list((p.place_id, 'true'))),
        'types': map_from_entries(list((p.place_id, 'boolean')))
    })
    from rules.consent_places p join intermediate.int_refused_purposes r on p.purpose = r.purpose
    where p.vendor = 'salesforce' and p.object = {object} and r.person_id = entity_id
    having count(*) > 0
), '{}')"""
"""The same of single purposes (`consent.yml`)."""
_ACTION = """
insert into reverse_sync.actions_creates
select 'create:' || $object || ':' || source_key, $sync, $kind, $vendor, $object, source_key, {person},
    json_merge_patch(json_object('properties', properties, 'types', types, 'key_field', $key_field,
        'key', source_key, 'joins', json_object('entity', $entity, 'prefix', $prefix)), {refusal})::varchar,
    null, 'mirrored', $rule, 'only ' || $other || ' has it', null, null
from mirror_new where problem is null
"""


def wish(
    connection: duckdb.DuckDBPyConnection, mapping: Mapping, pairs: Sequence[ResolvedPair], side: Side
) -> None:
    """Add what is to be created on `side` of a mapping to `actions_creates`, the rest to `mirror_held`."""
    # Of a person's contact and lead it is the lead that is created; HubSpot gets a contact for either.
    for pair in pairs[-1:] if side == "right" else pairs:
        _wish(connection, mapping, pair, side)


def _wish(connection: duckdb.DuckDBPyConnection, mapping: Mapping, pair: ResolvedPair, side: Side) -> None:
    kept = connection.execute("select * from mirror_pairs").to_arrow_table()
    _candidates(connection, mapping, pair, side)
    compiled = compile_pair(connection, pair, absent=side)
    connection.execute(compiled.staged)
    connection.execute(f"create or replace temp table mirror_open as {compiled.opened}")
    settle.settle(connection, pair)
    _new(connection, mapping, pair, side)
    _insert(connection, mapping, pair, side)
    connection.register("mirror_kept_pairs", kept)
    connection.execute("create or replace temp table mirror_pairs as select * from mirror_kept_pairs")
    connection.unregister("mirror_kept_pairs")


def _candidates(
    connection: duckdb.DuckDBPyConnection, mapping: Mapping, pair: ResolvedPair, side: Side
) -> None:
    """`mirror_pairs`: of each thing that the other side's CRM knows nothing of the record that stands for it,
    if it is of the pair's object."""
    table, column = MEMBERS[mapping.entity]
    other = OTHER[side]
    connection.execute(
        "create or replace temp table mirror_pairs as select * exclude (object) from ("
        f"select entity_id, object, {'record_id' if side == 'right' else 'null::varchar'} as left_id, "
        f"{'record_key' if side == 'right' else text_literal('')} as left_key, "
        f"{text_literal(pair.right_object)} as right_object, "
        f"{'record_id' if side == 'left' else 'null::varchar'} as right_id, "
        f"{'record_key' if side == 'left' else text_literal('')} as right_key "
        f"from mirror_members_{other} "
        f"where entity_id not in (select {column} from {table} where starts_with(record_key, ?)) "
        "qualify row_number() over "
        "(partition by entity_id order by rank, created_at nulls last, record_key) = 1) where object = ?",
        [f"{VENDORS[side]}:", pair.object_of(other)],
    )


def _new(connection: duckdb.DuckDBPyConnection, mapping: Mapping, pair: ResolvedPair, side: Side) -> None:
    """`mirror_new`: each candidate with its fields as one map, and the first thing that holds it back.

    A value that does not fit holds the record back where the field is required or people are known by it;
    any other field is left out, and stands in `mirror_held`.
    """
    other = OTHER[side]
    kinds = kinds_of(pair)[side]
    fields = {each.field(side).name: kinds[each.field(side).name.lower()] for each in pair.lines}
    typed = {name: kind for name, kind in fields.items() if kind not in ("text", "reference")}
    types = ", ".join(f"{text_literal(name)}, {text_literal(kind)}" for name, kind in typed.items())
    required = [e.field(side).name for e in pair.lines if e.line.required or e.field(side).required]
    constants = orjson.dumps(mapping.constants_of(side)).decode()
    known_by = [each.field(side).name for each in pair.lines if each.field(side).meaning == "email"]
    needed = ", ".join(text_literal(name) for name in [*required, *known_by]) or "null"
    absent = " ".join(
        f"when not list_contains(names, {text_literal(name)}) "
        f"then {text_literal(name + ' is required and empty')}"
        for name in dict.fromkeys(required)
    )
    connection.execute(
        "create or replace temp table mirror_new as with wished as ("
        f"select entity_id, {other}_key as source_key, field_{side} as field, wish_{side} as value, "
        f"{settle.problem_sql(side)} as problem from mirror_outcome), "
        "judged as (select * exclude (value), if(problem is null, value, null) as value from wished), "
        "gathered as (select entity_id, source_key, "
        f"string_agg(problem, '; ' order by field) filter (where field in ({needed})) as problem, "
        "map_from_entries(list((field, problem)) filter (where problem is not null)) as without, "
        "list(field) filter (where value is not null) as names, "
        "to_json(map_from_entries(list((field, value)) filter (where value is not null))) as properties "
        "from judged group by all) "
        "select entity_id, source_key, without, "
        f"json_merge_patch(json({text_literal(constants)}), coalesce(properties, '{{}}')) as properties, "
        f"json_object({types}) as types, coalesce({deletions.why_not_again(side)}, problem, "
        f"{_grey(connection, mapping)}, "
        f"case {absent or 'when false then null'} end) as problem from gathered"
    )


def _grey(connection: duckdb.DuckDBPyConnection, mapping: Mapping) -> str:
    """A sentence for a thing whose identity is in doubt, whichever of its records the doubt is about."""
    if mapping.entity == "campaign":
        if not has_table(connection, "marts", "campaign_reviews"):
            return "null"
        return _in_doubt(mapping, "select left_key, right_key from marts.campaign_reviews", GREY_CAMPAIGN)
    if mapping.entity not in MEMBERS or not has_table(connection, "marts", "identity_reviews"):
        return "null"
    open_ones = (
        "select left_key, right_key from marts.identity_reviews "
        f"where reason = 'review' and entity = {text_literal(mapping.entity)}"
    )
    return _in_doubt(mapping, open_ones, GREY)


def _in_doubt(mapping: Mapping, reviews: str, said: str) -> str:
    table, column = MEMBERS[mapping.entity]
    return (
        f"case when entity_id in (select m.{column} from {table} m join ({reviews}) v "
        f"on m.record_key in (v.left_key, v.right_key)) then {text_literal(said)} end"
    )


def _refusal(
    connection: duckdb.DuckDBPyConnection, mapping: Mapping, vendor: str, object_name: str
) -> str:  # fmt: skip
    if mapping.entity != "person" or not has_table(connection, "intermediate", "int_person_consents"):
        return "'{}'"
    of_all = (
        "if(entity_id in (select person_id from intermediate.int_person_consents "
        f"where consent = 'opted_out'), {text_literal(REFUSES[vendor])}, '{{}}')"
    )
    if vendor != "salesforce" or not has_table(connection, "intermediate", "int_refused_purposes"):
        return of_all
    of_some = _CHECKBOXES.replace("{object}", text_literal(object_name))
    return f"json_merge_patch({of_some}::json, {of_all}::json)"


def _insert(connection: duckdb.DuckDBPyConnection, mapping: Mapping, pair: ResolvedPair, side: Side) -> None:
    vendor, object_name = VENDORS[side], pair.object_of(side)
    sync = f"{vendor}_{object_name.lower()}_created"
    connection.execute(
        "insert into reverse_sync.mirror_held "
        "select ?, split_part(source_key, ':', 4), source_key, '', problem "
        "from mirror_new where problem is not null",
        [sync],
    )
    connection.execute(
        "insert into reverse_sync.mirror_held select ?, split_part(source_key, ':', 4), source_key, "
        "w.key, w.value from (select source_key, unnest(map_entries(without)) as w from mirror_new "
        "where problem is null and without is not null)",
        [sync],
    )
    prefix = connection.execute(f"select {record_key_sql(connection, vendor, object_name, text_literal(''))}")
    found = prefix.fetchone()
    person = "entity_id" if mapping.entity == "person" else "null"
    refusal = _refusal(connection, mapping, vendor, object_name)
    connection.execute(
        _ACTION.replace("{person}", person).replace("{refusal}", refusal),
        {
            "sync": sync, "kind": KIND, "vendor": vendor, "object": object_name, "entity": mapping.entity,
            "key_field": mapping.key_of(side), "rule": mapping.file, "other": VENDORS[OTHER[side]],
            "prefix": found[0].rsplit(":", 2)[0] if found else "",
        },
    )  # fmt: skip


def link(connection: duckdb.DuckDBPyConnection) -> None:
    """Hang new records on the account of their person or deal: one that is there, or one that is created too.

    Salesforce holds it in a field of the record; HubSpot in an association, an action of its own.
    """
    if not columns_of(connection, "intermediate.int_opportunity_accounts"):
        return
    connection.execute(
        "create or replace temp table created_on as with owners as ("
        "select c.action_key, c.vendor, c.object, "
        "coalesce(p.account_id, o.account_id) as account_id from reverse_sync.actions_creates c "
        "left join marts.unified_leads p on p.person_id = c.person_id "
        "left join intermediate.int_opportunity_accounts o on o.record_key = c.record_key "
        "where c.object in ('Contact', 'Opportunity', 'contacts', 'deals')), "
        "there as (select account_id, split_part(record_key, ':', 1) as vendor, "
        "min(record_key) as record_key from intermediate.int_account_members "
        "where split_part(record_key, ':', 3) in ('Account', 'companies') group by all) "
        "select w.*, t.record_key as account_key, n.action_key as account_action from owners w "
        "left join there t on t.account_id = w.account_id and t.vendor = w.vendor "
        "left join intermediate.int_account_members m on m.account_id = w.account_id "
        "left join reverse_sync.actions_creates n on n.record_key = m.record_key and n.vendor = w.vendor "
        "where coalesce(t.record_key, n.action_key) is not null "
        "qualify row_number() over "
        "(partition by w.action_key order by t.record_key nulls last, n.action_key) = 1"
    )
    connection.execute(
        "update reverse_sync.actions_creates c set needs = o.account_action, "
        "payload = json_merge_patch(c.payload, json_object('links', json_object('AccountId', "
        "coalesce(split_part(o.account_key, ':', 4), o.account_action))))::varchar "
        "from created_on o where o.action_key = c.action_key and o.vendor = 'salesforce'"
    )
    connection.execute(
        "insert into reverse_sync.actions_creates select 'associate:' || c.action_key, c.sync, 'associate', "
        "'hubspot', c.object, o.account_key, c.person_id, json_object('to', 'companies')::varchar, "
        "concat_ws(' ', c.action_key, o.account_action), c.provider, c.rule, "
        "'its account is ' || coalesce(o.account_key, 'created too'), null, null "
        "from reverse_sync.actions_creates c join created_on o on o.action_key = c.action_key "
        "where o.vendor = 'hubspot'"
    )
