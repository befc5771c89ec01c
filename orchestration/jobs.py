"""The jobs: `refresh` from the CRMs to the published file, `activation` from there back to the CRMs."""

from __future__ import annotations

import dagster as dg

from orchestration import keys
from orchestration.checks import CONNECTED, DRIFT, FRESH

_FRESH = dg.AssetSelection.checks(FRESH, CONNECTED)
_DRIFT = dg.AssetSelection.checks(DRIFT)
_ACTIVATION = dg.AssetSelection.groups(keys.ACTIVATE)

refresh = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all() - _ACTIVATION - _FRESH - _DRIFT,
    description="Extract, transform, check, decide, publish. A failing gate leaves the last publish alone.",
)
activation = dg.define_asset_job(
    "activation",
    selection=_ACTIVATION,
    description="Plan, apply where that is allowed without a person, record. Reads the published file only.",
)
freshness = dg.define_asset_job(
    "freshness",
    selection=_FRESH,
    description="Ask whether the marts were published lately and each connection is well.",
)

drift = dg.define_asset_job(
    "schema_drift",
    selection=_DRIFT,
    description="Ask whether somebody has changed objects or fields by hand.",
)

ALL = [refresh, activation, freshness, drift]
