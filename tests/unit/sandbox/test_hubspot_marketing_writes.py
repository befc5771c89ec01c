"""What HubSpot's marketing takes: consent, forms, custom events, attendance, campaigns, bookings, rates."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from sandbox import times
from tests.unit.sandbox.conftest import Running

EVENTS = "/marketing/marketing-events/2026-03"
ACCOUNT = {"externalAccountId": "my-app"}


def _made(answer: httpx.Response, status: int = 201) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def _contact(shared: Running, email: str) -> str:
    made = _made(shared.hubspot.post("/crm/v3/objects/contacts", json={"properties": {"email": email}}))
    return str(made["id"])


def _now(shared: Running) -> int:
    return int(shared.hubspot.get("/_sandbox/clock").json()["ms"])


@pytest.fixture
def rules(shared: Running) -> Any:
    wanted = {
        "contacts": {
            "required": ["lastname"],
            "conditional": [{"property": "lifecyclestage", "value": "customer", "requires": ["company"]}],
        }
    }
    _made(shared.hubspot.post("/_sandbox/portal", json={"write_rules": wanted}), 200)
    yield
    _made(shared.hubspot.post("/_sandbox/portal", json={"write_rules": {}}), 200)


def test_rules_of_forms_hold_for_writes_by_the_newest_path_alone(shared: Running, rules: None) -> None:
    def create(version: str, email: str, **more: str) -> httpx.Response:
        url = f"/crm/objects/{version}/contacts" if version != "v3" else "/crm/v3/objects/contacts"
        return shared.hubspot.post(url, json={"properties": {"email": email, **more}})

    refused = create("2026-09", "rules-1@x.example")
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["code"] == "MISSING_REQUIRED_PROPERTY"
    for version in ("2026-03", "v3"):
        assert create(version, f"rules-{version}@x.example").status_code == 201
    own = _made(create("2026-09", "rules-2@x.example", lastname="R"))["id"]
    url = f"/crm/objects/2026-09/contacts/{own}"
    late = shared.hubspot.patch(url, json={"properties": {"lifecyclestage": "customer"}})
    assert late.status_code == 400
    assert late.json()["errors"][0]["code"] == "MISSING_CONDITIONAL_REQUIRED_PROPERTY"
    assert '"lifecyclestage"' in late.json()["errors"][0]["message"]
    both = {"properties": {"lifecyclestage": "customer", "company": "C"}}
    assert shared.hubspot.patch(url, json=both).status_code == 200
    cleared = shared.hubspot.patch(url, json={"properties": {"company": ""}})
    assert cleared.status_code == 400
    assert shared.hubspot.patch(url, json={"properties": {"phone": "1"}}).status_code == 200


def test_one_subscription_is_given_up_and_taken_again(shared: Running) -> None:
    address, area = "consent@x.example", "/communication-preferences"
    said = _made(
        shared.hubspot.post(
            f"{area}/v4/statuses/{address}",
            json={"channel": "EMAIL", "statusState": "SUBSCRIBED", "subscriptionId": 501,
                  "legalBasis": "CONSENT_WITH_NOTICE", "legalBasisExplanation": "asked"},
        ), 200,
    )  # fmt: skip
    assert (said["status"], said["legalBasis"]) == ("SUBSCRIBED", "CONSENT_WITH_NOTICE")
    old = {"emailAddress": address, "subscriptionId": "501"}
    assert _made(shared.hubspot.post(f"{area}/v3/unsubscribe", json=old), 200)["status"] == "UNSUBSCRIBED"
    read = _made(shared.hubspot.get(f"{area}/v4/statuses/{address}", params={"channel": "EMAIL"}), 200)
    assert [each["status"] for each in read["results"]] == ["UNSUBSCRIBED"]
    assert shared.hubspot.post(f"{area}/v3/subscribe", json=old).status_code == 200
    assert shared.hubspot.post(f"{area}/v3/subscribe", json=old | {"subscriptionId": 9}).status_code == 400
    status = _made(shared.hubspot.get(f"{area}/v3/status/email/{address}"), 200)
    assert status["subscriptionStatuses"][0]["status"] == "SUBSCRIBED"


def test_who_left_by_themselves_is_not_subscribed_by_an_app(shared: Running) -> None:
    timeline = shared.hubspot.get("/email/public/v1/subscriptions/timeline", params={"limit": 1000}).json()
    left = next(
        row for row in timeline["timeline"]
        if row["changes"][0]["change"] == "UNSUBSCRIBED" and row["changes"][0]["source"] == "SOURCE_RECIPIENT"
    )  # fmt: skip
    body = {"emailAddress": left["recipient"], "subscriptionId": left["changes"][0]["subscriptionId"]}
    refused = shared.hubspot.post("/communication-preferences/v3/subscribe", json=body)
    assert refused.status_code == 400
    assert "unsubscribed" in refused.json()["message"]


def test_a_form_that_is_sent_makes_a_contact_and_a_second_one_changes_it(shared: Running) -> None:
    portal = shared.ready["hubspot"]["portal_id"]
    form = next(f for f in shared.hubspot.get("/marketing/v3/forms").json()["results"] if not f["archived"])
    url = f"{shared.ready['hubspot']['url']}/submissions/v3/integration/submit/{portal}/{form['id']}"

    def send(**values: str) -> httpx.Response:
        fields = [{"objectTypeId": "0-1", "name": n, "value": v} for n, v in values.items()]
        return httpx.post(
            url, json={"fields": fields, "context": {"pageUri": "https://n.example/?utm_source=x"}}
        )

    assert send(firstname="No").json()["errors"][0]["errorType"] == "REQUIRED_FIELD"
    assert send(email="nobody").json()["errors"][0]["errorType"] == "INVALID_EMAIL"
    _made(send(email="sent@form.example", firstname="Sent"), 200)
    _made(send(email="sent@form.example", lastname="Twice"), 200)
    wanted = "firstname,lastname,num_conversion_events,recent_conversion_event_name,first_conversion_date"
    found = shared.hubspot.get(
        "/crm/v3/objects/contacts/sent@form.example", params={"idProperty": "email", "properties": wanted}
    ).json()["properties"]
    assert (found["firstname"], found["lastname"], found["num_conversion_events"]) == ("Sent", "Twice", "2")
    assert found["recent_conversion_event_name"] == form["name"]
    listed = shared.hubspot.get(f"/form-integrations/v1/submissions/forms/{form['id']}").json()["results"]
    assert [{v["name"]: v["value"] for v in each["values"]}["email"] for each in listed[:2]] == [
        "sent@form.example"
    ] * 2
    assert httpx.post(url + "x", json={"fields": []}).status_code == 404


def test_custom_events_are_defined_sent_once_and_read(shared: Running) -> None:
    body = {"label": "Plan chosen", "primaryObject": "CONTACT",
            "propertyDefinitions": [{"name": "plan", "label": "Plan", "type": "string"}]}  # fmt: skip
    made = _made(shared.hubspot.post("/events/v3/event-definitions", json=body))
    name = made["fullyQualifiedName"]
    assert shared.hubspot.post("/events/v3/event-definitions", json=body).status_code == 409
    own = _contact(shared, "event@custom.example")
    event = {"eventName": name, "email": "event@custom.example", "uuid": "e-1", "properties": {"plan": "big"}}
    for _ in range(2):
        assert shared.hubspot.post("/events/v3/send", json=event).status_code == 204
    batch = {"inputs": [event | {"uuid": "e-2"}, event | {"uuid": "e-3", "properties": {"nothing": "1"}}]}
    assert shared.hubspot.post("/events/v3/send/batch", json=batch).status_code == 400
    read = shared.hubspot.get("/events/v3/events", params={"objectType": "contact", "objectId": own}).json()
    assert [(each["id"], each["properties"]) for each in read["results"]] == [("e-1", {"plan": "big"})]
    assert shared.hubspot.post("/events/v3/send", json=event | {"eventName": "pe1_no"}).status_code == 400
    dated = shared.hubspot.get("/events/event-occurrences/2026-03", params={"eventType": name})
    assert dated.json() == read
    own = f"/events/2026-03/event-definitions/{name}/property/plan"
    assert shared.hubspot.patch(own, json={"label": "Which plan"}).json()["label"] == "Which plan"
    assert shared.hubspot.delete(own).status_code == 204
    assert shared.hubspot.post("/events/v3/send", json=event).status_code == 400, "no such property any more"
    assert shared.hubspot.delete(f"/events/v3/event-definitions/{name}").status_code == 204
    assert shared.hubspot.get(f"/events/v3/event-definitions/{name}").status_code == 404


def test_attendance_of_an_event_is_counted_and_said_twice_is_once(shared: Running) -> None:
    event = ACCOUNT | {"externalEventId": "w-1", "eventName": "Workshop", "eventOrganizer": "Us",
                       "startDateTime": "2026-06-01T10:00:00Z",
                       "endDateTime": "2026-06-01T11:00:00Z"}  # fmt: skip
    made = _made(shared.hubspot.post(f"{EVENTS}/events", json=event), 200)
    assert made["eventStatus"] == "PAST"
    assert shared.hubspot.post(f"{EVENTS}/events", json=event).status_code == 409
    own, at = _contact(shared, "guest@event.example"), 1_780_000_000_000
    seat = {"inputs": [{"email": "guest@event.example", "interactionDateTime": at}]}
    for _ in range(2):
        url = f"{EVENTS}/attendance/w-1/attend/email-create"
        seated = _made(shared.hubspot.post(url, params=ACCOUNT, json=seat), 200)
        assert seated["results"][0]["vid"] == int(own)
        assert {"status", "startedAt", "completedAt"} < set(seated)
    read = _made(shared.hubspot.get(f"{EVENTS}/events/w-1", params=ACCOUNT), 200)
    assert (read["attendees"], read["registrants"]) == (1, 0)
    seats = shared.hubspot.get(f"{EVENTS}/participations/{made['objectId']}/breakdown").json()
    assert [each["properties"]["attendanceState"] for each in seats["results"]] == ["ATTENDED"]
    by_app = f"{EVENTS}/participations/{ACCOUNT['externalAccountId']}/w-1"
    assert _made(shared.hubspot.get(by_app), 200)["attended"] == 1
    assert shared.hubspot.get(f"{by_app}/breakdown").json() == seats
    of_guest = f"{EVENTS}/participations/contacts/guest@event.example/breakdown"
    assert shared.hubspot.get(of_guest, params={"state": "CANCELLED"}).json()["total"] == 0
    assert shared.hubspot.get(of_guest).json()["total"] == 1
    (known,) = shared.hubspot.get(f"{EVENTS}/w-1/identifiers").json()["results"]
    assert known["objectId"] == made["objectId"]
    change = {"objectId": made["objectId"], "eventName": "Renamed"}
    both = {"inputs": [change, {"objectId": "1", "eventName": "None"}]}
    assert _made(shared.hubspot.post(f"{EVENTS}/batch/update", json=both), 207)["numErrors"] == 1
    assert shared.hubspot.get(f"{EVENTS}/{made['objectId']}").json()["eventName"] == "Renamed"
    own_list = shared.hubspot.post("/crm/v3/lists/search", json={}).json()["lists"][0]["listId"]
    ties = f"{EVENTS}/associations/{made['objectId']}/lists"
    assert shared.hubspot.put(f"{ties}/{own_list}").status_code == 204
    assert [each["listId"] for each in shared.hubspot.get(ties).json()["results"]] == [own_list]
    assert shared.hubspot.get(f"{EVENTS}/events/w-1", params={"externalAccountId": "x"}).status_code == 404
    cancelled = _made(shared.hubspot.post(f"{EVENTS}/events/w-1/cancel", params=ACCOUNT), 200)
    assert cancelled["eventStatus"] == "CANCELLED"
    assert shared.hubspot.delete(f"{EVENTS}/events/w-1", params=ACCOUNT).status_code == 204
    assert shared.hubspot.get(f"{EVENTS}/{made['objectId']}").status_code == 404


def test_a_campaigns_spend_is_the_sum_of_its_items(shared: Running) -> None:
    area = "/marketing/campaigns/2026-03"
    wanted = {"properties": {"hs_name": "Autumn", "hs_start_date": "2026-09-01", "hs_end_date": "2026-10-01"}}
    own = _made(shared.hubspot.post(area, json=wanted))["id"]
    assert shared.hubspot.post(area, json=wanted).status_code == 409
    first = _made(shared.hubspot.post(f"{area}/{own}/spend", json={"name": "Ads", "amount": 100, "order": 0}))
    _made(shared.hubspot.post(f"{area}/{own}/spend", json={"name": "Print", "amount": 50.5, "order": 1}))
    changed = {"name": "Ads", "amount": 200, "order": 0}
    _made(shared.hubspot.put(f"{area}/{own}/spend/{first['id']}", json=changed), 200)
    totals = shared.hubspot.get(f"{area}/{own}/budget/totals").json()
    assert (totals["spendTotal"], len(totals["spendItems"])) == (250.5, 2)
    assert shared.hubspot.put(f"{area}/{own}/assets/FORM/f-1").status_code == 204
    assets = shared.hubspot.get(f"{area}/{own}/assets/FORM").json()["results"]
    assert [each["id"] for each in assets] == ["f-1"]
    backwards = {"properties": {"hs_start_date": "2026-09-01", "hs_end_date": "2026-08-01"}}
    assert shared.hubspot.patch(f"{area}/{own}", json=backwards).status_code == 400
    renamed = shared.hubspot.patch(f"{area}/{own}", json={"properties": {"hs_name": "Fall"}})
    assert _made(renamed, 200)["properties"]["hs_name"] == "Fall"
    assert shared.hubspot.delete(f"{area}/{own}").status_code == 204
    assert shared.hubspot.get(f"{area}/{own}").status_code == 404


def test_a_time_at_a_meeting_link_is_given_away_once(shared: Running) -> None:
    link = shared.hubspot.get("/scheduler/v3/meetings/meeting-links").json()["results"][0]
    start = _now(shared) + times.DAY
    wish = {"slug": link["slug"], "firstName": "Gus", "lastName": "T", "email": "gus@book.example",
            "startTime": start, "duration": 30 * times.MINUTE, "timezone": "UTC"}  # fmt: skip
    url = "/scheduler/v3/meetings/meeting-links/book"
    booked = _made(shared.hubspot.post(url, json=wish), 200)
    assert shared.hubspot.post(url, json=wish).status_code == 409
    meeting = shared.hubspot.get(
        f"/crm/v3/objects/meetings/{booked['calendarEventId']}",
        params={"properties": "hs_meeting_source,hs_meeting_start_time", "associations": "contacts"},
    ).json()
    assert meeting["properties"]["hs_meeting_source"] == "MEETINGS_PUBLIC"
    assert meeting["associations"]["contacts"]["results"][0]["id"] == booked["contactId"]
    assert shared.hubspot.post(url, json=wish | {"startTime": 1}).status_code == 400


def test_a_rate_that_is_set_is_the_current_one(shared: Running) -> None:
    area = "/settings/v3/currencies/exchange-rates"
    made = _made(shared.hubspot.post(area, json={"fromCurrencyCode": "EUR", "conversionRate": 1.5}), 200)
    current = {r["fromCurrencyCode"]: r["conversionRate"] for r in
               shared.hubspot.get(f"{area}/current").json()["results"]}  # fmt: skip
    assert current["EUR"] == 1.5
    later = {"fromCurrencyCode": "EUR", "conversionRate": 9, "effectiveAt": "2099-01-01T00:00:00Z"}
    _made(shared.hubspot.post(area, json=later), 200)
    assert shared.hubspot.get(f"{area}/current").json()["results"] == [
        each for each in shared.hubspot.get(f"{area}/current").json()["results"] if each["conversionRate"] < 9
    ], "what is yet to come is not in effect"
    changed = shared.hubspot.patch(f"{area}/{made['id']}", json={"conversionRate": 1.25})
    assert _made(changed, 200)["conversionRate"] == 1.25
    both = {"inputs": [{"id": made["id"], "conversionRate": 1.75}]}
    updated = _made(shared.hubspot.post(f"{area}/batch/update", json=both), 200)["results"]
    assert _made(shared.hubspot.post(f"{area}/batch/read", json=both), 200)["results"] == updated
    hidden = {"fromCurrencyCode": "EUR", "toCurrencyCode": "USD", "visibleInUI": False}
    assert _made(shared.hubspot.post(f"{area}/update-visibility", json=hidden), 200)["visibleInUI"] is False
    codes = shared.hubspot.get("/settings/currencies/2026-03/codes").json()["results"]
    assert {"currencyCode": "EUR", "currencyName": "Euro"} in codes
    assert shared.hubspot.post(area, json={"fromCurrencyCode": "USD", "conversionRate": 1}).status_code == 400


def test_a_form_is_made_sent_changed_and_archived_with_its_submissions_kept(shared: Running) -> None:
    field = {"objectTypeId": "0-1", "name": "email", "label": "Mail", "fieldType": "email", "required": True}
    form = {"name": "Made", "formType": "hubspot", "fieldGroups": [{"fields": [field]}]}
    unknown = form | {"fieldGroups": [{"fields": [field | {"name": "no_such_property"}]}]}
    assert shared.hubspot.post("/marketing/v3/forms/", json=unknown).status_code == 400
    own = _made(shared.hubspot.post("/marketing/v3/forms/", json=form))["id"]
    path = f"/marketing/v3/forms/{own}"
    submit = f"/submissions/v3/integration/submit/{shared.ready['hubspot']['portal_id']}/{own}"
    sent = {"fields": [{"name": "email", "value": "made@form.example"}]}
    assert shared.hubspot.post(submit, json=sent).status_code == 200
    assert shared.hubspot.patch(path, json={"name": "Named"}).json()["fieldGroups"] == form["fieldGroups"]
    assert shared.hubspot.put(path, json={"formType": "hubspot"}).status_code == 400, (
        "a whole form has a name"
    )
    assert shared.hubspot.delete(path).status_code == 204
    assert [shared.hubspot.get(path, params={"archived": a}).status_code for a in ("false", "true")] == [
        404,
        200,
    ]
    assert shared.hubspot.post(submit, json=sent).status_code == 404
    kept = shared.hubspot.get(f"/form-integrations/v1/submissions/forms/{own}").json()["results"]
    assert [each["values"][0]["value"] for each in kept] == ["made@form.example"]


def test_a_user_is_taken_in_put_into_teams_and_out_again(shared: Running) -> None:
    area = "/settings/users/2026-03"
    wish = {
        "email": "New@users.example",
        "firstName": "New",
        "primaryTeamId": "100",
        "sendWelcomeEmail": False,
    }
    made = _made(shared.hubspot.post(area, json=wish))
    assert (made["email"], made["primaryTeamId"]) == ("new@users.example", "100")
    assert shared.hubspot.post(area, json=wish).status_code == 409
    assert shared.hubspot.post(area, json=wish | {"email": "x@y.example", "roleId": "7"}).status_code == 400
    moved = shared.hubspot.put(f"{area}/{made['id']}", json={"secondaryTeamIds": ["101"]}).json()
    assert (moved["primaryTeamId"], moved["secondaryTeamIds"]) == ("100", ["101"])
    owner = shared.hubspot.get(f"/crm/v3/owners/{made['id']}", params={"idProperty": "userId"}).json()
    assert {each["id"] for each in owner["teams"]} == {"100", "101"}
    body = {"properties": {"email": "owned@users.example", "hubspot_owner_id": owner["id"]}}
    assert shared.hubspot.post("/crm/v3/objects/contacts", json=body).status_code == 201
    assert shared.hubspot.delete(f"{area}/{made['id']}").status_code == 204
    assert shared.hubspot.get(f"/crm/v3/owners/{owner['id']}").status_code == 404
    assert shared.hubspot.get(f"/crm/v3/owners/{owner['id']}", params={"archived": "true"}).status_code == 200
    page = shared.hubspot.get("/crm/v3/owners", params={"limit": 1, "email": ""}).json()
    assert "limit=1" in page["paging"]["next"]["link"], "whoever follows the link asks for the same"


def test_who_left_everything_is_told_by_address(shared: Running) -> None:
    _contact(shared, "gone@all.example")
    one, channel = (
        "/communication-preferences/v4/statuses/gone@all.example/unsubscribe-all",
        {"channel": "EMAIL"},
    )
    assert shared.hubspot.get(one, params=channel).json()["results"][0]["status"] == "SUBSCRIBED"
    assert shared.hubspot.post(one, params=channel).json()["results"] == []
    read = "/communication-preferences/v4/statuses/batch/unsubscribe-all/read"
    told = shared.hubspot.post(read, params=channel, json={"inputs": ["gone@all.example"]}).json()["results"]
    assert told[0]["statuses"][0]["status"] == "UNSUBSCRIBED"


def test_a_timeline_event_is_shown_on_its_record_and_changes_what_it_is_mapped_to(shared: Running) -> None:
    area = f"/crm/v3/timeline/{shared.ready['hubspot']['app_id']}/event-templates"
    token = {"name": "city", "label": "City", "type": "string", "objectPropertyName": "city"}
    wish = {"name": "Visit", "objectType": "contacts", "headerTemplate": "# In {{city}} with {{who}}",
            "tokens": [token, {"name": "who", "label": "Who", "type": "string"}]}  # fmt: skip
    made = _made(shared.hubspot.post(area, json=wish))
    assert shared.hubspot.post(area, json=wish | {"objectType": "products"}).status_code == 400
    event = {"eventTemplateId": made["id"], "id": "v-1", "email": "visit@timeline.example",
             "tokens": {"city": "Rome", "who": "Ann", "unknown": "x"}}  # fmt: skip
    told = _made(shared.hubspot.post("/crm/v3/timeline/events", json=event))
    assert told["tokens"] == {"city": "Rome", "who": "Ann"}
    contact = shared.hubspot.get(
        f"/crm/v3/objects/contacts/{told['objectId']}", params={"properties": "city"}
    )
    assert contact.json()["properties"]["city"] == "Rome"
    again = {"inputs": [event | {"tokens": {"city": "Oslo"}}, event | {"id": "v-2"}]}
    assert _made(shared.hubspot.post("/integrators/timeline/2026-03/events/batch", json=again))["results"]
    one = f"/integrators/timeline/v3/events/{made['id']}/v-1"
    assert shared.hubspot.get(one).json()["tokens"] == {"city": "Oslo"}, "the same id is the same event"
    assert shared.hubspot.get(f"{one}/render").text == "# In Oslo with "
    contacts = "/crm/v3/objects/contacts"
    twin = _made(shared.hubspot.post(contacts, json={"properties": {"email": "twin@timeline.example"}}))
    both = {"primaryObjectId": twin["id"], "objectIdToMerge": told["objectId"]}
    merged = shared.hubspot.post(f"{contacts}/merge", json=both).json()["id"]
    assert shared.hubspot.get(one).json()["objectId"] == merged
    shared.hubspot.post(f"{contacts}/gdpr-delete", json={"objectId": merged})
    assert shared.hubspot.get(one).status_code == 404, "with the person"
    changed = shared.hubspot.put(f"{area}/{made['id']}/tokens/who", json={"label": "Whom"}).json()
    assert (changed["label"], changed["type"]) == ("Whom", "string")
    _made(shared.hubspot.post("/crm/v3/timeline/events", json=event | {"email": "new@timeline.example"}))
    assert shared.hubspot.delete(f"{area}/{made['id']}").status_code == 204
    assert shared.hubspot.get(one).status_code == 404
