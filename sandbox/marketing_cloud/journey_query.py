"""Which journeys a list shows and in which order, as SQL over `interactions as i`."""

from __future__ import annotations

from sandbox.marketing_cloud import errors

_NEWEST = "version = (select max(version) from interactions as newer where newer.key = i.key)"
_ORDERS = {"name": "name", "modifieddate": "modified", "createddate": "created", "version": "version"}


def where(query: dict[str, str]) -> tuple[str, list[str]]:
    """`status`, `nameOrDescription`, `definitionType`, `versionNumber`; the newest versions where no status
    or version is named."""
    clauses, values = [], []
    if "status" in query:
        clauses.append("status = ? collate nocase")
        values.append(query["status"])
    elif query.get("versionnumber"):
        clauses.append("version = cast(? as integer)")
        values.append(query["versionnumber"])
    elif query.get("mostrecentversiononly", "true").lower() != "false":
        clauses.append(_NEWEST)
    if query.get("nameordescription"):
        clauses.append("instr(lower(name || ' ' || coalesce(json_extract(body, '$.description'), '')), ?)")
        values.append(query["nameordescription"].lower())
    if query.get("definitiontype"):
        clauses.append("coalesce(json_extract(body, '$.definitionType'), 'Multistep') = ? collate nocase")
        values.append(query["definitiontype"])
    return (f"where {' and '.join(clauses)}" if clauses else ""), values


def order(query: dict[str, str]) -> str:
    """As `orderBy` says: a name and a direction; what changed last comes first where it says nothing."""
    name, _, direction = query.get("orderby", "modifiedDate desc").strip().partition(" ")
    column = _ORDERS.get(name.lower())
    if column is None or direction.strip().lower() not in ("", "asc", "desc"):
        raise errors.invalid("orderBy names one of name, modifiedDate, createdDate, version, and asc or desc")
    return f"{column} {direction.strip() or 'asc'}, key, version"
