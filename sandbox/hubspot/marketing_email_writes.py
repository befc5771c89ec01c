"""Marketing e-mails that an app makes, changes, publishes and deletes, with their drafts and revisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, numbers, pages, requests
from sandbox.hubspot.marketing_emails import AREA, Json, blank, find

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

_TYPES = {
    "batch": "BATCH_EMAIL", "automated": "AUTOMATED_EMAIL", "single_send_api": "SINGLE_SEND_API",
    "marketing_single_send_api": "MARKETING_SINGLE_SEND_API", "rss_to_email": "RSS_EMAIL",
    "blog_email": "BLOG_EMAIL", "localtime": "LOCALTIME_EMAIL", "optin_email": "OPTIN_EMAIL",
    "smtp_token": "SMTP_TOKEN", "ab_master": "AB_EMAIL",
}  # fmt: skip
"""What an e-mail of a subcategory is; any other is a batch's."""
_WRITTEN: dict[str, type | tuple[type, ...]] = {
    "name": str, "subject": str, "language": str, "state": str, "subcategory": str, "activeDomain": str,
    "campaign": str, "publishDate": (str, int), "businessUnitId": (str, int), "feedbackSurveyId": str,
    "folderId": (str, int), "content": dict, "from": dict, "to": dict, "subscriptionDetails": dict,
    "testing": dict, "rssData": dict, "webversion": dict, "sendOnPublish": bool, "jitterSendTime": bool,
    "archived": bool,
}  # fmt: skip


def routes(hubspot: HubSpot) -> list[Route]:
    give, one = hubspot.versioned, "/{id}"
    revision = one + "/revisions/{revision}"
    return [
        *give("POST", AREA, "", lambda call: _create(hubspot, call)),
        *give("POST", AREA, "/clone", lambda call: _clone(hubspot, call)),
        *give("PATCH", AREA, one, lambda call: _patch(hubspot, call)),
        *give("DELETE", AREA, one, lambda call: _delete(hubspot, call)),
        *give("POST", AREA, one + "/publish", lambda call: _publish(hubspot, call, is_out=True)),
        *give("POST", AREA, one + "/unpublish", lambda call: _publish(hubspot, call, is_out=False)),
        *give("GET", AREA, one + "/draft", lambda call: answer(_drafted(hubspot, call))),
        *give("PATCH", AREA, one + "/draft", lambda call: _write_draft(hubspot, call)),
        *give("POST", AREA, one + "/draft/reset", lambda call: _reset(hubspot, call)),
        *give("GET", AREA, one + "/revisions", lambda call: _revisions(hubspot, call)),
        *give("GET", AREA, revision, lambda call: answer(_revision(hubspot, call))),
        *give("POST", AREA, revision + "/restore", lambda call: _restore(hubspot, call)),
        *give("POST", AREA, revision + "/restore-to-draft", lambda call: _restore_draft(hubspot, call)),
    ]


def _found(hubspot: HubSpot, call: Call) -> tuple[Json, Json | None]:
    found = find(hubspot, call, call.params["id"])
    if found is None or found[2]:
        raise errors.not_found(call)
    return found[0], found[1]


def _given(call: Call, body: Json) -> Json:
    """What a body says of an e-mail."""
    found: Json = {}
    for name, kind in _WRITTEN.items():
        value = body.get(name)
        if value is None:
            continue
        if not isinstance(value, kind):
            raise errors.validation(call, f"Invalid input JSON: {name} is of another type")
        found[name] = value
    if "publishDate" in found:
        found["publishDate"] = _moment(call, found["publishDate"])
    if "subcategory" in found:
        found["type"] = _TYPES.get(found["subcategory"], "BATCH_EMAIL")
    return found


def _moment(call: Call, said: Any) -> str:
    own = requests.whole_id(said)
    try:
        return times.iso(times.parse(str(said)) if own is None else min(own, times.LAST))
    except ValueError:
        raise errors.validation(call, "publishDate must be an ISO 8601 timestamp") from None


def _save(hubspot: HubSpot, call: Call, shown: Json, before: Json | None) -> Json:
    """Store an e-mail as a revision of it."""
    own = int(shown["id"])
    shown |= {"updatedAt": times.iso(call.now), "updatedById": "9001"}
    hubspot.store.db.execute(
        "insert into marketing_emails values (?, ?, ?, null) "
        "on conflict do update set archived = excluded.archived, shown = excluded.shown",
        (own, shown["archived"], orjson.dumps(shown)),
    )
    hubspot.store.db.execute(
        "insert into marketing_email_revisions (email, at, shown) values (?, ?, ?)",
        (own, call.now, orjson.dumps(shown)),
    )
    for name in _WRITTEN:
        old, new = (None if each is None else each.get(name) for each in (before, shown))
        if old != new or (before is None and name == "name"):
            told = [None if each is None else str(each) for each in (old, new)]
            call.change("marketing-emails", str(own), "create" if before is None else "update", name, *told)
    call.records += 1
    return shown


def _draft_state(shown: Json) -> str:
    return "AUTOMATED_DRAFT" if shown["type"] == "AUTOMATED_EMAIL" else "DRAFT"


def _make(hubspot: HubSpot, call: Call, given: Json) -> Json:
    if not given.get("name"):
        raise errors.validation(call, "Some required fields were not set: [name]")
    own = numbers.following(hubspot.store, "marketing_emails", first=900_000_000)
    shown = blank(call, hubspot, own) | given
    shown["state"] = given.get("state") or _draft_state(shown)
    return _save(hubspot, call, shown, None)


def _create(hubspot: HubSpot, call: Call) -> Response:
    return answer(_make(hubspot, call, _given(call, requests.body_of(call))), 201)


def _clone(hubspot: HubSpot, call: Call) -> Response:
    body = requests.body_of(call)
    found = find(hubspot, call, body.get("id"))
    if found is None or found[2]:
        raise errors.not_found(call)
    own = {name: value for name, value in found[0].items() if name in _WRITTEN and name != "state"}
    name = str(body.get("cloneName") or f"{found[0]['name']} (1)")
    return answer(_make(hubspot, call, {**own, "type": found[0]["type"], "name": name}))


def _patch(hubspot: HubSpot, call: Call) -> Response:
    before, _ = _found(hubspot, call)
    return answer(_save(hubspot, call, before | _given(call, requests.body_of(call)), before))


def _delete(hubspot: HubSpot, call: Call) -> Response:
    before, _ = _found(hubspot, call)
    _save(hubspot, call, before | {"archived": True, "deletedAt": times.iso(call.now)}, before)
    return Response(status_code=204)


def _publish(hubspot: HubSpot, call: Call, *, is_out: bool) -> Response:
    """Out with what is drafted, now or on its day; nobody is sent it. Or back into a draft."""
    before, draft = _found(hubspot, call)
    shown = {**before, **(draft or {}), "isPublished": is_out}
    if is_out:
        at = times.parse(shown.get("publishDate") or times.iso(call.now))
        sent = "SCHEDULED" if at > call.now else "PUBLISHED"
        stamp = times.iso(call.now)
        shown["state"] = "AUTOMATED" if shown["type"] == "AUTOMATED_EMAIL" else sent
        shown |= {"publishDate": times.iso(at), "publishedAt": stamp, "publishedById": "9001"}
        shown |= _campaign(hubspot, call, shown)
        _keep_draft(hubspot, shown, None)
    else:
        shown["state"] = _draft_state(shown)
    _save(hubspot, call, shown, before)
    return Response(status_code=204)


def _campaign(hubspot: HubSpot, call: Call, shown: Json) -> Json:
    """The e-mail campaign under which events of a published e-mail are told; the same at every publishing."""
    if shown["allEmailCampaignIds"]:
        return {}
    own = numbers.following(hubspot.store, "email_campaigns", first=880_000)
    sent = {
        "id": own, "appId": 113, "appName": "Batch", "name": shown["name"], "subject": shown["subject"],
        "contentId": int(shown["id"]), "type": shown["type"], "numIncluded": 0, "counters": {},
        "lastUpdatedTime": call.now,
    }  # fmt: skip
    hubspot.store.db.execute(
        "insert into email_campaigns values (?, ?, ?)", (own, call.now, orjson.dumps(sent))
    )
    return {"allEmailCampaignIds": [str(own)], "primaryEmailCampaignId": str(own)}


def _drafted(hubspot: HubSpot, call: Call) -> Json:
    """The draft; where nothing was drafted, the e-mail as it is."""
    shown, draft = _found(hubspot, call)
    return shown | (draft or {})


def _keep_draft(hubspot: HubSpot, shown: Json, draft: Json | None) -> None:
    kept = None if draft is None else orjson.dumps(draft)
    hubspot.store.db.execute("update marketing_emails set draft = ? where id = ?", (kept, int(shown["id"])))


def _write_draft(hubspot: HubSpot, call: Call) -> Response:
    shown, draft = _found(hubspot, call)
    kept = {**(draft or {}), **_given(call, requests.body_of(call)), "updatedAt": times.iso(call.now)}
    _keep_draft(hubspot, shown, kept)
    call.change("marketing-emails", shown["id"], "update", "draft", None, str(sorted(kept)))
    return answer(shown | kept)


def _reset(hubspot: HubSpot, call: Call) -> Response:
    _keep_draft(hubspot, _found(hubspot, call)[0], None)
    return Response(status_code=204)


def _version(row: tuple[Any, ...]) -> Json:
    user = {"id": "9001", "email": "marketing@northwind.example", "fullName": "Marketing"}
    return {"id": str(row[0]), "updatedAt": times.iso(row[1]), "user": user, "object": orjson.loads(row[2])}


def _revisions(hubspot: HubSpot, call: Call) -> Response:
    """The newest first."""
    own = int(_found(hubspot, call)[0]["id"])
    limit, after = requests.number_of(call, "limit", 10, 100), requests.position_of(call)
    rows = hubspot.store.rows(
        "select id, at, shown from marketing_email_revisions where email = ? order by id desc "
        "limit ? offset ?",
        (own, limit + 1, after),
    )
    total = hubspot.store.value("select count(*) from marketing_email_revisions where email = ?", (own,))
    page: Json = {"total": total, "results": [_version(row) for row in rows[:limit]]}
    if len(rows) > limit:
        page["paging"] = pages.following(call, str(after + limit))
    return answer(page)


def _revision(hubspot: HubSpot, call: Call) -> Json:
    row = hubspot.store.row(
        "select id, at, shown from marketing_email_revisions where email = ? and id = ?",
        (int(_found(hubspot, call)[0]["id"]), requests.whole_id(call.params["revision"])),
    )
    if row is None:
        raise errors.not_found(call)
    return _version(row)


def _of_revision(hubspot: HubSpot, call: Call) -> Json:
    return {name: value for name, value in _revision(hubspot, call)["object"].items() if name in _WRITTEN}


def _restore(hubspot: HubSpot, call: Call) -> Response:
    before, _ = _found(hubspot, call)
    _save(hubspot, call, before | _of_revision(hubspot, call), before)
    return Response(status_code=204)


def _restore_draft(hubspot: HubSpot, call: Call) -> Response:
    shown, wanted = _found(hubspot, call)[0], _of_revision(hubspot, call)
    _keep_draft(hubspot, shown, wanted)
    return answer(shown | wanted)
