"""What Dagster is told about each sync of an apply: counts, samples, failures and calls, and two checks.

Belongs here: turning an apply's result into metadata, and judging it beside earlier runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from orchestration import keys
from pipelines.alerts.usual import is_far, usually
from pipelines.reverse_sync.results import ApplyResult, SyncResult, Written
from pipelines.rules.alerts import Volume
from pipelines.rules.syncs import Sync

SUCCEEDED, AS_USUAL = "succeeded", "as_usual"
LEAST_SUCCESS = 0.95
VOLUME = Volume()
"""How far from usual is worth a look; what people are told of is set in `config/alerts.yml`."""


def check_specs(syncs: Mapping[str, Sync]) -> list[dg.AssetCheckSpec]:
    return [
        spec
        for key in keys_of(syncs).values()
        for spec in (
            dg.AssetCheckSpec(
                SUCCEEDED, asset=key,
                description=f"At least {LEAST_SUCCESS:.0%} of what was sent is confirmed; nothing stopped.",
            ),
            dg.AssetCheckSpec(
                AS_USUAL, asset=key,
                description=f"Not {VOLUME.times:.0f} times the records of the runs before, nor as few.",
            ),
        )
    ]  # fmt: skip


def keys_of(syncs: Mapping[str, Sync]) -> dict[str, dg.AssetKey]:
    """The asset of each sync, by name. Where several write one object, the first is called after it and the
    others after themselves."""
    found: dict[str, dg.AssetKey] = {}
    for name, sync in syncs.items():
        key = keys.outward(sync.vendor, sync.object, consent=sync.consent)
        found[name] = keys.outward(sync.vendor, name) if key in found.values() else key
    return found


def materialised(
    syncs: Mapping[str, Sync], about: Mapping[str, Any], applied: ApplyResult | None
) -> Iterator[dg.MaterializeResult[Any]]:
    """One materialisation per sync, with what became of it."""
    for name, key in keys_of(syncs).items():
        result = applied.syncs.get(name) if applied is not None else None
        own = metadata(result, applied.samples, name) if applied is not None and result is not None else {}
        yield dg.MaterializeResult(asset_key=key, metadata={**about, **own})


def metadata(result: SyncResult, samples: Sequence[Written], name: str) -> dict[str, Any]:
    shown = [
        f"- {each.record_id}: "
        + ", ".join(f"{f} {c.before or 'empty'} → {c.after}" for f, c in each.fields.items())
        for each in samples
        if each.sync == name
    ]
    held = [f"- {number:,} held: {reason}" for reason, number in result.held.items()]
    stopped = [f"- stopped: {result.stopped}"] if result.stopped else []
    return {
        "dagster/row_count": result.records, "confirmed": result.confirmed, "rejected": result.rejected,
        "unknown": result.unknown, "calls": result.calls,
        **({"samples": dg.MetadataValue.md("\n".join(shown))} if shown else {}),
        **({"left out": dg.MetadataValue.md("\n".join([*stopped, *held]))} if held or stopped else {}),
    }  # fmt: skip


def checks(
    syncs: Mapping[str, Sync], applied: ApplyResult | None, before: Mapping[str, Sequence[int]]
) -> Iterator[dg.AssetCheckResult]:
    """Both checks of every sync. `before`: records written in earlier runs, by sync."""
    for name, key in keys_of(syncs).items():
        result = applied.syncs.get(name) if applied is not None else None
        yield succeeded(key, result)
        yield as_usual(key, result, before.get(name, ()))


def succeeded(key: dg.AssetKey, result: SyncResult | None) -> dg.AssetCheckResult:
    sent = result.confirmed + result.rejected + result.unknown if result is not None else 0
    share = result.confirmed / sent if result is not None and sent else 1.0
    stopped = result.stopped if result is not None else ""
    said = stopped or (f"{share:.1%} of {sent:,} confirmed." if sent else "Nothing was sent.")
    return dg.AssetCheckResult(
        asset_key=key, check_name=SUCCEEDED, passed=share >= LEAST_SUCCESS and not stopped, description=said,
        severity=dg.AssetCheckSeverity.ERROR,
    )  # fmt: skip


def as_usual(key: dg.AssetKey, result: SyncResult | None, before: Sequence[int]) -> dg.AssetCheckResult:
    now = result.records if result is not None else 0
    usual = usually(before)
    if result is None or usual is None:
        passed, said = True, "Too few runs to compare with." if result is not None else "Nothing was sent."
    else:
        passed = not is_far(now, usual, VOLUME)
        said = f"{now:,} records, usually {usual:,.0f}."
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=AS_USUAL,
        passed=passed,
        description=said,
        severity=dg.AssetCheckSeverity.WARN,
    )
