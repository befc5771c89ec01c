"""What follows from a change: defaults, derived values, rows written beside, changes forbidden."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox import times
from sandbox.call import Call
from sandbox.salesforce import assignment, files, history, influence, picklists, rollups, values
from sandbox.salesforce.errors import RowError
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.org import Org

if TYPE_CHECKING:
    from sandbox.salesforce.records import Rows

Row = dict[str, Any]
STAMPS = ("CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp", "Id")
_SNAPSHOT = ("StageName", "Amount", "Probability", "CloseDate")


def defaults(org: Org, sobject: SObject) -> Row:
    """Values of a new row that the client may leave out."""
    found: Row = {
        field.name: values.stored(field, field.default)
        for field in sobject.fields.values()
        if field.default and not field.server_made
    }
    found |= picklists.DEFAULTS.get(sobject.name, {})
    if "OwnerId" in sobject.fields:
        found["OwnerId"] = org.user_id
    if "CurrencyIsoCode" in sobject.fields:
        found["CurrencyIsoCode"] = org.store.get_meta("currency")
    return found


def may_change(sobject: SObject, row: Row) -> None:
    """Raise RowError for a row that the API no longer lets anyone change."""
    if sobject.name == "Lead" and row["IsConverted"] == "true":
        raise RowError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")


def derive(rows: Rows, call: Call, sobject: SObject, row: Row, before: Row | None) -> None:
    """Set what depends on other fields of the same row, and on the rules of the org."""
    org, now = rows.org, call.now
    if "LastName" in row and "Name" in row:
        row["Name"] = " ".join(part for part in (row.get("FirstName"), row["LastName"]) if part)
    if sobject.name == "Opportunity":
        _opportunity(org, row, before)
    elif sobject.name == "CampaignMember":
        _member(org, row, before, now)
    elif sobject.name == "Task":
        _task(row, before, now)
    elif sobject.name == "Case":
        _case(org, row, before, now)
    elif sobject.name == "OpportunityLineItem":
        _line_item(row, before)
    elif sobject.name == "CampaignInfluence":
        influence.share(rows, row)
    files.derive(rows, call, sobject, row, before)
    owner = assignment.owner_for(rows, call, sobject, row, before)
    if owner is not None:
        row["OwnerId"] = owner


def _opportunity(org: Org, row: Row, before: Row | None) -> None:
    if before is None or row["StageName"] != before["StageName"]:
        stage = org.stage(row["StageName"])
        if stage is None:
            message = f"Stage: bad value for restricted picklist field: {row['StageName']}"
            raise RowError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, ("StageName",))
        given = row["Probability"] if before is None or row["Probability"] != before["Probability"] else None
        row |= stage | ({} if given is None else {"Probability": given})
    amount, probability = row["Amount"], row["Probability"]
    row["ExpectedRevenue"] = (
        None if amount is None or probability is None else round(amount * probability / 100, 2)
    )


def _member(org: Org, row: Row, before: Row | None, now: int) -> None:
    if not row["LeadId"] and not row["ContactId"]:
        raise RowError(
            "REQUIRED_FIELD_MISSING", "Required fields are missing: [LeadId, ContactId]", ("LeadId",)
        )
    for name in ("ContactId", "LeadId") if before is None else ():
        again = f"select 1 from CampaignMember where {name} = ? and +CampaignId = ? and IsDeleted = 'false'"
        if row[name] and org.store.value(again, (row[name], row["CampaignId"])):
            raise RowError("DUPLICATE_VALUE", "Already a campaign member.")
    responded = row["Status"] in picklists.RESPONDED
    row["HasResponded"] = "true" if responded else "false"
    if responded and row["FirstRespondedDate"] is None:
        row["FirstRespondedDate"] = times.day(now)


def _task(row: Row, before: Row | None, now: int) -> None:
    closed = row["Status"] == "Completed"
    row["IsClosed"] = "true" if closed else "false"
    row["IsHighPriority"] = "true" if row["Priority"] == "High" else "false"
    if closed and (before is None or before["IsClosed"] != "true"):
        row["CompletedDateTime"] = times.iso_seconds(now)
    elif not closed:
        row["CompletedDateTime"] = None


def _case(org: Org, row: Row, before: Row | None, now: int) -> None:
    if before is None:
        count = int(org.store.value('select count(*) from "Case"'))
        row["CaseNumber"] = f"{count + 1:08d}"
    closed = row["Status"] == "Closed"
    row["IsClosed"] = "true" if closed else "false"
    if not closed:
        row["ClosedDate"] = None
    elif row["ClosedDate"] is None:
        row["ClosedDate"] = times.iso_seconds(now)


def _line_item(row: Row, before: Row | None) -> None:
    priced = (
        before is None or row["UnitPrice"] != before["UnitPrice"] or row["Quantity"] != before["Quantity"]
    )
    if priced and row["UnitPrice"] is not None:
        row["TotalPrice"] = round(row["UnitPrice"] * row["Quantity"], 2)


def after(rows: Rows, call: Call, sobject: SObject, row: Row, before: Row | None) -> None:
    """Write the rows that a change brings with it."""
    history.record(rows, sobject, row, before, call.now)
    rollups.follow(rows, call, sobject, row, before)
    files.after(rows, call, sobject, row, before)
    if sobject.name == "PermissionSetAssignment":
        rows.org.assigned = True
    if sobject.name != "Opportunity":
        return
    influence.follow(rows, call, row, before)
    if before is not None and all(row[name] == before[name] for name in _SNAPSHOT):
        return
    org = rows.org
    snapshots = org.objects["OpportunityHistory"]
    moment = times.iso_seconds(call.now)
    snapshot: Row = {
        "Id": org.new_id(snapshots),
        "OpportunityId": row["Id"],
        "CreatedById": org.user_id,
        "CreatedDate": moment,
        "SystemModstamp": moment,
        "IsDeleted": "false",
        "ForecastCategory": row["ForecastCategory"],
        "ExpectedRevenue": row["ExpectedRevenue"],
        "CurrencyIsoCode": row["CurrencyIsoCode"],
        "PrevAmount": None if before is None else before["Amount"],
        "PrevCloseDate": None if before is None else before["CloseDate"],
        **{name: row[name] for name in _SNAPSHOT},
    }
    rows.insert(snapshots, snapshot)
    call.change("OpportunityHistory", snapshot["Id"], "create", "OpportunityId", None, row["Id"])
