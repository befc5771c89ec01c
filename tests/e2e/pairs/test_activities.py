"""Task and activity and engagement: both ways, made once, kept up to date, taken away with what they copy."""

from __future__ import annotations

from tests.e2e.stores import sobject


def test_engagement_to_activity(done):
    """A HubSpot call is a Salesforce task about the lead, kept up to date, our key in its text."""
    task = done.carried("Task", "Subject", "Roof order")
    assert task["WhoId"] == done.right("called")
    assert (task["Status"], task["TaskSubtype"], task["CallDurationInSeconds"]) == ("Completed", "Call", 125)


def test_task_and_activity_to_engagement(done):
    """A Salesforce task and event are a HubSpot task and meeting about the contact, our key in their text."""
    task = done.carried("tasks", "hs_task_subject", "Send slate samples")
    assert (task["hs_task_priority"], done.made["task"] in task["hs_task_body"]) == ("HIGH", True)
    meeting = done.carried("meetings", "hs_meeting_title", "Second site visit")
    assert meeting["hs_meeting_location"] == "Quay 4"
    assert ends_of(done, "tasks", task["id"]) == [done.left("called")]
    assert ends_of(done, "meetings", meeting["id"]) == [done.left("met")]


def test_what_is_logged_about_a_converted_lead_hangs_on_its_contact(done):
    contact = done.salesforce("converted and edited", "Lead")["ConvertedContactId"]
    assert done.carried("Task", "Subject", "Welcome call")["WhoId"] == contact
    task = done.carried("tasks", "hs_task_subject", "Bring the contract")
    assert ends_of(done, "tasks", task["id"]) == [done.left("converted and edited")]


def test_what_is_logged_about_merged_people_hangs_on_who_is_left(done):
    leads = [done.right(name) for name in ("merged in HubSpot", "merged away in HubSpot")]
    assert done.carried("Task", "Subject", "Talked to the joined")["WhoId"] in leads
    contacts = [done.left(name) for name in ("merged in Salesforce", "merged away in Salesforce")]
    task = done.carried("tasks", "hs_task_subject", "Measure both sheds")
    [end] = ends_of(done, "tasks", task["id"])
    assert end in contacts


def test_an_emptied_text_is_emptied_in_the_copy_and_our_key_stays(done):
    assert done.carried("Task", "Subject", "Roof order")["Description"].startswith("[crm:activity:hubspot:")
    body = done.carried("tasks", "hs_task_subject", "Chase the invoice")["hs_task_body"]
    assert done.made["invoice"] in body
    assert "Sent in May" not in body


def test_a_copy_that_is_ticked_off_closes_the_task_it_was_made_of(done):
    assert sobject(done.home, "Task", done.made["task"])["Status"] == "Completed"


def test_a_deleted_activity_takes_its_copy_with_it_where_the_file_says_so(done):
    query = "select IsDeleted from \"Task\" where Description like 'Prefers mornings%'"
    assert done.rows("salesforce", query) == [("true",)]
    query = "select archived from tasks where json_extract(props, '$.hs_task_subject') = 'Return the ladder'"
    assert done.rows("hubspot", query) == [(1,)]


def test_an_activity_is_logged_once_in_each_crm(done):
    again = [e["action_key"] for some in done.did for e in some if e["operation"] == "activity"]
    assert len(again) == len(set(again))
    made = done.published(
        "select vendor || ':' || split_part(record_key, ':', 2) || ':' || object || ':' || result_id "
        "from ops.journal where operation = 'activity' and state = 'confirmed'"
    )
    assert made
    copies = {f"activity:{key}" for (key,) in made}
    assert not copies & set(again), "a copy was logged back as if somebody had made it"
    query = "select count(*) from \"Task\" where Subject = 'Send slate samples'"
    assert done.rows("salesforce", query) == [(1,)]
    query = "select count(*) from calls where json_extract(props, '$.hs_call_title') = 'Roof order'"
    assert done.rows("hubspot", query) == [(1,)]


def ends_of(done, kind: str, engagement: object) -> list[str]:
    """The contacts that a HubSpot engagement hangs on."""
    ends = done.rows(
        "hubspot", "select distinct to_id from associations where from_type = ? and from_id = ? "
        "and to_type = 'contacts'", kind, engagement,
    )  # fmt: skip
    return [str(end) for (end,) in ends]
