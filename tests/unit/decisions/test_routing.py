"""Routing over a work file: who is eligible, what stands, what is kept."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.decisions import routing
from pipelines.decisions.loads import loads
from pipelines.decisions.what_if import what_if
from pipelines.errors import ConfigError
from pipelines.rules.routing import load_routing
from pipelines.state import decisions
from pipelines.state.decisions import KeptDecision

from .conftest import NOON, RULES, TEAMS, Office, meetings_of, open_leads_of


def test_the_first_rule_that_matches_decides_and_owned_people_are_left_alone(office: Office) -> None:
    office.people(("p1", None, 90, "mql"), ("p2", "ada@northwind.example", 90, "mql"),
                  ("p3", None, 10, "mql"), ("p4", None, None, "sql"), ("p5", None, 90, None))  # fmt: skip
    decided = office.decide()
    assert office.assignments() == [
        ("p1", "ada@northwind.example", "big", "assigned"),
        ("p3", "cy@northwind.example", "rest", "assigned"),
        ("p4", "di@northwind.example", "rest", "assigned"),
        ("p5", None, "", "held"),
    ]
    assert decided.counts == {"assigned": 3, "held": 1, "standing": 0}
    assert decided.notes == ("1 leads are held: no rule matches",)


def test_of_overlapping_territories_the_one_of_greatest_priority_counts_then_the_first(
    office: Office,
) -> None:
    config = office.settings.config_dir
    (config / "teams.yml").write_text(
        TEAMS
        + """
territories:
  - {name: benelux, when: "country in ('NL', 'BE')", owner: ada@northwind.example}
  - {name: dutch, when: "country = 'NL'", owner: bo@northwind.example}
  - {name: large, when: "employees >= 1000", priority: 1, owner: cy@northwind.example}
  - {name: banks, when: "industry = 'Banking'", priority: 2, owner: di@northwind.example}
  - {name: named, when: "company_name in ('Acme', 'Globex')", priority: 3, owner: fay@northwind.example}
"""
    )
    (config / "routing.yml").write_text(
        "new_rules: live\nrules: [{name: land, method: territory, active_from: 2020-01-01T00:00:00Z}]\n"
    )
    people = ({"country": "NL"}, {"country": "NL", "employees": 5000},
              {"employees": 5000, "industry": "Banking"}, {"industry": "Banking", "company_name": "Acme"},
              {"country": "FR"})  # fmt: skip
    office.leads(*({"person_id": f"p{n}", "lifecycle_stage": "mql", **p} for n, p in enumerate(people)))
    office.decide()
    owners = [owner and owner.partition("@")[0] for (owner,) in office.assignments("owner_email")]
    assert owners == ["ada", "cy", "di", "fay", None]
    assert office.assignments("reason")[-1] == ("rule land: no territory matches",)


def test_a_member_has_to_be_active_in_teams_and_in_a_crm(office: Office) -> None:
    office.staff([("cy@northwind.example", False), ("di@northwind.example", True)],
                 [("cy@northwind.example", False), ("ed@northwind.example", True)])  # fmt: skip
    office.people(*((f"p{n}", None, 0, "lead") for n in range(3)))
    office.decide()
    assert {row[1] for row in office.assignments()} == {"di@northwind.example"}


def test_it_is_said_who_was_given_people_of_a_crm_that_does_not_know_them(office: Office) -> None:
    office.staff([("cy@northwind.example", True)], [("di@northwind.example", True)])
    of_hubspot = {"lifecycle_stage": "lead", "contact_id_hubspot": "1"}
    office.leads(*({"person_id": f"p{n}", **of_hubspot} for n in range(4)))
    assert [note for note in office.decide().notes if "keep their owner" in note] == [
        "2 people given to di@northwind.example keep their owner in HubSpot, where di@northwind.example "
        "is no active user"
    ]


def test_load_is_what_the_crms_show_as_open_and_not_worked_on_and_what_is_decided_but_not_applied(
    office: Office,
) -> None:
    """Cy has two that sales has closed or works on, and none to see to; di has one; fay was given one."""
    config = office.settings.config_dir
    text = RULES.replace("team: inbound", "team: inbound\n    method: load-balanced")
    (config / "routing.yml").write_text(text)
    stands = [("a", "cy"), ("b", "cy"), ("c", "di"), ("d", "cy")]
    people = [(p, f"{who}@northwind.example", 0, "customer" if p == "d" else "lead") for p, who in stands]
    meetings_of(office, *((person, "CANCELED") for person, _ in stands))
    given = KeptDecision("d", 1, "given", "routing", "inbound", "fay@northwind.example", "rest", "", NOON,
                         "run0", "new", "new-lead", "assigned")  # fmt: skip
    with office.state.writing() as writing:
        decisions.save(writing, [given])
    open_leads_of(office, ("a", "closed - not converted"), ("b", "Working - Contacted"), ("c", "New"))
    office.people(*people, ("given", None, 0, "lead"))
    loaded = loads(office.connection, load_routing(config), routing.standing(office.connection, office.state))
    assert loaded == {"di@northwind.example": 1, "fay@northwind.example": 1}
    office.people(*people, ("given", None, 0, "lead"), ("new", None, 0, "lead"))
    office.decide()
    assert ("new", "cy@northwind.example", "rest", "assigned") in office.assignments()


def test_without_anybody_in_the_crms_every_lead_is_held(office: Office) -> None:
    office.staff([])
    office.people(("p1", None, 0, "lead"))
    assert office.decide().notes == (
        "1 leads are held: nobody on team inbound is available: nobody of them is active in a CRM",
    )


def test_a_person_is_decided_once_and_the_round_goes_on_in_the_next_run(office: Office) -> None:
    office.people(("p1", None, 0, "lead"), ("p2", None, 0, "lead"))
    office.decide()
    assert office.publish() == 2
    office.people(("p1", None, 0, "lead"), ("p2", None, 0, "lead"), ("p3", None, 0, "lead"))
    decided = office.decide("run2", NOON + timedelta(hours=1))
    assert decided.counts == {"assigned": 1, "held": 0, "standing": 2}
    assert office.assignments("person_id, owner_email, run_id") == [
        ("p1", "cy@northwind.example", "run1"),
        ("p2", "di@northwind.example", "run1"),
        ("p3", "fay@northwind.example", "run2"),
    ]
    assert office.publish() == 1
    fair = "select owner_email, leads, beyond_share from decisions.fairness order by 1"
    before = office.connection.execute(fair).fetchall()
    assert [leads for _, leads, _ in before] == [1, 1, 1]
    assert office.decide("run3", NOON + timedelta(hours=2)).made == ()
    assert office.connection.execute(fair).fetchall() == before, "a run without a lead shows the same shares"


def test_deciding_again_without_publishing_gives_the_same(office: Office) -> None:
    office.people(*((f"p{n}", None, 0, "lead") for n in range(5)))
    office.decide()
    first = office.assignments("*")
    office.decide()
    assert office.assignments("*") == first


def test_what_stands_comes_back_whole_when_the_warehouse_is_deleted(office: Office) -> None:
    office.people(*((f"p{n}", None, 0, "lead") for n in range(5)))
    office.decide()
    office.publish()
    first = office.assignments("*")
    office.connection.execute("drop schema decisions cascade")
    office.decide("run2", NOON + timedelta(days=1))
    assert office.assignments("*") == first


def test_a_held_lead_is_decided_once_somebody_can_take_it_also_by_a_rule_that_was_changed_meanwhile(
    office: Office,
) -> None:
    office.staff([])
    office.people(("p1", None, 0, "lead"), ("p2", None, 0, None))
    office.decide()
    assert office.publish() == 0
    office.staff([("cy@northwind.example", True)])
    (office.settings.config_dir / "routing.yml").write_text(
        "new_rules: live\nrules: [{name: rest, team: inbound}]\n"  # p2 met no rule, and is old to this one
    )
    assert office.decide("run2").counts["assigned"] == 1


def test_when_people_merge_the_first_decision_stands_for_the_survivor(office: Office) -> None:
    office.people(("p1", None, 0, "lead"), ("p2", None, 0, "lead"))
    office.decide()
    office.publish()
    office.aliases(("p1", "p2"), ("p0", "p1"))
    office.people(("p2", None, 0, "lead"))
    office.decide("run2")
    assert office.assignments() == [("p2", "cy@northwind.example", "rest", "assigned")]
    assert office.publish() == 0


def test_a_condition_on_a_column_the_mart_lacks_is_named(office: Office) -> None:
    rules = office.settings.config_dir / "routing.yml"
    rules.write_text(RULES.replace("lifecycle_stage is not null", "full_name is not null"))
    office.people(("p1", None, 0, "lead"))
    office.connection.execute("alter table marts.unified_leads drop full_name")
    with pytest.raises(
        ConfigError, match=r"rule rest names full_name, which marts.unified_leads does not have"
    ):
        office.decide()


def test_a_comparison_of_unlike_columns_is_found_when_the_file_is_read(office: Office) -> None:
    rules = office.settings.config_dir / "routing.yml"
    rules.write_text(RULES.replace("lifecycle_stage is not null", "lifecycle_stage = lead_score"))
    with pytest.raises(ConfigError, match=r"compares lifecycle_stage with lead_score.*routing.yml line 9"):
        office.decide()


def test_who_was_handed_over_and_waits_for_the_write_is_not_given_to_somebody_else_too(
    office: Office,
) -> None:
    made = KeptDecision(
        "d1", 1, "p1", "routing", "field", "ada@northwind.example", "handoff h", "said so", NOON, "run0",
        "handoff:h1", "handoff",
    )  # fmt: skip
    with office.state.writing() as connection:
        decisions.save(connection, [made])
    office.people(("p1", None, 90, "mql"), ("p2", None, 90, "mql"))
    office.decide()
    assert office.assignments("person_id, owner_email, caused_by") == [
        ("p1", "ada@northwind.example", "handoff"),
        ("p2", "ada@northwind.example", "new-lead"),
    ]


def test_another_file_is_tried_on_the_leads_of_the_last_weeks_beside_what_happened_and_nothing_is_kept(
    office: Office, tmp_path: Path
) -> None:
    came = {f"p{n}": NOON - timedelta(days=n) for n in range(1, 5)} | {"old": NOON - timedelta(days=40)}
    owners = {"p1": "cy@northwind.example", "p2": "ada@northwind.example"}
    office.leads(*(
        {"person_id": p, "created_at": at, "owner_id": owners.get(p), "lifecycle_stage": "lead"}
        for p, at in came.items()
    ))  # fmt: skip
    office.decide()
    office.table("rules.run", "as_of timestamptz", [(NOON,)])
    office.table("marts.lead_response_times", "person_id, business_minutes integer", [("p2", 90)])
    kept = office.assignments()
    other = tmp_path / "new.yaml"
    other.write_text('rules:\n  - {name: all, team: field, when: "shoe_size > 3"}\n')
    with pytest.raises(ConfigError, match=r"all names shoe_size.*\(new.yaml line 2\)"):
        what_if(office.connection, office.settings, other, timedelta(days=30))
    other.write_text("rules:\n  - {name: all, team: field}\n")
    found = what_if(office.connection, office.settings, other, timedelta(days=30))
    assert [(a.person_id, a.owner_email) for a in found.made] == [
        ("p4", "ada@northwind.example"), ("p3", "bo@northwind.example"),
        ("p2", "ada@northwind.example"), ("p1", "bo@northwind.example"),
    ]  # fmt: skip
    assert set(found.beyond_share.values()) == {0.0}
    told = {line.split()[0]: line.split()[1:] for line in found.text().splitlines()}
    assert told["ada@northwind.example"][:2] == ["2", "1"]
    assert told["ada@northwind.example"][-3:] == ["1.5", "h", "1"], "first contact, and open now"
    assert told["cy@northwind.example"][:2] == ["0", "1"]
    assert found.text().endswith("1 would have gone to who has them")
    other.write_text("rules:\n  - {name: all, team: field, on: owner-left}\n")
    office.leads({"person_id": "p1", "owner_id": "gone@northwind.example", "updated_at": NOON - timedelta(1)})
    meetings_of(office, ("p1", "COMPLETED"))
    office.connection.execute(
        "update intermediate.int_person_records set owner_source_id = 'bo@northwind.example'"
    )
    office.staff([("bo@northwind.example", True), ("gone@northwind.example", False)])
    (left,) = what_if(office.connection, office.settings, other, timedelta(days=30)).made
    assert left.reason == "rule all: gone@northwind.example has left, and bo@northwind.example has them too"
    assert office.assignments() == kept
    with office.state.reading() as reading:
        assert decisions.load(reading, "routing") == ()


@pytest.mark.parametrize(
    ("people", "load"),
    [("{cap: 1}", "{}"), ("{per_day: 1}", "{}"), ("{per_week: 1}", "{}"), ("{}", "{default_cap: 1}"),
     ("{cap: 1}", "{default_cap: 9}")],
)  # fmt: skip
def test_each_cap_that_config_has_fills_a_person(office: Office, people: str, load: str) -> None:
    folder = office.settings.config_dir
    team = "teams: {field: {members: [ada@northwind.example]}}"
    (folder / "teams.yml").write_text(f"people: {{ada@northwind.example: {people}}}\n{team}\n")
    rules = (folder / "routing.yml").read_text().partition("  - name: rest")[0]
    (folder / "routing.yml").write_text(f"{rules}load: {load}\n")
    office.people(("p1", None, 90, "mql"), ("p2", None, 90, "mql"))
    office.decide()
    given, held = office.assignments("person_id, owner_email, reason")
    assert given[:2] == ("p1", "ada@northwind.example")
    assert held == ("p2", None, "nobody on team field is available: all are full")
