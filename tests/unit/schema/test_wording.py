"""What a plan and a diff say of the inside of a thing: every difference, by its name, at 80 columns."""

from __future__ import annotations

import copy
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cli.schema import show, show_held
from pipelines.rules.schema.load import load_model
from pipelines.schema.hubspot import objects as hubspot
from pipelines.schema.items import Holding, Item
from pipelines.schema.plan import Action, Plan
from pipelines.schema.salesforce import objects as salesforce
from pipelines.schema.wording import told
from pipelines.settings import PROJECT_ROOT

EVERYTHING = PROJECT_ROOT / "tests" / "integration" / "schema" / "everything"


def value(name: str, label: str = "", **more: str) -> dict[str, str]:
    return {"fullName": name, "default": "false", "isActive": "true", "label": label or name} | more


def values(*listed: dict[str, str]) -> dict[str, Any]:
    return {"restricted": "true", "valueSetDefinition": {"sorted": "false", "value": list(listed)}}


def section(label: str, *columns: list[str]) -> dict[str, Any]:
    items = [{"layoutItems": [{"behavior": "Edit", "field": name} for name in each]} for each in columns]
    return {"label": label, "layoutColumns": items, "style": "TwoColumnsLeftToRight"}


RIGHT = {"object": "T__c", "allowRead": "true", "allowEdit": "true", "allowDelete": "false"}


@pytest.mark.parametrize(
    ("name", "before", "after", "lines"),
    [
        ("valueSet", values(value("a"), value("b"), value("d", "The fourth")),
         values(value("a", "Ay"), value("c", "See", isActive="false")),
         ["values: added c (not active, label See)", "values: removed b, d (label The fourth)",
          "values: a: label: a → Ay"]),
        ("valueSet", None, values(value("a")), ["restricted: nothing → yes", "sorted: nothing → no",
                                                "values: added a"]),
        ("options", [{"label": n, "value": n, "hidden": False} for n in "abc"],
         [{"label": n, "value": n, "hidden": n == "b"} for n in "cab"],
         ["values: b: hidden: no → yes", "values: moved c to the front"]),
        ("stages", [{"label": "New", "closed": False, "probability": 0.2}],
         [{"label": "New", "closed": False, "probability": 0.4}, {"label": "Won", "closed": True}],
         ["stages: added Won (closed)", "stages: New: probability: 0.2 → 0.4"]),
        ("layoutSections", [section("What", ["Name", "A__c"], ["B__c"]), section("Old", ["C__c"])],
         [section("What", ["Name"], ["A__c"])],
         ["sections: removed Old (columns 1, fields: C__c (Edit))",
          "sections: What: fields: removed B__c (Edit, column 2)",
          "sections: What: fields: A__c: column: 1 → 2"]),
        ("picklistValues", [{"picklist": "P__c", "values": [{"fullName": "x"}, {"fullName": "y"}]}],
         [{"picklist": "P__c", "values": [{"fullName": "x", "default": "true"}]}],
         ["picklists: P__c: values: removed y", "picklists: P__c: values: x: default: nothing → yes"]),
        ("objectPermissions", [RIGHT], [RIGHT | {"allowDelete": "true"}],
         ["rights to objects: T__c: delete: no → yes"]),
        ("fieldPermissions", [{"field": "T__c.A", "editable": "true", "readable": "true"}], None,
         ["rights to fields: removed T__c.A (edit)"]),
        ("Body", "one\ntwo\nthree\n", "one\n2\n  more\nthree\n",
         ["code: lines added 2, removed 1", "  - two", "  + 2", "  +   more"]),
        ("errorMessage", "", "A seat", ["errorMessage: nothing → A seat"]),
        ("active", True, "true", ["active: True → 'true'"]),
        ("formula", f"{'A' * 90}1{'B' * 90}", f"{'A' * 90}2{'B' * 90}",
         [f"formula: …{'A' * 20}1{'B' * 20}… → …{'A' * 20}2{'B' * 20}…"]),
    ],
)  # fmt: skip
def test_what_came_what_went_and_what_is_otherwise_is_named(
    name: str, before: Any, after: Any, lines: list[str]
) -> None:
    assert told(name, before, after) == lines


def test_no_difference_in_anything_of_a_model_is_invisible(tmp_path: Path) -> None:
    """Each smallest part of every kind of thing, taken out or otherwise, is said, and both sides differ."""
    shutil.copytree(PROJECT_ROOT / "config", tmp_path, dirs_exist_ok=True)
    shutil.copytree(EVERYTHING, tmp_path, dirs_exist_ok=True)
    model = load_model(tmp_path)
    tried = 0
    for item in [*hubspot.wanted(model).items, *salesforce.wanted(model).items]:
        for name, whole in item.content.items():
            if item.kind == "permission set" and isinstance(whole, list):
                whole = whole[:2]
            for changed in altered(whole):
                tried += 1
                for before, after in ((whole, changed), (changed, whole)):
                    lines = told(name, before, after)
                    assert lines, (item.shown, name, before, after)
                    sides = [line.rpartition(": ")[2].partition(" → ") for line in lines]
                    assert all(left != right for left, _, right in sides), lines
    assert tried > 500


def altered(whole: Any) -> Iterator[Any]:
    """The same with one part otherwise, for each part there is."""
    if isinstance(whole, (dict, list)):
        for key in list(whole) if isinstance(whole, dict) else range(len(whole)):
            less = copy.deepcopy(whole)
            del less[key]
            yield less
            for each in altered(whole[key]):
                more = copy.deepcopy(whole)
                more[key] = each
                yield more
        return
    yield {"true": "false", "false": "true"}.get(whole, f"{whole} x") if isinstance(whole, str) else "other"


def test_a_plan_shows_the_inside_of_a_change_within_80_columns() -> None:
    wide = [value(f"value number {n} of the list") for n in range(12)]
    item = Item("salesforce", "field", "T__c.Pick__c", {"valueSet": values(*wide)}, "T__c")
    action = Action("change", item, {"valueSet": values(*wide[:1])}, note="beside it is another")
    shown = screen(lambda console: show(console, Plan([action])))
    assert " ".join(shown.split()).count("value number") == 11
    assert "beside it is another" in shown
    assert all(len(line) <= 80 for line in shown.splitlines()), shown


def test_how_things_are_held_is_not_cut_at_80_columns() -> None:
    model = "subscription: record type enterprise_cloud_plain: values"
    how = "HubSpot offers every value of a property to every record"
    holding = Holding(model, "salesforce", "not available", how)
    shown = screen(lambda console: show_held(console, Plan(holdings=[holding])))
    assert "…" not in shown
    rest = "".join(shown.split())
    for word in (*model.split(), *how.split()):
        assert word in rest, shown


def screen(draw: Any) -> str:
    out = io.StringIO()
    draw(Console(file=out, width=80, highlight=False))
    return out.getvalue()


def test_what_is_shown_can_be_read_again() -> None:
    """An entry that nothing names is shown as it is, so that two of them are told apart."""
    lines = told("odd", [{"x": 1}], [{"x": 2}])
    assert lines == [f"odd: added {json.dumps({'x': 2})}", f"odd: removed {json.dumps({'x': 1})}"]
