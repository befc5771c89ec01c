"""The jobs: `refresh` from the CRMs to the published file, `activation` from there back to the CRMs."""

from __future__ import annotations

import dagster as dg

from orchestration import keys
from orchestration.checks import FRESH

_FRESH = dg.AssetSelection.checks(FRESH)
_ACTIVATION = dg.AssetSelection.groups(keys.ACTIVATE)

refresh = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all() - _ACTIVATION - _FRESH,
    description="Extract, transform, check, decide, publish. A failing gate leaves the last publish alone.",
)
activation = dg.define_asset_job(
    "activation",
    selection=_ACTIVATION,
    description="Plan, apply where that is allowed without a person, record. Reads the published file only.",
)
freshness = dg.define_asset_job(
    "freshness", selection=_FRESH, description="Ask whether the marts were published lately."
)

ALL = [refresh, activation, freshness]
