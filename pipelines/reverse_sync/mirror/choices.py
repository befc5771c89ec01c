"""Conflicts that a mapping leaves to people: those that are open, and taking down what somebody chose.

Belongs here: the table `reverse_sync.conflicts_open` and what a choice may be. Obeying it is `settle`,
keeping it `pipelines.state.conflict_choices`, the command `cli.conflicts`.
"""

from __future__ import annotations

import re
from datetime import datetime

import duckdb

from pipelines.errors import UsageError
from pipelines.objects.sql import text_literal
from pipelines.reverse_sync.mirror import settle
from pipelines.reverse_sync.mirror.conversions import EMAIL
from pipelines.reverse_sync.mirror.resolve import SIDES, ResolvedPair
from pipelines.reverse_sync.mirror.values_sql import kinds_of
from pipelines.reverse_sync.values import canonical
from pipelines.rules.mappings import model as mapped
from pipelines.rules.mappings.model import VENDORS
from pipelines.state.conflict_choices import Choice, Side
from pipelines.warehouse import has_table

TABLE = """
create or replace table reverse_sync.conflicts_open (
    conflict_id varchar, mapping varchar, rule varchar, left_key varchar, right_key varchar,
    field_left varchar, field_right varchar, left_value varchar, right_value varchar,
    agreed_left varchar, agreed_right varchar, left_changed_at timestamptz, right_changed_at timestamptz,
    outcome varchar, chosen_by varchar, problem varchar, type_left varchar, type_right varchar,
    length_left bigint, length_right bigint, choices_left varchar[], choices_right varchar[],
    email_left boolean, email_right boolean, is_converted boolean
);
"""
COLUMNS = (
    "conflict_id", "left_key", "right_key", "field_left", "field_right", "left_value", "right_value",
    "agreed_left", "agreed_right", "left_changed_at", "right_changed_at", "outcome", "chosen_by", "problem",
    "rule", "type_left", "type_right", "length_left", "length_right", "choices_left", "choices_right",
    "email_left", "email_right", "is_converted",
)  # fmt: skip
CHOICES: tuple[Side, ...] = ("hubspot", "salesforce", "value")


def note(connection: duckdb.DuckDBPyConnection, pair: ResolvedPair) -> None:
    """Add what is open of a pair of objects, and what was chosen and is not written yet: it may be one that
    cannot be. Reads temp table `mirror_outcome`."""
    kinds = kinds_of(pair)
    problem = f"coalesce({settle.problem_sql('left')}, {settle.problem_sql('right')})"
    for number, each in enumerate(pair.lines):
        line = each.line
        types = [kinds[side][each.field(side).name.lower()] for side in SIDES]
        made = bool(line.values or line.to_left or line.to_right)
        connection.execute(
            f"insert into reverse_sync.conflicts_open select coalesce(choice_id, {settle.CONFLICT_ID}), ?, "
            "rule, left_key, right_key, field_left, field_right, l, r, bl, br, lt, rt, outcome, chosen_by, "
            f"case when choice_id is not null then {problem} end, ?, ?, length_left, length_right, "
            "choices_left, choices_right, email_left, email_right, ? from mirror_outcome "
            f"where line = {number} and ({settle.OPEN} or choice_id is not null and outcome <> 'agreed')",
            [pair.mapping.name, *types, made or line.convert not in (None, "text")],
        )


def open_ones(connection: duckdb.DuckDBPyConnection, conflict_id: str = "") -> list[dict[str, object]]:
    """Those of the last refresh, by record and field; or the one of this id. Chosen ones that are not written
    yet are among them."""
    if not has_table(connection, "reverse_sync", "conflicts_open"):
        return []
    answer = connection.execute(
        f"select {', '.join(COLUMNS)} from reverse_sync.conflicts_open "
        f"where {text_literal(conflict_id)} in ('', conflict_id) order by left_key, field_left, right_key"
    )
    return [dict(zip(COLUMNS, row, strict=True)) for row in answer.fetchall()]


def notes(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """What a plan says of those that are open."""
    number = sum(not each["chosen_by"] or bool(each["problem"]) for each in open_ones(connection))
    one = f"{number:,} conflict is" if number == 1 else f"{number:,} conflicts are"
    return (f"{one} left to people: crm conflicts",) if number else ()


def chosen(
    conflict: dict[str, object], choice: Side, values: tuple[str, ...], by: str, at: datetime
) -> Choice:  # fmt: skip
    """What somebody said about a conflict. Raises UsageError when it cannot be written as they said."""
    if (choice == "value") != bool(values):
        raise UsageError(
            "a value is given with the choice value, and with no other", where="crm conflicts choose",
            remedy="say hubspot or salesforce alone, or value and the text",
        )  # fmt: skip
    if choice == "value" and conflict["is_converted"] and len(values) == 1:
        raise UsageError(
            f"{conflict['field_left']} and {conflict['field_right']} do not say the same in the same words",
            where="crm conflicts choose", remedy="give two texts: first what HubSpot is to hold",
        )  # fmt: skip
    left = values[0] if values else None
    right = values[-1] if values else None
    return Choice(
        str(conflict["conflict_id"]), str(conflict["left_key"]), str(conflict["right_key"]),
        str(conflict["field_left"]), str(conflict["field_right"]), choice,
        _fit(conflict, "left", left), _fit(conflict, "right", right), by, at,
        *(_text(conflict[name]) for name in ("left_value", "right_value", "agreed_left", "agreed_right")),
    )  # fmt: skip


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _fit(conflict: dict[str, object], side: mapped.Side, value: str | None) -> str | None:
    """In the words that values are compared by."""
    if value is None:
        return None
    kind, field = str(conflict[f"type_{side}"]), f"{VENDORS[side]} keeps in {conflict[f'field_{side}']}"
    said = canonical(kind, value)  # type: ignore[arg-type]
    if said is None:
        raise _misfit(f"{value!r} is no {kind}, which {field}")
    length, listed = conflict[f"length_{side}"], conflict[f"choices_{side}"]
    if isinstance(length, int) and len(said) > length:
        raise _misfit(f"{value!r} has {len(said)} characters, and {field} at most {length}")
    parts = said.split(";") if kind == "set" else [said]
    if isinstance(listed, list) and not {*parts} <= {*listed}:
        raise _misfit(f"{value!r} is none of the values that {field}: {', '.join(sorted(listed))}")
    if conflict[f"email_{side}"] and not re.match(EMAIL, said):
        raise _misfit(f"{value!r} is no e-mail address, which {field}")
    return said


def _misfit(what: str) -> UsageError:
    return UsageError(what, where="crm conflicts choose", remedy="give a value that fits")
