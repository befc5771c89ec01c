"""Users of the account (`/settings/users`) and their roles: read only, made of the owners who have a user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, answer
from sandbox.hubspot import errors, pages, requests

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

AREA, PAGE = "/settings/users", 100
_COLUMNS = "user_id, email, first_name, last_name"
_ACTIVE = "user_id is not null and archived = 0"


def routes(hubspot: HubSpot) -> list[Route]:
    return [
        *hubspot.versioned("GET", AREA, "", lambda call: _list(hubspot, call)),
        *hubspot.versioned("GET", AREA, "/roles", lambda call: answer({"results": []})),
        *hubspot.versioned("GET", AREA, "/{id}", lambda call: _one(hubspot, call)),
    ]


def _teams(hubspot: HubSpot) -> list[dict[str, Any]]:
    return pages.shown(hubspot.store.rows("select shown from teams order by id"))


def _shown(row: tuple[Any, ...], teams: list[dict[str, Any]]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": str(row[0]), "email": row[1], "firstName": row[2], "lastName": row[3], "roleIds": [],
        "superAdmin": False,
    }  # fmt: skip
    for team in teams:
        if row[0] in team["userIds"]:
            shown["primaryTeamId"] = team["id"]
        elif row[0] in team["secondaryUserIds"]:
            shown.setdefault("secondaryTeamIds", []).append(team["id"])
    return shown


def _list(hubspot: HubSpot, call: Call) -> Response:
    limit, after = requests.number_of(call, "limit", PAGE, PAGE), requests.position_of(call)
    rows = hubspot.store.rows(
        f"select {_COLUMNS} from owners where {_ACTIVE} and user_id > ? order by user_id limit ?",
        (after, limit + 1),
    )
    teams = _teams(hubspot)
    page: dict[str, Any] = {"results": [_shown(row, teams) for row in rows[:limit]]}
    if len(rows) > limit:
        page["paging"] = pages.following(call, str(rows[limit - 1][0]))
    return answer(page)


def _one(hubspot: HubSpot, call: Call) -> Response:
    text, by_email = call.params["id"], call.query.get("idProperty") == "EMAIL"
    column = "lower(email)" if by_email else "user_id"
    good = by_email or (text.isdecimal() and len(text) < 16)
    row = hubspot.store.row(
        f"select {_COLUMNS} from owners where {_ACTIVE} and {column} = ?",
        (text.lower() if by_email else int(text),),
    ) if good else None  # fmt: skip
    if row is None:
        raise errors.not_found(call)
    return answer(_shown(row, _teams(hubspot)))
