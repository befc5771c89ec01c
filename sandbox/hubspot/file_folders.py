"""Folders of the files tool: made one by one or by a path, moved with what is in them, deleted."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, numbers, pages, requests

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

TABLES = """
create table if not exists file_folders (id integer primary key, parent integer, path text, shown blob);
create table if not exists files (
    id integer primary key, folder integer, path text, archived integer, shown blob, content blob);
create index if not exists files_in on files (folder);
create index if not exists files_at on files (path);
create index if not exists file_folders_at on file_folders (path);
create index if not exists file_folders_in on file_folders (parent);
create table if not exists file_tasks (id text primary key, shown blob) without rowid
"""
Json = dict[str, Any]
Folder = tuple[int, Json]
AREA, OPEN = "/files/{version}/folders", "/hubfs/"


def routes(hubspot: HubSpot) -> list[Route]:
    hubspot.store.script(TABLES)
    give, one = hubspot.route, AREA + "/{folder:path}"
    return [
        *give("POST", AREA, lambda call: _create(hubspot, call)),
        *give("GET", AREA + "/search", lambda call: _search(hubspot, call)),
        *give("POST", AREA + "/update/async", lambda call: _later(hubspot, call)),
        *give("GET", AREA + "/update/async/tasks/{task}/status", lambda call: _task(hubspot, call)),
        *give("GET", one, lambda call: answer(_found(hubspot, call)[1])),
        *give("PATCH", one, lambda call: answer(_change(hubspot, call, _found(hubspot, call), _body(call)))),
        *give("DELETE", one, lambda call: _delete(hubspot, call)),
    ]


def _body(call: Call) -> Json:
    return requests.body_of(call)


def by_id(hubspot: HubSpot, said: Any) -> Folder | None:
    row = hubspot.store.row("select id, shown from file_folders where id = ?", (requests.whole_id(said),))
    return None if row is None else (int(row[0]), orjson.loads(row[1]))


def _found(hubspot: HubSpot, call: Call) -> Folder:
    """By id or by path."""
    said = call.params["folder"].rstrip("/")
    found = by_id(hubspot, said)
    if found is None:
        row = hubspot.store.row(
            "select id, shown from file_folders where path = ?", ("/" + said.lstrip("/"),)
        )
        found = None if row is None else (int(row[0]), orjson.loads(row[1]))
    if found is None:
        raise errors.not_found(call)
    return found


def at(hubspot: HubSpot, call: Call, path: str) -> int | None:
    """The folder of a path, made with those above it where it is not there; None for the root."""
    parent: int | None = None
    known = ""
    for name in [part for part in path.split("/") if part]:
        known = f"{known}/{name}"
        there = hubspot.store.value("select id from file_folders where path = ?", (known,))
        parent = int(there) if there is not None else _make(hubspot, call, name, parent, known)[0]
    return parent


def _make(hubspot: HubSpot, call: Call, name: str, parent: int | None, path: str) -> Folder:
    number, stamp = (
        numbers.following(hubspot.store, "file_folders", first=20_000_000_000),
        times.iso(call.now),
    )
    shown = {
        "id": str(number), "name": name, "path": path, "archived": False, "createdAt": stamp,
        "updatedAt": stamp, **({"parentFolderId": str(parent)} if parent is not None else {}),
    }  # fmt: skip
    hubspot.store.db.execute(
        "insert into file_folders values (?, ?, ?, ?)", (number, parent, path, orjson.dumps(shown))
    )
    call.change("file folders", str(number), "create", "path", None, path)
    call.records += 1
    return number, shown


def _name(call: Call, said: Any) -> str:
    if not isinstance(said, str) or not said.strip() or "/" in said:
        raise errors.validation(call, "A folder needs a name without slashes")
    return said.strip()


def parent_of(hubspot: HubSpot, call: Call, own: Any, path: Any) -> int | None:
    """The folder that a body names by id or by path; None for the root."""
    if own is not None and path is not None:
        raise errors.validation(call, "Only one of the id and the path of a folder may be given")
    if path is not None and not isinstance(path, str):
        raise errors.validation(call, "The path of a folder is a text")
    if own is None:
        return None if path is None else at(hubspot, call, path)
    found = by_id(hubspot, own)
    if found is None:
        raise errors.error(call, 404, f"Folder {str(own)[:20]} does not exist", "OBJECT_NOT_FOUND")
    return found[0]


def _path(hubspot: HubSpot, parent: int | None, name: str) -> str:
    above = hubspot.store.value("select path from file_folders where id = ?", (parent,))
    return f"{above or ''}/{name}"


def _free(hubspot: HubSpot, call: Call, path: str) -> str:
    if hubspot.store.value("select 1 from file_folders where path = ?", (path,)):
        raise errors.error(call, 409, f"A folder {path[:200]} exists already", "OBJECT_ALREADY_EXISTS")
    return path


def _create(hubspot: HubSpot, call: Call) -> Response:
    body = _body(call)
    name = _name(call, body.get("name"))
    own = body.get("parentFolderId")
    parent = parent_of(hubspot, call, own, body.get("parentPath", body.get("parentFolderPath")))
    path = _free(hubspot, call, _path(hubspot, parent, name))
    return answer(_make(hubspot, call, name, parent, path)[1], 201)


def _search(hubspot: HubSpot, call: Call) -> Response:
    clauses = ["1 = 1"]
    values: list[Any] = []
    for name, clause in (("name", "json_extract(shown, '$.name') like ?"), ("path", "path = ?")):
        if call.query.get(name):
            clauses.append(clause)
            values.append(f"%{call.query[name]}%" if name == "name" else "/" + call.query[name].strip("/"))
    parents = [requests.whole_id(each) for each in call.query_list("parentFolderIds")]
    if parents:
        clauses.append(f"parent in ({', '.join('?' * len(parents))})")
        values += parents
    source = f"file_folders where {' and '.join(clauses)}"
    return pages.by_after(call, hubspot.store, source, values, default=10)


def _change(hubspot: HubSpot, call: Call, folder: Folder, body: Json) -> Json:
    """Another name or another place, with all that is in it."""
    number, shown = folder
    before = shown["path"]
    name = _name(call, body["name"]) if body.get("name") is not None else shown["name"]
    parent = requests.whole_id(shown.get("parentFolderId"))
    if body.get("parentFolderId") is not None:
        parent = parent_of(hubspot, call, body["parentFolderId"], None)
    path = _path(hubspot, parent, name)
    if path == before:
        return shown
    if f"{path}/".startswith(f"{before}/"):
        raise errors.validation(call, "A folder cannot be moved into itself")
    _free(hubspot, call, path)
    stamp = times.iso(call.now)
    _move(hubspot, before, path)
    shown |= {"name": name, "path": path, "updatedAt": stamp}
    if parent is not None:
        shown["parentFolderId"] = str(parent)
    hubspot.store.db.execute(
        "update file_folders set parent = ?, shown = ? where id = ?", (parent, orjson.dumps(shown), number)
    )
    call.change("file folders", str(number), "update", "path", before, path)
    call.records += 1
    return shown


def _move(hubspot: HubSpot, before: str, path: str) -> None:
    """Let all below a path, and the addresses of files there, begin with another."""
    rest, below = len(before) + 1, f"{before}/"
    old, new = (f"{OPEN}{hubspot.portal.id}{quote(each)}/" for each in (before, path))
    urls = [
        f"'$.{name}', replace(json_extract(shown, '$.{name}'), ?, ?)" for name in ("url", "defaultHostingUrl")
    ]
    for table in ("file_folders", "files"):
        hubspot.store.db.execute(
            f"update {table} set path = ? || substr(path, ?), shown = cast(json_replace(shown, '$.path', "
            f"? || substr(path, ?), {', '.join(urls)}) as blob) where path = ? or substr(path, 1, ?) = ?",
            (path, rest, path, rest, old, new, old, new, before, rest, below),
        )


def _delete(hubspot: HubSpot, call: Call) -> Response:
    """A folder with nothing in it."""
    number, shown = _found(hubspot, call)
    inside = (
        "select 1 from files where folder = ? and archived = 0 "
        "union select 1 from file_folders where parent = ?"
    )
    if hubspot.store.value(inside, (number, number)):
        raise errors.validation(call, f"Folder {number} is not empty")
    hubspot.store.db.execute("delete from file_folders where id = ?", (number,))
    numbers.removed(hubspot.store, "file_folders", number)
    call.change("file folders", str(number), "delete", "path", shown["path"], None)
    return Response(status_code=204)


def _later(hubspot: HubSpot, call: Call) -> Response:
    """A change that is asked for now and looked after later; here it is done at once."""
    body, own = _body(call), str(uuid.uuid5(uuid.NAMESPACE_URL, call.request_id))
    folder = by_id(hubspot, body.get("id"))
    if folder is None:
        raise errors.not_found(call)
    stamp = times.iso(call.now)
    told = {
        "taskId": own, "status": "COMPLETE", "requestedAt": stamp, "startedAt": stamp, "completedAt": stamp,
        "result": _change(hubspot, call, folder, body),
    }  # fmt: skip
    hubspot.store.db.execute("insert into file_tasks values (?, ?)", (own, orjson.dumps(told)))
    version = call.params["version"]
    link = f"{call.base_url}/files/{version}/folders/update/async/tasks/{own}/status"
    return answer({"id": own, "links": {"status": link}}, 202)


def _task(hubspot: HubSpot, call: Call) -> Response:
    row = hubspot.store.row("select shown from file_tasks where id = ?", (call.params["task"],))
    if row is None:
        raise errors.not_found(call)
    return answer(bytes(row[0]))
