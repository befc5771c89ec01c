"""What an apply does when it is stopped, when data would be lost, and when a CRM has no room. The life of one
model with its records is `tests/e2e/test_objects_as_code.py`."""

from __future__ import annotations

import httpx
import pytest

from pipelines.crashpoints import Crashed, armed
from pipelines.errors import CrmError
from pipelines.schema import run
from pipelines.schema.plan import Plan

from .conftest import Crms


def names(plan: Plan, *operations: str) -> set[str]:
    return {a.name for a in plan.actions if a.operation in (operations or ("create", "change", "destroy"))}


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
    crms.rewrite("        type: currency\n", "        type: currency\n        group: pricing\n")
    said = fails(
        crms, "hubspot", "POST /crm/properties/2026-03/.*/groups"
    )  # right after the object's own call
    assert "hubspot group subscription: pricing could not be done" in said
    assert " things stand, " in said
    assert "custom_objects.yml line" in said
    left = crms.plan()
    assert not any(a.item.kind == "object" for a in left.of("hubspot", "create"))
    assert not left.of("salesforce", "create", "change")  # it does not wait for HubSpot
    said = fails(crms, "hubspot", "POST /crm/pipelines/2026-03/")
    assert "hubspot pipeline subscription: Renewal could not be done" in said
    assert "subscription.monthly_fee" not in names(crms.plan())
    crms.rewrite("        label: Seats\n", "        label: Places\n")
    refused = {"match": "POST .*/metadata/deployRequest", "status": 403, "times": 1, "after": 1}
    faults = f"{crms.ready['salesforce']['url']}/_sandbox/faults"
    httpx.post(faults, json=[refused]).raise_for_status()  # checked, and then not done
    said = fails(crms, "hubspot", "POST /crm/pipelines/2026-03/")
    httpx.delete(faults).raise_for_status()
    assert "Renewal could not be done" in said
    assert "; and " in said
    assert "; 1 of " in said
    assert "subscription.seats the last" in said
    left = crms.plan()
    assert left.of("hubspot", "create")
    assert names(left, "change") == {"Subscription__c.Seats__c"}
    crms.apply()
    assert crms.plan().actions == []


def fails(crms: Crms, vendor: str, match: str, **more: int) -> str:
    """What an apply says when this call is refused."""
    url = f"{crms.ready[vendor]['url']}/_sandbox/faults"
    httpx.post(url, json=[{"match": match, "status": 403, "times": 1, **more}]).raise_for_status()
    with pytest.raises(CrmError) as failed:
        crms.apply()
    httpx.delete(url).raise_for_status()
    return str(failed.value)


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


def test_what_leaves_the_model_is_seen_until_it_is_named_and_then_destroyed(crms: Crms) -> None:
    crms.rewrite("        type: currency\n", "        type: currency\n        group: pricing\n")
    spare = (
        "      spare: {label: Spare, type: date, crms: [salesforce]}\n"
        "      a_year: {label: A year, type: formula, returns: number, formula: YEAR(Spare__c)}\n"
        "      a_next_year: {label: Next, type: formula, returns: number, formula: A_Year__c + 1}\n"
    )
    crms.rewrite("    fields:\n", f"    fields:\n{spare}")
    rule = "      spared: {formula: A_Next_Year__c < YEAR(Spare__c), message: Past}\n"
    kept = "      kept: {formula: A_Year__c < 2000, message: Past}\n"
    crms.rewrite("    validations:\n", f"    validations:\n{rule}{kept}")
    first = crms.plan()
    assert "subscription → companies" in names(first, "create")
    assert not names(first, "destroy")
    assert crms.apply().coverage == {"SubscriptionTrigger": 100}
    assert crms.plan().actions == []
    crms.rewrite("        limit: 1\n", "        limit: 2\n")
    # an object that is there is given fields it needs, among them its name; a formula takes a new one
    crms.rewrite("      field: subscription_name\n", "      field: subscription_title\n")
    crms.rewrite("    fields:\n", "    fields:\n      must: {label: Must, type: number, required: true, "
                 "searchable: true, crms: [hubspot]}\n")  # fmt: skip
    crms.rewrite("[properties.monthly_fee] * 12", "[properties.monthly_fee] * [properties.must]")
    assert names(crms.plan()) == {
        "subscription → companies", "subscription", "subscription.must", "subscription.subscription_title",
        "subscription.subscription_name", "subscription.yearly_fee",
    }  # fmt: skip
    crms.apply()
    assert crms.plan().actions == []
    assert limits(crms) == [2]
    with crms.session() as session:
        assert session.salesforce is not None
        account = next(session.salesforce.query_pages("SELECT Id FROM Account LIMIT 1")).records[0]["Id"]
        row = {"Name": "S", "Contract_Number__c": "C-1", "Company__c": account,
               "Renewed_At__c": "2026-05-04T00:00:00Z"}  # fmt: skip
        assert session.salesforce.create_collection("Subscription__c", [row])[0].ok

    text = (crms.config / "custom_objects.yml").read_text()
    start, end = text.index("      renewed_at:"), text.index("      is_live:")
    text = text[:start] + text[end:]
    (crms.config / "custom_objects.yml").write_text(text.replace("        limit: 2\n", ""))
    crms.rewrite("        group: pricing\n", "")
    crms.rewrite(spare, "")  # with the rule and the formula that name it
    crms.rewrite(rule, "")
    crms.rewrite("A_Year__c < 2000", "Seats__c < 0")  # which names the formula in the org until it is changed
    assert names(crms.plan(), "destroy") == {
        "Subscription__c.Spare__c", "Subscription__c.A_Year__c", "Subscription__c.A_Next_Year__c",
        "Subscription__c.Spared",
        "Subscription__c.Renewed_At__c", "subscription.renewed_at", "subscription: pricing",
        "subscription → companies",
    }  # fmt: skip
    crms.apply(allowed=["Subscription__c.A_Next_Year__c"])
    assert limits(crms) == []
    with crms.session() as session:
        assert session.hubspot is not None
        groups = session.hubspot.get(session.hubspot.path("properties", "p_subscription") + "/groups")
    assert "pricing" not in {each["name"] for each in groups["results"]}
    # its value is not named as lost, so it stays, and is seen
    [left] = crms.plan().actions
    assert (left.name, left.loses) == (
        "Subscription__c.Renewed_At__c", "every value of it; 1 record has a value"
    )  # fmt: skip
    assert "Renewed_At__c" in shown(crms, "Subscription__c")
    crms.apply(allowed=["Subscription__c.Renewed_At__c"])
    assert crms.plan().actions == []
    assert crms.drift() == set()
    there = shown(crms, "Subscription__c")  # without the permission set none of these would be shown
    assert {"Seats__c", "Company__c", "Yearly_Fee__c", "Contract_Number__c"} <= there
    assert "Renewed_At__c" not in there


def shown(crms: Crms, name: str) -> set[str]:
    """The fields that the integration user sees."""
    with crms.session() as session:
        assert session.salesforce is not None
        return {str(f["name"]) for f in session.salesforce.describe(name)["fields"]}


def limits(crms: Crms) -> list[int]:
    listed = crms.portal("GET", "/crm/associations/2026-03/definitions/configurations/all")["results"]
    return [each["userEnforcedMaxToObjectIds"] for each in listed]


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


def test_an_account_without_room_is_told_before_anything_is_made(crms: Crms) -> None:
    crms.portal("GET", "/crm-object-schemas/2026-03/schemas")
    crms.rewrite("objects:\n", "editions:\n  hubspot_objects: 30\nobjects:\n")
    text = (crms.config / "custom_objects.yml").read_text()
    more = "".join(f"  thing_{n}:\n    label: Thing {n}\n    plural: Things {n}\n" for n in range(10))
    (crms.config / "custom_objects.yml").write_text(text + more)
    with pytest.raises(CrmError, match="hubspot has 1 of 10 custom objects, and 11 more are planned"):
        crms.apply()
    with crms.session() as session:
        assert session.salesforce is not None
        row = next(session.salesforce.query_pages("SELECT Id FROM Organization")).records[0]
    crms.org(do="set_values", object="Organization", id=row["Id"],
             values={"OrganizationType": "Professional Edition"})  # fmt: skip
    fields = "".join(f"      f_{n}: {{label: F, type: date}}\n" for n in range(99))
    crms.rewrite("      seats:\n", f"{fields}      seats:\n")
    problems = crms.plan().problems
    assert any("salesforce has 0 of 100 custom fields on Subscription__c, and 1" in p for p in problems)


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
    with crms.session() as session:  # only one is made when only one is asked for, and is seen
        only = run.plan(session, model, only=["Lead.Lead_Score__c"])
        assert names(only) == {
            "Lead.Lead_Score__c", "CRM_Integration", "CRM_Integration of the integration user"
        }  # fmt: skip
        run.apply(session, model, only)
    assert {n for n in shown(crms, "Lead") if n in dict.fromkeys(n for _, n in ours["salesforce"])} == {
        "Lead_Score__c"
    }
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
