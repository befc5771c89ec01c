"""From a field's value on one side to what it means on the other: SQL over canonical text, both ways.

Belongs here: the conversions. In and out is the canonical text of `pipelines.reverse_sync.values`; null out
of a value in means that it cannot be said on the other side. No table is named but the lookups of records.
"""

from __future__ import annotations

import functools

from pipelines.objects.sql import text_literal
from pipelines.reverse_sync.values import canonical_sql, set_sql
from pipelines.rules.mappings.expressions import compile_expression
from pipelines.rules.mappings.model import Line, Side
from pipelines.rules.syncs import NUMERIC, FieldType

_TRUE, _FALSE = "('true', 'yes', 'y', '1', 'on', 't')", "('false', 'no', 'n', '0', 'off', 'f')"
_MOMENT = "%Y-%m-%dT%H:%M:%S.%gZ"
EMAIL = r"^[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+$"
_SIDES: dict[Side, Side] = {"left": "right", "right": "left"}
Columns = dict[Side, dict[str, tuple[str, FieldType]]]
"""SQL and type of the fields of either side, by name in lower case."""


def typed(text: str, kind: FieldType) -> str:
    """Canonical text as a value of its type, for expressions."""
    match kind:
        case "integer":
            return f"try_cast({text} as bigint)"
        case "number":
            return f"try_cast({text} as double)"
        case "money":
            return f"try_cast({text} as decimal(18, 2))"
        case "boolean":
            return f"try_cast({text} as boolean)"
        case _:
            return text


def converted(
    line: Line, towards: Side, value: str, columns: Columns,
    source: tuple[FieldType, str], target: tuple[FieldType, str],
) -> str:  # fmt: skip
    """SQL of what the field on side `towards` should hold.

    `value` is the SQL of the other side's canonical text, `source` and `target` the (type, meaning) of
    the two fields.
    """
    expression = line.to_right if towards == "right" else line.to_left
    if expression:
        made = compile_expression(expression, lambda name: typed(*columns[_SIDES[towards]][name.lower()]))
        return as_type(f"({made})::varchar", "text", target[0], line.zone)
    if line.values is not None:
        return _mapped(line, towards, value, source[0], target[0])
    match line.convert:
        case "owner" | "account" | "person":
            table, this, that = f"mirror_{line.convert}s", _SIDES[towards], towards
            return f"(select min(o.{that}_id) from {table} o where o.{this}_id = {value})"
        case "currency":
            return _money(line, towards, value, columns, target[0])
        case "first_name" | "last_name":
            return _part_of_name(line.convert, value)
        case "date":
            return _dated(line, value, source[0], target[0])
        case "phone":
            return phone(value, line.country)
        case "email":
            return f"lower({value})"
    if target[1] == "email" or source[1] == "email":
        return f"lower({value})"
    return as_type(value, source[0], target[0], line.zone)


def comparable(line: Line, value: str, meaning: str) -> str:
    """What two values of a field are compared by: the same number spelled twice is one number."""
    if line.convert == "phone" or meaning == "phone":
        return phone(value, line.country)
    if line.convert == "email" or meaning == "email":
        return f"lower({value})"
    return value


def as_type(value: str, source: FieldType, target: FieldType, zone: str) -> str:
    """Canonical text of one type as canonical text of another."""
    if source == target:
        return value
    if target in NUMERIC:
        number = f"try_cast({value} as decimal(38, 8))"
        return canonical_sql(target, number)
    match target:
        case "boolean":
            folded = f"lower({value})"
            return f"case when {folded} in {_TRUE} then 'true' when {folded} in {_FALSE} then 'false' end"
        case "date" if source == "timestamp":
            local = f"timezone({_zone(zone)}, try_cast({value} as timestamptz))"
            return f"strftime({local}, '%Y-%m-%d')"
        case "timestamp" if source == "date":
            midnight = f"timezone({_zone(zone)}, try_cast({value} as date)::timestamp)"
            return f"strftime(timezone('UTC', {midnight}), '{_MOMENT}')"
        case "set":
            return set_sql(f"string_split({value}, ';')")
        case "date" | "timestamp":
            return canonical_sql(target, value)
        case _:
            return f"nullif(trim({value}), '')"


def _zone(zone: str) -> str:
    return text_literal(zone or "UTC")


def _mapped(line: Line, towards: Side, value: str, source: FieldType, target: FieldType) -> str:
    if source == "set":
        listed = f"list_transform(string_split({value}, ';'), lambda v: {_one(line, towards, 'v')})"
        return set_sql(f"list_filter({listed}, lambda v: v is not null)")
    mapped = f"case when {value} is null then null else {_one(line, towards, value)} end"
    return as_type(mapped, "text", target, line.zone) if target not in ("text", "set") else mapped


def _one(line: Line, towards: Side, v: str) -> str:
    """What one value means on a side; null where it has no word for it."""
    assert line.values is not None
    pairs = line.values.forward if towards == "right" else line.values.back
    other = "null"
    if line.values.unmapped == "keep":
        other = v
    elif line.values.unmapped == "use" and towards != line.source:
        other = text_literal(line.values.use or "")
    cases = " ".join(f"when {text_literal(a)} then {text_literal(b)}" for a, b in pairs)
    return f"case {v} {cases} else {other} end"


def sayable(line: Line, side: Side, value: str, kind: FieldType) -> tuple[str, str] | None:
    """Of a set on `side` those values that the other side has a word for, and those it has none for, which
    stay whatever it says. None where that is not asked."""
    if kind != "set" or line.values is None or line.direction != "both":
        return None
    there = f"{_one(line, _SIDES[side], 'v')} is null"
    parts = (f"list_filter(string_split({value}, ';'), lambda v: {how}{there})" for how in ("not ", ""))
    said, unsaid = map(set_sql, parts)
    return said, unsaid


def _part_of_name(part: str, value: str) -> str:
    """The last word is the last name, what stands before it the first; one word is a last name."""
    words = rf"regexp_replace({value}, '\s+', ' ', 'g')"
    pattern = r"^(.*) [^ ]+$" if part == "first_name" else r"([^ ]+)$"
    return f"nullif(regexp_extract({words}, {text_literal(pattern)}, 1), '')"


def _dated(line: Line, value: str, source: FieldType, target: FieldType) -> str:
    """Dates and moments into each other and into text of a format, in the line's zone."""
    if not line.format or (source != "text") == (target != "text"):
        return as_type(value, source, target, line.zone)
    form = text_literal(line.format)
    if target == "text":
        moment = f"try_cast({value} as date)"
        if source == "timestamp":
            moment = f"timezone({_zone(line.zone)}, try_cast({value} as timestamptz))"
        return f"strftime({moment}, {form})"
    local = f"try_strptime({value}, {form})"
    if target == "date":
        return f"strftime({local}, '%Y-%m-%d')"
    return f"strftime(timezone('UTC', timezone({_zone(line.zone)}, {local})), '{_MOMENT}')"


def _money(line: Line, towards: Side, value: str, columns: Columns, target: FieldType) -> str:
    """An amount in the other side's currency, by the rates of the file, half a cent up."""
    assert line.money is not None
    money = line.money
    sides: dict[Side, str] = {
        "left": columns["left"][money.left.lower()][0] if money.left_is_field else text_literal(money.left),
        "right": columns["right"][money.right.lower()][0]
        if money.right_is_field
        else text_literal(money.right),
    }
    here, there = sides[_SIDES[towards]], sides[towards]
    amount = f"try_cast({value} as decimal(18, 4))"
    rates = " ".join(f"when {text_literal(code)} then {rate}::decimal(18, 8)" for code, rate in money.rates)
    rate = f"(case {here} {rates} end / case {there} {rates} end)" if rates else "null"
    worth = f"case when {here} = {there} then {amount} else round({amount} * {rate}, 2) end"
    return canonical_sql(target, worth)


@functools.cache
def _dialling(country: str) -> tuple[str, str]:
    """(country code, digits dialled before a national number) of a country."""
    import phonenumbers

    code = phonenumbers.country_code_for_region(country)
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(country)
    return str(code or ""), str(metadata.national_prefix or "") if metadata is not None else ""


def phone(value: str, country: str) -> str:
    """E.164 where the number says its country or the line does, and its extension; else the text as it is."""
    bare = rf"regexp_replace({value}, '(?i)\s*(ext\.?|extension|x|#)\s*\d+\s*$', '')"
    whole = rf"regexp_replace(replace({bare}, '(0)', ''), '[^0-9+]', '', 'g')"
    code, prefix = _dialling(country) if country else ("", "")
    national = "null"
    if code:
        rest = f"regexp_replace({whole}, '^{prefix}', '')" if prefix else whole
        national = f"'+{code}' || {rest}"
    full = (
        f"case when {whole} like '+%' then {whole} when {whole} like '00%' then '+' || substr({whole}, 3) "
        f"when length({whole}) between 5 and 14 then {national} end"
    )
    inside = rf"regexp_extract({value}, '(?i)(?:ext\.?|extension|x|#)\s*(\d+)\s*$', 1)"
    said = f"{full} || if({inside} = '', '', ' ext ' || {inside})"
    return rf"case when regexp_matches({full}, '^\+[1-9]\d{{6,14}}$') then {said} else {value} end"
