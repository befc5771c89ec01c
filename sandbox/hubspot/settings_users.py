"""Users of the account (`/settings/users`): read, provisioned, changed and removed. Each is an owner, too.

Simplified: the account has no roles of its own, and nobody gets a welcome by mail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
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
        *hubspot.versioned("POST", AREA, "", lambda call: _provision(hubspot, call)),
        *hubspot.versioned("PUT", AREA, "/{id}", lambda call: _change(hubspot, call)),
        *hubspot.versioned("DELETE", AREA, "/{id}", lambda call: _remove(hubspot, call)),
    ]


def _teams(hubspot: HubSpot) -> list[dict[str, Any]]:
    return pages.shown(hubspot.store.rows("select shown from teams order by id"))


def _shown(row: tuple[Any, ...], teams: list[dict[str, Any]]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": str(row[0]), "email": row[1], "firstName": row[2], "lastName": row[3], "roleIds": [],
        "superAdmin": False,
    }  # fmt: skip
    for team in teams:
        if str(row[0]) in team["userIds"]:
            shown["primaryTeamId"] = team["id"]
        elif str(row[0]) in team["secondaryUserIds"]:
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


def _found(hubspot: HubSpot, call: Call) -> tuple[Any, ...]:
    text, by_email = call.params["id"], call.query.get("idProperty") == "EMAIL"
    column = "lower(email)" if by_email else "user_id"
    row = hubspot.store.row(
        f"select {_COLUMNS} from owners where {_ACTIVE} and {column} = ?",
        (text.lower() if by_email else requests.whole_id(text),),
    )
    if row is None:
        raise errors.not_found(call)
    return row


def _one(hubspot: HubSpot, call: Call) -> Response:
    return answer(_shown(_found(hubspot, call), _teams(hubspot)))


def _wish(hubspot: HubSpot, call: Call, body: dict[str, Any]) -> list[dict[str, Any]]:
    """The teams with the wishes of a body still to be put in; refuses teams and roles there are not."""
    teams = _teams(hubspot)
    known = {team["id"] for team in teams}
    second = requests.strings(call, body, "secondaryTeamIds")
    wanted = [*second, *([str(body["primaryTeamId"])] if body.get("primaryTeamId") else [])]
    absent = [each for each in wanted if each not in known]
    if absent:
        raise errors.validation(call, f"Team {absent[0][:40]} does not exist")
    if body.get("roleId"):
        raise errors.validation(call, f"Role {str(body['roleId'])[:40]} does not exist")
    return teams


def _seat(hubspot: HubSpot, user: int, body: dict[str, Any], teams: list[dict[str, Any]]) -> None:
    """Put a user into the teams a body names, and out of the others of that kind."""
    own = str(user)
    for team in teams:
        if "primaryTeamId" in body:
            team["userIds"] = [each for each in team["userIds"] if each != own]
            team["userIds"] += [own] if team["id"] == str(body["primaryTeamId"]) else []
        if "secondaryTeamIds" in body:
            team["secondaryUserIds"] = [each for each in team["secondaryUserIds"] if each != own]
            team["secondaryUserIds"] += [own] if team["id"] in body["secondaryTeamIds"] else []
        hubspot.store.db.execute(
            "update teams set shown = ? where id = ?", (orjson.dumps(team), int(team["id"]))
        )


def _provision(hubspot: HubSpot, call: Call) -> Response:
    body = requests.body_of(call)
    email = body.get("email")
    if not isinstance(email, str) or "@" not in email.strip("@"):
        raise errors.validation(call, "Some required fields were not set: [email]")
    teams, address = _wish(hubspot, call, body), email.strip().lower()
    if hubspot.store.value(f"select 1 from owners where lower(email) = ? and {_ACTIVE}", (address,)):
        raise errors.error(call, 409, f"User {address} is already in the account", "CONFLICT")
    user = int(hubspot.store.value("select coalesce(max(user_id), 9000) + 1 from owners"))
    owner = int(hubspot.store.value("select coalesce(max(id), 70000) + 1 from owners"))
    names = [str(body.get(name) or "") for name in ("firstName", "lastName")]
    hubspot.store.db.execute(
        "insert into owners values (?, ?, ?, ?, ?, 0, ?, ?)",
        (owner, address, *names, user, call.now, call.now),
    )
    _seat(hubspot, user, body, teams)
    _changed(hubspot, call, user, "create", address)
    welcome = {"sendWelcomeEmail": body.get("sendWelcomeEmail") is True}
    return answer(_shown((user, address, *names), _teams(hubspot)) | welcome, 201)


def _changed(hubspot: HubSpot, call: Call, user: int, how: str, email: str) -> None:
    hubspot.portal.reload()
    call.records = 1
    call.change("account users", str(user), how, "email", None, email)


def _change(hubspot: HubSpot, call: Call) -> Response:
    row, body = _found(hubspot, call), requests.body_of(call)
    teams = _wish(hubspot, call, body)
    first, last = (str(body.get(n) or row[at]) for n, at in (("firstName", 2), ("lastName", 3)))
    hubspot.store.db.execute(
        "update owners set first_name = ?, last_name = ?, updated = ? where user_id = ?",
        (first, last, call.now, row[0]),
    )
    _seat(hubspot, int(row[0]), body, teams)
    _changed(hubspot, call, int(row[0]), "update", str(row[1]))
    return answer(_shown((row[0], row[1], first, last), _teams(hubspot)))


def _remove(hubspot: HubSpot, call: Call) -> Response:
    """Out of the account: the owner is archived, and owns nothing new."""
    row = _found(hubspot, call)
    _seat(hubspot, int(row[0]), {"primaryTeamId": None, "secondaryTeamIds": []}, _teams(hubspot))
    hubspot.store.db.execute(
        "update owners set archived = 1, updated = ? where user_id = ?", (call.now, row[0])
    )
    _changed(hubspot, call, int(row[0]), "delete", str(row[1]))
    return Response(status_code=204)
