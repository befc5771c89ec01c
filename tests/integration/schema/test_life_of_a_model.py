"""One model through its whole life: planned, applied, changed by hand, found, repaired, imported back."""

from __future__ import annotations

import json

import httpx
import pytest

from pipelines.crashpoints import Crashed, armed
from pipelines.errors import CrmError
from pipelines.schema import importing, run
from pipelines.schema.plan import Plan

from .conftest import Crms


def names(plan: Plan, *operations: str) -> set[str]:
    return {a.name for a in plan.actions if a.operation in (operations or ("create", "change", "destroy"))}


def files(crms: Crms) -> dict[str, object]:
    """Apex as text, workflows as what they say: HubSpot orders their keys as it likes."""
    return {
        p.name: json.loads(p.read_text()) if p.suffix == ".json" else p.read_text()
        for n in ("apex", "workflows")
        for p in (crms.config / n).iterdir()
    }


def test_a_model_is_applied_drifts_is_found_repaired_and_imported_back_to_the_same_yaml(crms: Crms) -> None:
    first = crms.plan()
    assert {"subscription", "Subscription__c", "subscription → companies"} <= names(first, "create")
    assert not names(first, "destroy")
    applied = crms.apply()
    assert applied.coverage == {"SubscriptionTrigger": 100}
    assert crms.plan().actions == []
    assert crms.drift() == set()

    seats = {"label": "Number of seats"}
    crms.org(do="edit_metadata", type="CustomField", name="Subscription__c.Seats__c", content=seats)
    extra = {"label": "By hand", "type": "Text", "length": "20", "fullName": "By_Hand__c"}
    crms.org(do="edit_metadata", type="CustomField", name="Subscription__c.By_Hand__c", content=extra)
    crms.org(do="edit_metadata", type="ValidationRule", name="Subscription__c.Seats_Positive")
    kind = next(
        e["objectTypeId"]
        for e in crms.portal("GET", "/crm-object-schemas/2026-03/schemas")["results"]
        if e["name"] == "subscription"
    )
    crms.portal("PATCH", f"/crm/properties/2026-03/{kind}/tier", {"label": "Level"})
    assert crms.drift() == {
        ("changed", "Subscription__c.Seats__c"), ("added", "Subscription__c.By_Hand__c"),
        ("gone", "Subscription__c.Seats_Positive"), ("changed", "subscription.tier"),
    }  # fmt: skip

    repair = crms.plan()
    assert names(repair, "change") == {"Subscription__c.Seats__c", "subscription.tier"}
    assert names(repair, "create") == {"Subscription__c.Seats_Positive"}
    assert [item.name for item in repair.extras] == ["Subscription__c.By_Hand__c"]
    crms.apply()
    crms.org(do="edit_metadata", type="CustomField", name="Subscription__c.By_Hand__c")
    assert crms.drift() == set()

    before = (crms.config / "custom_objects.yml").read_text()
    beside = files(crms)
    for name in ("apex", "workflows"):
        for path in (crms.config / name).iterdir():
            path.unlink()
    (crms.config / "custom_objects.yml").write_text("objects: {}\n")
    with crms.session() as session:
        importing.import_objects(session, crms.model, "salesforce", ["Subscription__c"])
        importing.import_objects(session, crms.model, "hubspot", ["subscription"])
    assert (crms.config / "custom_objects.yml").read_text() == before
    assert files(crms) == beside
    assert crms.plan().actions == []


def test_an_apply_that_is_killed_at_hubspot_goes_on_with_the_rest(crms: Crms) -> None:
    with armed("schema: hubspot thing done", nth=4), pytest.raises(Crashed):
        crms.apply()
    left = crms.plan()
    assert left.of("hubspot", "create")
    assert "subscription" not in names(left)
    crms.apply()
    assert crms.plan().actions == []


def test_a_deploy_whose_end_nobody_saw_is_waited_for_and_remembered(crms: Crms) -> None:
    crms.org(do="slow_deploys", polls=2)
    with armed("schema: deploy began"), pytest.raises(Crashed):
        crms.apply()
    with crms.session() as session:
        assert run.settle(session) == 1
        assert run.settle(session) == 0
    assert names(crms.plan()) == {"CRM_Integration of the integration user"}
    crms.apply()
    assert crms.drift() == set()


def test_a_failure_half_way_says_what_stands(crms: Crms) -> None:
    url = f"{crms.ready['hubspot']['url']}/_sandbox/faults"
    fault = {"match": "POST /crm/pipelines/2026-03/", "status": 403, "times": 1}
    httpx.post(url, json=[fault]).raise_for_status()
    with pytest.raises(CrmError) as failed:
        crms.apply()
    said = str(failed.value)
    assert "hubspot pipeline subscription: Renewal could not be done" in said
    assert "things stand" in said
    assert "custom_objects.yml line" in said
    assert not any(a.item.kind == "object" for a in crms.plan().of("hubspot", "create"))
    crms.apply()
    assert crms.plan().actions == []


def test_too_little_coverage_and_a_failing_test_are_found_before_anything_is_changed(crms: Crms) -> None:
    crms.org(do="cover", name="SubscriptionTrigger", percent=60)
    before = crms.plan().id
    with pytest.raises(CrmError) as failed:
        crms.apply()
    assert "SubscriptionTrigger: Test coverage of selected Apex Trigger is 60%" in str(failed.value)
    assert "custom_objects.yml line" in str(failed.value)
    assert crms.plan().id == before
    crms.org(do="cover", name="SubscriptionTriggerTest", percent=-1)
    with pytest.raises(CrmError, match=r"test SubscriptionTriggerTest\.test"):
        crms.apply()


def test_what_loses_data_is_done_only_when_it_is_named(crms: Crms) -> None:
    crms.apply()
    with crms.session() as session:
        assert session.salesforce is not None
        account = next(session.salesforce.query_pages("SELECT Id FROM Account LIMIT 1")).records[0]["Id"]
        row = {"Name": "S", "Contract_Number__c": "C-1", "Company__c": account, "Notes__c": "kept",
               "Channels__c": "web", "Discount__c": 12.5}  # fmt: skip
        assert session.salesforce.create_collection("Subscription__c", [row])[0].ok
    crms.rewrite("          - web\n", "")
    crms.rewrite("        digits: 5\n        decimals: 2\n", "        digits: 5\n        decimals: 0\n")
    plan = crms.plan()
    losing = {a.name: a.loses for a in plan.actions if a.loses}
    assert "1 record has a value" in losing["Subscription__c.Discount__c"]
    assert "the values web" in losing["Subscription__c.Channels__c"]
    assert "subscription.channels" in names(plan, "change") - losing.keys()
    crms.apply()
    assert "Subscription__c.Discount__c" in names(crms.plan())
    crms.apply(allowed=["subscription__c.discount__c"])
    assert "Subscription__c.Discount__c" not in names(crms.plan())


def test_what_leaves_the_model_is_destroyed_when_it_is_named(crms: Crms) -> None:
    crms.apply()
    text = (crms.config / "custom_objects.yml").read_text()
    start = text.index("      renewed_at:")
    end = text.index("      is_live:")
    (crms.config / "custom_objects.yml").write_text(text[:start] + text[end:])
    plan = crms.plan()
    assert names(plan, "destroy") == {"Subscription__c.Renewed_At__c", "subscription.renewed_at"}
    crms.apply()
    assert crms.plan().actions == []
    with crms.session() as session:  # without the permission set none of these would be shown
        assert session.salesforce is not None
        shown = {f["name"] for f in session.salesforce.describe("Subscription__c")["fields"]}
    assert {"Seats__c", "Company__c", "Yearly_Fee__c", "Contract_Number__c"} <= shown
    assert "Renewed_At__c" not in shown


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("        unique: true\n", "", "HubSpot makes no property unique, or not unique, once it is there"),
        ("        type: date\n", "        type: auto_number\n        format: 'A-{0000}'\n",
         "Salesforce turns no Date into a AutoNumber"),
    ],
)  # fmt: skip
def test_what_cannot_be_changed_is_said_and_left(crms: Crms, old: str, new: str, said: str) -> None:
    crms.apply()
    crms.rewrite(old, new)
    if "unique" in old:
        crms.rewrite("    key: contract_number\n", "")
    assert said in {a.impossible for a in crms.plan().actions}


def test_only_one_field_is_made_when_only_one_is_asked_for(crms: Crms) -> None:
    crms.org(do="remove_field", object="Lead", name="Lead_Score__c")
    with crms.session() as session:
        plan = run.plan(session, crms.model, only=["Lead.Lead_Score__c"])
        assert names(plan, "create") >= {"Lead.Lead_Score__c"}
        assert "Subscription__c" not in names(plan)


def test_an_account_without_room_is_told_before_anything_is_made(crms: Crms) -> None:
    crms.portal("GET", "/crm-object-schemas/2026-03/schemas")
    crms.rewrite("objects:\n", "editions:\n  hubspot_objects: 30\nobjects:\n")
    text = (crms.config / "custom_objects.yml").read_text()
    more = "".join(f"  thing_{n}:\n    label: Thing {n}\n    plural: Things {n}\n" for n in range(10))
    (crms.config / "custom_objects.yml").write_text(text + more)
    with pytest.raises(CrmError, match="hubspot has 1 of 10 custom objects, and 11 more are planned"):
        crms.apply()


def test_a_bare_org_and_portal_are_ready_after_one_apply(crms: Crms) -> None:
    """Every field of fields.yml is taken away at both CRMs; one apply brings all of them back."""
    (crms.config / "custom_objects.yml").write_text("objects: {}\n")
    model = crms.model
    ours = {v: [(owner, getattr(p.model, v) or p.key) for owner, p in model.shared(v)]
            for v in ("hubspot", "salesforce")}  # type: ignore[arg-type]  # fmt: skip
    assert len(ours["hubspot"]) > 5
    assert len(ours["salesforce"]) > 15
    with crms.session() as session:
        assert session.salesforce is not None
        assert session.hubspot is not None
        for owner in dict.fromkeys(owner for owner, _ in ours["salesforce"]):
            there = {f["name"] for f in session.salesforce.describe(owner)["fields"]}
            for _, name in (each for each in ours["salesforce"] if each[0] == owner and each[1] in there):
                crms.org(do="remove_field", object=owner, name=name)
        for owner in dict.fromkeys(owner for owner, _ in ours["hubspot"]):
            there = {p["name"] for p in session.hubspot.properties(owner)}
            for _, name in (each for each in ours["hubspot"] if each[0] == owner and each[1] in there):
                crms.portal("DELETE", f"/crm/properties/2026-03/{owner}/{name}")
        bare = run.plan(session, model)
    wanted = {f"{owner}.{name}" for each in ours.values() for owner, name in each}
    assert wanted <= names(bare, "create")
    crms.apply()
    assert crms.plan().actions == []
    with crms.session() as session:  # as reverse sync sees it: over the API, with the rights of its user
        assert session.salesforce is not None
        assert session.hubspot is not None
        for owner, name in ours["salesforce"]:
            writable = {f["name"] for f in session.salesforce.describe(owner)["fields"] if f["updateable"]}
            assert name in writable, (owner, name)
        for owner, name in ours["hubspot"]:
            assert name in {p["name"] for p in session.hubspot.properties(owner)}, (owner, name)
