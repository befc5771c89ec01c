"""How often attribution goes back to the CRMs, by `syncFrequency` of its own configuration.

Belongs here: which syncs it is about. What a frequency means is `frequency`, how often it may be, `pace`.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.rules.attribution import FILE, load_attribution
from pipelines.rules.syncs import Sync, Syncs


def with_frequency(syncs: Syncs, config_dir: Path) -> Syncs:
    """Syncs of nothing but attribution's fields are written as often as it says, or they say themselves."""
    if not (config_dir / FILE).is_file():
        return syncs
    said = load_attribution(config_dir).sync.syncFrequency
    timed = {
        name: sync.model_copy(update={"syncFrequency": said}) if _is_attribution(sync) else sync
        for name, sync in syncs.syncs.items()
    }
    return syncs.model_copy(update={"syncs": timed})


def _is_attribution(sync: Sync) -> bool:
    return not sync.syncFrequency and all(rule.rule == FILE for rule in sync.fields.values())
