"""Folders of lists: a tree below the root, which is folder 0, and which list is in which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, numbers, requests

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

TABLES = """
create table if not exists list_folders (
    id integer primary key, parent integer not null, name text not null, created integer not null,
    updated integer not null);
create table if not exists lists_in_folders (list_id integer primary key, folder integer not null);
"""
ROOT, DEEPEST = 0, 5
_USER = 1
_ABOVE = """
with recursive up (id, level) as (
    select ?, 0 union all select f.parent, level + 1 from up join list_folders f on f.id = up.id)
select max(level) from up
"""
_BELOW = """
with recursive down (id, level) as (
    select ?, 1 union all select f.id, level + 1 from down join list_folders f on f.parent = down.id)
select max(level) from down
"""


def routes(hubspot: HubSpot) -> list[Route]:
    hubspot.store.script(TABLES)
    area, one = "/crm/lists", "/folders/{folder}"
    give = hubspot.versioned
    return [
        *give("GET", area, "/folders", lambda call: _read(hubspot, call)),
        *give("POST", area, "/folders", lambda call: _create(hubspot, call)),
        *give("PUT", area, "/folders/move-list", lambda call: _move_list(hubspot, call)),
        *give("PUT", area, f"{one}/rename", lambda call: _rename(hubspot, call)),
        *give("PUT", area, f"{one}/move/{{parent}}", lambda call: _move(hubspot, call)),
        *give("DELETE", area, one, lambda call: _delete(hubspot, call)),
    ]


def _known(hubspot: HubSpot, call: Call, said: Any) -> int:
    """The number of a folder there is."""
    text = str(said)
    number = requests.whole_id(text)
    if number is None or not (
        number == ROOT or hubspot.store.value("select 1 from list_folders where id = ?", (number,))
    ):
        raise errors.error(call, 404, f"List folder {text[:40]} does not exist", "OBJECT_NOT_FOUND")
    return number


def _shown(hubspot: HubSpot, number: int) -> dict[str, Any]:
    """A folder with all that is below it."""
    row = hubspot.store.row("select parent, name, created, updated from list_folders where id = ?", (number,))
    parent, name, created, updated = row or (ROOT, "", 0, 0)
    below = hubspot.store.rows("select id from list_folders where parent = ? order by id", (number,))
    lists = hubspot.store.rows(
        "select id from lists l left join lists_in_folders f on f.list_id = l.id "
        "where coalesce(f.folder, 0) = ? order by id",
        (number,),
    )
    return {
        "id": str(number), "parentFolderId": str(parent), "name": name, "userId": _USER,
        "createdAt": times.iso(created), "updatedAt": times.iso(updated),
        "updatedContentsAt": times.iso(updated),
        "childNodes": [_shown(hubspot, child) for (child,) in below], "childLists": [i for (i,) in lists],
    }  # fmt: skip


def _read(hubspot: HubSpot, call: Call) -> Response:
    return answer({"folder": _shown(hubspot, _known(hubspot, call, call.query.get("folderId", ROOT)))})


def _name(call: Call, said: Any) -> str:
    if not isinstance(said, str) or not said.strip():
        raise errors.validation(call, "A list folder needs a name")
    return said.strip()


def _create(hubspot: HubSpot, call: Call) -> Response:
    body = requests.body_of(call)
    name = _name(call, body.get("name"))
    parent = _known(hubspot, call, body.get("parentFolderId") or ROOT)
    _fit(hubspot, call, parent, 1)
    number = numbers.following(hubspot.store, "list_folders")
    hubspot.store.db.execute(
        "insert into list_folders values (?, ?, ?, ?, ?)", (number, parent, name, call.now, call.now)
    )
    call.records = 1
    call.change("list folders", str(number), "create", "name", None, name)
    return answer({"folder": _shown(hubspot, number)})


def _fit(hubspot: HubSpot, call: Call, parent: int, levels: int) -> None:
    """Refuse so many levels of folders below one where the tree would be deeper than it may be."""
    above = int(hubspot.store.value(_ABOVE, (parent,)))
    if above + levels > DEEPEST:
        raise errors.validation(call, f"List folders can be nested {DEEPEST} deep, no deeper")


def _own(hubspot: HubSpot, call: Call) -> int:
    number = _known(hubspot, call, call.params["folder"])
    if number == ROOT:
        raise errors.validation(call, "The root folder cannot be changed")
    return number


def _rename(hubspot: HubSpot, call: Call) -> Response:
    number, name = _own(hubspot, call), _name(call, call.query.get("newFolderName"))
    hubspot.store.db.execute(
        "update list_folders set name = ?, updated = ? where id = ?", (name, call.now, number)
    )
    call.records = 1
    call.change("list folders", str(number), "update", "name", None, name)
    return answer({"folder": _shown(hubspot, number)})


def _move(hubspot: HubSpot, call: Call) -> Response:
    number, parent = _own(hubspot, call), _known(hubspot, call, call.params["parent"])
    above: int = parent
    while above != ROOT:
        if above == number:
            raise errors.validation(call, "A folder cannot be moved into itself or a folder below it")
        above = int(hubspot.store.value("select parent from list_folders where id = ?", (above,)))
    _fit(hubspot, call, parent, int(hubspot.store.value(_BELOW, (number,))))
    hubspot.store.db.execute(
        "update list_folders set parent = ?, updated = ? where id = ?", (parent, call.now, number)
    )
    call.records = 1
    call.change("list folders", str(number), "update", "parent", None, str(parent))
    return answer({"folder": _shown(hubspot, number)})


def _move_list(hubspot: HubSpot, call: Call) -> Response:
    body = requests.body_of(call)
    text = str(body.get("listId"))
    number = requests.whole_id(text)
    if not hubspot.store.value("select 1 from lists where id = ?", (number,)):
        raise errors.error(call, 404, f"List {text[:40]} does not exist", "OBJECT_NOT_FOUND")
    folder = _known(hubspot, call, body.get("newFolderId"))
    hubspot.store.db.execute("insert or replace into lists_in_folders values (?, ?)", (number, folder))
    call.records = 1
    call.change("lists", text, "update", "folder", None, str(folder))
    return Response(status_code=204)


def _delete(hubspot: HubSpot, call: Call) -> Response:
    """A folder with nothing in it."""
    number = _own(hubspot, call)
    shown = _shown(hubspot, number)
    if shown["childNodes"] or shown["childLists"]:
        raise errors.validation(call, f"List folder {number} is not empty")
    hubspot.store.db.execute("delete from list_folders where id = ?", (number,))
    numbers.removed(hubspot.store, "list_folders", number)
    call.records = 1
    call.change("list folders", str(number), "delete", "name", shown["name"], None)
    return Response(status_code=204)
