"""What a user looked at last: `/recent`, an object's recent items, the object RecentlyViewed.

Reading over the API is no looking, unless a query says FOR VIEW or FOR REFERENCE, or a request the header
`Sforce-Mru: updateMru=true`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.salesforce import errors
from sandbox.salesforce.fields import SObject
from sandbox.store import Store

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

MOST = 200
_NAMED = ("Name", "CaseNumber", "Subject", "Title")


def routes(sf: Salesforce) -> list[Route]:
    return sf.route("GET", "/services/data/{version}/recent", lambda call: _recent(sf, call))


def name_field(sobject: SObject) -> str:
    """The field that says what a record is called."""
    return next((name for name in _NAMED if name in sobject.fields), "Id")


def seen(sf: Salesforce, call: Call, sobject: SObject, record_ids: Iterable[str], how: str = "view") -> None:
    """Note that somebody looked at records, or came by them (`reference`); no stamp moves by it."""
    if "LastViewedDate" not in sobject.fields or sobject.name == "RecentlyViewed":
        return
    moment = times.iso(call.now)
    columns = ("LastViewedDate", "LastReferencedDate") if how == "view" else ("LastReferencedDate",)
    sets, stamps = ", ".join(f'"{each}" = ?' for each in columns), (moment,) * len(columns)
    looked = list(dict.fromkeys(record_ids))
    sf.store.db.executemany(
        f'update "{sobject.name}" set {sets} where Id = ?', [(*stamps, own) for own in looked]
    )
    for own in looked[-MOST:] if how == "view" else ():
        row = sf.rows.get(sobject, own)
        if row is None:
            continue
        kept = {name: row.get(name) for name in sf.org.whole["RecentlyViewed"].fields}
        kept |= {"Name": row[name_field(sobject)], "Type": sobject.name}
        forget(sf.store, own)
        sf.rows.insert(sf.org.whole["RecentlyViewed"], kept)
    sf.store.db.execute(
        "delete from RecentlyViewed where Id not in "
        "(select Id from RecentlyViewed order by LastViewedDate desc, rowid desc limit ?)", (MOST,)
    )  # fmt: skip


def forget(store: Store, record_id: str) -> None:
    """A record that is not there was not looked at."""
    store.db.execute("delete from RecentlyViewed where Id = ?", (record_id,))


def by_header(sf: Salesforce, call: Call, sobject: SObject, record_id: str) -> None:
    """Note that a record was looked at, if the client says that it was."""
    if "updatemru=true" in call.headers.get("sforce-mru", "").replace(" ", "").lower():
        seen(sf, call, sobject, [record_id])


def items(sf: Salesforce, call: Call, kind: str = "", most: int = MOST) -> list[dict[str, Any]]:
    """What was looked at last, of one object or of all; what was deleted meanwhile is not told."""
    where = "where Type = ? or ? = ''"
    found = sf.store.rows(
        f"select Id, Type, Name from RecentlyViewed {where} order by LastViewedDate desc, rowid desc limit ?",
        (kind, kind, most),
    )
    told = []
    for own, name, called in found:
        sobject = sf.org.object(name)
        if sobject is not None and sf.rows.deleted(sobject, own) is False:
            url = f"/services/data/{call.params['version']}/sobjects/{name}/{own}"
            told.append({"attributes": {"type": name, "url": url}, "Id": own, name_field(sobject): called})
    return told


def _recent(sf: Salesforce, call: Call) -> Response:
    limit = call.query.get("limit", str(MOST))
    if not limit.isdecimal() or not 0 < len(limit) < 10:
        raise errors.error(400, "INVALID_FIELD", f"limit is not a number: {limit[:40]}")
    return answer(items(sf, call, most=min(int(limit), MOST)), charset="UTF-8")
