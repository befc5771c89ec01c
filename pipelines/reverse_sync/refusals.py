"""Why a plan is not applied: each reason a function that raises one sentence, before anything is sent.

Belongs here: what is asked of the plan as a whole. What is held back field by field is `selection.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines.errors import GuardStopped, UsageError
from pipelines.reverse_sync.destinations.base import Account, Destination
from pipelines.rules.syncs import Syncs, load_syncs
from pipelines.settings import Connection, Settings
from pipelines.warehouse import Warehouse, latest_publish


def planned_syncs(header: dict[str, Any], syncs: Syncs) -> list[str]:
    """The syncs that a plan has changes for, in its order."""
    names = [name for name, counts in header["counts"].items() if counts["records"]]
    for name in names:
        if name not in syncs.syncs:
            raise UsageError(
                f"the plan writes the sync {name}, which syncs.yml does not have any more", where="syncs.yml",
                remedy="run crm plan, or crm undo, for a new one",
            )  # fmt: skip
    return names


def refuse_stale(header: dict[str, Any], warehouse: Warehouse, path: Path) -> None:
    with warehouse.reading("published") as connection:
        current = latest_publish(connection)
    if header["publish_id"] != current:
        raise UsageError(
            f"this plan is stale: it was made from publish {header['publish_id'] or 'none'}, "
            f"and {current or 'none'} is what stands now",
            where=path.name, remedy="run crm plan, or crm undo, for a new one",
        )  # fmt: skip


def refuse_other_rules(header: dict[str, Any], settings: Settings, path: Path) -> None:
    """A field, policy or guard that was changed since would be taken as it was then."""
    if header.get("rules") != load_syncs(settings.config_dir).fingerprint:
        raise UsageError(
            "this plan is stale: fields or guards of config/ have changed since it was made", where=path.name,
            remedy="run crm plan, or crm undo, for a new one",
        )  # fmt: skip


def refuse_stopped(header: dict[str, Any], path: Path, *, opted_out: int = 0) -> None:
    """Say which guard stopped the plan, and of how many records the opt-outs went all the same."""
    went = f" (the opt-outs of {opted_out:,} records were written: no guard holds them)" if opted_out else ""
    raise GuardStopped(
        f"this plan was stopped by a guard: {'; '.join(header['stopped'])}{went}", where=path.name,
        remedy="read it, then mend the cause, or apply it with --force",
    )  # fmt: skip


def writable_connection(settings: Settings, vendor: str) -> Connection:
    """The connection of a vendor, if this run may write to it."""
    connection = next((each for each in settings.connections if each.vendor == vendor), None)
    if connection is None:
        raise UsageError(
            f"the plan writes to {vendor} and there is no connection to it", where="environment or .env",
            remedy="see docs/going-live.md, or run crm plan: it leaves out what has no connection",
        )  # fmt: skip
    if not settings.may_write(connection):
        raise UsageError(
            f"writing to {vendor} ({connection.environment}) is switched off, nothing was sent",
            where="environment or .env", remedy="set CRM_WRITE=on if you mean to write there",
        )  # fmt: skip
    return connection


def refuse_other_org(destination: Destination, account: Account, record_key: str, path: Path) -> None:
    """The other end has to be the portal or org that the plan was made for."""
    planned = record_key.split(":")[1]
    if planned[:15] != account.org_id[:15]:
        raise UsageError(
            f"the plan was made for {destination.label} {planned}, the connection leads to {account.org_id}",
            where=path.name, remedy="run crm extract and crm plan with this connection",
        )  # fmt: skip
