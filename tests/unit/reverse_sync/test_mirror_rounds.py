"""What people did in two CRMs, round by round: each change goes where it belongs and nothing comes back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipelines.errors import CrmError
from pipelines.reverse_sync.mirror.metadata import FieldMeta

from .mirrored import BEGAN, Mirror, of

HUBSPOT = of(
    "left", FieldMeta("status", "text"), FieldMeta("first", "text"), FieldMeta("last", "text"),
    FieldMeta("interests", "set", choices=("A", "B", "U")), FieldMeta("owner", "reference"),
    FieldMeta("score", "number"),
)  # fmt: skip
LEAD = of(
    "right", FieldMeta("Status__c", "text"), FieldMeta("Full__c", "text", length=12),
    FieldMeta("Interests__c", "set", choices=("A", "B", "X")), FieldMeta("OwnerId", "reference"),
    FieldMeta("Score__c", "number"),
)  # fmt: skip
PEOPLE = "create: both\n"


@pytest.fixture
def team(tmp_path):
    made = []

    def make(*lines: str, head: str | None = None, left=None, right=None) -> Mirror:
        mirror = Mirror(tmp_path, HUBSPOT, LEAD, *lines, **({} if head is None else {"head": head}))
        made.append(mirror)
        if left is not None:
            mirror.record("contacts", "1", "ann", **left)
            mirror.record("Lead", "00Q1", "ann", **right)
        return mirror

    yield make
    for each in made:
        each.warehouse.close()
        each.state.close()


def test_values_that_go_to_and_fro_are_never_taken_for_an_echo(team):
    """New, Open there, Working here, Open there again; and of a set what the other CRM cannot say stays."""
    m = team("{from: status, to: Status__c, conflict: source}",
             "{from: interests, to: Interests__c, sets: merge, values: {A: A, B: B}}",
             left={"status": "New", "interests": "A"},
             right={"Status__c": "New", "Interests__c": "A;X"})  # fmt: skip
    assert m.round() == []
    m.edit("Lead", "00Q1", Status__c="Open")
    assert m.round() == [("contacts", "status", "Open")]
    assert m.round() == []
    m.edit("contacts", "1", status="Working", interests="A;B;U")
    assert sorted(m.round()) == [("Lead", "Interests__c", "A;B;X"), ("Lead", "Status__c", "Working")]
    assert m.round() == []
    m.edit("Lead", "00Q1", Status__c="Open", Interests__c="B;X")
    m.edit("contacts", "1")
    assert sorted(m.round()) == [("contacts", "interests", "B;U"), ("contacts", "status", "Open")]
    assert (m.judged(), m.round()) == ([], [])


def test_the_most_recent_is_told_by_each_fields_own_history(team):
    """Salesforce calls OwnerId Owner; of what it kept and did not change, the record counts."""
    m = team("{from: owner, to: OwnerId, convert: owner}", "{from: status, to: Status__c}",
             left={"owner": "h1", "status": "mine"},
             right={"OwnerId": "s2", "Status__c": "theirs"})  # fmt: skip
    hour = timedelta(hours=1)
    m.changed("contacts", "1", "owner", BEGAN + 2 * hour)
    m.changed("contacts", "1", "status", BEGAN + hour)
    m.changed("Lead", "00Q1", "Owner", BEGAN + hour)
    m.changed("Lead", "another", "Status__c", BEGAN)
    m.moved["00Q1"] = BEGAN + 3 * hour
    assert sorted(m.round()) == [("Lead", "OwnerId", "s1"), ("Lead", "Status__c", "mine")]


def test_what_is_made_of_two_fields_follows_either(team):
    m = team("""{from: first, to: Full__c, expression: "first || ' ' || last", """
             """back_expression: "split_part(Full__c, ' ', 1)"}""",
             left={"first": "Ann", "last": "Lee"}, right={"Full__c": "Ann Lee"})  # fmt: skip
    assert m.round() == []
    m.edit("contacts", "1", last="Ray")
    assert (m.round(), m.round()) == ([("Lead", "Full__c", "Ann Ray")], [])
    m.edit("Lead", "00Q1", Full__c="Bea Ray")
    assert (m.round(), m.round()) == ([("contacts", "first", "Bea")], [])


def test_a_part_of_a_name_is_not_written_over_the_whole(team):
    m = team(
        "{from: first, to: Full__c, convert: last_name}", left={"first": "Ann Lee"}, right={"Full__c": "Lee"}
    )
    m.round()
    m.edit("Lead", "00Q1", Full__c="Ray Xu")
    m.round()
    assert m.records["contacts"]["1"]["first"] == "Ann Lee"


def test_only_whom_the_other_crm_surely_lacks_is_created_there(team):
    """Leads and Salesforce contacts become contacts; a doubt about one record of a person holds them."""
    m = team("{from: email, to: Email}", head=PEOPLE)
    for object_name, record_id, person in (
        ("Lead", "00Q1", "lea"), ("Contact", "0031", "con"), ("contacts", "1", "hub"),
        ("contacts", "2", "twin"), ("contacts", "3", "twin"), ("Contact", "0032", "maybe"),
    ):  # fmt: skip
        field = "email" if object_name == "contacts" else "Email"
        m.record(object_name, record_id, person, **{field: f"{person}{record_id}@x.example"})
    m.reviews = [(m.key("contacts", "3"), m.key("Contact", "0032"))]
    m.refusing = {"con", "hub"}
    m.round()
    made = m.creates()
    assert sorted(made) == [
        "create:Lead:hubspot:P:contacts:1", "create:contacts:salesforce:O:Contact:0031",
        "create:contacts:salesforce:O:Lead:00Q1",
    ]  # fmt: skip
    assert [key for key, _ in m.held()] == [m.key("contacts", "2"), m.key("Contact", "0032")]
    # Whoever refuses e-mail is not to get any before the next round.
    lead = made["create:Lead:hubspot:P:contacts:1"]
    assert lead["properties"]["HasOptedOutOfEmail"] == "true"
    assert lead["types"] == {"HasOptedOutOfEmail": "boolean"}
    refusals = {key: each.get("refuses") for key, each in made.items() if ":contacts:salesforce" in key}
    assert list(refusals.values()) == [True, None]


@pytest.mark.parametrize("policy", ["nothing", "both"])
def test_whose_partner_is_deleted_before_another_run_sees_both_is_not_created_again(team, policy):
    m = team("{from: email, to: Email}", head=f"{PEOPLE}on_delete: {policy}\n")
    m.record("contacts", "1", "ann", email="ann@x.example")
    m.round()
    m.make("create:Lead:hubspot:P:contacts:1", "Lead", "00Q9", "ann", Email="ann@x.example")
    m.delete("contacts", "1")
    m.round()
    assert m.creates() == {}
    assert m.held() == [(m.key("Lead", "00Q9"), "its partner in hubspot is gone, and is not created again")]
    assert m.deletes() == ([m.key("Lead", "00Q9")] if policy == "both" else [])


def test_what_undo_removed_takes_the_record_it_was_made_of_nowhere(team):
    m = team("{from: email, to: Email}", head=f"{PEOPLE}on_delete: both\n")
    m.record("contacts", "1", "ann", email="ann@x.example")
    m.round()
    m.make("create:Lead:hubspot:P:contacts:1", "Lead", "00Q9", "ann", Email="ann@x.example")
    m.round()
    m.take_back("create:Lead:hubspot:P:contacts:1", "Lead", "00Q9")
    m.round()
    assert m.deletes() == []


def test_a_record_that_is_restored_is_not_deleted_again_for_what_was_deleted_with_it(team):
    m = team("{from: email, to: Email}", head="on_delete: both\n",
             left={"email": "a@x.example"}, right={"Email": "a@x.example"})  # fmt: skip
    m.round()
    m.delete("contacts", "1")
    m.round()
    assert m.deletes() == [m.key("Lead", "00Q1")]
    m.follow("Lead", "00Q1")
    m.restore("contacts", "1", "ann")
    m.round()
    assert m.deletes() == []
    m.restore("Lead", "00Q1", "ann")
    m.now += timedelta(days=60)
    m.delete("Lead", "00Q1")
    m.round()
    assert m.deletes() == [m.key("contacts", "1")], "this deletion is somebody's"


@pytest.mark.parametrize("strategy", ["most_recent", "source", "destination"])
@pytest.mark.parametrize(
    ("edited", "name", "other", "field"), [("contacts/1", "status", "Lead/00Q1", "Status__c"),
                                           ("Lead/00Q1", "Status__c", "contacts/1", "status")],
)  # fmt: skip
def test_what_undo_set_back_in_one_crm_is_not_carried_to_the_other(
    team, strategy, edited, name, other, field
):
    """Whoever wins conflicts: what a person said there stays, and goes on being wanted here."""
    m = team(f"{{from: status, to: Status__c, conflict: {strategy}}}",
             "{from: interests, to: Interests__c, sets: merge}",
             left={"status": "New", "interests": "A"},
             right={"Status__c": "New", "Interests__c": "A"})  # fmt: skip
    m.round()
    sets = {"status": "interests", "Status__c": "Interests__c"}
    m.edit(*edited.split("/"), **{name: "Open", sets[name]: "A;B"})
    wrote = [(other.split("/")[0], field, "Open"), (other.split("/")[0], sets[field], "A;B")]
    assert sorted(m.round()) == sorted(wrote)
    assert m.round() == []
    m.undo(*other.split("/"), **{field: "New", sets[field]: "A"})
    assert sorted(m.round()) == sorted(wrote)
    assert m.judged() == []


def test_a_conflict_that_is_left_to_people_goes_as_they_choose_while_nothing_changes(team):
    """Either side or a value for both; once a side has changed nothing is obeyed until they choose again."""
    lines = (
        "{from: status, to: Status__c, conflict: manual}",
        "{from: first, to: Full__c, conflict: manual}",
    )
    m = team(
        *lines, left={"status": "New", "first": "Ann"}, right={"Status__c": "New", "Full__c": "Ann"}
    )  # fmt: skip
    assert m.round() == []
    m.edit("contacts", "1", status="Working", first="Anna")
    m.edit("Lead", "00Q1", Status__c="Open", Full__c="Annie")
    assert (m.round(), m.judged()) == ([], [("first", "manual"), ("status", "manual")])
    m.choose("status", "salesforce")
    m.edit("contacts", "1", status="Closed")
    assert m.round() == [], "HubSpot's value is another than the one that was to lose"
    m.choose("status", "hubspot")
    m.choose("first", "value", "Anne")
    assert sorted(m.round()) == [
        ("Lead", "Full__c", "Anne"), ("Lead", "Status__c", "Closed"), ("contacts", "first", "Anne")
    ]  # fmt: skip
    assert m.rules() == {"team.yml line 6, chosen by Kim", "team.yml line 7, chosen by Kim"}
    assert (m.round(), m.open_ones()) == ([], [])
    m.edit("Lead", "00Q1", Status__c="Open")
    assert m.round() == [("contacts", "status", "Open")], "what was chosen then is no rule for later"


def test_a_chosen_value_that_one_crm_has_not_taken_is_still_wanted_there(team):
    """HubSpot took it, Salesforce refused: what was overruled does not come back."""
    m = team("{from: first, to: Full__c, conflict: manual}", left={"first": "Ann"}, right={"Full__c": "Ann"})
    m.round()
    m.edit("contacts", "1", first="Anna")
    m.edit("Lead", "00Q1", Full__c="Annie")
    m.round()
    m.choose("first", "value", "Anne")
    m.refused = {"Lead"}
    assert sorted(m.round()) == [("Lead", "Full__c", "Anne"), ("contacts", "first", "Anne")]
    assert m.round() == [("Lead", "Full__c", "Anne")]
    m.refused = set()
    assert m.round() == [("Lead", "Full__c", "Anne")]
    assert (m.round(), m.records["contacts"]["1"]["first"]) == ([], "Anne")


def test_two_values_that_say_nothing_of_each_other_stay_where_they_were_chosen(team):
    m = team("{from: status, to: Status__c, conflict: manual, values: {New: New, Open: Open}}",
             left={"status": "New"}, right={"Status__c": "New"})  # fmt: skip
    m.round()
    m.edit("contacts", "1", status="Strange")
    m.edit("Lead", "00Q1", Status__c="Odd")
    assert (m.round(), m.judged()) == ([], [("status", "no counterpart")])
    m.choose("status", "value", "Hot", "Warm")
    assert sorted(m.round()) == [("Lead", "Status__c", "Warm"), ("contacts", "status", "Hot")]
    assert (m.round(), m.open_ones()) == ([], [])
    m.edit("Lead", "00Q1", Status__c="Open")
    assert m.round() == [("contacts", "status", "Open")]


def test_a_chosen_value_that_cannot_be_written_is_listed_under_its_id_and_chosen_anew(team):
    m = team("{from: first, to: Full__c, conflict: manual}", left={"first": "Ann"}, right={"Full__c": "Ann"})
    m.round()
    m.edit("contacts", "1", first="A name that is too long")
    m.edit("Lead", "00Q1", Full__c="Annie")
    m.round()
    [was] = m.open_ones()
    m.choose("first", "hubspot")
    assert m.round() == []
    [still] = m.open_ones()
    assert (still["conflict_id"], still["problem"]) == (
        was["conflict_id"], "Full__c takes 12 characters, not 23"
    )  # fmt: skip
    with pytest.raises(CrmError, match="has 23 characters, and salesforce keeps in Full__c at most 12"):
        m.choose("first", "value", "A name that is too long")
    m.choose("first", "value", "Anne")
    assert len(m.round()) == 2
    assert (m.round(), m.open_ones()) == ([], [])


@pytest.mark.parametrize(
    ("winner", "values", "message"),
    [
        ("value", (), "a value is given with the choice value"),
        ("hubspot", ("7",), "a value is given with the choice value"),
        ("value", ("many",), "'many' is no number, which hubspot keeps in score"),
        ("value", ("A",), "do not say the same in the same words"),
    ],
)
def test_a_choice_that_cannot_be_written_is_refused_at_once(team, winner, values, message):
    m = team("{from: score, to: Score__c, conflict: manual}",
             "{from: interests, to: Interests__c, conflict: manual, values: {A: A, B: B}}",
             left={"score": 1, "interests": "A"}, right={"Score__c": 1, "Interests__c": "A"})  # fmt: skip
    m.round()
    m.edit("contacts", "1", score=2, interests="A;B")
    m.edit("Lead", "00Q1", Score__c=3, Interests__c="B")
    m.round()
    with pytest.raises(CrmError, match=message):
        m.choose("interests" if values == ("A",) else "score", winner, *values)
