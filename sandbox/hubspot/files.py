"""Files of the files tool: uploaded, replaced, moved, found, deleted, and given out by their addresses.

A public file is had by whoever knows its address, a private one by a signed address that ends.
"""

from __future__ import annotations

import hashlib
import hmac
import mimetypes
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, Refused, answer
from sandbox.hubspot import errors, file_folders, multipart, numbers, pages, requests
from sandbox.hubspot.file_folders import OPEN, Json

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

AREA = "/files/{version}/files"
LARGEST = 20 * 1024 * 1024
ACCESS = (
    "PUBLIC_INDEXABLE", "PUBLIC_NOT_INDEXABLE", "HIDDEN_INDEXABLE", "HIDDEN_NOT_INDEXABLE",
    "HIDDEN_PRIVATE", "HIDDEN_SENSITIVE", "PRIVATE", "SENSITIVE",
)  # fmt: skip
_TYPES = {"image": "IMG", "video": "MOVIE", "audio": "AUDIO", "text": "DOCUMENT"}
_SORTS = ("id", "name", "createdAt", "updatedAt", "size")


def routes(hubspot: HubSpot) -> list[Route]:
    give, one = hubspot.route, AREA + "/{file}"
    return [
        *give("POST", AREA, lambda call: _upload(hubspot, call)),
        *give("GET", AREA + "/search", lambda call: _search(hubspot, call)),
        *give("GET", AREA + "/stat/{path:path}", lambda call: _stat(hubspot, call)),
        *give("GET", one, lambda call: answer(_found(hubspot, call)[1])),
        *give("PUT", one, lambda call: _replace(hubspot, call)),
        *give("PATCH", one, lambda call: _change(hubspot, call)),
        *give("DELETE", one, lambda call: _delete(hubspot, call)),
        *give("DELETE", one + "/gdpr-delete", lambda call: _forget(hubspot, call)),
        *give("GET", one + "/signed-url", lambda call: _signed(hubspot, call)),
        *give("GET", one + "/download", lambda call: _content(hubspot, call, _found(hubspot, call)[0])),
        *give("GET", OPEN + "{portal}/{path:path}", lambda call: _serve(hubspot, call)),
    ]


def is_open(path: str) -> bool:
    """A file is fetched by its address alone."""
    return path.startswith(OPEN)


def _found(hubspot: HubSpot, call: Call) -> tuple[int, Json]:
    row = hubspot.store.row(
        "select id, shown from files where id = ? and archived = 0", (requests.whole_id(call.params["file"]),)
    )
    if row is None:
        raise errors.not_found(call)
    return int(row[0]), orjson.loads(row[1])


def _options(call: Call, fields: dict[str, str]) -> Json:
    try:
        found = orjson.loads(fields.get("options", ""))
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or found.get("access") not in ACCESS:
        raise errors.validation(call, f"options must be JSON with an access of {', '.join(ACCESS)}")
    return found


def _sent(call: Call) -> tuple[dict[str, str], str, bytes]:
    """The fields of an upload, the file's name and what is in it."""
    fields, sent = multipart.parts(call)
    if len(sent) != 1:
        raise errors.validation(call, "A multipart body with one file is wanted")
    ((given, content),) = sent.items()
    if len(content) > LARGEST:
        raise errors.error(call, 413, "The file is larger than 20 MB", "VALIDATION_ERROR")
    name = PurePosixPath(fields.get("fileName") or given.replace("\\", "/")).name
    return fields, name or "file", content


def _upload(hubspot: HubSpot, call: Call) -> Response:
    fields, name, content = _sent(call)
    options = _options(call, fields)
    if not fields.get("folderId") and not fields.get("folderPath"):
        raise errors.validation(call, "One of folderId and folderPath is required")
    folder = file_folders.parent_of(
        hubspot, call, fields.get("folderId") or None, fields.get("folderPath") or None
    )
    own, path = _place(hubspot, call, folder, name, options, content)
    if own is None:
        kept = hubspot.store.value("select shown from files where path = ? and archived = 0", (path,))
        return answer(bytes(kept), 201)
    shown = _described(call, own, folder, path, content) | {"access": options["access"]}
    _save(hubspot, call, shown, folder, content, "create")
    return answer(shown, 201)


def _place(
    hubspot: HubSpot, call: Call, folder: int | None, name: str, options: Json, content: bytes
) -> tuple[int | None, str]:
    """The id and the path for an upload: one that is taken goes to the new file, or the new one gets another
    name. No id: the same file is there already, and `RETURN_EXISTING` was wanted."""
    base = hubspot.store.value("select path from file_folders where id = ?", (folder,)) or ""
    strategy, scope = options.get("duplicateValidationStrategy"), options.get("duplicateValidationScope")
    if strategy in ("REJECT", "RETURN_EXISTING"):
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        where = "" if scope == "ENTIRE_PORTAL" else " and folder is ?"
        same = hubspot.store.value(
            f"select path from files where archived = 0 and json_extract(shown, '$.fileMd5') = ?{where}",
            (digest,) if scope == "ENTIRE_PORTAL" else (digest, folder),
        )
        if same is not None and strategy == "REJECT":
            raise errors.error(call, 409, f"The same file is there already: {same}", "OBJECT_ALREADY_EXISTS")
        if same is not None:
            return None, str(same)
    path, stem, count = f"{base}/{name}", PurePosixPath(name), 0
    sql = "select id from files where path = ? and archived = 0"
    while (taken := hubspot.store.value(sql, (path,))) is not None:
        if options.get("overwrite") is True:
            return int(taken), path
        count += 1
        path = f"{base}/{stem.stem}-{count}{stem.suffix}"
    return numbers.following(hubspot.store, "files", first=30_000_000_000), path


def _described(call: Call, own: int, folder: int | None, path: str, content: bytes) -> Json:
    """What is told of a file by its name and content."""
    name = PurePosixPath(path)
    kind = (mimetypes.guess_type(path)[0] or "").partition("/")[0]
    stamp = times.iso(call.now)
    return {
        "id": str(own), "name": name.stem, "extension": name.suffix.lstrip("."), "path": path,
        "type": "DOCUMENT" if name.suffix == ".pdf" else _TYPES.get(kind, "OTHER"), "size": len(content),
        "encoding": name.suffix.lstrip(".") if kind == "image" else "utf-8" if kind == "text" else None,
        "fileMd5": hashlib.md5(content, usedforsecurity=False).hexdigest(), "isUsableInContent": True,
        "archived": False, "createdAt": stamp, "updatedAt": stamp, "sourceGroup": "CONTENT",
        **({"parentFolderId": str(folder)} if folder is not None else {}),
    }  # fmt: skip


def _save(
    hubspot: HubSpot, call: Call, shown: Json, folder: int | None, content: bytes | None, operation: str
) -> None:
    """Store a file; without content that of before stays."""
    own = int(shown["id"])
    shown |= {"updatedAt": times.iso(call.now)}
    shown["url"] = f"{call.base_url}{OPEN}{hubspot.portal.id}{quote(shown['path'])}"
    shown["defaultHostingUrl"] = shown["url"]
    hubspot.store.db.execute(
        "insert into files values (?, ?, ?, ?, ?, ?) on conflict do update set folder = excluded.folder, "
        "path = excluded.path, archived = excluded.archived, shown = excluded.shown, "
        "content = coalesce(excluded.content, content)",
        (own, folder, shown["path"], shown["archived"], orjson.dumps(shown), content),
    )
    call.change("files", str(own), operation, "path", None, shown["path"])
    call.records += 1


def _replace(hubspot: HubSpot, call: Call) -> Response:
    """Another content at the same place."""
    own, shown = _found(hubspot, call)
    fields, _, content = _sent(call)
    access = _options(call, fields)["access"] if fields.get("options") else shown["access"]
    folder = requests.whole_id(shown.get("parentFolderId"))
    anew = _described(call, own, folder, shown["path"], content)
    shown |= anew | {"createdAt": shown["createdAt"], "access": access}
    _save(hubspot, call, shown, folder, content, "update")
    return answer(shown)


def _change(hubspot: HubSpot, call: Call) -> Response:
    """Another name, place or access."""
    own, shown = _found(hubspot, call)
    body = requests.body_of(call)
    folder = requests.whole_id(shown.get("parentFolderId"))
    if body.get("parentFolderId") is not None or body.get("parentFolderPath") is not None:
        folder = file_folders.parent_of(
            hubspot, call, body.get("parentFolderId"), body.get("parentFolderPath")
        )
    name = body.get("name", shown["name"])
    if not isinstance(name, str) or not name or "/" in name or body.get("access", ACCESS[0]) not in ACCESS:
        raise errors.validation(call, f"A file needs a name, and an access of {', '.join(ACCESS)}")
    base = hubspot.store.value("select path from file_folders where id = ?", (folder,)) or ""
    path = f"{base}/{name}" + (f".{shown['extension']}" if shown["extension"] else "")
    taken = hubspot.store.value("select id from files where path = ? and archived = 0", (path,))
    if taken not in (None, own):
        raise errors.error(call, 409, f"A file {path[:200]} exists already", "OBJECT_ALREADY_EXISTS")
    shown |= {"name": name, "path": path, "access": body.get("access", shown["access"])}
    if isinstance(body.get("isUsableInContent"), bool):
        shown["isUsableInContent"] = body["isUsableInContent"]
    if folder is not None:
        shown["parentFolderId"] = str(folder)
    _save(hubspot, call, shown, folder, None, "update")
    return answer(shown)


def _delete(hubspot: HubSpot, call: Call) -> Response:
    own, shown = _found(hubspot, call)
    shown |= {"archived": True, "archivedAt": times.iso(call.now)}
    hubspot.store.db.execute(
        "update files set archived = 1, shown = ? where id = ?", (orjson.dumps(shown), own)
    )
    call.change("files", str(own), "delete", "path", shown["path"], None)
    return Response(status_code=204)


def _forget(hubspot: HubSpot, call: Call) -> Response:
    """For good, also what was deleted before."""
    own = requests.whole_id(call.params["file"])
    if own is None or not hubspot.store.db.execute("delete from files where id = ?", (own,)).rowcount:
        raise errors.not_found(call)
    numbers.removed(hubspot.store, "files", own)
    call.change("files", str(own), "gdpr_delete", "archived", "false", "true")
    return Response(status_code=204)


def _search(hubspot: HubSpot, call: Call) -> Response:
    clauses, values = ["archived = 0"], []
    for name in ("extension", "type", "encoding", "fileMd5", "isUsableInContent"):
        if call.query.get(name):
            said: Any = call.says(name) if name.startswith("is") else call.query[name]
            clauses.append(f"json_extract(shown, '$.{name}') = ?")
            values.append(said)
    for name, clause in (("name", "json_extract(shown, '$.name') like ?"), ("path", "path = ?")):
        if call.query.get(name):
            clauses.append(clause)
            values.append(f"%{call.query[name]}%" if name == "name" else "/" + call.query[name].lstrip("/"))
    for name, column in (("parentFolderIds", "folder"), ("ids", "id")):
        numbered = [requests.whole_id(each) for each in call.query_list(name)]
        if numbered:
            clauses.append(f"{column} in ({', '.join('?' * len(numbered))})")
            values += numbered
    sort = call.query.get("sort") or "id"
    if sort.lstrip("-") not in _SORTS:
        raise errors.validation(call, f"sort must be one of {', '.join(_SORTS)}, with - for downwards")
    order = f"json_extract(shown, '$.{sort.lstrip('-')}'){' desc' * sort.startswith('-')}, id"
    source = f"files where {' and '.join(clauses)}"
    return pages.by_after(call, hubspot.store, source, values, order=order, default=10)


def _stat(hubspot: HubSpot, call: Call) -> Response:
    """What a path leads to: a file or a folder."""
    path = "/" + call.params["path"].strip("/")
    for name, table, more in (("file", "files", " and archived = 0"), ("folder", "file_folders", "")):
        row = hubspot.store.row(f"select shown from {table} where path = ?{more}", (path,))
        if row is not None:
            return answer({name: orjson.loads(row[0])})
    raise errors.not_found(call)


def _sign(hubspot: HubSpot, path: str, expires: int) -> str:
    return hmac.new(hubspot.token.encode(), f"{path} {expires}".encode(), hashlib.sha256).hexdigest()[:32]


def _signed(hubspot: HubSpot, call: Call) -> Response:
    _, shown = _found(hubspot, call)
    seconds = requests.number_of(call, "expirationSeconds", 3_600, 86_400 * 7)
    expires = call.now + seconds * times.SECOND
    url = f"{shown['url']}?Expires={expires}&Signature={_sign(hubspot, shown['path'], expires)}"
    told = {name: shown[name] for name in ("extension", "name", "size", "type")}
    return answer(told | {"url": url, "expiresAt": times.iso(expires)})


def _content(hubspot: HubSpot, call: Call, own: int) -> Response:
    row = hubspot.store.row("select path, content from files where id = ?", (own,))
    assert row is not None
    kind = mimetypes.guess_type(row[0])[0] or "application/octet-stream"
    return Response(bytes(row[1]), media_type=kind)


def _serve(hubspot: HubSpot, call: Call) -> Response:
    path = "/" + call.params["path"]
    row = hubspot.store.row("select id, shown from files where path = ? and archived = 0", (path,))
    if row is None or call.params["portal"] != str(hubspot.portal.id):
        raise Refused(Response("Not found", 404, media_type="text/plain"))
    expires = requests.whole_id(call.query.get("Expires")) or 0
    good = hmac.compare_digest(
        call.query.get("Signature", "").encode(), _sign(hubspot, path, expires).encode()
    )
    if orjson.loads(row[1])["access"].endswith(("PRIVATE", "SENSITIVE")) and (not good or expires < call.now):
        raise Refused(Response("Access denied", 403, media_type="text/plain"))
    return _content(hubspot, call, int(row[0]))
