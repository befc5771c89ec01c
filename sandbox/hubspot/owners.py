"""Owners: the users records can be assigned to. They are read; HubSpot has no API to write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, pages, requests

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

PAGE = 500
COLUMNS = "id, email, first_name, last_name, user_id, archived, created, updated"


def routes(hubspot: HubSpot) -> list[Route]:
    return [
        *hubspot.versioned("GET", "/crm/owners", "", lambda call: _list(hubspot, call)),
        *hubspot.versioned("GET", "/crm/owners", "/{id}", lambda call: _read(hubspot, call)),
    ]


def _teams(hubspot: HubSpot) -> dict[int, list[dict[str, Any]]]:
    """By user: the teams they are in, the first of which they are a primary member of."""
    found: dict[int, list[dict[str, Any]]] = {}
    for team in pages.shown(hubspot.store.rows("select shown from teams order by id")):
        for name, primary in (("userIds", True), ("secondaryUserIds", False)):
            for user in team[name]:
                shown = {"id": team["id"], "name": team["name"], "primary": primary}
                found.setdefault(int(user), []).append(shown)
    return found


def _shown(row: tuple[Any, ...], teams: dict[int, list[dict[str, Any]]]) -> dict[str, Any]:
    shown = {
        "id": str(row[0]), "email": row[1], "type": "PERSON", "firstName": row[2], "lastName": row[3],
        "createdAt": times.iso(row[6]), "updatedAt": times.iso(row[7]), "archived": bool(row[5]),
    }  # fmt: skip
    if row[4] is not None:
        shown |= {"userId": row[4], "userIdIncludingInactive": row[4]}
        if row[4] in teams:
            shown["teams"] = teams[row[4]]
    return shown


def _list(hubspot: HubSpot, call: Call) -> Response:
    limit = requests.number_of(call, "limit", 100, PAGE)
    after = requests.position_of(call)
    clauses, values = "id >= ? and archived = ?", [after, call.says("archived")]
    if call.query.get("email"):
        clauses += " and lower(email) = lower(?)"
    emails = [call.query["email"]] if call.query.get("email") else []
    rows = hubspot.store.rows(
        f"select {COLUMNS} from owners where {clauses} order by id limit ?", [*values, *emails, limit + 1]
    )
    teams = _teams(hubspot)
    page: dict[str, Any] = {"results": [_shown(row, teams) for row in rows[:limit]]}
    if len(rows) > limit:
        page["paging"] = pages.following(call, str(rows[limit][0]))
    return answer(page)


def _read(hubspot: HubSpot, call: Call) -> Response:
    column = "user_id" if call.query.get("idProperty") == "userId" else "id"
    own = requests.whole_id(call.params["id"])
    row = hubspot.store.row(f"select {COLUMNS} from owners where {column} = ?", (own,))
    if row is None or bool(row[5]) != call.says("archived"):
        raise errors.not_found(call)
    return answer(_shown(row, _teams(hubspot)))
