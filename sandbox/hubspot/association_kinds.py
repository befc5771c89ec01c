"""Associations of a kind that a client names: the plain one, the primary one, its own labels.

Belongs here: what `types` in a request mean, what storing them does, and what taking them off does. Which
paths ask for it is the business of `association_writes` and `associations_v3`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.call import Call
from sandbox.hubspot import association_limits as limits
from sandbox.hubspot import errors, requests
from sandbox.hubspot.associations import DEFINED, associate, holder, insert, is_known, note_primary, tell
from sandbox.hubspot.further_objects import ENGAGEMENTS
from sandbox.hubspot.records import Record
from sandbox.hubspot.types import USER_DEFINED

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

PRIMARY = "Primary"
_ACTIVITIES = (*ENGAGEMENTS, "communications", "postal_mail")
_OF_ANY = {"companies": (7, 8), "contacts": (9, 10), "deals": (11, 12), "tickets": (17, 18)}
"""Numbers of the old API, to any activity and back, which clients go on naming."""


@dataclass(frozen=True)
class Kind:
    """An association type as it reads from one end, and from the other."""

    number: int
    label: str | None
    back: int
    label_back: str | None
    category: str

    @property
    def is_primary(self) -> bool:
        return self.category == DEFINED and self.label == PRIMARY


def kind_of(hubspot: HubSpot, call: Call, a: str, b: str, number: Any) -> Kind:
    """The type of this number from `a` to `b`. Refuses what is none."""
    pairs = hubspot.portal.types.pairs
    plain, primary = pairs[a, b]
    said, number = number, requests.whole_id(number)
    of_any = _OF_ANY.get(b if a in _ACTIVITIES else a, (0, 0))[a in _ACTIVITIES]
    if number == plain or (number == of_any and (a in _ACTIVITIES or b in _ACTIVITIES)):
        return Kind(plain, None, pairs[b, a][0], None, DEFINED)
    back = pairs[b, a][1]
    if primary is not None and back is not None and number == primary:
        return Kind(primary, PRIMARY, back, PRIMARY, DEFINED)
    there = hubspot.store.row(
        "select name, label from association_types where from_type = ? and to_type = ? and type_id = ? "
        "and name is not null",
        (a, b, number),
    )
    if there is None:
        raise errors.validation(call, f"{str(said)[:40]} is not an association type between {a} and {b}")
    # Of two objects of one type the label has a second number for the way back, if it is called otherwise.
    other = hubspot.store.row(
        "select type_id, label from association_types where from_type = ? and to_type = ? and name = ? "
        "order by type_id = ?, type_id",
        (b, a, there[0], number),
    )
    assert number is not None
    assert other is not None
    return Kind(int(number), str(there[1]), int(other[0]), str(other[1]), USER_DEFINED)


def asked(hubspot: HubSpot, call: Call, a: str, b: str, types: Any) -> list[Kind]:
    """What a list of `{associationCategory, associationTypeId}` means."""
    if not isinstance(types, list) or not types or not all(isinstance(each, dict) for each in types):
        raise errors.validation(call, "Some required fields were not set: [types]")
    found = []
    for each in types:
        kind = kind_of(hubspot, call, a, b, each.get("associationTypeId"))
        category = each.get("associationCategory")
        own = kind.category == USER_DEFINED
        if category is not None and own != (category in (USER_DEFINED, "INTEGRATOR_DEFINED")):
            plain = hubspot.portal.types.pairs[a, b][0] == kind.number
            if not plain:  # the plain type of a custom object is the client's own and is called either way
                raise errors.validation(call, f"{kind.number} is not an association type of {category}")
        found.append(kind)
    return found


def attach(hubspot: HubSpot, call: Call, record: Record, other: Record, kinds: Sequence[Kind]) -> list[str]:
    """Associate two records by these kinds, and so by the plain one too. Returns the labels among them."""
    known = is_known(hubspot.store, record, other)
    associate(hubspot, call, record, other)
    a, b, fresh = record.type.plural, other.type.plural, 0
    for kind in kinds:
        if kind.label is None:
            continue
        if kind.is_primary:
            _give_up_primary(hubspot, call, record, other)
        there = (a, record.id, b, other.id, kind.number, kind.category, kind.label)
        back = (b, other.id, a, record.id, kind.back, kind.category, kind.label_back)
        fresh += insert(hubspot.store, [there, back])
        limits.keep(hubspot.store, call, record, other, kind.number)
        limits.keep(hubspot.store, call, other, record, kind.back)
    if fresh and known:
        tell(call, "associate", (a, record.id, b, other.id), labels=True)
    lead = holder(record, other)[0]
    if lead.type.plural == "leads" and any(kind.is_primary for kind in kinds):
        note_primary(hubspot, call, lead)
    return [kind.label for kind in kinds if kind.label is not None]


def _give_up_primary(hubspot: HubSpot, call: Call, record: Record, other: Record) -> None:
    """One record has one primary company (a lead one primary contact): the new one takes its place."""
    one, many = holder(record, other)
    new = other.id if one is record else record.id
    key = (one.type.plural, one.id, many, DEFINED, PRIMARY)
    for (old,) in hubspot.store.rows(
        "select to_id from associations where from_type = ? and from_id = ? and to_type = ? and category = ? "
        "and label = ?",
        key,
    ):
        if old != new:
            tell(call, "dissociate", (one.type.plural, one.id, many, old), labels=True)
            for start, end in (("from", "to"), ("to", "from")):
                hubspot.store.db.execute(
                    f"delete from associations where {start}_type = ? and {start}_id = ? and {end}_type = ? "
                    f"and category = ? and label = ? and {end}_id = ?",
                    (*key, old),
                )


def detach(
    hubspot: HubSpot, call: Call, a: str, i: int, b: str, j: int, kinds: Sequence[Kind] | None = None
) -> None:
    """Take these kinds off two records; all of them when the plain one is among them, or none is named."""
    gone, db = 0, hubspot.store.db
    pair = "from_type = ? and from_id = ? and to_type = ? and to_id = ?"
    if kinds is None or any(kind.label is None for kind in kinds):
        for ends in ((a, i, b, j), (b, j, a, i)):
            gone += db.execute(f"delete from associations where {pair}", ends).rowcount
        if gone:
            tell(call, "dissociate", (a, i, b, j))
    else:
        for kind in kinds:
            for ends, number in (((a, i, b, j), kind.number), ((b, j, a, i), kind.back)):
                sql = f"delete from associations where {pair} and type_id = ? and category = ?"
                gone += db.execute(sql, (*ends, number, kind.category)).rowcount
        if gone:
            tell(call, "dissociate", (a, i, b, j), labels=True)
    call.records += 1 if gone else 0
    sides = {a: i, b: j}
    if gone and sides.keys() == {"leads", "contacts"}:
        lead = hubspot.records.stored(hubspot.portal.types.all["leads"], sides["leads"])
        if lead is not None:
            note_primary(hubspot, call, lead)


def on_create(hubspot: HubSpot, call: Call, record: Record, wishes: list[dict[str, Any]]) -> None:
    """All that a record is to be associated with from the first. A lead is one of a contact."""
    ends = {_wished(hubspot, call, record, wish) for wish in wishes}
    if record.type.plural == "leads" and "contacts" not in ends:
        raise errors.validation(call, "A lead must be associated with an existing contact when it is created")


def _wished(hubspot: HubSpot, call: Call, record: Record, wish: dict[str, Any]) -> str:
    """One association, `{to: {id}, types: [{associationTypeId}]}`, and the type of the other record.

    The types say which kind of record the other one is; those of one wish are of one pair.
    """
    try:
        first = wish["types"][0]["associationTypeId"]
        other_id = str(wish["to"]["id"])
    except (KeyError, IndexError, TypeError):
        raise errors.validation(call, "associations need to.id and types[].associationTypeId") from None
    to = hubspot.portal.types.all.get(_other_end(hubspot, record.type.plural, first) or "")
    if to is None:
        raise errors.validation(call, f"{str(first)[:40]} is not an association type of {record.type.plural}")
    other = hubspot.records.get(to, other_id)
    if other is None or other.archived:
        raise errors.not_found(call)
    kinds = asked(hubspot, call, record.type.plural, to.plural, wish["types"])
    attach(hubspot, call, record, other, kinds)
    return to.plural


def _other_end(hubspot: HubSpot, plural: str, number: Any) -> str | None:
    """The type of record that an association type of this number leads to."""
    number = requests.whole_id(number)
    if number is None:
        return None
    for (a, b), ids in hubspot.portal.types.pairs.items():
        if a == plural and number in ids:
            return b
    for b, (_, of_any) in _OF_ANY.items():
        if plural in _ACTIVITIES and number == of_any:
            return b
    found = hubspot.store.value(
        "select to_type from association_types where from_type = ? and type_id = ?", (plural, number)
    )
    return None if found is None else str(found)
