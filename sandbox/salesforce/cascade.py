"""What a deletion takes along, what it is refused for, and what an undeletion brings back.

Details go with their master, as the `cascadeDelete` of a describe says; a lookup is emptied, unless it was
deployed to restrict or to cascade. Each record that went along, and each lookup that was emptied, is noted
with the record that was meant, so that undeleting it restores just those.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox import times
from sandbox.call import Call
from sandbox.salesforce import recent, schema
from sandbox.salesforce.errors import RowError
from sandbox.salesforce.fields import Field, SObject
from sandbox.salesforce.org import Org

if TYPE_CHECKING:
    from sandbox.salesforce.records import Rows

TABLES = """
create table if not exists went_along (
    root text not null, object text not null, id text not null, field text not null, held text);
create index if not exists went_along_with on went_along (root)
"""
CASCADES = {
    ("Contact", "AccountId"), ("Opportunity", "AccountId"), ("Task", "WhatId"), ("Task", "WhoId"),
    ("Event", "WhatId"), ("Event", "WhoId"), ("CampaignMember", "CampaignId"), ("CampaignMember", "LeadId"),
    ("CampaignMember", "ContactId"), ("CampaignMemberStatus", "CampaignId"), ("EmailMessage", "ParentId"),
    ("CampaignInfluence", "CampaignId"), ("CampaignInfluence", "OpportunityId"),
    ("CampaignInfluence", "ContactId"), ("OpportunityContactRole", "OpportunityId"),
    ("OpportunityContactRole", "ContactId"), ("OpportunityHistory", "OpportunityId"),
    ("OpportunityLineItem", "OpportunityId"), ("OpportunityFieldHistory", "OpportunityId"),
    ("LeadHistory", "LeadId"), ("ContactHistory", "ContactId"), ("AccountHistory", "AccountId"),
    ("CaseHistory", "CaseId"), ("PricebookEntry", "Pricebook2Id"), ("PricebookEntry", "Product2Id"),
    ("Attachment", "ParentId"), ("Note", "ParentId"), ("ContentDocumentLink", "LinkedEntityId"),
    ("ContentDocumentLink", "ContentDocumentId"), ("ContentVersion", "ContentDocumentId"),
}  # fmt: skip
RESTRICTS = {("Case", "AccountId"), ("Case", "ContactId")}
_HELD = ("MasterRecordId", "ConvertedAccountId", "ConvertedContactId", "ConvertedOpportunityId")


@dataclass(frozen=True)
class Reference:
    """A field of another object that leads to a record."""

    child: SObject
    field: Field
    rule: str
    """`cascade`, `restrict` or `clear`."""


def rule_of(child: SObject, field: Field) -> str:
    """What becomes of a record whose reference loses its target; nothing: the reference stays."""
    if not field.targets or field.formula or field.name in _HELD:
        return ""
    if field.kind == "MasterDetail" or (child.name, field.name) in CASCADES:
        return "cascade"
    if (child.name, field.name) in RESTRICTS:
        return "restrict"
    if field.on_delete:
        return {"Cascade": "cascade", "Restrict": "restrict"}.get(field.on_delete, "clear")
    return "" if field.server_made or not field.nillable else "clear"


def _references(org: Org, sobject: SObject) -> Iterator[Reference]:
    for child in org.whole.values():
        for field in child.fields.values():
            if sobject.name in field.targets and (rule := rule_of(child, field)):
                yield Reference(child, field, rule)


def take_along(rows: Rows, call: Call, sobject: SObject, record_id: str) -> None:
    """Delete what hangs on a record that is deleted, down to the last level. Raises RowError where it may
    not be."""
    _with(rows, call, sobject, record_id, record_id)


def _with(rows: Rows, call: Call, sobject: SObject, record_id: str, root: str) -> None:
    org, moment = rows.org, times.iso_seconds(call.now)
    for each in sorted(_references(org, sobject), key=lambda r: r.rule != "restrict"):
        found = _holding(org, each, record_id)
        if found and each.rule == "restrict":
            _refuse(org, sobject, record_id, each, found)
        for own in found:
            values = (root, each.child.name, own, each.field.name, record_id)
            org.store.db.execute("insert into went_along values (?, ?, ?, ?, ?)", values)
            if each.rule == "clear":
                _set(org, each.child, own, f'"{each.field.name}" = ?', (None,), moment)
                continue
            _set(org, each.child, own, '"IsDeleted" = ?', ("true",), moment)
            recent.forget(org.store, own)
            if "LastModifiedDate" in each.child.fields:
                call.change(each.child.name, own, "delete", "IsDeleted", "false", "true")
            _with(rows, call, each.child, own, root)


def _holding(org: Org, each: Reference, record_id: str) -> list[str]:
    """Live records that refer to this one. The index is made once: a deletion must not read whole tables."""
    table, column = each.child.name, each.field.name
    if each.rule != "clear" and "IsDeleted" not in each.child.fields:
        return []
    schema.index(org.store, table, column)
    live = " and IsDeleted = 'false'" if "IsDeleted" in each.child.fields else ""
    return [row[0] for row in org.store.rows(
        f'select Id from "{table}" where "{column}" = ?{live} order by Id', (record_id,)
    )]  # fmt: skip


def _set(
    org: Org, child: SObject, record_id: str, sets: str, values: tuple[str | None, ...], moment: str
) -> None:
    stamp = ', "SystemModstamp" = ?' if "SystemModstamp" in child.fields else ""
    org.store.db.execute(
        f'update "{child.name}" set {sets}{stamp} where Id = ?',
        (*values, *([moment] if stamp else []), record_id),
    )


def _refuse(org: Org, sobject: SObject, record_id: str, each: Reference, found: list[str]) -> None:
    name = next((n for n in ("Name", "CaseNumber", "Subject") if n in sobject.fields), "Id")
    called = org.store.value(f'select "{name}" from "{sobject.name}" where Id = ?', (record_id,))
    own = next((n for n in ("CaseNumber", "Name") if n in each.child.fields), "Id")
    listed = [
        str(org.store.value(f'select "{own}" from "{each.child.name}" where Id = ?', (one,)))
        for one in found[:10]
    ]
    raise RowError(
        "DELETE_FAILED",
        f"Your attempt to delete {called} could not be completed because it is associated with the following "
        f"{each.child.plural.lower()}.: {', '.join(listed)}\n",
    )


def bring_back(rows: Rows, call: Call, root: str) -> None:
    """Undelete what went along with a record, and give emptied lookups their value again."""
    org, moment = rows.org, times.iso_seconds(call.now)
    noted = org.store.rows("select object, id, field, held from went_along where root = ?", (root,))
    for name, own, field, held in noted:
        child = org.whole.get(name)
        if child is None or field not in child.fields:
            continue
        if rule_of(child, child.fields[field]) == "clear":
            empty = org.store.value(f'select "{field}" is null from "{name}" where Id = ?', (own,))
            if empty:
                _set(org, child, own, f'"{field}" = ?', (held,), moment)
            continue
        if org.store.value(f'select IsDeleted from "{name}" where Id = ?', (own,)) != "true":
            continue
        _set(org, child, own, '"IsDeleted" = ?', ("false",), moment)
        if "LastModifiedDate" in child.fields:
            call.change(name, own, "undelete", "IsDeleted", "true", "false")
    forget(org, root)


def along_with(org: Org, root: str) -> list[tuple[str, str]]:
    """Records, by object and id, that went into the recycle bin along with one."""
    noted = org.store.rows("select distinct object, id, field from went_along where root = ?", (root,))
    return [
        (name, own)
        for name, own, field in noted
        if name in org.whole
        and field in org.whole[name].fields
        and rule_of(org.whole[name], org.whole[name].fields[field]) == "cascade"
    ]


def forget(org: Org, root: str) -> None:
    org.store.db.execute("delete from went_along where root = ?", (root,))
