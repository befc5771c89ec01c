"""How a deploy is tested, as the file says it, and what a plan asks of the account."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from pipelines.clients.errors import Rejected
from pipelines.rules.schema.fields import FieldModel
from pipelines.rules.schema.renames import Rename
from pipelines.schema import renaming, run
from pipelines.schema.apply import make_deploy
from pipelines.schema.drift import drift_of
from pipelines.schema.items import Item, Live, Wanted
from pipelines.schema.plan import Action, compare
from pipelines.schema.renaming import named_by
from pipelines.schema.salesforce import read
from pipelines.settings import PROJECT_ROOT

TRIGGER = Item("salesforce", "apex trigger", "T", {"Body": "b", "test": "false"})
TEST = Item("salesforce", "apex class", "TTest", {"Body": "t", "test": "true"})
FIELD = Item("salesforce", "field", "Lead.A__c", {"label": "A"}, "Lead")


@pytest.mark.parametrize(
    ("level", "told"),
    [
        ("RunSpecifiedTests", {"testLevel": "RunSpecifiedTests", "runTests": ["TTest"]}),
        ("RunLocalTests", {"testLevel": "RunLocalTests"}),
        ("RunAllTestsInOrg", {"testLevel": "RunAllTestsInOrg"}),
        ("NoTestRun", {"testLevel": "NoTestRun"}),
    ],
)
def test_the_test_level_of_the_file_is_the_deploys(level: str, told: dict[str, Any]) -> None:
    wanted = Wanted("salesforce", [TRIGGER, TEST])
    deploy = make_deploy([Action("create", TRIGGER)], wanted, level)
    assert deploy is not None
    options = deploy.options(check_only=True)
    assert {name: options[name] for name in ("testLevel", "runTests") if name in options} == told


def test_a_deploy_without_apex_runs_no_tests() -> None:
    deploy = make_deploy([Action("create", FIELD)], Wanted("salesforce", [FIELD]), "RunLocalTests")
    assert deploy is not None
    assert "testLevel" not in deploy.options(check_only=False)


def test_what_a_sync_still_names_does_not_go() -> None:
    gone = Action("destroy", Item("hubspot", "property", "contacts.lead_score", {}, "contacts"))
    held = run._in_use(gone, named_by(PROJECT_ROOT / "config"), {})
    assert held.impossible == "the sync hubspot_contacts of syncs.yml still names it"
    other = Action("destroy", Item("hubspot", "property", "contacts.shoe_size", {}, "contacts"))
    assert not run._in_use(other, named_by(PROJECT_ROOT / "config"), {}).impossible
    whole = Action("destroy", Item("hubspot", "object", "asset", {}, "asset"))
    named = {("hubspot", "asset"): "field_mappings/asset.yml"}
    assert run._in_use(whole, {}, named).impossible == "field_mappings/asset.yml still names it"


def test_only_the_account_knows_the_custom_fields_of_a_standard_object() -> None:
    """A formula that names one which neither the file nor the org has is said, and nothing is made of it."""
    formula = Item(
        "salesforce", "field", "Lead.B__c", {"type": "Text", "formula": "A__c & Up__r.Name"}, "Lead"
    )
    up = Item("salesforce", "field", "Lead.Up__c", {"type": "Lookup"}, "Lead")
    live = Live("salesforce", "org")
    live.add(up)
    [create] = compare(Wanted("salesforce", [formula]), live, []).actions
    assert create.impossible == "its formula names A__c, which Lead does not have"
    live.add(FIELD)
    [create] = compare(Wanted("salesforce", [formula]), live, []).actions
    assert not create.impossible


def test_a_formula_is_followed_over_lookups_to_objects_the_file_says_nothing_of() -> None:
    """They are read for it, one after the other, and a rule that names what the last one lacks is said."""
    there = {"Asset__c": "<fullName>Up__c</fullName><type>Lookup</type><referenceTo>Account</referenceTo>",
             "Account": "<fullName>Known__c</fullName><type>Date</type>"}  # fmt: skip
    asked: list[list[str]] = []

    class Client:
        class metadata:
            @staticmethod
            def read(kind: str, names: list[str]) -> dict[str, ElementTree.Element]:
                asked.append(names)
                return {n: ElementTree.fromstring(f"<o><fields>{there[n]}</fields></o>") for n in names}

    said = {"errorConditionFormula": "asset__r.Up__r.Known__c = TODAY() && Asset__r.Up__r.Gone__c"}
    rule = Item("salesforce", "validation rule", "Thing__c.Rule", said, "Thing__c")
    lookup = Item("salesforce", "field", "Thing__c.Asset__c", {"referenceTo": "Asset__c"}, "Thing__c")
    there["Thing__c"] = "<fullName>Other__c</fullName><type>Date</type>"
    wanted, live = Wanted("salesforce", [rule, lookup]), Live("salesforce", "org")
    read._add_objects(Client(), live, wanted, ["Thing__c"])  # type: ignore[arg-type]
    assert asked == [["Thing__c"], ["Asset__c"], ["Account"]]
    found = {a.name: a.impossible for a in compare(wanted, live, []).actions}
    assert found["Thing__c.Rule"] == "its formula names Gone__c, which Account does not have"
    assert found["Thing__c.Asset__c"] == ""


def test_a_property_that_hubspot_has_of_its_own_is_not_made() -> None:
    item = Item("hubspot", "property", "contacts.oddity", {"label": "O"}, "contacts")
    live = Live("hubspot", "1", own={("contacts", "oddity")})
    [create] = compare(Wanted("hubspot", [item]), live, []).actions
    assert create.impossible.startswith("HubSpot has a property of this name of its own")


def test_a_pipeline_that_was_renamed_by_hand_is_told_of_before_a_second_one_is_made() -> None:
    def pipeline(label: str, *stages: str) -> Item:
        content = {"label": label, "stages": [{"label": each} for each in stages]}
        return Item("hubspot", "pipeline", f"thing: {label}", content, "thing")

    thing = Item("hubspot", "object", "thing", {}, "thing")
    live = Live("hubspot", "1")
    for item in (thing, pipeline("Days", "New", "Done"), pipeline("Other", "New")):
        live.add(item)
    wanted = Wanted("hubspot", [thing, pipeline("Life", "New", "Done")])
    plan = compare(wanted, live, [("pipeline", "thing: Life", {})])
    [create] = plan.actions
    assert create.note.startswith("Days there has the same stages")
    added = {each.name for each in drift_of(wanted, live, [("object", "thing", {})]).found}
    assert {item.name for item in plan.extras} == added == {"thing: Days", "thing: Other"}
    live.add(pipeline("Life", "New", "Done"))
    assert compare(wanted, live, []).actions == []


class Org:
    """As many records as it is made with, of which the last is not copied."""

    def __init__(self, records: int, *, filterable: bool) -> None:
        self.records, self.filterable = records, filterable

    def describe(self, name: str) -> dict[str, Any]:
        return {"fields": [{"name": "Old__c", "filterable": self.filterable}, {"name": "New__c"}]}

    def query_pages(self, soql: str) -> Any:
        if "WHERE" in soql and not self.filterable:
            raise Rejected("field 'Old__c' can not be filtered in a query call", code="INVALID_FIELD")

        class Page:
            total = self.records
            records = [{"Old__c": n, "New__c": n} for n in range(1, self.records)] + [{"Old__c": 7}]

        yield Page


@pytest.mark.parametrize("filterable", [True, False])
def test_how_far_a_backfill_is_verified_is_told_as_it_goes(filterable: bool) -> None:
    class Session:
        salesforce = Org(2_500, filterable=filterable)

    assert read.losing_rows(Session.salesforce, "Lead", "Old__c") == 2_500  # type: ignore[arg-type]

    told: list[tuple[str, int, int | None]] = []
    rename = Rename("salesforce", "Lead", "Old__c", "New__c", FieldModel(label="A", type="date"), "x")
    found = renaming.verify(Session(), rename, lambda *said: told.append(said))  # type: ignore[arg-type]
    what = "salesforce Lead.Old__c"
    assert told == [(what, 1_000, None), (what, 2_000, None), (what, 2_500, 2_500)]
    assert found is not None
    assert found.sentence == "salesforce Lead.Old__c → New__c: 1 of 2,500 values are not copied"
