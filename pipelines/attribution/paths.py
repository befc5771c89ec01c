"""Journeys as arrays: the one input of every data-driven model.

Belongs here: holding and checking them. Where journeys come from, and what became of the shares, is SQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Paths:
    """Journeys laid end to end, each standing for as many people as went that way.

    `channels[offsets[i]:offsets[i + 1]]` are the touches of journey i, oldest first, as numbers into `names`.
    `conversions[i]` of its travellers converted, `losses[i]` did not; both may be any weights from zero up.
    """

    names: tuple[str, ...]
    channels: Ints
    offsets: Ints
    conversions: Floats
    losses: Floats

    def __post_init__(self) -> None:
        lengths = np.diff(self.offsets)
        if len(self.offsets) != len(self.conversions) + 1 or len(self.conversions) != len(self.losses):
            raise ValueError("a journey needs one start, one count of conversions and one of losses")
        if self.offsets[0] != 0 or self.offsets[-1] != len(self.channels) or (lengths < 1).any():
            raise ValueError("a journey has at least one touch, and the journeys lie end to end")
        if len(self.channels) and not (0 <= self.channels.min() <= self.channels.max() < len(self.names)):
            raise ValueError("a touch names a channel that is not in the list")
        if (self.conversions < 0).any() or (self.losses < 0).any():
            raise ValueError("conversions and losses are counts, from zero up")

    @classmethod
    def of(cls, journeys: Sequence[tuple[Sequence[str], float, float]]) -> Paths:
        """From `(channels, conversions, losses)` per journey: for small data and for tests."""
        names = tuple(sorted({name for path, _, _ in journeys for name in path}))
        number: Mapping[str, int] = {name: index for index, name in enumerate(names)}
        lengths = [len(path) for path, _, _ in journeys]
        return cls(
            names=names,
            channels=np.array([number[name] for path, _, _ in journeys for name in path], np.int64),
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            conversions=np.array([converted for _, converted, _ in journeys], np.float64),
            losses=np.array([lost for _, _, lost in journeys], np.float64),
        )

    @property
    def starts(self) -> Ints:
        return self.offsets[:-1]

    @property
    def ends(self) -> Ints:
        return self.offsets[1:] - 1


def rounded(values: NDArray[Any]) -> Floats:
    """To twelve digits: far finer than money, and the same on machines whose last bits differ."""
    return np.asarray(np.round(values, 12), np.float64)
