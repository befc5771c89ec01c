"""What happens to records beyond create, update, delete: merge, conversion, purge, undelete, late sight.

REST has none of these: SOAP has merge, convertLead, undelete and emptyRecycleBin, the sandbox's own door all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox import times
from sandbox.call import Call
from sandbox.salesforce import cascade, files, history, ids, recent, rollups
from sandbox.salesforce.errors import RowError
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.history import TRACKED, parent_field
from sandbox.salesforce.records import id_for

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

CONVERTED = "Closed - Converted"
MERGED = ("Lead", "Contact", "Account", "Case")


def delete(sf: Salesforce, call: Call, sobject: SObject, record_id: str, **more: Any) -> None:
    """Into the recycle bin alone, with what a merge says besides: what hangs on it moves to the master."""
    sf.rows.delete(call, sobject, record_id, alone=True)
    for name, value in more.items():
        sf.store.db.execute(f'update "{sobject.name}" set "{name}" = ? where Id = ?', (value, record_id))


def merge(sf: Salesforce, call: Call, sobject: SObject, master: str, losers: list[str]) -> list[str]:
    """Losers go to the bin and name their master; what belonged to them belongs to the master.

    Returns the ids of the records that moved.
    """
    if sobject.name not in MERGED or not 1 <= len(losers) <= 2:
        raise RowError("INVALID_OPERATION", "merge takes one or two records of a mergeable object")
    if sf.rows.deleted(sobject, master) is None:
        raise RowError("INVALID_ID_FIELD", "the master record is not there")
    moment = times.iso_seconds(call.now)
    moved: list[str] = []
    for loser in losers:
        delete(sf, call, sobject, loser, MasterRecordId=master)
        past = _bury(sf, sobject, master, loser)
        for child in sf.org.objects.values():
            if child.name == past:
                continue
            for field in child.fields.values():
                if sobject.name in field.targets and field.name != "MasterRecordId" and not field.formula:
                    held = f'select Id from "{child.name}" where "{field.name}" = ?'
                    moved += [row[0] for row in sf.store.rows(held, (loser,))] if "Id" in child.fields else []
                    stamp = ', "SystemModstamp" = ?' if "SystemModstamp" in child.fields else ""
                    sf.store.db.execute(
                        f'update "{child.name}" set "{field.name}" = ?{stamp} where "{field.name}" = ?',
                        (master, *([moment] if stamp else []), loser),
                    )
    _touch(sf, sobject, master, moment)
    return moved


def _bury(sf: Salesforce, sobject: SObject, master: str, loser: str) -> str:
    """What of a loser does not move: its field history, whose object this gives, and its memberships in
    campaigns that the master is in already."""
    past = TRACKED.get(sobject.name, ("",))[0]
    if past:
        sf.store.db.execute(
            f'update "{past}" set IsDeleted = \'true\' where "{parent_field(sobject.name)}" = ?', (loser,)
        )
    if sobject.name in ("Lead", "Contact"):
        own = f"{sobject.name}Id"
        sf.store.db.execute(
            f"update CampaignMember set IsDeleted = 'true' where {own} = ? and CampaignId in "
            f"(select CampaignId from CampaignMember where {own} = ? and IsDeleted = 'false')",
            (loser, master),
        )
    return past


def _touch(sf: Salesforce, sobject: SObject, record_id: str, moment: str) -> None:
    sf.store.db.execute(
        f'update "{sobject.name}" set LastModifiedDate = ?, SystemModstamp = ? where Id = ?',
        (moment, moment, record_id),
    )


@dataclass(frozen=True)
class Conversion:
    """What may be said of a conversion: records that are there already, and what not to make."""

    status: str = ""
    account: str = ""
    contact: str = ""
    owner: str = ""
    opportunity_name: str = ""
    without_opportunity: bool = False


def convert(
    sf: Salesforce, call: Call, lead_id: str, wish: Conversion | None = None
) -> dict[str, str | None]:
    """A lead becomes an account, a contact and an opportunity; ids of the three.

    Its campaign memberships and activities are the contact's from then on, who has a role in the deal.
    """
    wish = wish or Conversion()
    lead_type = sf.org.objects["Lead"]
    lead = sf.rows.get(lead_type, lead_id)
    if lead is None or lead["IsConverted"] == "true" or lead["IsDeleted"] == "true":
        raise RowError("INVALID_STATUS", "the lead cannot be converted")
    status = wish.status or CONVERTED
    if not sf.store.value(
        "select 1 from LeadStatus where MasterLabel = ? and IsConverted = 'true'", (status,)
    ):
        raise RowError("INVALID_STATUS", f"invalid convertedStatus: {status}")
    owner = {"OwnerId": wish.owner} if wish.owner else {}
    account = _known(sf, "Account", wish.account) or sf.rows.create(
        call, sf.org.objects["Account"], {"Name": lead["Company"], **owner}
    )
    contact = _known(sf, "Contact", wish.contact) or sf.rows.create(call, sf.org.objects["Contact"], {
        "LastName": lead["LastName"], "FirstName": lead["FirstName"], "Email": lead["Email"],
        "AccountId": account, **owner,
    })  # fmt: skip
    opportunity = None
    if not wish.without_opportunity:
        opportunity = sf.rows.create(call, sf.org.objects["Opportunity"], {
            "Name": wish.opportunity_name or f"{lead['Company']} -", "AccountId": account,
            "StageName": "Qualification", "CloseDate": times.day(call.now + 90 * times.DAY), **owner,
        })  # fmt: skip
        sf.rows.create(call, sf.org.objects["OpportunityContactRole"], {
            "OpportunityId": opportunity, "ContactId": contact, "IsPrimary": True,
        })  # fmt: skip
    moment = times.iso_seconds(call.now)
    sf.store.db.execute(
        "update Lead set IsConverted = 'true', Status = ?, ConvertedDate = ?, "
        "ConvertedAccountId = ?, ConvertedContactId = ?, ConvertedOpportunityId = ? where Id = ?",
        (status, times.day(call.now), account, contact, opportunity, lead_id),
    )
    history.record(sf.rows, lead_type, lead | {"Status": status}, lead, call.now)
    _hand_over(sf, lead_id, contact, moment)
    _touch(sf, lead_type, lead_id, moment)
    call.change("Lead", lead_id, "convert", "IsConverted", "false", "true")
    return {"account": account, "contact": contact, "opportunity": opportunity}


def _known(sf: Salesforce, name: str, record_id: str) -> str | None:
    """The full id of a live record that is to be used; None when none was named."""
    if not record_id:
        return None
    sobject, full = id_for(sf.org, sf.org.objects[name], record_id)
    if sf.rows.deleted(sobject, full) is not False:
        raise RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    return full


def _hand_over(sf: Salesforce, lead_id: str, contact: str, moment: str) -> None:
    """What hangs on the lead hangs on the contact; a membership keeps the lead it began with."""
    sf.store.db.execute(
        "update CampaignMember set ContactId = ?, SystemModstamp = ? where LeadId = ? and ContactId is null",
        (contact, moment, lead_id),
    )
    for name in ("Task", "Event"):
        sf.store.db.execute(
            f'update "{name}" set WhoId = ?, SystemModstamp = ? where WhoId = ?', (contact, moment, lead_id)
        )


def purge(sf: Salesforce, call: Call, sobject: SObject, record_ids: list[str]) -> None:
    """Delete for good: no query shows the rows any more, getDeleted still does for a while.

    Field history goes with its record, and nothing tells of that. What went along goes for good as well.
    """
    for record_id in record_ids:
        if "IsDeleted" in sobject.fields and sf.rows.deleted(sobject, record_id) is False:
            cascade.take_along(sf.rows, call, sobject, record_id)
        for name, own in cascade.along_with(sf.org, record_id):
            if not name.endswith("History"):
                purge(sf, call, sf.org.whole[name], [own])
        cascade.forget(sf.org, record_id)
        files.forget(sf.store, record_id)
        recent.forget(sf.store, record_id)
        if sobject.name in TRACKED:
            sf.store.db.execute(
                f'delete from "{TRACKED[sobject.name][0]}" where "{parent_field(sobject.name)}" = ?',
                (record_id,),
            )
        sf.store.db.execute(f'delete from "{sobject.name}" where Id = ?', (record_id,))
        sf.store.db.execute(
            "insert or replace into purged values (?, ?, ?)",
            (sobject.name, record_id, times.iso_seconds(call.now)),
        )


def undelete(sf: Salesforce, call: Call, sobject: SObject, record_ids: list[str]) -> None:
    """Out of the recycle bin again, with what went along."""
    for record_id in record_ids:
        cascade.bring_back(sf.rows, call, record_id)
        sf.store.db.execute(f"update \"{sobject.name}\" set IsDeleted = 'false' where Id = ?", (record_id,))
        _touch(sf, sobject, record_id, times.iso_seconds(call.now))
        row = sf.rows.get(sobject, record_id)
        if row is not None:
            rollups.follow(sf.rows, call, sobject, row, None)


def show_later(sf: Salesforce, sobject: SObject, record_ids: list[str], at: int) -> None:
    """Rows of a transaction that has not ended: stored and stamped, seen by nobody until `at`."""
    sf.store.db.executemany(
        "insert or replace into late values (?, ?, ?)",
        [(sobject.name, ids.normal(record_id), at) for record_id in record_ids],
    )
    sf.org.read_late()
