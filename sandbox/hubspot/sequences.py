"""Sequences and who is enrolled in them, and contacts put into workflows by the older API.

Simplified: a sequence sends nothing by itself. Absent: editing sequences, pausing an enrolment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, flow_runs, pages, requests
from sandbox.hubspot.records import Record

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

TABLES = """
create table if not exists sequences (id integer primary key, user_id text, name text, shown blob not null);
create table if not exists sequence_enrolments (
    id integer primary key, sequence_id integer not null, contact_id integer not null, sender text not null,
    email text not null, at integer not null, ended integer);
create index if not exists sequence_enrolments_of on sequence_enrolments (contact_id, id);
create table if not exists workflow_enrolments (
    workflow_id text, contact_id integer, at integer not null, primary key (workflow_id, contact_id))
"""
A_DAY = 1_000
"""Enrolments a sender may make in a day."""
FIRST_ID = 700_001
_STARTERS = (
    ("New inbound lead", 3), ("After an event", 4), ("Win back a lost deal", 5),
    ("sales-outreach-sequence", 4), ("nurture-sequence", 5),
)  # fmt: skip


def routes(hubspot: HubSpot) -> list[Route]:
    hubspot.store.script(TABLES)
    _begin(hubspot)
    found: list[Route] = []
    for area in ("/automation/v4/sequences", "/automation/sequences/{version}"):
        enrolled = area + "/enrollments"
        found += hubspot.route("POST", enrolled, lambda call: _enrol(hubspot, call))
        found += hubspot.route(
            "GET", enrolled + "/contact/{contact}", lambda call: _of_contact(hubspot, call)
        )
        found += hubspot.route("GET", area, lambda call: _list(hubspot, call))
        found += hubspot.route("GET", area + "/{id}", lambda call: answer(_one(hubspot, call)))
    old = "/automation/v2/workflows"
    contact = old + "/{flow}/enrollments/contacts/{email}"
    return [
        *found,
        *hubspot.route("POST", contact, lambda call: _into_workflow(hubspot, call)),
        *hubspot.route("DELETE", contact, lambda call: _out_of_workflow(hubspot, call)),
        *hubspot.route(
            "GET", old + "/enrollments/contacts/{contact}", lambda call: _workflows_of(hubspot, call)
        ),
        *hubspot.route(
            "GET", "/automation/v3/workflows", lambda call: answer({"workflows": _flows(hubspot)})
        ),
    ]


def _begin(hubspot: HubSpot) -> None:
    """A portal that has no sequences starts with a few, each of its first owner."""
    if hubspot.store.value("select 1 from sequences"):
        return
    users = hubspot.store.rows(
        "select user_id, created from owners where archived = 0 and user_id is not null order by id limit 1"
    )
    for number, (name, steps) in enumerate(_STARTERS):
        for user, at in users:
            stamp, own = times.iso(at), str(FIRST_ID + number)
            shown = {
                "id": own, "name": name, "userId": str(user), "folderId": None, "createdAt": stamp,
                "updatedAt": stamp, "dependencies": [],
                "settings": {
                    "id": own, "eligibleFollowUpDays": "BUSINESS_DAYS", "sendWindowStartMinute": 480,
                    "sendWindowEndMinute": 1_080, "timeZone": hubspot.store.get_meta("time_zone"),
                    "createdAt": stamp, "updatedAt": stamp, "individualTaskRemindersEnabled": False,
                    "sellingStrategy": "LEAD_BASED", "taskReminderMinute": 480,
                },
                "steps": [
                    {
                        "id": f"{own}{step}", "stepOrder": step,
                        "actionType": "EMAIL" if step % 2 == 0 else "TASK",
                        "delayMillis": step * 2 * times.DAY, "createdAt": stamp, "updatedAt": stamp,
                    }
                    for step in range(steps)
                ],
            }  # fmt: skip
            hubspot.store.db.execute(
                "insert into sequences values (?, ?, ?, ?)", (int(own), str(user), name, orjson.dumps(shown))
            )


def _list(hubspot: HubSpot, call: Call) -> Response:
    """All sequences of the account; `userId` must be a user of it. The list shows no steps."""
    user = call.query.get("userId", "")
    if not hubspot.store.value("select 1 from owners where user_id = ?", (user,)):
        raise errors.validation(call, "userId must be the id of a user of this account")
    limit, after = requests.number_of(call, "limit", 100, 100), requests.position_of(call)
    found = [
        {name: each[name] for name in ("id", "name", "userId", "folderId", "createdAt", "updatedAt")}
        for each in pages.shown(hubspot.store.rows("select shown from sequences order by id"))
        if call.query.get("name", "").lower() in each["name"].lower()
    ]
    page: dict[str, Any] = {"total": len(found), "results": found[after : after + limit]}
    if after + limit < len(found):
        page["paging"] = pages.following(call, str(after + limit))
    return answer(page)


def _one(hubspot: HubSpot, call: Call) -> dict[str, Any]:
    own = requests.whole_id(call.params["id"])
    row = hubspot.store.row("select shown from sequences where id = ?", (own,))
    if row is None:
        raise errors.not_found(call)
    found: dict[str, Any] = orjson.loads(row[0])
    return found


def _contact(hubspot: HubSpot, call: Call, text: str, id_property: str = "hs_object_id") -> Record:
    kind = hubspot.portal.type_of("contacts")
    assert kind is not None
    record = hubspot.records.get(kind, text, id_property)
    if record is None or record.archived:
        raise errors.not_found(call)
    return record


def _enrol(hubspot: HubSpot, call: Call) -> Response:
    """One sequence at a time for a contact, who has an address and wants mail."""
    body = requests.body_of(call)
    lacking = [n for n in ("sequenceId", "contactId", "senderEmail") if not body.get(n)]
    if lacking:
        raise errors.validation(call, f"Some required fields were not set: [{', '.join(lacking)}]")
    user = call.query.get("userId", "")
    if not hubspot.store.value("select 1 from owners where user_id = ?", (user,)):
        raise errors.validation(call, "userId must be the id of a user of this account")
    sender = str(body["senderEmail"]).lower()
    if not hubspot.store.value("select 1 from owners where lower(email) = ? and archived = 0", (sender,)):
        raise errors.validation(call, f"{sender[:80]} is not a connected inbox of a user")
    call.params = {**call.params, "id": str(body["sequenceId"])}
    sequence, contact = _one(hubspot, call), _contact(hubspot, call, str(body["contactId"]))
    email = contact.props.get("email")
    if not email or contact.props.get("hs_email_optout") == "true":
        raise errors.validation(call, "The contact has no email address that may be written to")
    current = _current(hubspot, contact.id)
    if current is not None:
        raise errors.validation(call, "The contact is already enrolled in a sequence")
    today = times.parse(times.day(call.now))
    sent = "select count(*) from sequence_enrolments where sender = ? and at >= ?"
    if int(hubspot.store.value(sent, (sender, today))) >= A_DAY:
        raise errors.validation(call, f"The daily limit of {A_DAY} enrollments was reached")
    hubspot.store.db.execute(
        "insert into sequence_enrolments (sequence_id, contact_id, sender, email, at) values (?, ?, ?, ?, ?)",
        (int(sequence["id"]), contact.id, sender, email, call.now),
    )
    number = int(hubspot.store.value("select last_insert_rowid()"))
    call.records = 1
    call.change("contacts", str(contact.id), "enrol", f"sequence.{sequence['id']}", None, str(number))
    stamp = times.iso(call.now)
    return answer({"id": str(number), "toEmail": email, "enrolledAt": stamp, "updatedAt": stamp})


def _current(hubspot: HubSpot, contact: int) -> tuple[Any, ...] | None:
    return hubspot.store.row(
        "select e.id, e.sequence_id, s.name, e.email, e.sender, e.at from sequence_enrolments e "
        "join sequences s on s.id = e.sequence_id where e.contact_id = ? and e.ended is null "
        "order by e.id desc limit 1",
        (contact,),
    )


def _of_contact(hubspot: HubSpot, call: Call) -> Response:
    """The sequence a contact is in; 404 for one that is in none."""
    row = _current(hubspot, _contact(hubspot, call, call.params["contact"]).id)
    if row is None:
        raise errors.not_found(call)
    return answer({
        "id": str(row[0]), "sequenceId": str(row[1]), "sequenceName": row[2], "toEmail": row[3],
        "enrolledByEmail": row[4], "enrolledAt": times.iso(row[5]), "updatedAt": times.iso(row[5]),
    })  # fmt: skip


def _flows(hubspot: HubSpot) -> list[dict[str, Any]]:
    """Workflows as the old API lists them."""
    found = pages.shown(hubspot.store.rows("select shown from flows order by id"))
    return [
        {
            "id": int(each["id"]), "name": each["name"], "type": "DRIP_DELAY",
            "enabled": bool(each["isEnabled"]), "insertedAt": times.parse(each["createdAt"]), 
            "updatedAt": times.parse(each["updatedAt"]), "portalId": hubspot.portal.id,
            "contactListIds": {}, "personaTagIds": [], "lastUpdatedByUserId": None,
            "migrationStatus": {"portalId": hubspot.portal.id, "workflowId": int(each["id"])},
        }
        for each in found
    ]  # fmt: skip


def _workflow(hubspot: HubSpot, call: Call) -> str:
    text = call.params["flow"]
    known = hubspot.store.value("select shown from flows where id = ?", (requests.whole_id(text),))
    if not known:
        raise errors.not_found(call)
    if not orjson.loads(known).get("isEnabled"):
        raise errors.validation(call, f"Workflow {text} is not active")
    return text


def _into_workflow(hubspot: HubSpot, call: Call) -> Response:
    flow, contact = _workflow(hubspot, call), _contact(hubspot, call, call.params["email"], "email")
    hubspot.store.db.execute(
        "insert or ignore into workflow_enrolments values (?, ?, ?)", (flow, contact.id, call.now)
    )
    flow_runs.enrol(hubspot, int(flow), contact.id, call.now)
    call.records = 1
    call.change("contacts", str(contact.id), "enrol", f"workflow.{flow}", None, "true")
    return Response(status_code=204)


def _out_of_workflow(hubspot: HubSpot, call: Call) -> Response:
    flow, contact = _workflow(hubspot, call), _contact(hubspot, call, call.params["email"], "email")
    hubspot.store.db.execute(
        "delete from workflow_enrolments where workflow_id = ? and contact_id = ?", (flow, contact.id)
    )
    flow_runs.take_out(hubspot, int(flow), contact.id)
    call.records = 1
    call.change("contacts", str(contact.id), "unenrol", f"workflow.{flow}", "true", None)
    return Response(status_code=204)


def _workflows_of(hubspot: HubSpot, call: Call) -> Response:
    contact = _contact(hubspot, call, call.params["contact"])
    ids = {
        int(i)
        for (i,) in hubspot.store.rows(
            "select workflow_id from workflow_enrolments where contact_id = ?", (contact.id,)
        )
    }
    return answer([each for each in _flows(hubspot) if each["id"] in ids])
