"""Shapley values: what each channel adds, averaged over all orders in which channels could have come.

Three games. *Volume*: a set of channels is worth the conversions of journeys that needed no other channel;
its Shapley value has a closed form, conversions of a journey shared equally by its distinct channels, exact
for any number of channels. *Ordered volume*: the same, kept apart by the position at which a channel came
in. *Rate*: a set is worth the conversion rate of the journeys it covers, summed over all subsets, exact up
to MOST_CHANNELS. Source of the first two: Zhao, Mahboobi, Bagheri, "Shapley value methods for attribution
modeling", 2018.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.attribution.paths import Floats, Ints, Paths, rounded

MOST_CHANNELS = 20
"""A game of conversion rates has 2^n coalitions: a million at 20 channels."""


def volume(paths: Paths) -> Floats:
    """Conversions per channel; they sum to all conversions."""
    journey, channel, _ = _distinct(paths)
    together = np.bincount(journey, minlength=len(paths.conversions))
    return rounded(np.bincount(channel, (paths.conversions / together)[journey], len(paths.names)))


def ordered_volume(paths: Paths) -> Floats:
    """Conversions per channel and position, shape (channels, longest); positions count distinct channels."""
    journey, channel, position = _distinct(paths)
    together = np.bincount(journey, minlength=len(paths.conversions))
    longest = int(together.max(initial=1))
    cells = np.bincount(
        channel * longest + position, (paths.conversions / together)[journey], len(paths.names) * longest
    )
    return rounded(cells.reshape(len(paths.names), longest))


def rate(paths: Paths) -> Floats:
    """The Shapley value of each channel in the game of conversion rates; their sum is the rate of all.

    Raises ValueError beyond MOST_CHANNELS.
    """
    count = len(paths.names)
    if count > MOST_CHANNELS:
        raise ValueError(
            f"Shapley values of conversion rates are exact up to {MOST_CHANNELS} channels, "
            f"and there are {count}; use the variant shapley, which is exact for any number, or let channel "
            f"rules put rare channels together"
        )
    journey, channel, _ = _distinct(paths)
    sets = np.zeros(len(paths.conversions), np.int64)
    np.add.at(sets, journey, np.int64(1) << channel)
    converted = _within(np.bincount(sets, paths.conversions, 1 << count), count)
    travelled = _within(np.bincount(sets, paths.conversions + paths.losses, 1 << count), count)
    worth = np.divide(converted, travelled, out=np.zeros_like(converted), where=travelled > 0)
    size = np.array([each.bit_count() for each in range(1 << count)])
    weight = np.array([1 / (count * math.comb(count - 1, others)) for others in range(count)])
    values = np.zeros(count)
    everything = np.arange(1 << count)
    for index in range(count):
        without = everything[(everything >> index) & 1 == 0]
        gained = worth[without | (1 << index)] - worth[without]
        values[index] = float(np.sum(weight[size[without]] * gained))
    return rounded(values)


def _distinct(paths: Paths) -> tuple[Ints, Ints, Ints]:
    """Each channel of each journey once: journey, channel, and its place in the order of first coming."""
    count = len(paths.names)
    journey = np.repeat(np.arange(len(paths.conversions)), np.diff(paths.offsets))
    keys = journey * count + paths.channels
    first = np.sort(np.unique(keys, return_index=True)[1])
    journey, channel = journey[first], paths.channels[first]
    begins = np.searchsorted(journey, np.arange(len(paths.conversions)))
    return journey, channel, np.arange(len(journey)) - begins[journey]


def _within(values: NDArray[Any], count: int) -> Floats:
    """For each set the sum over its subsets (the zeta transform)."""
    sums: Floats = values.astype(np.float64)
    for index in range(count):
        halves = sums.reshape(-1, 2, 1 << index)
        halves[:, 1, :] += halves[:, 0, :]
    return sums
