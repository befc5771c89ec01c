"""HubSpot from files: records with their raw properties, owners, pipelines, history, associations, merges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from sandbox import times
from sandbox.hubspot import associations, catalog
from sandbox.hubspot.catalog import TYPES, ObjectType
from sandbox.store import Store
from sandbox.worlds import files_hubspot_marketing
from sandbox.worlds.mapping import Feed, Mapping, Source
from sandbox.worlds.reading import Findings, moment, rows_of, value_of
from sandbox.worlds.tables import MappingError, Table

# Fields of a feed that are not properties but the record's own.
RECORD = ("id", "created", "modified", "archived")
Values = dict[str, Any]


@dataclass
class Portal:
    """A portal being filled from files."""

    store: Store
    mapping: Mapping
    findings: Findings

    def stamp(self, value: Any) -> int:
        """Milliseconds of a value that may be missing or no time at all."""
        found = moment(str(value)) if value else None
        return self.mapping.loaded if found is None else found


def create(store: Store, mapping: Mapping, tables: dict[str, Table], findings: Findings) -> None:
    """Fill a prepared portal from the files."""
    portal = Portal(store, mapping, findings)
    for feed in mapping.hubspot_feeds:
        table = tables[feed.table]
        if feed.to in TYPES:
            _records(portal, TYPES[feed.to], feed, table)
            continue
        loader = _LOADERS.get(feed.to)
        if loader is None:
            raise MappingError(f"The mapping feeds {feed.to}, which this portal does not have.")
        for row in rows_of(feed, table):
            loader(portal, _values(portal, feed, row))
    _imply_pipelines(portal)
    _count_strays(portal)


def _values(portal: Portal, feed: Feed, row: dict[str, str]) -> Values:
    return {n: value_of(s, row, feed.to, n, portal.findings) for n, s in feed.fields.items()}


def _records(portal: Portal, kind: ObjectType, feed: Feed, table: Table) -> None:
    properties = _properties(portal, kind, feed, table)
    for row in rows_of(feed, table):
        own = _values(
            portal,
            Feed(feed.to, feed.table, fields={n: feed.fields[n] for n in RECORD if n in feed.fields}),
            row,
        )
        record_id = str(own.get("id") or "")
        if not record_id.isdecimal():
            portal.findings.note(f"{kind.plural}: a row without a numeric id, left out")
            continue
        created, modified = (
            portal.stamp(own.get("created")),
            portal.stamp(own.get("modified") or own.get("created")),
        )
        props = {
            n: str(v)
            for n, s in properties.items()
            if (v := value_of(s, row, kind.plural, n, portal.findings))
        }
        if "email" in props:
            props["email"] = props["email"].strip().lower()
        for name, found in props.items():
            instant = moment(found) if portal_type(name, kind) == "datetime" else None
            props[name] = found if instant is None else times.iso(instant)
        stamp = times.iso(modified)
        props |= {"hs_object_id": record_id, kind.created: times.iso(created), kind.modified: stamp}
        archived = str(own.get("archived") or "").lower() == "true"
        cursor = portal.store.db.execute(
            f'insert or ignore into "{kind.plural}" (id, created, modified, archived, archived_at, props) '
            "values (?, ?, ?, ?, ?, ?)",
            (
                int(record_id),
                created,
                modified,
                archived,
                modified if archived else None,
                orjson.dumps(props),
            ),
        )
        if cursor.rowcount == 0:
            portal.findings.note(f"{kind.plural}: a row with an id that is there already, left out")
        elif kind.plural == "contacts" and not archived and props.get("email"):
            _email(portal, props["email"], int(record_id))


def portal_type(name: str, kind: ObjectType) -> str:
    """The type of a standard property; text for any other."""
    return str(_TYPES.get((kind.plural, name), "string"))


_TYPES = {(plural, d["name"]): d["type"] for plural in TYPES for d in catalog.definitions(plural)}


def _email(portal: Portal, email: str, record_id: int) -> None:
    cursor = portal.store.db.execute("insert or ignore into addresses values (?, ?)", (email, record_id))
    if cursor.rowcount == 0:
        portal.findings.note("contacts: an email that another contact has")


def _properties(portal: Portal, kind: ObjectType, feed: Feed, table: Table) -> dict[str, Source]:
    """The properties a feed fills; with `auto: PREFIX`, also the unused columns of that prefix.

    A property the portal does not have is added as text.
    """
    found = {name: source for name, source in feed.fields.items() if name not in RECORD}
    used = {source.column for source in feed.fields.values()}
    if feed.auto:
        for column in table.columns:
            if column.startswith(feed.auto) and column not in used:
                found.setdefault(column.removeprefix(feed.auto).lower(), Source(column=column))
    for name in found:
        if (kind.plural, name) not in _TYPES:
            definition = catalog.definition(
                name, "string", "text", f"{kind.singular}information", defined_by_hubspot=False
            )
            portal.store.db.execute(
                "insert or ignore into properties values (?, ?, ?)",
                (kind.plural, name, orjson.dumps(definition)),
            )
    return found


def _owner(portal: Portal, v: Values) -> None:
    if not str(v.get("id") or "").isdecimal():
        portal.findings.note("owners: a row without a numeric id, left out")
        return
    user = v.get("user_id")
    portal.store.db.execute(
        "insert or ignore into owners values (?, ?, ?, ?, ?, ?, ?, ?)",
        (int(v["id"]), v.get("email"), v.get("first_name"), v.get("last_name"),
         int(user) if user and str(user).isdecimal() else None, v.get("archived") == "true",
         portal.stamp(v.get("created")), portal.stamp(v.get("modified"))),
    )  # fmt: skip


def _pipeline(portal: Portal, v: Values) -> None:
    portal.store.db.execute(
        "insert or replace into pipelines values (?, ?, ?, ?, ?, ?, ?)",
        (v.get("object") or "deals", v["id"], v.get("label") or v["id"], int(v.get("display_order") or 0),
         v.get("archived") == "true",
         portal.stamp(v.get("created")), portal.stamp(v.get("modified"))),
    )  # fmt: skip


def _stage(portal: Portal, v: Values) -> None:
    try:
        probability = float(v.get("probability") or 0)
    except ValueError:
        portal.findings.note("stages: a probability that is not a number, taken as 0")
        probability = 0.0
    portal.store.db.execute(
        "insert or replace into stages values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (v.get("object") or "deals", v.get("pipeline"), v["id"], v.get("label") or v["id"],
         int(v.get("display_order") or 0), probability, v.get("is_closed") == "true",
         v.get("archived") == "true", portal.stamp(v.get("created")), portal.stamp(v.get("modified"))),
    )  # fmt: skip


def _history(portal: Portal, v: Values) -> None:
    """A value a deal's property had; a record without a value of its own takes the latest one."""
    record_id, name, value = int(v["id"]), v["property"], v.get("value") or ""
    portal.store.db.execute(
        "insert into history values ('deals', ?, ?, ?, ?, ?, ?)",
        (record_id, name, portal.stamp(v.get("at")), value, v.get("source_type"), v.get("source_id")),
    )
    row = portal.store.row("select props from deals where id = ?", (record_id,))
    if row is None:
        portal.findings.note(
            "history: of a deal that the data does not have, kept where no client can see it"
        )
        return
    latest = portal.store.value(
        "select value from history where object = 'deals' and id = ? and property = ? "
        "order by at desc limit 1",
        (record_id, name),
    )
    props = orjson.loads(row[0]) | {name: latest}
    portal.store.db.execute("update deals set props = ? where id = ?", (orjson.dumps(props), record_id))


def _association(portal: Portal, v: Values) -> None:
    if not v.get("from_type") or not v.get("to_type"):
        portal.findings.note("associations: with a kind of record that is not named, left out")
        return
    rows: list[associations.Row] = []
    for a, b in (("from", "to"), ("to", "from")):
        rows.append(
            (v[f"{a}_type"], int(v[a]), v[f"{b}_type"], int(v[b]), int(v["type_id"]), v["category"], None)
        )
    associations.insert(portal.store, rows)


def _merge(portal: Portal, v: Values) -> None:
    """An id that was merged away: it leads to the record it became, which lists it."""
    kind, current, gone = v["object"], int(v["current"]), int(v["gone"])
    row = portal.store.row(f'select props from "{kind}" where id = ?', (current,))
    if row is None:
        portal.findings.note(f"merges: into a record of {kind} that the data does not have, left out")
        return
    portal.store.db.execute("insert or replace into aliases values (?, ?, ?)", (kind, gone, current))
    props = orjson.loads(row[0])
    known = [i for i in props.get("hs_merged_object_ids", "").split(";") if i]
    if str(gone) not in known:
        props["hs_merged_object_ids"] = ";".join([*known, str(gone)])
        portal.store.db.execute(f'update "{kind}" set props = ? where id = ?', (orjson.dumps(props), current))


_LOADERS: dict[str, Callable[[Portal, Values], None]] = {
    "owners": _owner,
    "pipelines": _pipeline,
    "stages": _stage,
    "history": _history,
    "associations": _association,
    "merges": _merge,
    **files_hubspot_marketing.LOADERS,
}


def _imply_pipelines(portal: Portal) -> None:
    """Stages show only inside a pipeline; one the data does not list is shown under its id."""
    for kind, name in portal.store.rows(
        "select distinct object, pipeline from stages where (object, pipeline) not in "
        "(select object, id from pipelines) order by object, pipeline"
    ):
        portal.findings.note("pipelines: named by stages only, shown under their id")
        _pipeline(portal, {"object": kind, "id": name, "display_order": 99})


def _count_strays(portal: Portal) -> None:
    for kind in TYPES:
        strays = portal.store.value(
            "select count(*) from associations where from_type = ? "
            f'and from_id not in (select id from "{kind}")',
            (kind,),
        )
        if strays:
            portal.findings.counts[f"associations: from {kind} that the data does not have"] += int(strays)
