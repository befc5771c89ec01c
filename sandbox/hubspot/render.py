"""Records as JSON: properties, history, inline associations. Built for many records a second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox import times
from sandbox.hubspot import first_values
from sandbox.hubspot.catalog import ObjectType
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.records import Record

INLINE = 100
"""Associations of one type of record that a record shows; the rest is on further pages."""


@dataclass
class View:
    """What a request wants to see of each record."""

    kind: ObjectType
    names: tuple[str, ...]
    history: tuple[str, ...] = ()
    associations: tuple[str, ...] = field(default=())
    revisions: int | None = None
    """How many of a property's newest revisions are shown: all of them, or as many as a list shows."""

    def __post_init__(self) -> None:
        self._blank: dict[str, str | None] = dict.fromkeys(self.names)

    def properties(self, props: dict[str, str]) -> dict[str, str | None]:
        """What is wanted of a record's properties, null where it has none."""
        if len(props) <= len(self._blank) and props.keys() <= self._blank.keys():
            found = self._blank.copy()
            found.update(props)
            return found
        return dict(zip(self.names, map(props.get, self.names), strict=True))

    @classmethod
    def of(
        cls, portal: Portal, kind: ObjectType, names: Sequence[str], history: Sequence[str] = (),
        associations: Sequence[str] = (), *, revisions: int | None = None,
    ) -> View:  # fmt: skip
        """Unknown properties are left out without a word, as HubSpot does; three are always there."""
        known = portal.shown[kind.plural]
        wanted = [*(names or kind.defaults), *history, kind.created, kind.modified, "hs_object_id"]
        shown = tuple(sorted(known.intersection(wanted)))
        return cls(kind, shown, tuple(n for n in history if n in known), tuple(associations), revisions)


def records(portal: Portal, view: View, found: Sequence[Record], base_url: str = "") -> list[dict[str, Any]]:
    """The records as HubSpot shows them; `base_url` is where what is beyond a page can be asked for."""
    shown = [_one(view, record) for record in found]
    if view.history:
        _add_history(portal, view, found, shown)
    for name in view.associations:
        to = portal.type_of(name)
        if to is not None:
            _add_associations(portal, view, to, found, shown, base_url)
    return shown


def _one(view: View, record: Record) -> dict[str, Any]:
    shown = {
        "id": str(record.id), "properties": view.properties(record.props),
        "createdAt": times.iso(record.created), "updatedAt": times.iso(record.modified),
        "archived": record.archived,
    }  # fmt: skip
    if record.archived_at is not None:
        shown["archivedAt"] = times.iso(record.archived_at)
    return shown


def _add_history(portal: Portal, view: View, found: Sequence[Record], shown: list[dict[str, Any]]) -> None:
    """Newest first. A property that was never changed has its one value, dated when the record was made."""
    marks = ", ".join("?" * len(found))
    past: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for record_id, name, at, value, source_type, source_id in portal.store.rows(
        f"select id, property, at, value, source_type, source_id from history "
        f"where object = ? and id in ({marks}) order by at desc, rowid desc",
        (view.kind.plural, *(r.id for r in found)),
    ):
        past.setdefault((record_id, name), []).append(
            {"value": value, "timestamp": times.iso(at), "sourceType": source_type, "sourceId": source_id}
        )
    by = first_values.sources(portal.store, view.kind.plural, [record.id for record in found])
    for record, item in zip(found, shown, strict=True):
        item["propertiesWithHistory"] = {
            name: (past.get((record.id, name)) or _first_value(record, name, by[record.id]))[: view.revisions]
            for name in view.history
        }


def _first_value(record: Record, name: str, by: first_values.Source) -> list[dict[str, Any]]:
    value = record.props.get(name)
    if value is None:
        return []
    stamp = times.iso(record.created)
    return [{"value": value, "timestamp": stamp, "sourceType": by[0], "sourceId": by[1]}]


def linked(
    portal: Portal, kind: ObjectType, to: ObjectType, ids: Sequence[int], base_url: str, *,
    most: int = INLINE, after: int = 0,
) -> dict[int, dict[str, Any]]:  # fmt: skip
    """What records are associated with, as version 3 tells it, with the address of what is beyond a page."""
    if (kind.plural, to.plural) not in portal.types.pairs:
        return {}
    names = portal.types.association_names(kind.plural, to.plural)
    marks = ", ".join("?" * len(ids))
    found: dict[int, dict[str, Any]] = {}
    # Of one record no more than the page is read, and the types of the record after it.
    bound = f" limit {most + len(names) + 1}" if len(ids) == 1 else ""
    for from_id, to_id, type_id in portal.store.rows(
        f"select from_id, to_id, type_id from associations where from_type = ? and to_type = ? "
        f"and from_id in ({marks}) and to_id > ? order by from_id, to_id, type_id{bound}",
        (kind.plural, to.plural, *ids, after),
    ):
        page = found.setdefault(from_id, {"results": []})
        results = page["results"]
        if "paging" in page:
            continue
        if len(results) >= most and results[-1]["id"] != str(to_id):
            last = results[-1]["id"]
            path = f"/crm/v3/objects/{kind.type_id}/{from_id}/associations/{to.type_id}"
            page["paging"] = {"next": {"after": last, "link": f"{base_url}{path}?after={last}"}}
            continue
        results.append({"id": str(to_id), "type": names.get(type_id, next(iter(names.values())))})
    return found


def _add_associations(
    portal: Portal, view: View, to: ObjectType, found: Sequence[Record], shown: list[dict[str, Any]],
    base_url: str,
) -> None:  # fmt: skip
    pages = linked(portal, view.kind, to, [record.id for record in found], base_url)
    for record, item in zip(found, shown, strict=True):
        if record.id in pages:
            item.setdefault("associations", {})[to.plural] = pages[record.id]
