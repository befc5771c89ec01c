"""What people do in both CRMs and Marketing Cloud, each to a pair of its own, before two of the rounds.

Belongs here: the deeds, in the vendors' words. What a round has to make of each is asked by the tests.
"""

from __future__ import annotations

import sqlite3

import httpx

from pipelines.clients.hubspot import campaigns
from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.clients.open import open_hubspot, open_marketing_cloud, open_salesforce
from pipelines.clients.salesforce.client import SalesforceClient
from tests.e2e.pairs import checkbox, logged
from tests.e2e.pairs.scenario import Scenario
from tests.e2e.pairs.team import FAIR, NO_NEWS, PROPERTIES

STAGES = ("appointmentscheduled", "presentationscheduled", "contractsent")
REFUSED = ("refused in HubSpot", "refused in Salesforce", "refused in Marketing Cloud")
LEFT = ("left the newsletter in HubSpot", "left the newsletter in Salesforce",
        "left the newsletter in Marketing Cloud")  # fmt: skip
BACK = "back on the newsletter"
AGREED_AGAIN, TAKEN_OFF = "agreed again", "flag taken off"
_LISTENS = (
    "coalesce(json_extract(props, '$.hs_email_optout'), 'false') <> 'true' "
    "and json_extract(props, '$.email') is not null"
)
_READS = (
    "lower(json_extract(props, '$.email')) not in (select recipient from subscription_statuses "
    "where json_extract(shown, '$.status') = 'UNSUBSCRIBED')"
)
_NO_CHILDREN = 'Id not in (select AccountId from "Contact" where AccountId is not null) and Id not in ' \
    '(select AccountId from "Opportunity" where AccountId is not null)'  # fmt: skip
_NO_OTHER_RECORD = ("contact deleted in HubSpot", "contact deleted in Salesforce", "merged contact",
                    "merged contact away")  # fmt: skip
_NAMES = {
    "Account": ("company grew", "account moved", "city cleared", "account city cleared", "company merged",
                "company merged away", "account merged", "account merged away",
                "owner of company", "owner of account"),
    "Opportunity": ("deal renamed", "opportunity renamed", "deal merged", "deal merged away", "connector's"),
    "Campaign": ("campaign renamed", "campaign moved", "campaign deleted", "deleted in HubSpot",
                 "start cleared in HubSpot", "start cleared in Salesforce"),
    "Contact": ("met", "contact renamed", "renamed in HubSpot", "mobile cleared in HubSpot",
                "mobile cleared in Salesforce", "contacts merged in HubSpot",
                "contacts merged away in HubSpot"),
    "Lead": ("job changed", "moved on", "called", "merged in HubSpot", "merged away in HubSpot",
             "merged in Salesforce", "merged away in Salesforce", "deleted in HubSpot as contact",
             "deleted as lead", "city cleared in HubSpot", "city cleared in Salesforce", "both: company",
             "both: first name", "both: about", "both: job", "both: trade", "both: zip", "Connect's",
             "converted and edited"),
}  # fmt: skip
_CLOSED = (*(f"deal leaves {stage}" for stage in STAGES), "opportunity won", "same stage in other words",
           "deal deleted", "opportunity deleted")  # fmt: skip


def prop(name: str, value: str) -> str:
    return f"json_extract(props, '$.{name}') = '{value}'"


def prepare(s: Scenario) -> None:
    """Fields that the team's lines need and the CRMs lack."""
    with open_hubspot(s.live) as hubspot:
        for each in PROPERTIES:
            group = {"groupName": "contactinformation", **each}
            hubspot.change("POST", hubspot.path("properties", "contacts"), group)
    with open_salesforce(s.live) as salesforce:
        checkbox.make(salesforce, "Lead", NO_NEWS)


def _not_at(campaign: str) -> str:
    return f'Id not in (select LeadId from "CampaignMember" where LeadId is not null and CampaignId in ' \
        f"(select Id from \"Campaign\" where Name = '{campaign}'))"  # fmt: skip


def choose(s: Scenario) -> None:
    """Who does what. Those of whom something is asked come first."""
    for name in ("account deleted", "company deleted"):
        s.take(name, "Account", salesforce=_NO_CHILDREN)
    two = s.published("select contact_id_salesforce from marts.unified_leads where records = 2 and "
                      "contact_id_salesforce is not null")  # fmt: skip
    alone = "Id in ({})".format(", ".join(f"'{i}'" for (i,) in sorted(two)))
    for name in _NO_OTHER_RECORD:
        s.take(name, "Contact", salesforce=alone)
    for name in _CLOSED:
        s.take(name, "Opportunity", prop("dealstage", "closedlost"))
    keys = {
        key for (key,) in s.rows("marketing_cloud", "select key from subscribers where status = 'Active'")
    }
    listed = "Id in ({})".format(", ".join(f"'{key}'" for key in sorted(keys)))
    for name in (*REFUSED, AGREED_AGAIN, TAKEN_OFF):
        s.take(name, "Lead", _LISTENS, listed)
    s.take("refused as contact", "Contact", _LISTENS, listed)
    s.take("refused at last", "Lead", _LISTENS, listed)
    news = "select subscriber from list_subscribers where list = 109 and status = 'Active'"
    reads = [key for (key,) in s.rows("marketing_cloud", news) if key in keys]
    on_list = "Id in ({})".format(", ".join(f"'{key}'" for key in sorted(reads)))
    for name in (*LEFT, BACK):
        s.take(name, "Lead", f"{_LISTENS} and {_READS}", on_list)
    s.take("went to the fair", "Lead", salesforce=_not_at(FAIR))
    for name in ("lead qualified", "contact qualified"):
        s.take(name, "Lead", prop("lifecyclestage", "lead"))
    s.take("both: interests", "Lead", salesforce="Interests__c is null")
    s.take(
        "changed at both ends", "Opportunity", "json_extract(props, '$.hs_salesforceopportunityid') is null"
    )
    for name in ("amount cleared in HubSpot", "amount cleared in Salesforce"):
        s.take(name, "Opportunity")
    for kind, names in _NAMES.items():
        for name in names:
            s.take(name, kind)


def first(s: Scenario) -> None:
    """Edits, refusals, merges and deletions in all three."""
    choose(s)
    with open_hubspot(s.live) as hubspot:
        _in_hubspot(s, hubspot)
    with open_marketing_cloud(s.live) as marketing_cloud:
        refusing = [(s.right(name), "Unsubscribed") for name in ("refused in Marketing Cloud", AGREED_AGAIN)]
        assert all(row.ok for row in marketing_cloud.update_subscribers(refusing))
        leaving = [(s.right(name), "Unsubscribed") for name in (LEFT[2], BACK)]
        assert all(row.ok for row in marketing_cloud.update_members("109", leaving))
    s.pass_time(60)  # so that Salesforce's edits are the later ones
    for kind, name in (
        ("Lead", "merged in Salesforce"),
        ("Account", "account merged"),
        ("Contact", "merged contact"),
    ):
        away = "merged away in Salesforce" if kind == "Lead" else f"{name} away"
        s.org(do="merge", object=kind, master=s.right(name), losers=[s.right(away)])
    with open_salesforce(s.live) as salesforce:
        _in_salesforce(s, salesforce)
    logged.log(s)


def _in_hubspot(s: Scenario, hubspot: HubSpotClient) -> None:
    hubspot.unsubscribe_all([s.hubspot(name, "contacts")["email"] for name in (REFUSED[0], TAKEN_OFF)])
    hubspot.unsubscribe([(s.hubspot(LEFT[0], "contacts")["email"], "501")])
    for kind, survivor, away, then in (
        ("contacts", "merged in HubSpot", "merged away in HubSpot", {"company": "Joined Works"}),
        (
            "contacts",
            "contacts merged in HubSpot",
            "contacts merged away in HubSpot",
            {"firstname": "Unified"},
        ),
        ("companies", "company merged", "company merged away", {"numberofemployees": "777"}),
        ("deals", "deal merged", "deal merged away", {"dealname": "Two deals in one"}),
    ):
        ends = {"primaryObjectId": s.left(survivor), "objectIdToMerge": s.left(away)}
        made = hubspot.change("POST", f"{hubspot.path('objects', kind)}/merge", ends)["id"]
        _change(hubspot, kind, {str(made): then})
        s.made[survivor] = str(made)
    _change(hubspot, "companies", {
        s.left("company grew"): {"numberofemployees": "4321"}, s.left("city cleared"): {"city": "Ulm"},
        s.left("owner of company"): {"hubspot_owner_id": other_owner(s, "owner of company", "companies")},
    })  # fmt: skip
    _by_the_connector(s, "deals", s.left("connector's"), "closedate")
    _change(hubspot, "deals", {
        s.left("deal renamed"): {"dealname": "Renamed in HubSpot"},
        s.left("changed at both ends"): {"dealname": "Another name"},
        s.left("amount cleared in HubSpot"): {"amount": "4100"},
        s.left("connector's"): {"description": "Kept by the connector"},
        **{s.left(f"deal leaves {stage}"): {"dealstage": stage} for stage in STAGES},
        s.left("same stage in other words"): {"dealstage": "contractsent"},
    })  # fmt: skip
    _change(hubspot, "contacts", {
        s.left("contact qualified"): {"lifecyclestage": "salesqualifiedlead"},
        s.left("job changed"): {"company": "Ashgrove Mills"},
        s.left("renamed in HubSpot"): {"firstname": "Ottilie"},
        s.left("mobile cleared in HubSpot"): {"mobilephone": "+49 170 1111111"},
        s.left("Connect's"): {"zip": "28195"},
        s.left("city cleared in HubSpot"): {"city": "Ulm"},
        s.left("both: company"): {"company": "Said first"},
        s.left("both: first name"): {"firstname": "Source"},
        s.left("both: about"): {"about": "The longer of the two texts"},
        s.left("both: interests"): {"interests": "Analytics;Security"},
        s.left("both: job"): {"jobtitle": "Roofer"}, s.left("both: trade"): {"jobtitle": "Mason"},
        s.left("both: zip"): {"zip": "11111"},
    })  # fmt: skip
    edits = {
        "campaign renamed": {"hs_name": "Harbour Days"},
        "start cleared in HubSpot": {"hs_start_date": "2026-02-03"},
    }
    rows = campaigns.update(hubspot, [{"id": s.left(n), "properties": v} for n, v in edits.items()])
    assert all(row.ok for row in rows)
    s.made["campaign in HubSpot"] = campaigns.create(
        hubspot, {"hs_name": "Lantern Week", "hs_utm": "lantern"}
    )
    campaigns.remove(hubspot, [s.left("deleted in HubSpot")])
    hubspot.batch_archive("deals", [s.left("deal deleted")])
    hubspot.batch_archive("companies", [s.left("company deleted")])
    gone = ("deleted in HubSpot as contact", "contact deleted in HubSpot")
    hubspot.batch_archive("contacts", [s.left(name) for name in gone])


def _in_salesforce(s: Scenario, salesforce: SalesforceClient) -> None:
    [made] = salesforce.create_collection("Campaign", [{"Name": "Thaw Fair", "Status": "Planned"}])
    [(fair,)] = s.rows("salesforce", 'select Id from "Campaign" where Name = ?', FAIR)
    attended = {"CampaignId": fair, "LeadId": s.right("went to the fair"), "Status": "Attended"}
    [member] = salesforce.create_collection("CampaignMember", [attended])
    assert member.ok, member
    s.made["campaign in Salesforce"] = str(made.id)
    gone = (
        "opportunity deleted",
        "campaign deleted",
        "deleted as lead",
        "account deleted",
        "contact deleted in Salesforce",
    )
    assert all(row.ok for row in salesforce.delete_collection([s.right(name) for name in gone]))
    for kind, changes in {
        "Campaign": {"campaign moved": {"EndDate": "2026-12-24", "Status": "Aborted"},
                     "start cleared in Salesforce": {"StartDate": "2026-02-04"}},
        "Account": {"account moved": {"BillingCity": "Graz"}, "account city cleared": {"BillingCity": "Linz"},
                    "account merged": {"NumberOfEmployees": 888}},
        "Opportunity": {"opportunity won": {"StageName": "Closed Won"},
                        "same stage in other words": {"StageName": "Negotiation/Review"},
                        "opportunity renamed": {"Name": "Renamed in Salesforce"},
                        "amount cleared in Salesforce": {"Amount": 5200},
                        "connector's": {"CloseDate": "2027-01-31"},
                        "changed at both ends": {"Amount": 7300},
                        },
        "Lead": {"lead qualified": {"Lead_Status__c": "SQL"}, "moved on": {"Company": "Kestrel Joinery"},
                 "merged in Salesforce": {"Company": "United Sheds"},
                 "city cleared in Salesforce": {"City": "Linz"},
                 REFUSED[1]: {"HasOptedOutOfEmail": True}, LEFT[1]: {NO_NEWS: True},
                 "both: company": {"Company": "Said later"}, "both: first name": {"FirstName": "Destination"},
                 "both: about": {"Description": "A shorter text"},
                 "both: interests": {"Interests__c": "Security;Reporting"},
                 "both: job": {"Title": "Slater"}, "both: trade": {"Title": "Tiler"},
                 "both: zip": {"PostalCode": "22222"}},
        "Contact": {"refused as contact": {"HasOptedOutOfEmail": True},
                    "contact renamed": {"FirstName": "Benedikt"},
                    "mobile cleared in Salesforce": {"MobilePhone": "+49 170 2222222"},
                    "merged contact": {"FirstName": "Oneandonly"}},
    }.items():  # fmt: skip
        records = [{"Id": s.right(name), **values} for name, values in changes.items() if values]
        rows = salesforce.update_collection(kind, records)
        assert all(row.ok for row in rows), [row for row in rows if not row.ok]
    _by_connect(s, s.right("Connect's"), "PostalCode")
    owner = other_user(s, "owner of account", "Account")
    [row] = salesforce.update_collection("Account", [{"Id": s.right("owner of account"), "OwnerId": owner}])
    assert row.ok


def second(s: Scenario) -> None:
    """What was carried over is emptied, a lead converted, a copy ticked off, activities thrown away; somebody
    agrees to e-mail again, and somebody else's refusal is merely taken off."""
    lead = s.right("contact qualified")
    s.choose("both: trade", "jobtitle", "salesforce")
    with open_hubspot(s.live) as hubspot:
        copy = s.carried("tasks", "hs_task_subject", "Send slate samples")
        _change(hubspot, "calls", {s.made["call"]: {"hs_call_title": "Roof order", "hs_call_body": ""}})
        _change(hubspot, "tasks", {str(copy["id"]): {"hs_task_status": "COMPLETED"}})
        hubspot.batch_archive("notes", [s.made["note"]])
        _change(hubspot, "companies", {s.left("city cleared"): {"city": ""}})
        _change(hubspot, "deals", {s.left("amount cleared in HubSpot"): {"amount": ""}})
        _change(hubspot, "contacts", {
            s.left("contact qualified"): {"email": "moved@on.example", "lifecyclestage": "opportunity"},
            s.left("city cleared in HubSpot"): {"city": ""},
            s.left("mobile cleared in HubSpot"): {"mobilephone": ""},
        })  # fmt: skip
        start = {"id": s.left("start cleared in HubSpot"), "properties": {"hs_start_date": ""}}
        assert all(row.ok for row in campaigns.update(hubspot, [start]))
        for name in (AGREED_AGAIN, BACK):
            path = f"{hubspot.path('preferences')}/statuses/{s.hubspot(name, 'contacts')['email']}"
            hubspot.change("POST", path, {
                "subscriptionId": 501, "statusState": "SUBSCRIBED", "channel": "EMAIL",
                "legalBasis": "CONSENT_WITH_NOTICE", "legalBasisExplanation": "Asked for it on a form",
            })  # fmt: skip
    with open_salesforce(s.live) as salesforce:
        for kind, name, values in (
            ("Lead", TAKEN_OFF, {"HasOptedOutOfEmail": False}),
            ("Lead", "city cleared in Salesforce", {"City": None}),
            ("Contact", "mobile cleared in Salesforce", {"MobilePhone": None}),
            ("Account", "account city cleared", {"BillingCity": None}),
            ("Opportunity", "amount cleared in Salesforce", {"Amount": None}),
            ("Campaign", "start cleared in Salesforce", {"StartDate": None}),
        ):
            [row] = salesforce.update_collection(kind, [{"Id": s.right(name), **values}])
            assert row.ok, row
        for kind, i, values in (
            ("Task", s.made["invoice"], {"Description": None}),
            ("Event", s.made["event"], {"Subject": "Second site visit"}),
        ):
            [row] = salesforce.update_collection(kind, [{"Id": i, **values}])
            assert row.ok, row
        assert all(row.ok for row in salesforce.delete_collection([s.made["ladder"]]))
    s.pass_time(60)  # so that the contact is newer than what was changed in HubSpot before it was made
    s.org(do="convert", lead=lead)
    logged.go_on_with_the_contact(s, "converted and edited")
    s.twice |= {
        (s.right("city cleared"), "BillingCity"), (s.left("account city cleared"), "city"),
        (s.right("amount cleared in HubSpot"), "Amount"), (s.left("amount cleared in Salesforce"), "amount"),
        (s.right("mobile cleared in HubSpot"), "MobilePhone"),
        (s.left("mobile cleared in Salesforce"), "mobilephone"),
        (s.right("city cleared in HubSpot"), "City"), (s.left("city cleared in Salesforce"), "city"),
        (s.right("start cleared in HubSpot"), "StartDate"),
        (s.left("start cleared in Salesforce"), "hs_start_date"),
    }  # fmt: skip


def _change(hubspot: HubSpotClient, kind: str, changes: dict[str, dict[str, str]]) -> None:
    rows = hubspot.batch_update(kind, [{"id": i, "properties": values} for i, values in changes.items()])
    assert all(row.ok for row in rows), [row for row in rows if not row.ok]


def _by_the_connector(s: Scenario, kind: str, record_id: str, name: str) -> None:
    """The connector has brought a value of this field: HubSpot keeps that in its history."""
    with sqlite3.connect(s.home / "sandbox" / "hubspot.sqlite") as store:
        store.execute(
            "update history set source_type = 'SALESFORCE', at = (select max(at) from history) "
            "where object = ? and id = ? and property = ?", [kind, record_id, name],
        )  # fmt: skip


def _by_connect(s: Scenario, lead: str, field: str) -> None:
    """Marketing Cloud Connect's user has changed a field of this lead, and the lead's history says so."""
    now = httpx.get(f"{s.ready['salesforce']['url']}/_sandbox/clock").json()["now"]
    with sqlite3.connect(s.home / "sandbox" / "salesforce.sqlite") as store:
        for table, made in (
            (
                "User",
                {
                    "Id": "005SB00000000MCYAA",
                    "Username": "mc@northwind.example",
                    "Name": "Marketing Cloud",
                    "CreatedDate": now,
                    "LastModifiedDate": now,
                    "SystemModstamp": now,
                },
            ),
            (
                "LeadHistory",
                {
                    "Id": "018SB00000000MCYAA",
                    "IsDeleted": "false",
                    "LeadId": lead,
                    "Field": field,
                    "CreatedById": "005SB00000000MCYAA",
                    "CreatedDate": now,
                    "DataType": "Text",
                },
            ),
        ):
            names = ", ".join(f'"{name}"' for name in made)
            marks = ", ".join("?" for _ in made)
            store.execute(f'insert into "{table}" ({names}) values ({marks})', [*made.values()])


def other_owner(s: Scenario, name: str, table: str) -> str:
    """The HubSpot owner, known in Salesforce too, who does not have this record."""
    mine = s.hubspot(name, table).get("hubspot_owner_id")
    rows = s.rows("hubspot", "select id, email from owners where archived = 0 order by id")
    users = {
        email
        for (email,) in s.rows("salesforce", "select lower(Email) from \"User\" where IsActive = 'true'")
    }
    return next(str(i) for i, email in rows if str(i) != mine and email.lower() in users)


def other_user(s: Scenario, name: str, kind: str) -> str:
    """The Salesforce user, known in HubSpot too, who does not have this record."""
    mine = s.salesforce(name, kind)["OwnerId"]
    owners = {email for (email,) in s.rows("hubspot", "select lower(email) from owners where archived = 0")}
    rows = s.rows("salesforce", "select Id, Email from \"User\" where IsActive = 'true' order by Id")
    return next(i for i, email in rows if i != mine and email.lower() in owners)
