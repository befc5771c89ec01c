"""The objects every org of the sandbox has, as plain data. A world may add objects and fields.

Lines are in the language of `fields.parse`. System fields are added to each object by its kind.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import orjson

from sandbox.salesforce import (
    described,
    picklists,
    schema_campaigns,
    schema_derived,
    schema_files,
    schema_filled,
    schema_further,
    schema_operations,
    schema_recorded,
    schema_views,
)
from sandbox.salesforce.fields import Field, SObject, parse, with_values
from sandbox.salesforce.schema_system import SYSTEM, USER_OWNER
from sandbox.store import Store

READ_ONLY = {"OpportunityHistory", "OpportunityStage", "User", "Group", "Organization"}
READ_ONLY |= schema_operations.READ_ONLY | schema_recorded.READ_ONLY | schema_views.READ_ONLY


_CAMPAIGNS = {"Campaign": schema_campaigns.FIELDS}
_MORE = (schema_further.FIELDS, schema_derived.FIELDS, _CAMPAIGNS, schema_recorded.FIELDS)
_ALL = (
    schema_filled.OBJECTS
    | schema_operations.OBJECTS
    | schema_recorded.OBJECTS
    | schema_files.OBJECTS
    | schema_views.OBJECTS
)


def standard_objects() -> dict[str, SObject]:
    """All standard objects, by name."""
    return {
        name: SObject(name, label, plural, prefix, dict(_fields()[name]), read_only=name in READ_ONLY)
        for name, (label, plural, prefix, _) in _ALL.items()
    }


@cache
def _fields() -> dict[str, dict[str, Field]]:
    """What the lines of each standard object say, by its name and theirs."""
    found = {}
    for name, (label, _, _, text) in _ALL.items():
        values = picklists.PICKLISTS["*"] | picklists.PICKLISTS.get(name, {})
        lines = "\n".join([text, *(part.get(name, "") for part in _MORE)]).splitlines()
        fields = [parse(line, values) for line in lines if line]
        found[name] = {f.name: replace(f, given_label=described.label(name, label, f)) for f in fields}
    return found


def custom_object(name: str, prefix: str, lines: list[str]) -> SObject:
    """An object a world brings: system fields, an owner, a name, and its own lines."""
    fields = [
        parse(line, {})
        for line in [
            *(SYSTEM + USER_OWNER).split("\n"),
            "Name string 255",
            *lines,
        ]
        if line
    ]
    fields = [replace(f, given_label="Record ID") if f.name == "Id" else f for f in fields]
    label = name.removesuffix("__c").split("__")[-1].replace("_", " ")
    return SObject(name, label, label + "s", prefix, {f.name: f for f in fields})


_ALSO_INDEXED = {
    "OpportunityHistory": ("OpportunityId",),
    "OpportunityLineItem": ("OpportunityId",),
    "OpportunityFieldHistory": ("CreatedDate",),
    "LeadHistory": ("CreatedDate",),
}


WORKED_OUT_BY = (
    ("Task", 'drop index if exists "Task.open"'),
    (
        "Task",
        'create index if not exists "Task.due" on "Task" ("WhatId", "ActivityDate") '
        "where \"IsClosed\" = 'false'",
    ),
    ("Event", 'create index if not exists "Event.WhatId" on "Event" ("WhatId")'),
    (
        "CampaignMember",
        'create index if not exists "CampaignMember.CampaignId" on "CampaignMember" ("CampaignId")',
    ),
    (
        "CampaignMember",
        'create index if not exists "CampaignMember.ContactId" on "CampaignMember" ("ContactId") '
        "where ContactId is not null",
    ),
    ("Opportunity", 'create index if not exists "Opportunity.CampaignId" on "Opportunity" ("CampaignId")'),
    ("Campaign", 'create index if not exists "Campaign.ParentId" on "Campaign" ("ParentId")'),
    (
        "DatedConversionRate",
        'create index if not exists "DatedConversionRate.of" on "DatedConversionRate" '
        '("IsoCode", "StartDate", "ConversionRate")',
    ),
)
"""By which the records that fields are worked out of are found: a deal's open activities (of tasks those that
are open, which are few), a campaign's members, deals and tree, a contact's memberships, the rate of a day.
What an older release had instead goes."""


BIN = ".bin"
"""How the index of what is deleted of an object is called, after the object."""


def create_tables(store: Store, objects: dict[str, SObject]) -> None:
    """A table per object, a column per field, indexes where clients filter and where references lead."""
    for sobject in objects.values():
        columns = ", ".join(
            f'"{f.name}" {f.sql_type}' + (" primary key" if f.name == "Id" else "")
            for f in sobject.fields.values()
        )
        store.db.execute(f'create table if not exists "{sobject.name}" ({columns})')
        for name in ("SystemModstamp", *_ALSO_INDEXED.get(sobject.name, ())):
            if name in sobject.fields:
                index(store, sobject.name, name)
        for field in sobject.fields.values():
            if field.external_id or field.type == "email":
                index(store, sobject.name, field.name, " collate nocase")
        for name, statement in WORKED_OUT_BY:
            if name == sobject.name:
                store.db.execute(statement)
        index_bin(store, sobject)


def index_bin(store: Store, sobject: SObject) -> None:
    """The rows of an object that are in the recycle bin: they are few, and all others are the rest."""
    if "IsDeleted" in sobject.fields:
        store.db.execute(
            f'create index if not exists "{sobject.name}{BIN}" on "{sobject.name}" ("Id") '
            "where \"IsDeleted\" = 'true'"
        )


def index(store: Store, table: str, column: str, collation: str = "") -> None:
    """The one index of a column, in the `collation` it is compared by: texts are found however they are
    written. Tables and indexes share their names, and no object has a dot in its own."""
    store.db.execute(f'create index if not exists "{table}.{column}" on "{table}" ("{column}"{collation})')


def drop_column(store: Store, table: str, column: str) -> None:
    """Take a column away with what indexes it."""
    for (name,) in store.rows(
        "select l.name from pragma_index_list(?) l join pragma_index_info(l.name) i where i.name = ?",
        (table, column),
    ):
        store.db.execute(f'drop index "{name}"')
    store.db.execute(f'alter table "{table}" drop column "{column}"')


def deployed(store: Store, kind: str, of: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Names and contents of the metadata of a type (`of` an object, where it is named so) that was deployed;
    nothing where nobody ever deployed."""
    if store.value("select 1 from sqlite_master where name = 'metadata'") is None:
        return []
    sql = "select name, content from metadata where type = ? and substr(name, 1, ?) = ? order by name"
    start = f"{of}." if of else ""
    return [(name, orjson.loads(blob)) for name, blob in store.rows(sql, (kind, len(start), start))]


def with_stages(objects: dict[str, SObject], stages: tuple[str, ...]) -> dict[str, SObject]:
    """The same objects with this org's own list of stage names."""
    opportunity = objects["Opportunity"]
    fields = opportunity.fields | {"StageName": with_values(opportunity.fields["StageName"], stages)}
    changed = SObject(
        opportunity.name,
        opportunity.label,
        opportunity.plural,
        opportunity.prefix,
        fields,
        opportunity.read_only,
    )
    return objects | {"Opportunity": changed}
