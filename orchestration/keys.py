"""The naming rule of the graph, once: asset keys, groups, kinds, owners.

An asset's key is `[schema, table]` as in the warehouse; what goes out is `[apply, vendor, object]`.
"""

from __future__ import annotations

from typing import Any

import dagster as dg

OWNERS = ["team:revops"]

EXTRACT = {
    "hubspot": "extract_hubspot", "salesforce": "extract_salesforce",
    "marketing_cloud": "extract_marketing_cloud",
}  # fmt: skip
TRANSFORM, QUALITY, DECIDE, PUBLISH, ACTIVATE = "transform", "quality", "decide", "publish", "activate"

LOADS = dg.AssetKey(["ops", "loads"])
UNIFIED_LEADS = dg.AssetKey(["marts", "unified_leads"])
ASSIGNMENTS = dg.AssetKey(["decisions", "assignments"])
REPORT = dg.AssetKey(["quality", "report"])
ANALYTICS = dg.AssetKey(["publish", "analytics"])
PLAN = dg.AssetKey(["plan", "changes"])
JOURNAL = tuple(dg.AssetKey(["ops", table]) for table in ("journal", "probes", "runs"))


def table(name: str) -> dg.AssetKey:
    """The key of a table given as `schema.table`."""
    return dg.AssetKey(name.split("."))


def outward(vendor: str, object_name: str, *, consent: bool = False) -> dg.AssetKey:
    """The key of what is written to one object of a CRM; opt-outs are an asset of their own."""
    return dg.AssetKey(["apply", vendor, f"{object_name}_consent" if consent else object_name])


def spec(key: dg.AssetKey, group: str, kinds: set[str], description: str, **more: Any) -> dg.AssetSpec:
    """An asset with everything that every asset of ours has."""
    return dg.AssetSpec(key, group_name=group, kinds=kinds, description=description, owners=OWNERS, **more)
