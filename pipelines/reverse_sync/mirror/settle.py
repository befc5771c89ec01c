"""Who wins where two CRMs differ: three-way on what both last agreed on, then by the line's strategy.

Belongs here: set operations from `mirror_open` (lines that do not agree) to `mirror_outcome` (who wins and
what each side should hold). A side has changed when it holds neither what was agreed nor what we last
wrote to it; what we wrote ourselves is nobody's change, so our own writes do not come back as an echo. A
side that still says what we last carried over from it has not changed either. Both hold until a run has seen
the two agree: from then on whoever sets a value back to an earlier one has changed it. What `crm undo` set
back on one side is no newer word either: the other side's value stays, and is held until it is released.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from pipelines.objects.sql import text_literal
from pipelines.reverse_sync.mirror.conversions import EMAIL
from pipelines.reverse_sync.mirror.resolve import SIDES, ResolvedPair
from pipelines.reverse_sync.values import CLEAR, set_sql

_LINES = (
    "line integer, name varchar, field_left varchar, field_right varchar, direction varchar, source varchar, "
    "strategy varchar, is_set boolean, merges boolean, blanks varchar, default_left varchar, "
    "default_right varchar, required boolean, rule varchar, position_rule varchar, "
    "length_left bigint, length_right bigint, choices_left varchar[], choices_right varchar[], "
    "email_left boolean, email_right boolean, must_left boolean, must_right boolean, is_box boolean, "
    "only_fills boolean"
)

_SETTLED = """
create or replace temp table mirror_outcome as
with based as (
    select o.*, n.* exclude (line),
        b.pair_key is not null as is_known,
        json_exists(b.content, n.pointer)
            or (b.pair_key is null and o.l is not null and o.r is not null
                and json_exists(i.content, n.pointer)) as has_base,
        json_extract_string(coalesce(b.content, i.content), n.pointer || '/0') as bl,
        json_extract_string(coalesce(b.content, i.content), n.pointer || '/1') as br,
        -- Since when the base is known; of the first one of a pair it stands once for all lines.
        if(json_exists(b.content, n.pointer), coalesce(json_extract_string(b.content, '/@at' || n.pointer),
            json_extract_string(b.content, '/@at/'))::timestamptz, null) as based_at,
        al.agreed_at > coalesce(based_at, '-infinity'::timestamptz) as wrote_left, al.value as al,
        ar.agreed_at > coalesce(based_at, '-infinity'::timestamptz) as wrote_right, ar.value as ar
    from mirror_open o
    join (select *, '/' || replace(replace(name, '~', '~0'), '/', '~1') as pointer from mirror_lines) n
        on n.line = o.line
    left join mirrored_kept b on b.pair_key = o.pair_key
    left join mirror_inherited i on i.pair_key = o.pair_key
    left join agreed_values al on al.record_key = o.left_key and al.field = n.field_left
    left join agreed_values ar on ar.record_key = o.right_key and ar.field = n.field_right
),
-- A conflict that was seen is as old as it was then: our writes to other fields made no side newer.
dated as (
    select o.* exclude (pointer) replace (if(c.left_key is null, o.lt, c.lt) as lt,
        if(c.left_key is null, o.rt, c.rt) as rt,
        coalesce(wrote_left, false) as wrote_left, coalesce(wrote_right, false) as wrote_right)
    from based o
    left join seen_conflicts c
        on c.left_key = o.left_key and c.right_key = o.right_key and c.field_left = o.field_left
        and c.field_right = o.field_right and c.left_value is not distinct from o.l
        and c.right_value is not distinct from o.r and c.agreed_left is not distinct from o.bl
        and c.agreed_right is not distinct from o.br
),
-- Emptied before a run saw both sides agree: the other side holds what we carried over from it. A record that
-- has just taken another's place in a pair has emptied nothing.
emptied as (
    select *,
        is_known and blanks = 'clear' and l is null and wrote_right and r = ar
            and r is distinct from default_right and not (wrote_left and al is null) as emptied_left,
        is_known and blanks = 'clear' and r is null and wrote_left and l = al
            and l is distinct from default_left and not (wrote_right and ar is null) as emptied_right
    from dated
),
changed as (
    select * replace (coalesce(has_base, false) or emptied_left or emptied_right as has_base),
        (not coalesce(has_base, false) or l is distinct from bl)
            and not (wrote_left and l is not distinct from al)
            and not (wrote_right and fl is not distinct from ar) or emptied_left as changed_left,
        (not coalesce(has_base, false) or r is distinct from br)
            and not (wrote_right and r is not distinct from ar)
            and not (wrote_left and gr is not distinct from al) or emptied_right as changed_right
    from emptied
),
-- What somebody chose holds while each side holds what it did then, or what was chosen for it.
picked as (
    select o.*, c.conflict_id as choice_id, c.choice, c.chosen_by, c.left_value as chosen_left,
        c.right_value as chosen_right
    from changed o
    left join conflict_choices c
        on c.left_key = o.left_key and c.right_key = o.right_key and c.field_left = o.field_left
        and c.field_right = o.field_right and c.agreed_left is not distinct from o.bl
        and c.agreed_right is not distinct from o.br and o.direction = 'both'
        and (o.l is not distinct from c.held_left or c.choice = 'value' and o.l = c.left_value)
        and (o.r is not distinct from c.held_right or c.choice = 'value' and o.r = c.right_value)
    qualify row_number() over (partition by o.pair_key, o.line order by c.chosen_at desc) = 1
),
-- We have moved one side away from what both agreed on and nobody did anything: something was taken back.
undone as (
    select *,
        based_at is not null and not changed_left and not changed_right as is_still,
        is_still and wrote_left and l is not distinct from al and l is distinct from bl
            and r is not distinct from br as undone_left,
        is_still and wrote_right and r is not distinct from ar and r is distinct from br
            and l is not distinct from bl as undone_right
    from picked
),
judged as (
    select * replace (rule || coalesce(', chosen by ' || chosen_by, '') as rule),
        -- Where only what is empty is filled, two values stand beside each other and nobody wins.
        direction = 'both' and l is not null and r is not null and changed_left = changed_right
            and not only_fills and not undone_left and not undone_right as is_conflict,
        case
            when same then 'agreed'
            when choice = 'value' and l = chosen_left and r = chosen_right then 'agreed'
            when choice is not null
                then case choice when 'hubspot' then 'left' when 'salesforce' then 'right' else 'value' end
            when l is null and r is null and coalesce(default_left, default_right) is not null then 'default'
            when l is null and r is null then 'empty'
            when direction = 'to_right' then 'left'
            when direction = 'to_left' then 'right'
            when (l is null or r is null) and blanks = 'clear' and has_base and changed_left <> changed_right
                then if(changed_left, 'left', 'right')
            when l is null then 'right'
            when r is null then 'left'
            when undone_left then 'right'
            when undone_right then 'left'
            when merges and fl is not null and gr is not null then 'merge'
            when changed_left and not changed_right then 'left'
            when changed_right and not changed_left then 'right'
            when fl is null or gr is null then 'no counterpart'
            when strategy = 'union' and is_set then 'merge'
            when strategy = 'manual' then 'manual'
            when strategy = 'source' then source
            when strategy = 'destination' then if(source = 'left', 'right', 'left')
            when strategy = 'longest' and length(l) <> length(r)
                then if(length(l) > length(r), 'left', 'right')
            when lt is not distinct from rt then source
            when rt is null or lt > rt then 'left'
            else 'right'
        end as outcome
    from undone
)
select *,
    case outcome
        when 'left' then coalesce({right_alone}, case when l is null then
            if(blanks = 'clear' and has_base and changed_left, coalesce(kr, if(is_box, 'false', $clear)),
                if(r is null, default_right, null)) end)
        when 'value' then chosen_right
        when 'default' then default_right
        when 'merge' then {merge_right}
    end as wish_right,
    case outcome
        when 'right' then coalesce({left_alone}, case when r is null then
            if(blanks = 'clear' and has_base and changed_right, coalesce(kl, $clear),
                if(l is null, default_left, null)) end)
        when 'value' then chosen_left
        when 'default' then default_left
        when 'merge' then {merge_left}
    end as wish_left
from judged
"""
OPEN = "outcome in ('manual', 'no counterpart')"
"""Who wins is left to people."""
CONFLICT_ID = (
    "substr(sha256(concat_ws('|', pair_key, name, coalesce(l, ''), coalesce(r, ''), outcome, bl, br)), 1, 16)"
)
"""Of these values on both sides and these agreed ones: once somebody changes any of them it is another."""


def settle(connection: duckdb.DuckDBPyConnection, pair: ResolvedPair) -> None:
    """Temp table `mirror_outcome` from `mirror_open`, `mirrored_kept`, what we wrote, conflicts seen and
    `conflict_choices`."""
    put_lines(connection, pair)
    parts = {
        "merge_right": _merged("fl", "r", "br", "kr"), "merge_left": _merged("gr", "l", "bl", "kl"),
        "right_alone": _beside("fl", "kr"), "left_alone": _beside("gr", "kl"),
    }  # fmt: skip
    sql = _SETTLED
    for name, part in parts.items():
        sql = sql.replace(f"{{{name}}}", part)
    connection.execute(sql, {"clear": CLEAR})


def put_lines(connection: duckdb.DuckDBPyConnection, pair: ResolvedPair) -> None:
    """Temp table `mirror_lines`: what settling has to know of each line."""
    connection.execute(f"create or replace temp table mirror_lines ({_LINES})")
    rows = [_row(number, pair) for number in range(len(pair.lines))]
    marks = ", ".join("?" for _ in rows[0])
    for row in rows:
        connection.execute(f"insert into mirror_lines values ({marks})", row)


def _row(number: int, pair: ResolvedPair) -> Sequence[object]:
    each = pair.lines[number]
    line = each.line
    choices = [list(each.field(side).choices or ()) or None for side in SIDES]
    types = {rule.type for rule in each.rules.values()}
    return [
        number, line.name, each.left.name, each.right.name, line.direction, line.source, line.strategy,
        "set" in types, line.sets == "merge" and "set" in types, line.blanks, line.default_left,
        line.default_right, line.required, line.rule, line.where,
        each.left.length, each.right.length, *choices,
        each.left.meaning == "email", each.right.meaning == "email",
        each.left.required, each.right.required, each.right.type == "boolean",
        bool(each.rules) and all(rule.policy == "fill_if_empty" for rule in each.rules.values()),
    ]  # fmt: skip


def _merged(added: str, held: str, base: str, unsaid: str) -> str:
    """Three-way merge of sets: what both have, and what either added since; what one removed stays away.

    Of what the other CRM has no word for (`unsaid`) nothing was removed there.
    """
    new, old, agreed, own = (
        f"string_split(coalesce({each}, ''), ';')" for each in (added, held, base, unsaid)
    )
    removed = f"list_contains({agreed}, v) and not (list_contains({new}, v) and list_contains({old}, v))"
    gone = f"{removed} and not list_contains({own}, v)"
    kept = f"list_filter(list_distinct(list_concat({new}, {old})), lambda v: v <> '' and not ({gone}))"
    return f"nullif(array_to_string(list_sort({kept}), ';'), '')"


def _beside(said: str, unsaid: str) -> str:
    """What the other side says, beside what it has no word for."""
    both = f"list_concat(string_split({said}, ';'), string_split({unsaid}, ';'))"
    return f"if({unsaid} is null or {said} is null, {said}, {set_sql(both)})"


def problem_sql(side: str) -> str:
    """What keeps the wish of a side from being written, as a sentence; null if nothing does."""
    wish, source, field = f"wish_{side}", "r" if side == "left" else "l", f"field_{side}"
    outcome = "right" if side == "left" else "left"
    length, choices, email = f"length_{side}", f"choices_{side}", f"email_{side}"
    return f"""case
        when outcome = '{outcome}' and {wish} is null and {source} is not null
            then {field} has_no || {source}
        when outcome = 'empty' and required then {field} || ' is required and neither CRM has one'
        when {wish} = {text_literal(CLEAR)} and must_{side}
            then {field} || ' is required and cannot be emptied'
        when {wish} is null or {wish} = {text_literal(CLEAR)} then null
        when {email} and not regexp_matches({wish}, {text_literal(EMAIL)})
            then {wish} || ' is no e-mail address'
        when length({wish}) > {length}
            then {field} || ' takes ' || {length} || ' characters, not ' || length({wish})
        when len(list_filter(if(is_set, string_split({wish}, ';'), [{wish}]),
            lambda v: not list_contains(coalesce({choices}, [v]), v))) > 0
            then {field} || ' does not take ' || {wish}
    end""".replace(f"{field} has_no ||", f"{field} || ' has no value for ' ||")
