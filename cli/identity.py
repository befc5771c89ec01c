"""`crm why` and `crm identity`: why records are one, what somebody decides about a pair, training anew.

Belongs here: asking and printing. `why` reads the published file alone.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, cast

from pipelines.errors import CrmError
from pipelines.settings import load_settings

if TYPE_CHECKING:
    import duckdb

_IDENTITIES = """
    select 'person' as entity, person_id as id, record_key, source, source_object, source_id, matched_by,
        match_probability, joined_at, through_record_key from marts.lead_identities
    union all
    select 'account', account_id, record_key, source, source_object, source_id, matched_by,
        match_probability, joined_at, through_record_key from marts.account_identities
    union all
    select 'opportunity', opportunity_id, record_key, source, source_object, source_id, matched_by,
        match_probability, joined_at, through_record_key from marts.opportunity_identities"""
_ENTITIES = {
    **dict.fromkeys(("contacts", "Lead", "Contact"), "person"),
    **dict.fromkeys(("companies", "Account"), "account"),
    **dict.fromkeys(("deals", "Opportunity"), "opportunity"),
}


def why(what: str) -> str:
    """The records of the person, company or deal that an id, e-mail address or record key names, and
    their links."""
    from pipelines.warehouse import Warehouse

    with Warehouse(load_settings(vendors=False).paths).reading() as connection:
        found = _find(connection, what)
        if not found:
            raise CrmError(
                f"nobody published is known as {what}",
                remedy="give a person_id, account_id, opportunity_id, e-mail address or record key",
            )
        return "\n\n".join(_explain(connection, entity, id_) for entity, id_ in found)


def _find(connection: duckdb.DuckDBPyConnection, what: str) -> list[tuple[str, str]]:
    text = what.strip()
    return cast(
        "list[tuple[str, str]]",
        connection.execute(
            f"""
            with identities as ({_IDENTITIES})
            select distinct entity, id from identities where id = $what or record_key = $what or
            source_id = $what
            union select entity, id from marts.identity_aliases where alias = $what
            union select 'person', person_id from marts.unified_leads where email = lower($what)
            order by all""",
            {"what": text},
        ).fetchall(),
    )


def _explain(connection: duckdb.DuckDBPyConnection, entity: str, id_: str) -> str:
    records = connection.execute(
        f"with identities as ({_IDENTITIES}) select record_key, matched_by, match_probability, joined_at, "
        "through_record_key from identities where entity = ? and id = ? order by joined_at, record_key",
        [entity, id_],
    ).fetchall()
    lines = [f"{entity} {id_}: {len(records)} {'record' if len(records) == 1 else 'records'}"]
    for key, by, probability, joined, through in records:
        how = "founded it" if by == "founder" else f"joined by {by} ({probability:.3f}) through {through}"
        lines.append(f"  {key}  {how}, {joined:%Y-%m-%d}")
    links = connection.execute(
        "select left_key, right_key, kind, value, match_weight, waterfall from marts.identity_links "
        "where entity = ? and id = ? order by left_key, right_key, kind",
        [entity, id_],
    ).fetchall()
    if links:
        lines.append("links")
    for left, right, kind, value, weight, waterfall in links:
        detail = f" {value}" if value and kind not in ("merge", "conversion", "connector", "mirrored") else ""
        lines.append(
            f"  {left} = {right}: {kind}{detail}" + (f" {weight:+.1f} bits" if weight is not None else "")
        )
        lines += [f"      {step:<10} {bits:+.1f}" for step, bits in _steps(waterfall) if bits]
    for alias, since, reason in connection.execute(
        "select alias, since, why from marts.identity_aliases where entity = ? and id = ? order by alias",
        [entity, id_],
    ).fetchall():
        lines.append(f"  was also {alias} ({reason or 'merged'}{f' {since:%Y-%m-%d}' if since else ''})")
    return "\n".join(lines)


def _steps(waterfall: str | None) -> list[tuple[str, float]]:
    found: dict[str, Any] = json.loads(waterfall) if waterfall else {}
    return [(name, float(bits or 0)) for name, bits in found.items()]


def decide(left: str, right: str, verdict: str) -> str:
    """Keep that two records are one, or are not; the next transform obeys."""
    from pipelines.state import identity
    from pipelines.state.engine import State

    kinds = {_ENTITIES.get(key.split(":")[2]) if key.count(":") == 3 else None for key in (left, right)}
    if len(kinds) != 1 or None in kinds or left == right:
        raise CrmError(
            "a pair is two record keys of people, of companies or of deals",
            remedy="take left_key and right_key of marts.identity_reviews",
        )
    entity = str(kinds.pop())
    said = cast("Literal['same', 'different']", verdict)
    with State.open(load_settings(vendors=False)) as state, state.writing() as connection:
        identity.decide(connection, identity.Decision(entity, left, right, said, datetime.now(UTC)))
    return f"Kept: {left} and {right} are {verdict}. The next crm transform obeys."


def train() -> str:
    """Forget the trained models, so that the next transform trains them on what is there then."""
    from pipelines.state import identity
    from pipelines.state.engine import State

    with State.open(load_settings(vendors=False)) as state, state.writing() as connection:
        count = identity.forget_models(connection)
    return f"{count} trained models forgotten; the next crm transform trains them anew."
