"""What happens to records beyond create, update, delete: merge, conversion, purge, undelete, late sight.

REST has none of these (merge and convertLead are SOAP or Apex): the sandbox's own door does them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox import times
from sandbox.call import Call
from sandbox.salesforce import ids
from sandbox.salesforce.errors import RowError
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.history import TRACKED, parent_field

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

MERGED = ("Lead", "Contact", "Account", "Case")


def delete(sf: Salesforce, call: Call, sobject: SObject, record_id: str, **more: Any) -> None:
    """Into the recycle bin, with what a merge says besides."""
    sf.rows.delete(call, sobject, record_id)
    for name, value in more.items():
        sf.store.db.execute(f'update "{sobject.name}" set "{name}" = ? where Id = ?', (value, record_id))


def merge(sf: Salesforce, call: Call, sobject: SObject, master: str, losers: list[str]) -> None:
    """Losers go to the bin and name their master; what belonged to them belongs to the master."""
    if sobject.name not in MERGED or not 1 <= len(losers) <= 2:
        raise RowError("INVALID_OPERATION", "merge takes one or two records of a mergeable object")
    moment = times.iso_seconds(call.now)
    for loser in losers:
        delete(sf, call, sobject, loser, MasterRecordId=master)
        for child in sf.org.objects.values():
            for field in child.fields.values():
                if sobject.name in field.targets and field.name != "MasterRecordId" and not field.formula:
                    stamp = ', "SystemModstamp" = ?' if "SystemModstamp" in child.fields else ""
                    sf.store.db.execute(
                        f'update "{child.name}" set "{field.name}" = ?{stamp} where "{field.name}" = ?',
                        (master, *([moment] if stamp else []), loser),
                    )
    _touch(sf, sobject, master, moment)


def _touch(sf: Salesforce, sobject: SObject, record_id: str, moment: str) -> None:
    sf.store.db.execute(
        f'update "{sobject.name}" set LastModifiedDate = ?, SystemModstamp = ? where Id = ?',
        (moment, moment, record_id),
    )


def convert(sf: Salesforce, call: Call, lead_id: str) -> dict[str, str]:
    """A lead becomes an account, a contact and an opportunity; ids of the three."""
    lead_type = sf.org.objects["Lead"]
    lead = sf.rows.get(lead_type, lead_id)
    if lead is None or lead["IsConverted"] == "true" or lead["IsDeleted"] == "true":
        raise RowError("INVALID_STATUS", "the lead cannot be converted")
    create = sf.rows.create
    account = create(call, sf.org.objects["Account"], {"Name": lead["Company"]})
    contact = create(call, sf.org.objects["Contact"], {
        "LastName": lead["LastName"], "FirstName": lead["FirstName"], "Email": lead["Email"],
        "AccountId": account,
    })  # fmt: skip
    opportunity = create(call, sf.org.objects["Opportunity"], {
        "Name": f"{lead['Company']} -", "AccountId": account, "StageName": "Qualification",
        "CloseDate": times.day(call.now + 90 * times.DAY),
    })  # fmt: skip
    moment = times.iso_seconds(call.now)
    sf.store.db.execute(
        "update Lead set IsConverted = 'true', Status = 'Closed - Converted', ConvertedDate = ?, "
        "ConvertedAccountId = ?, ConvertedContactId = ?, ConvertedOpportunityId = ? where Id = ?",
        (times.day(call.now), account, contact, opportunity, lead_id),
    )
    _touch(sf, lead_type, lead_id, moment)
    return {"account": account, "contact": contact, "opportunity": opportunity}


def purge(sf: Salesforce, call: Call, sobject: SObject, record_ids: list[str]) -> None:
    """Delete for good: no query shows the rows any more, getDeleted still does for a while.

    Field history goes with its record, and nothing tells of that.
    """
    for record_id in record_ids:
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
    """Out of the recycle bin again."""
    for record_id in record_ids:
        sf.store.db.execute(f"update \"{sobject.name}\" set IsDeleted = 'false' where Id = ?", (record_id,))
        _touch(sf, sobject, record_id, times.iso_seconds(call.now))


def show_later(sf: Salesforce, sobject: SObject, record_ids: list[str], at: int) -> None:
    """Rows of a transaction that has not ended: stored and stamped, seen by nobody until `at`."""
    sf.store.db.executemany(
        "insert or replace into late values (?, ?, ?)",
        [(sobject.name, ids.normal(record_id), at) for record_id in record_ids],
    )
    sf.org.read_late()
