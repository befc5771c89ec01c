"""Another sync on the same records: its fields are listed and left alone, unless they are said to be ours."""

from __future__ import annotations

THEIRS = [
    "create table reverse_sync.coexisting_fields as select * from "
    "(values ('hubspot', 'contacts', 'stage', 'hubspot_connector', 3), "
    "('hubspot', 'contacts', 'source', 'hubspot_connector', 1)) as t (vendor, object, field, sync, writes)"
]


def publish(world):
    world.hubspot.records = {"1": {"stage": "lead", "source": "paid"}, "2": {"stage": "lead"}}
    wanted = {"stage": "mql", "source": "organic", "score": 7}
    world.publish({"1": wanted, "2": {"stage": "mql"}}, extra=THEIRS)
    return world.plan()


def test_fields_of_the_connector_are_never_written_unless_they_are_ours(world):
    plan = publish(world)
    world.apply(plan)
    # `source` and `score` are owned by us in syncs.yml, `stage` is not.
    assert {(i, field) for i, field, _, _ in world.hubspot.writes} == {("1", "score"), ("1", "source")}


def test_each_record_is_held_with_the_field_and_what_to_do(world):
    held = publish(world).held
    assert [each.record_id for each in held] == ["1", "2"]
    assert all(
        "stage: HubSpot's Salesforce connector keeps it; say owner: us" in each.reason for each in held
    )


def test_the_fields_of_the_connector_are_listed(world):
    assert "hubspot contacts: source, stage left to HubSpot's Salesforce connector" in publish(world).notes


def test_without_a_connector_nothing_is_held(world):
    world.hubspot.records = {"1": {"stage": "lead"}}
    world.publish({"1": {"stage": "mql"}})
    assert not world.plan().held


def test_the_other_end_of_a_line_is_left_to_the_connector_as_well(world):
    """It is seen to write the lead's owner; a line ties the contact's to that, which nothing is seen of."""
    world.hubspot.records = {"1": {"stage": "lead"}}
    tied = [
        "create table reverse_sync.coexisting_fields as select 'salesforce' as vendor, 'Lead' as object, "
        "'OwnerId' as field, 'hubspot_connector marketing_cloud_connect' as sync, 3 as writes",
        "create table reverse_sync.mirrored_fields as select 'contacts' as sync, 'hubspot' as vendor, "
        "'contacts' as object, 'rep' as field, 'Lead' as other_object, 'OWNERID' as other_field",
    ]
    world.publish({"1": {"stage": "mql", "rep": "7"}}, extra=tied)
    plan = world.plan()
    assert [each.reason for each in plan.held] == [
        "rep: HubSpot's Salesforce connector keeps salesforce Lead.OwnerId; "
        "say owner: us in syncs.yml to write it"
    ]
    world.apply(plan)
    assert [field for _, field, _, _ in world.hubspot.writes] == ["stage"]
