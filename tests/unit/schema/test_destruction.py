"""What is destroyed goes in an order in which nothing that is still there names it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pipelines.schema.apply import make_deploy
from pipelines.schema.items import Item, Live, Wanted
from pipelines.schema.plan import Action
from pipelines.schema.salesforce import package, read


def item(name: str, kind: str = "field", **content: Any) -> Item:
    return Item("salesforce", kind, f"T__c.{name}", content, "T__c")


MONTHLY = item("Monthly__c", type="Currency")
YEARLY = item("Yearly__c", formula="Monthly__c * 12")
DECADE = item("A_Decade__c", formula="Yearly__c * 10")
RULE = item("V", "validation rule", errorConditionFormula="Yearly__c < 0")
RULE_AFTER = item("V", "validation rule", errorConditionFormula="Seats__c < 0")


def destroyed(gone: list[Item], *changes: Action) -> tuple[list[str], list[str]]:
    """The names in the manifests before and after."""
    actions = [*changes, *(Action("destroy", each, each.content) for each in gone)]
    deploy = make_deploy(actions, Wanted("salesforce"), "NoTestRun")
    assert deploy is not None
    files = package.files(deploy.items, deploy.destroyed, "62.0", deploy.replaced)
    before, after = (
        re.findall(r"<members>(?:T__c\.)?(\w+)</members>", files.get(f"destructiveChanges{when}.xml", ""))
        for when in ("Pre", "Post")
    )
    return before, after


def test_what_names_a_field_that_goes_too_goes_before_everything_in_its_order() -> None:
    assert destroyed([MONTHLY, YEARLY, DECADE]) == (["A_Decade__c", "Yearly__c"], ["Monthly__c"])
    assert destroyed([MONTHLY, RULE, YEARLY]) == (["V", "Yearly__c"], ["Monthly__c"])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (RULE, RULE_AFTER),
        (item("F__c", formula="yearly__c + 1"), item("F__c", formula="Seats__c + 1")),
        (
            Item("salesforce", "apex trigger", "G", {"Body": "t.Yearly__c = 1;", "apiVersion": "62.0"}),
            Item("salesforce", "apex trigger", "G", {"Body": "", "apiVersion": "62.0", "status": "Active"}),
        ),
    ],
    ids=["rule", "formula", "trigger"],
)
def test_a_formula_that_something_names_until_it_is_changed_goes_after_it(before: Item, after: Item) -> None:
    change = Action("change", after, before.content)
    assert destroyed([MONTHLY, YEARLY], change) == ([], ["Yearly__c", "Monthly__c"])
    # what names the formula by itself still goes first, and what it is worked out of waits with it
    assert destroyed([MONTHLY, YEARLY, DECADE], change) == (["A_Decade__c"], ["Yearly__c", "Monthly__c"])
    base = item("Z_Base__c", type="Currency")
    middle = item("Monthly__c", formula="Z_Base__c / 2")
    assert destroyed([base, middle, YEARLY], change) == ([], ["Yearly__c", "Monthly__c", "Z_Base__c"])


@pytest.mark.parametrize(
    "content",
    [
        {"formula": "Company__r.Name"},
        {"summaryForeignKey": "T__c.Company__c", "summaryOperation": "count"},
        {"summarizedField": "T__c.Company__c"},
        {"valueSet": {"controllingField": "Company__c"}},
        {"defaultValue": "TEXT(Company__c)"},
    ],
    ids=str,
)
def test_a_field_is_named_in_every_way_that_salesforce_has(content: dict[str, Any]) -> None:
    lookup = item("Company__c", type="Lookup", referenceTo="Account")
    assert destroyed([lookup, item("Z__c", **content)]) == (["Z__c"], ["Company__c"])
    other = item("A_Company__c", type="Text")
    assert destroyed([other, item("Z__c", **content)]) == ([], ["A_Company__c", "Z__c"])


def test_the_filter_of_a_sum_names_a_field() -> None:
    live = Live("salesforce", "org")
    total = {"fullName": "Z_Total__c", "type": "Summary", "summaryFilterItems": {"field": "T__c.Paid__c"}}
    read.add_object(live, "T__c", {"fields": [{"fullName": "Paid__c", "type": "Checkbox"}, total]})
    gone = [each for each in live.items.values() if each.kind == "field"]
    assert destroyed(gone) == (["Z_Total__c"], ["Paid__c"])
