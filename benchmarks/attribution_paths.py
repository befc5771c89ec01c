"""Journeys for the attribution measurement: the same ones for this project and for its peers.

Belongs here: making them from a seed. `arrays` needs numpy only, so that the peers' interpreter can run it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

CHANNELS = tuple(f"channel_{index:02}" for index in range(12))
_MEAN_LENGTH = 4
_CONVERTS = 0.05


def arrays(count: int, seed: int = 7) -> tuple[Any, Any, Any]:
    """(channels, offsets, converted): a journey each, about four touches long, one in twenty converts."""
    dice = np.random.default_rng(seed)
    lengths = np.minimum(dice.geometric(1 / _MEAN_LENGTH, count), 30)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    liked = dice.dirichlet(np.full(len(CHANNELS), 3.0))
    channels = dice.choice(len(CHANNELS), int(offsets[-1]), p=liked).astype(np.int64)
    return channels, offsets, dice.random(count) < _CONVERTS


def table(count: int) -> Any:
    """The journeys as `int_journeys` has them, but each by itself: basis, path, conversions, losses."""
    import pyarrow as pa  # the peers' interpreter may lack it

    channels, offsets, converted = arrays(count)
    codes = pa.DictionaryArray.from_arrays(pa.array(channels, pa.int32()), pa.array(CHANNELS))
    path = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), codes.cast(pa.string()))
    won = pa.array(converted.astype(np.int64))
    lost = pa.array((~converted).astype(np.int64))
    basis = pa.repeat("all", count)
    return pa.table({"basis": basis, "path": path, "conversions": won, "losses": lost})
