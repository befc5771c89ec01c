"""Records that one CRM has and the other lacks are created there, once, unless something speaks against it.

Belongs here: the whole loop with `create: both`, read from the two sandbox stores and the answer key.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator

import duckdb
import httpx
import pytest

from pipelines.clients.open import open_hubspot, open_salesforce
from pipelines.reverse_sync import planfile
from pipelines.steps import Loop
from tests.e2e.conftest import WRITTEN, Built, begun
from tests.e2e.created import (
    GROUPS,
    KNOWN_TWICE,
    ORDER,
    PROPERTY,
    REFUSERS,
    Created,
    a_member_is_converted,
    a_round,
    config,
    known_twice,
    partners_are_deleted,
    people_work,
    somebody_leaves_the_list,
)
from tests.e2e.stores import sobject
from tests.fixtures.checks import NoChecks
from tests.fixtures.sandbox import served


@pytest.fixture(scope="module")
def created(settled_once: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Created]:
    folder = tmp_path_factory.mktemp("creates")
    home = begun(settled_once.home, folder, WRITTEN)
    with served(home, config(folder)) as (settings, ready):
        portal, token = ready["hubspot"]["url"], ready["hubspot"]["token"]
        for name, group in GROUPS.items():
            httpx.post(
                f"{portal}/crm/v3/properties/{name}", json=PROPERTY | {"groupName": group},
                headers={"Authorization": f"Bearer {token}"},
            ).raise_for_status()  # fmt: skip
        people_work(settings)
        twice = known_twice(settings)
        plan, done = a_round(settings, ready)
        assert done is not None
        left = somebody_leaves_the_list(home, settings)
        converted = a_member_is_converted(home, ready, left)
        deleted = partners_are_deleted(home, settings)
        again, _ = a_round(settings, ready)
        yield Created(home, settings, plan, done, again, left, converted, deleted, twice)


def test_contact_to_lead(created: Created) -> None:
    """Each new lead holds what the mapping says, and our key."""
    for key, record_id in created.made("Lead"):
        [(props,)] = created.rows("hubspot", "select props from contacts where id = ?", key.split(":")[3])
        [(email, last, external)] = created.rows(
            "salesforce", 'select Email, LastName, External_Id__c from "Lead" where Id = ?', record_id
        )
        contact = json.loads(props)
        assert external == key
        assert (email or "").lower() == contact.get("email", "").lower()
        assert last == contact.get("lastname", "Unknown")


def test_a_record_made_of_somebody_who_refuses_e_mail_refuses_it_too(created: Created) -> None:
    [(lead, refuses)] = created.rows(
        "salesforce", 'select Id, HasOptedOutOfEmail from "Lead" where Email = ?', REFUSERS["Lead"]
    )
    [(contact,)] = created.rows(
        "hubspot", "select id from contacts where json_extract(props, '$.email') = ?", REFUSERS["contacts"]
    )
    told = created.rows(
        "hubspot", "select json_extract(shown, '$.status') from subscription_statuses where recipient = ?",
        REFUSERS["contacts"],
    )  # fmt: skip
    assert lead in [made for _, made in created.made("Lead")]
    assert refuses == "true"
    assert str(contact) in [made for _, made in created.made("contacts")]
    assert set(told) == {("UNSUBSCRIBED",)}


@pytest.mark.parametrize(
    ("of", "kind", "names"),
    [
        ("Lead", "contacts", {"Email": "email", "FirstName": "firstname", "LastName": "lastname"}),
        ("Contact", "contacts", {"Email": "email", "FirstName": "firstname", "LastName": "lastname"}),
        ("Account", "companies", {"Name": "name"}),
        ("Opportunity", "deals", {"Name": "dealname"}),
    ],
)
def test_a_record_of_salesforce_alone_to_a_new_one_in_hubspot(
    created: Created, of: str, kind: str, names: dict[str, str]
) -> None:
    """It holds what the mapping says, and our key."""
    made = [(key, i) for key, i in created.made(kind) if key.split(":")[2] == of]
    assert made, f"no {kind} was created; held: {created.plan.warnings}"
    for key, record_id in made:
        there = sobject(created.home, of, key.split(":")[3])
        [(props,)] = created.rows("hubspot", f"select props from {kind} where id = ?", record_id)
        here = json.loads(props)
        assert here["external_id"] == key
        for theirs, ours in names.items():
            said = (there[theirs] or "").strip()
            assert here.get(ours, "") == (said.lower() if ours == "email" else said), (key, ours)


@pytest.mark.parametrize(
    ("kind", "of", "name"), [("companies", "Account", "name"), ("deals", "Opportunity", "dealname")]
)
def test_a_record_of_hubspot_alone_to_a_new_one_in_salesforce(
    created: Created, kind: str, of: str, name: str
) -> None:
    made = created.made(of)
    assert made, f"no {of} was created; held: {created.plan.warnings}"
    for key, record_id in made:
        there = sobject(created.home, of, record_id)
        [(props,)] = created.rows("hubspot", f"select props from {kind} where id = ?", key.split(":")[3])
        assert (there["Name"], there["External_Id__c"]) == (json.loads(props)[name], key)


def test_nobody_is_created_whom_the_other_crm_knows_under_any_spelling(created: Created) -> None:
    with sqlite3.connect(created.home / "sandbox" / "answer_key.sqlite") as key:
        truth = key.execute("select person, vendor, record_id from persons").fetchall()
    binned = {str(i) for (i,) in created.rows("hubspot", "select id from contacts where archived = 1")}
    truth = [row for row in truth if not (row[1] == "hubspot" and str(row[2]) in binned)]
    person_of = {(vendor, str(record_id)): person for person, vendor, record_id in truth}
    known = {(vendor, person) for person, vendor, _ in truth}
    wrong = []
    for name, vendor, other in (("Lead", "salesforce", "hubspot"), ("contacts", "hubspot", "salesforce")):
        for record_key, record_id in created.made(name):
            person = person_of.get((other, record_key.split(":")[3]))
            if person is not None and (vendor, person) in known:
                wrong.append((record_key, record_id))
    assert wrong == []


def test_a_thousand_people_whom_the_other_crm_knows_under_another_spelling_create_nothing(
    created: Created,
) -> None:
    contacts, leads = created.twice
    assert len(contacts) == len(leads) == KNOWN_TWICE
    for name, known in (("Lead", contacts), ("contacts", leads)):
        assert [key for key, _ in created.made(name) if key.split(":")[3] in known] == []
    ours = created.rows("salesforce", 'select count(*) from "Lead" where lower(LastName) like ?', "ochsen%")
    assert ours == [(KNOWN_TWICE // 10,)], "as many as people typed in"


def test_no_two_leads_are_created_for_one_address(created: Created) -> None:
    twice = created.rows(
        "salesforce", 'select lower(Email) from "Lead" where External_Id__c is not null '
        "and Email is not null group by 1 having count(*) > 1",
    )  # fmt: skip
    assert twice == []


def test_deals_and_opportunities_hang_on_their_account(created: Created) -> None:
    hung = 0
    for key, record_id in created.made("Opportunity"):
        associated = created.rows(
            "hubspot", "select 1 from associations where from_type = 'deals' and from_id = ? "
            "and to_type = 'companies'", int(key.split(":")[3]),
        )  # fmt: skip
        [(account,)] = created.rows(
            "salesforce", 'select AccountId from "Opportunity" where Id = ?', record_id
        )
        assert bool(account) == bool(associated), key
        hung += bool(account)
    assert hung
    ties = created.published(
        "select count(*) from ops.journal where operation = 'associate' and state = 'confirmed'"
    )
    assert ties[0][0] > 0


def test_form_submission_to_campaign_member(created: Created) -> None:
    _members_are_there(
        created, "Always On Forecasting Webinar", "Registered",
        "select lower(s.email) from raw_hubspot.form_submissions s "
        "join raw_hubspot.forms f on f.id = s.form_id "
        "join raw_hubspot.contacts c on lower(c.email) = lower(s.email) and c.deleted_at is null "
        "where f.name = 'Webinar registration'", {"No Show", "Bounced"},
    )  # fmt: skip


def test_list_membership_to_campaign_member(created: Created) -> None:
    _members_are_there(
        created, "Always On Data Quality Trade Show", "Responded",
        "select lower(c.email) from raw_hubspot.list_members m join raw_hubspot.lists l "
        "on l.id::varchar = m.list_id::varchar join raw_hubspot.contacts c on c.id = m.record_id::varchar "
        "and c.deleted_at is null where l.name = 'Trade show scans'", {"Bounced"},
    )  # fmt: skip


def _members_are_there(
    created: Created, campaign: str, status: str, people: str, own: set[str]
) -> None:  # fmt: skip
    """Each of these addresses' people stands once in the campaign, at that status or further on, or in one of
    their `own`, which is outside of the order."""
    with duckdb.connect(str(created.home / "warehouse.duckdb"), read_only=True) as connection:
        wanted = connection.sql(
            "select distinct p.person_id, list(split_part(r.record_key, ':', 4)) from "
            f"({people}) a(email) join raw_hubspot.contacts c on lower(c.email) = a.email "
            "join intermediate.int_person_members p on p.record_key like 'hubspot:%:contacts:' || c.id "
            "join intermediate.int_person_members r on r.person_id = p.person_id "
            "and r.record_key like 'salesforce:%' group by 1"
        ).fetchall()
    rows = created.rows(
        "salesforce", 'select m.LeadId, m.ContactId, m.Status from "CampaignMember" m join "Campaign" c '
        "on c.Id = m.CampaignId where c.Name = ? and m.IsDeleted = 'false'", campaign,
    )  # fmt: skip
    assert wanted
    for person, ids_of in wanted:
        mine = [row[2] for row in rows if row[0] in ids_of or row[1] in ids_of]
        assert len(mine) >= 1, person
        reached = max(ORDER.index(each) if each in ORDER else -1 for each in mine)
        assert reached >= ORDER.index(status) or own & {*mine}, mine
    made = created.published(
        "select count(*), count(distinct person_id || after_value) from ops.journal "
        "where operation = 'campaign_member' and state = 'confirmed'"
    )
    assert made[0][0] == made[0][1] > 0


def test_whoever_leaves_a_list_stays_a_member_with_the_status_for_that(created: Created) -> None:
    query = 'select Status, IsDeleted from "CampaignMember" where Id = ?'
    assert created.rows("salesforce", query, created.left) == [("No Show", "false")]


def test_a_status_moves_forward_only(created: Created) -> None:
    """Who was a member before, at an earlier status, is moved and no second one; leaving a list is apart."""
    moved = created.published(
        "select result_id, json_extract_string(after_value, '$.before') as before, "
        "json_extract_string(after_value, '$.status') as status, "
        "json_extract(after_value, '$.forced')::boolean, "
        "row_number() over (partition by result_id order by settled_at desc) = 1 from ops.journal "
        "where operation = 'campaign_member' and state = 'confirmed' and before is not null"
    )
    forward = [row for row in moved if not row[3]]
    assert forward
    places = [(ORDER.index(before), ORDER.index(to)) for _, before, to, *_ in forward if before != "No Show"]
    assert all(before < to for before, to in places)
    for member, _, status, _, is_last in moved:
        query = 'select Status from "CampaignMember" where Id = ?'
        assert not is_last or created.rows("salesforce", query, member) == [(status,)]


def test_a_converted_lead_s_membership_is_its_contact_s_and_no_second_is_made(created: Created) -> None:
    member = sobject(created.home, "CampaignMember", created.converted)
    lead = sobject(created.home, "Lead", member["LeadId"])
    assert (member["ContactId"], lead["IsConverted"]) == (lead["ConvertedContactId"], "true")
    query = (
        'select Id from "CampaignMember" where CampaignId = ? and ? in (LeadId, ContactId) '
        "and IsDeleted = 'false'"
    )
    for person in (lead["Id"], lead["ConvertedContactId"]):
        assert created.rows("salesforce", query, member["CampaignId"], person) == [(member["Id"],)]


def test_without_on_delete_nothing_is_deleted_and_what_was_is_not_made_again(created: Created) -> None:
    """Also where people delete it before another round has seen the two side by side."""
    gone = created.deleted
    assert sobject(created.home, "Lead", gone["Lead"])["IsDeleted"] == "false"
    query = "select archived from {} where id = ?"
    assert created.rows("hubspot", query.format("deals"), gone["deals"]) == [(0,)]
    assert created.rows("hubspot", query.format("contacts"), gone["contacts"]) == [(1,)]
    assert sobject(created.home, "Opportunity", gone["Opportunity"])["IsDeleted"] == "true"
    again = {e["record_key"].split(":")[3] for e in planfile.read_actions(created.again.path)}
    assert not again & {gone["Lead"], gone["deals"]}


def test_the_next_round_creates_nothing_and_mirrors_nothing(created: Created) -> None:
    """What is written then are our own fields on the new records: scores, owners, attribution."""
    assert created.again.to_do == 1  # whoever left the list
    lines = list(planfile.read_changes(created.again.path))
    fields = [(each.record_key, name, f.provider) for each in lines for name, f in each.fields.items()]
    # What an amount is worth there is known once the record has a currency: amounts follow a round later.
    late = ("amount", "Amount")
    assert [each for each in fields if each[2] == "mirrored" and each[1] not in late] == []


def test_the_calls_forecast_are_the_calls_made(created: Created) -> None:
    assert created.done.calls - created.done.repair == created.plan.calls


def test_a_created_record_is_taken_back_unless_somebody_has_worked_on_it(created: Created) -> None:
    """Last: it removes what the others look at."""
    (touched, *_) = [record_id for _, record_id in created.made("Lead")]
    with open_salesforce(created.settings) as salesforce:
        salesforce.update_collection("Lead", [{"Id": touched, "FirstName": "Worked"}])
    with Loop(created.settings, NoChecks(), data_tests=False) as loop:
        with loop.state.reading() as connection:
            (run,) = connection.exec_driver_sql(
                "select distinct run_id from journal where operation = 'create_record'"
            ).fetchone() or ("",)
        made = loop.undo(run)
        assert made.actions["salesforce create_record"] == len(
            [line for line in planfile.read_actions(made.path) if line["vendor"] == "salesforce"
             and line["payload"]["kind"] == "create_record"]
        )  # fmt: skip
        loop.apply(made.path)
    query = "select Id from \"Lead\" where IsDeleted = 'true'"
    gone = {record_id for (record_id,) in created.rows("salesforce", query)}
    assert gone & {i for _, i in created.made("Lead")} == {i for _, i in created.made("Lead")} - {touched}
    with open_hubspot(created.settings) as hubspot:
        there = hubspot.batch_read("contacts", [i for _, i in created.made("contacts")], ["email"])
    assert there == []
