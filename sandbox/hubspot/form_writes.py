"""Forms that are sent: the submission, the contact it makes or changes, and where the contact converted.

Served at the host of forms (`api.hsforms.com`) without a token, and at `/secure/submit` with one.
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, Refused, answer
from sandbox.hubspot import errors, requests
from sandbox.hubspot.records import Conflict, Invalid

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

_OPEN = re.compile(r"/submissions/v3/integration/submit/\d+/[^/]+/?")
_OLDEST = 30 * times.DAY
"""How long ago a submission may say it was made."""


def is_open(path: str) -> bool:
    """Whether a path is asked without a token."""
    return _OPEN.fullmatch(path) is not None


def routes(hubspot: HubSpot) -> list[Route]:
    area, form = "/submissions/v3/integration", "{portal}/{form}"
    return [
        *hubspot.route("POST", f"{area}/submit/{form}", lambda call: _submit(hubspot, call)),
        *hubspot.route("POST", f"{area}/secure/submit/{form}", lambda call: _submit(hubspot, call)),
    ]


def _submit(hubspot: HubSpot, call: Call) -> Response:
    form = _form(hubspot, call)
    body = requests.body_of(call)
    values = _values(call, body)
    fields = [field for group in form["fieldGroups"] for field in group["fields"]]
    problems = _problems(hubspot, fields, values)
    if problems:
        raise _refused(call, problems)
    at = _moment(call, body)
    context = body.get("context") if isinstance(body.get("context"), dict) else {}
    own = str(uuid.UUID(bytes=_digest(call)))
    shown = {
        "conversionId": own, "submittedAt": at,
        "values": [{"name": n, "value": v, "objectTypeId": "0-1"} for n, v in values.items()],
        "pageUrl": str((context or {}).get("pageUri") or ""),
    }  # fmt: skip
    hubspot.store.db.execute(
        "insert into submissions values (?, ?, ?, ?)", (own, form["id"], at, orjson.dumps(shown))
    )
    call.change("submissions", own, "create", "form", None, form["id"])
    _contact(hubspot, call, form["name"], values, at)
    call.records = 1
    return answer({"inlineMessage": "Thanks for submitting the form."})


def _digest(call: Call) -> bytes:
    return bytes.fromhex(errors.correlation_id(call.request_id).replace("-", ""))


def _form(hubspot: HubSpot, call: Call) -> dict[str, Any]:
    row = hubspot.store.row(
        "select shown from forms where id = ? and archived = 0", (call.params["form"][:64],)
    )
    if row is None or call.params["portal"] != str(hubspot.portal.id):
        raise errors.error(call, 404, "Form not found", "OBJECT_NOT_FOUND")
    found: dict[str, Any] = orjson.loads(row[0])
    return found


def _values(call: Call, body: dict[str, Any]) -> dict[str, str]:
    fields = requests.objects_in(call, body, "fields")
    if not fields:
        raise _refused(call, [("Error in 'fields'. Required fields were missing", "REQUIRED_FIELD")])
    return {str(each.get("name", "")): str(each.get("value") or "").strip() for each in fields}


def _problems(
    hubspot: HubSpot, fields: list[dict[str, Any]], values: dict[str, str]
) -> list[tuple[str, str]]:
    """What the form refuses; a field it does not have is ignored, as the form does."""
    found = []
    for field in fields:
        name = field["name"]
        value = values.get(name, "")
        if field.get("required") and not value:
            found.append((f"Error in 'fields.{name}'. Required field '{name}' is missing", "REQUIRED_FIELD"))
        problem = hubspot.portal.problem("contacts", name, value) if value else None
        if problem:
            kind = "INVALID_EMAIL" if name == "email" else "INVALID_VALUE"
            found.append((f"Error in 'fields.{name}'. {problem[1]}", kind))
    return found


def _refused(call: Call, problems: list[tuple[str, str]]) -> Refused:
    listed = [{"message": message, "errorType": kind} for message, kind in problems]
    body = {
        "status": "error", "message": "The request is not valid",
        "correlationId": errors.correlation_id(call.request_id), "errors": listed,
    }  # fmt: skip
    return Refused(answer(body, 400))


def _moment(call: Call, body: dict[str, Any]) -> int:
    said = body.get("submittedAt")
    if said is None:
        return call.now
    text = str(said)
    if not text.isdecimal() or len(text) > 15 or not call.now - _OLDEST <= int(text) <= call.now:
        message = "Error in 'submittedAt'. It must be in milliseconds, within the last 30 days"
        raise _refused(call, [(message, "INVALID_SUBMITTED_AT")])
    return int(text)


def _contact(hubspot: HubSpot, call: Call, form: str, values: dict[str, str], at: int) -> None:
    """Make or change the contact of the address; without one nobody is known by it."""
    kind = hubspot.portal.type_of("contacts")
    email = values.get("email", "").lower()
    if kind is None or not email:
        return
    shown = hubspot.portal.shown["contacts"]
    wanted = {
        n: v for n, v in values.items() if n in shown and v and not hubspot.portal.problem("contacts", n, v)
    }
    record = hubspot.records.get(kind, email, "email")
    try:
        record = (
            hubspot.records.create(call, kind, {"lifecyclestage": "lead"} | wanted)
            if record is None or record.archived
            else hubspot.records.update(call, record, wanted)
        )
    except (Invalid, Conflict):
        return  # a submission is kept even when its contact is refused
    known = record.props
    first = {} if known.get("first_conversion_date") else {
        "first_conversion_date": times.iso(at), "first_conversion_event_name": form,
    }  # fmt: skip
    record.props |= first | {
        "recent_conversion_date": times.iso(at), "recent_conversion_event_name": form,
        "num_conversion_events": str(int(known.get("num_conversion_events") or 0) + 1),
    }  # fmt: skip
    record.modified = call.now
    record.props[kind.modified] = times.iso(call.now)
    hubspot.records.save(record)
