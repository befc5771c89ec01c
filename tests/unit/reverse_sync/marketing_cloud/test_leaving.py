"""Rows of Marketing Cloud that are removed or emptied, and subscribers who are taken off and put back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipelines.clients.marketing_cloud import rows
from pipelines.reverse_sync.actions.base import NOT_THERE, Action, Found
from pipelines.reverse_sync.actions.extension_rows import RowEmptying, RowRemoval
from pipelines.reverse_sync.forecast import forecast
from tests.fixtures import marketing_cloud as mcs

from .conftest import row


def leaving(kind: str, key: str, **before: str | None) -> Action:
    payload = {"key": "ContactKey", "before": before, "moments": [], "of": 9}
    return Action(
        f"{kind}:{key}", "people_left", kind, "marketing_cloud", mcs.PEOPLE,
        f"marketing_cloud:77:{mcs.PEOPLE}:{key}", "", payload, (), "computed", "on_leave", "", "compensable",
    )  # fmt: skip


def test_a_row_that_leaves_is_removed_alone_and_its_removal_is_undone_once(destination, mc):
    destination.update(mcs.PEOPLE, [row(key, FirstName=key, LeadScore="7") for key in ("003A", "003B")])
    handler, gone = RowRemoval(destination), leaving("remove_row", "003a", FirstName="003A", LeadScore="7")
    never = leaving("remove_row", "003NOBODY")
    assert handler.look_up([gone, never]) == [NOT_THERE, Found("remove_row:003NOBODY")]
    assert [answer.ok for answer in handler.send([gone, never])] == [True, True]  # who is gone is no failure
    assert handler.look_up([gone]) == [Found("remove_row:003a")]
    assert destination.read(mcs.PEOPLE, ["003A", "003B"], ["FirstName"]) == {"003B": {"FirstName": "003B"}}
    assert handler.undo([(gone, "")])[0].ok
    held = destination.read(mcs.PEOPLE, ["003a"], ["FirstName", "LeadScore"])
    assert held == {"003a": {"FirstName": "003A", "LeadScore": "7"}}
    destination.update(mcs.PEOPLE, [row("003a", FirstName="new")])
    again = handler.undo([(gone, "")])[0]
    assert (again.ok, again.code) == (False, "CHANGED_SINCE")
    assert destination.read(mcs.PEOPLE, ["003a"], ["FirstName"])["003a"] == {"FirstName": "new"}


def test_a_row_that_is_emptied_keeps_its_key_and_gets_back_what_it_held(destination, mc):
    destination.update(mcs.PEOPLE, [row("003A", FirstName="Ana", LeadScore="7")])
    handler, emptied = RowEmptying(destination), leaving("empty_row", "003A", FirstName="Ana", LeadScore="7")
    assert handler.look_up([emptied]) == [NOT_THERE]
    assert handler.send([emptied])[0].ok
    fields = ["FirstName", "LeadScore"]
    assert destination.read(mcs.PEOPLE, ["003A"], fields) == {"003A": dict.fromkeys(fields)}
    assert handler.look_up([emptied]) == [Found("empty_row:003A")]
    assert handler.undo([(emptied, "")])[0].ok
    assert destination.read(mcs.PEOPLE, ["003A"], fields) == {"003A": {"FirstName": "Ana", "LeadScore": "7"}}


def test_what_an_erased_person_s_row_held_is_not_written_back(destination, mc):
    erased = replace(leaving("remove_row", "x"), payload={})
    assert [each.code for each in RowRemoval(destination).undo([(erased, "")])] == ["ERASED"]


@pytest.mark.parametrize(
    ("extension", "why"), [("Lead_Salesforce_1", "read only"), ("crm_complaints", "named by its primary key")]
)
def test_rows_that_are_not_ours_to_remove_stay(destination, mc, extension, why):
    held = "from extension_rows r join data_extensions d on d.id = r.extension where d.key = ?"
    before = mc.store.value(f"select count(*) {held}", (extension,))
    some = mc.store.value(f"select r.pk {held}", (extension,)) or "003A"
    told = rows.delete_some(destination.client, extension, "_ContactKey", [some])
    assert not told[0].ok
    assert why in told[0].message
    assert mc.store.value(f"select count(*) {held}", (extension,)) == before


def test_a_subscriber_is_taken_off_and_put_back_and_the_store_says_so(destination, mc):
    [(key,), (other,)] = mc.store.rows("select key from subscribers where status = 'Active' limit 2")
    rows = destination.update("Subscriber", [row(key, Status="Unsubscribed"), row("nobody", Status="Active")])
    assert [(each.ok, each.code) for each in rows] == [(True, ""), (False, "12003")]
    read = destination.read("Subscriber", [key, other, "nobody"], ["Status"])
    assert read == {key: {"Status": "Unsubscribed"}, other: {"Status": "Active"}}
    [(since,)] = mc.store.rows("select unsubscribed from subscribers where key = ?", (key,))
    assert since is not None
    assert destination.update("Subscriber", [row(key, Status="Active")])[0].ok
    assert mc.store.rows("select status, unsubscribed from subscribers where key = ?", (key,)) == [
        ("Active", None)
    ]


def test_somebody_is_taken_off_one_list_by_its_name_key_or_id_and_off_no_other(destination, mc):
    on = "select subscriber from list_subscribers where list = 109 and status = 'Active' limit 3"
    keys = [key for (key,) in mc.store.rows(on)]
    mc.store.db.execute(
        "insert into lists select 7, 'seven', 'Web', 'Webinars', 412, created, '' from lists limit 1"
    )
    mc.store.db.execute(
        "insert into list_subscribers (list, subscriber, status, created, modified) "
        "select 7, subscriber, status, created, modified from list_subscribers where list = 109"
    )
    fields = ("list newsletter", "list newsletter - 412", "list 109")
    assert set(fields) <= destination.fields("ListSubscriber").keys()
    before = destination.calls
    for key, field in zip(keys, fields, strict=True):
        rows = destination.update("ListSubscriber", [row(key, **{field: "Unsubscribed"})])
        assert [each.ok for each in rows] == [True]
        assert destination.read("ListSubscriber", [key], [field]) == {key: {field: "Unsubscribed"}}
    said = forecast("marketing_cloud", 1, consent=True, object_name="ListSubscriber")
    assert destination.calls - before == 3 * (said.write + said.read_back)
    held = (
        "select list, count(*) from list_subscribers where status = 'Unsubscribed' "
        "and subscriber in (?, ?, ?) group by 1"
    )
    assert mc.store.rows(held, tuple(keys)) == [(109, 3)]
    stranger = row("nobody", **{fields[0]: "Unsubscribed"})
    assert [each.code for each in destination.update("ListSubscriber", [stranger])] == ["12003"]


def test_opt_outs_of_subscribers_cost_a_call_and_a_read_back_for_two_hundred(destination, mc):
    keys = [key for (key,) in mc.store.rows("select key from subscribers order by key limit 250")]
    destination.account()  # signs in
    before = destination.calls
    assert all(
        each.ok for each in destination.update("Subscriber", [row(k, Status="Unsubscribed") for k in keys])
    )
    destination.read("Subscriber", keys, ["Status"])
    assert destination.calls - before == forecast("marketing_cloud", len(keys), consent=True).total
