"""How a table of `raw_salesforce` is written down: what every object has, and by what it is read.

Belongs here: the kinds of table. Which tables there are is in `sales` and `operations`.
"""

from __future__ import annotations

import re

from pipelines.sources.schema import ColumnType, RawTable

CURSOR = "SystemModstamp"
"""It moves with every change, by people and by the system; LastModifiedDate does not."""

_SYSTEM: dict[str, ColumnType] = {
    "CreatedDate": "timestamp",
    "LastModifiedDate": "timestamp",
    "SystemModstamp": "timestamp",
    "IsDeleted": "boolean",
}
_DELETION: dict[str, ColumnType] = {"deleted_at": "timestamp", "deleted_how": "text"}


def sobject(name: str, api_name: str, columns: dict[str, ColumnType]) -> RawTable:
    """An object read by its changes."""
    all_columns: dict[str, ColumnType] = {"Id": "text", **columns, **_SYSTEM, **_DELETION}
    return RawTable(name, api_name, all_columns, key=("Id",), cursor=CURSOR)


def history(name: str, api_name: str, parent: str) -> RawTable:
    """A field history: its rows are written once and never change, so they are read by when it was."""
    columns: dict[str, ColumnType] = {
        "Id": "text", parent: "text", "Field": "text", "DataType": "text", "OldValue": "text",
        "NewValue": "text", "CreatedById": "text", "CreatedDate": "timestamp", "IsDeleted": "boolean",
    }  # fmt: skip
    return RawTable(name, api_name, columns | _DELETION, key=("Id",), cursor="CreatedDate")


def small(name: str, api_name: str, columns: dict[str, ColumnType]) -> RawTable:
    """A table of the org's setup: read whole, for what is removed there leaves no trace."""
    return RawTable(name, api_name, {"Id": "text", **columns, "SystemModstamp": "timestamp"}, key=("Id",))


def named_in_config(api_name: str) -> RawTable:
    """An object that only config names; its own fields come from describe."""
    return sobject(table_name(api_name), api_name, {})


def table_name(api_name: str) -> str:
    """`Invoice_Line__c` is in table `invoice_line__c`, `CampaignMember` in `campaign_member`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", api_name).lower()
