"""What an account says of its own limits stops a plan that would go past them, in one sentence."""

from __future__ import annotations

from pipelines.schema.items import Item, Live, Wanted
from pipelines.schema.plan import compare


def fields(count: int, of: str) -> list[Item]:
    return [Item("salesforce", "field", f"{of}.F{n}__c", {"label": "F"}, of) for n in range(count)]


def test_more_fields_than_the_edition_of_the_org_takes_are_a_problem_and_as_many_are_none() -> None:
    wanted = Wanted("salesforce", fields(3, "Lead"))
    live = Live("salesforce", "org", used={("field", "Lead"): (98, 100)})
    assert compare(wanted, live, []).problems == [
        "salesforce has 98 of 100 custom fields on Lead, and 3 more are planned"
    ]
    live.used["field", "Lead"] = (97, 100)
    assert compare(wanted, live, []).problems == []
    for item in wanted.items[:2]:
        live.add(item)
    live.used["field", "Lead"] = (99, 100)
    assert compare(wanted, live, []).problems == []  # what is there already is counted once


def test_objects_are_counted_over_the_whole_account() -> None:
    items = [Item("hubspot", "object", name, {}, name) for name in ("a", "b")]
    live = Live("hubspot", "1", used={("object", ""): (9, 10)})
    assert compare(Wanted("hubspot", items), live, []).problems == [
        "hubspot has 9 of 10 custom objects, and 2 more are planned"
    ]
