"""What makes somebody be routed: each thing that a rule may be about, by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipelines.decisions.loads import loads
from pipelines.rules.routing import load_routing
from pipelines.state import decisions
from pipelines.state.decisions import KeptDecision

from .conftest import NOON, Office, events_of, meetings_of, open_leads_of

YEAR_AGO = NOON - timedelta(days=365)
YESTERDAY = NOON - timedelta(days=1)


def happened(office: Office) -> None:
    """To ann, whom ada has: two forms, an event, a list; after a quiet year a touch, a merge, a recycling.
    Ben came to no event and had touches all along; cal's owner has left."""
    office.leads(
        {"person_id": "ann", "owner_id": "ada@northwind.example", "lead_score": 10},
        {"person_id": "ben", "owner_id": "ada@northwind.example", "lead_score": 10},
        {"person_id": "cal", "owner_id": "gone@northwind.example", "updated_at": YESTERDAY},
    )
    meetings_of(office, ("ann", "COMPLETED"), ("ben", "COMPLETED"))  # whose records these are, too
    office.connection.execute("alter table intermediate.int_person_records add column email varchar")
    office.connection.execute("update intermediate.int_person_records set email = record_id || '@x.example'")
    columns = "record_key, email, form_id, submitted_at timestamptz"
    sent = [("f1", "Ann@x.example", "demo", YESTERDAY), ("f2", "ann@x.example", "news", YESTERDAY)]
    office.table("staging.stg_hubspot__form_submissions", columns, sent)
    office.table("staging.stg_hubspot__forms", "form_id, name", [("demo", "Ask for a demo")])
    columns = "record_key, event_id, contact_id, state, occurred_at timestamptz"
    came = [("e1", "9", "ann", "ATTENDED", YESTERDAY), ("e2", "9", "ben", "REGISTERED", YESTERDAY)]
    office.table("staging.stg_hubspot__marketing_event_participations", columns, came)
    office.table("staging.stg_hubspot__marketing_events", "marketing_event_id, name", [("9", "Fair")])
    columns = "list_id, record_id, object_type, added_at timestamptz"
    office.table("staging.stg_hubspot__list_members", columns,
                 [("5", "ann", "0-1", YESTERDAY), ("5", "ben", "0-3", YESTERDAY)])  # fmt: skip
    office.table("staging.stg_hubspot__lists", "list_id, name", [("5", "Hot")])
    touches = [("ann", "t1", YEAR_AGO), ("ann", "t2", YESTERDAY)]
    touches += [("ben", f"b{n}", YESTERDAY - timedelta(days=30 * n)) for n in range(13)]
    columns = "person_id, touchpoint_id, touch_type, occurred_at timestamptz"
    office.table("marts.attribution_touchpoints", columns,
                 [(person, key, "conversion", at) for person, key, at in touches])  # fmt: skip
    columns = "alias, person_id, since timestamptz"
    office.table("intermediate.int_person_aliases", columns, [("was-ann", "ann", YESTERDAY)])
    office.connection.execute("create schema if not exists decisions")
    columns = "handoff_id, person_id, state, changed_at timestamptz"
    offered = [("h1", "ann", "recycled", YESTERDAY), ("h2", "ben", "accepted", NOON)]
    office.table("decisions.handoffs", columns, offered)


@pytest.mark.parametrize(
    ("on", "when", "expected"),
    [
        ("form-submission", "form is not null", [("ann", "f1"), ("ann", "f2")]),
        ("form-submission", "form = 'Ask for a demo'", [("ann", "f1")]),
        ("event-attendee", "event = 'Fair'", [("ann", "e1")]),
        ("list-member", "list = 'Hot'", [("ann", "list:5:ann")]),
        ("owner-left", "true", [("cal", "left:gone@northwind.example")]),
        ("re-engaged", "true", [("ann", "merged:was-ann"), ("ann", "recycled:h1"), ("ann", "t2")]),
    ],
)
def test_what_happens_to_somebody_sets_off_the_rule_that_is_about_it_once(
    office: Office, on: str, when: str, expected: list[tuple[str, str]]
) -> None:
    happened(office)
    rule = f'{{name: r, on: {on}, when: "{when}", team: inbound, active_from: 2026-01-01T00:00:00Z}}'
    (office.settings.config_dir / "routing.yml").write_text(
        f"new_rules: live\nre_engaged: {{merged: true}}\nrules:\n  - {rule}\n"
    )
    office.decide()
    assert sorted(office.assignments("person_id, event_key")) == expected
    office.publish()
    assert office.decide("run2", NOON + timedelta(hours=1)).made == ()


def only(office: Office, rule: str) -> None:
    since = "active_from: 2026-01-01T00:00:00Z"
    (office.settings.config_dir / "routing.yml").write_text(
        f"new_rules: live\nrules:\n  - {{name: r, {rule}, {since}}}\n"
    )


def test_whose_owner_has_left_is_given_away_however_long_ago_they_were_touched(office: Office) -> None:
    long_ago = {"created_at": YEAR_AGO, "updated_at": YEAR_AGO, "owner_id": "gone@northwind.example"}
    office.leads({"person_id": "cal", **long_ago})
    only(office, "on: owner-left, team: inbound")
    team = [(f"{name}@northwind.example", True) for name in ("cy", "di")]
    for left_at, given in ((YEAR_AGO, []), (YESTERDAY, ["cal"])):
        office.staff([*team, ("gone@northwind.example", False)], left_at=left_at)
        assert [a.person_id for a in office.decide().made] == given, left_at


@pytest.mark.parametrize("first", ["ada@northwind.example", "gone@northwind.example"])
def test_who_has_left_leaves_a_person_to_whoever_has_them_in_the_other_crm(
    office: Office, first: str
) -> None:
    """Whichever of the two counts as the person's owner, and though ada is working on them."""
    meetings_of(office, ("ann", "COMPLETED"))
    events_of(office, "ann")
    for crm, owner in (("hubspot", "ada@northwind.example"), ("salesforce", "gone@northwind.example")):
        office.connection.execute(
            "update intermediate.int_person_records set owner_source_id = ? where vendor = ?", [owner, crm]
        )
    office.leads({"person_id": "ann", "owner_id": first, "updated_at": YESTERDAY, "open_opportunities": 1})
    team = [(f"{name}@northwind.example", True) for name in ("ada", "cy")]
    office.staff([*team, ("gone@northwind.example", False)], left_at=YESTERDAY)
    only(office, "on: owner-left, team: inbound")
    office.decide()
    office.publish()
    assert office.assignments("owner_email, state, event_key") == [
        ("ada@northwind.example", "assigned", "left:gone@northwind.example")
    ]
    with office.state.reading() as reading:
        assert [d.previous_owner for d in decisions.load(reading, "routing")] == ["gone@northwind.example"]


def test_a_person_of_whom_two_owners_have_left_is_one_decision_and_all_records_go_to_one(
    office: Office,
) -> None:
    meetings_of(office, ("ann", "COMPLETED"))
    events_of(office, "ann")
    gone = [f"{name}@northwind.example" for name in ("eve", "gone")]
    for crm, owner in zip(("hubspot", "salesforce"), gone, strict=True):
        office.connection.execute(
            "update intermediate.int_person_records set owner_source_id = ? where vendor = ?", [owner, crm]
        )
    office.leads({"person_id": "ann", "owner_id": gone[0], "updated_at": YESTERDAY})
    team = [(f"{name}@northwind.example", True) for name in ("cy", "di")]
    office.staff([*team, *((owner, False) for owner in gone)], left_at=YESTERDAY)
    only(office, "on: owner-left, team: inbound")
    office.decide()
    office.publish()
    with office.state.reading() as reading:
        made = decisions.load(reading, "routing")
    assert [(d.owner_email, d.state, d.previous_owner) for d in made] == [
        ("cy@northwind.example", "assigned", owner) for owner in gone
    ]
    turns = "select owner_email, leads from decisions.fairness where leads > 0"
    assert office.connection.execute(turns).fetchall() == [("cy@northwind.example", 1)]
    open_leads_of(office)
    office.leads({"person_id": "ann", "owner_id": gone[0], "lifecycle_stage": "lead"})
    routing = load_routing(office.settings.config_dir)
    assert loads(office.connection, routing, made) == {"cy@northwind.example": 1}, "nor do they carry anybody"
    office.leads({"person_id": "ann", "owner_id": gone[0], "updated_at": YESTERDAY})
    assert office.decide("run2", NOON + timedelta(hours=1)).made == (), (
        "nobody's turn is given back meanwhile"
    )
    assert office.connection.execute("select sum(beyond_share) from decisions.fairness").fetchone() == (0,)


@pytest.mark.parametrize(
    ("decided", "owner"), [(None, "di"), ("cy", "di"), ("cy", "cy"), ("cy", "ada"), ("cy", None)]
)
def test_whoever_has_somebody_keeps_them_by_sticky_owner_whether_decided_here_or_given_by_hand(
    office: Office, decided: str | None, owner: str | None
) -> None:
    """Ada and eve had records of ann before that was decided: until it is written, cy is who has her."""
    happened(office)
    office.leads({"person_id": "ann", "owner_id": owner and f"{owner}@northwind.example", "lead_score": 10})
    if decided:
        made = KeptDecision(
            "d1", 1, "ann", "routing", "inbound", f"{decided}@northwind.example", "r", "said so", YEAR_AGO,
            "run0", previous_owner="ada@northwind.example",
        )  # fmt: skip
        with office.state.writing() as connection:
            also = made._replace(
                decision_id="d2", sequence=2, event_key="x", previous_owner="eve@northwind.example"
            )
            decisions.save(connection, [made, also])
    only(office, "on: form-submission, method: sticky-owner, team: inbound")
    (given,) = [a for a in office.decide().made if a.state == "assigned"]
    assert given.owner_email == ("di" if owner == "di" else "cy") + "@northwind.example"
    assert "had this lead before" in given.reason


def test_who_was_given_back_by_hand_after_that_was_written_is_with_whoever_has_them(office: Office) -> None:
    """Cy was given ann, whom ada had; ada has her again, by a change that came before or after that."""
    decided = KeptDecision(
        "d1", 1, "ann", "routing", "inbound", "cy@northwind.example", "r", "said so", YESTERDAY, "run0",
        previous_owner="ada@northwind.example",
    )  # fmt: skip
    with office.state.writing() as connection:
        decisions.save(connection, [decided])
    only(office, "on: form-submission, prefer: [sticky-owner], team: field")
    for changed_at, owner in ((YEAR_AGO, "cy"), (NOON, "ada")):
        happened(office)
        office.leads({"person_id": "ann", "owner_id": "ada@northwind.example", "updated_at": changed_at})
        (given,) = [a for a in office.decide().made if a.state == "assigned"]
        assert given.owner_email == f"{owner}@northwind.example", changed_at


def test_who_is_on_a_list_is_routed_once_also_when_they_are_merged(office: Office) -> None:
    happened(office)
    only(office, "on: list-member, team: inbound")
    office.decide()
    office.publish()
    office.leads({"person_id": "zed", "owner_id": "cy@northwind.example"})
    office.connection.execute("update intermediate.int_person_members set person_id = 'zed'")
    office.table("intermediate.int_person_aliases", "alias, person_id", [("ann", "zed")])
    assert office.decide("run2", NOON + timedelta(hours=1)).made == ()
