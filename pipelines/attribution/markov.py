"""Markov chains of any order: how much would be lost if a channel were not there.

A journey is a walk from start over its touches to conversion or to nothing. The state after a touch is the
last `order` channels (fewer at the beginning of a journey). The removal effect of a channel is the share of
conversions whose walk passes it: 1 - P(conversion without passing it) / P(conversion). The chain is
absorbing, so both are the solution of a linear system; nothing is simulated. Definition of the removal
effect: Anderl, Becker, von Wangenheim, Schumann, "Mapping the customer journey", IJRM 2016.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from pipelines.attribution.paths import Floats, Ints, Paths, rounded

_COUNTED_DIRECTLY = 1 << 24
"""Up to so many possible transitions are counted in a plain table; beyond, by sorting."""
_DENSE_STATES = 600
_RESIDUAL = 1e-14


@dataclass(frozen=True)
class Chain:
    """An absorbing chain over observed states; the rows of `step` and `win` sum to 1 or less."""

    step: sparse.csr_matrix
    win: Floats
    start: Floats
    newest: Ints
    """The channel of the touch that led into a state."""


def removal_effects(paths: Paths, order: int = 1) -> Floats:
    """A number in 0..1 for each of `paths.names`, in that order: the conversions lost without the channel.

    Channels that no converting walk passes have 0. Without any conversion all are 0.
    """
    chain = chain_of(paths, order)
    everything = float(chain.start @ _reach(chain.step, chain.win))
    effects = np.zeros(len(paths.names))
    if everything <= 0:
        return effects
    for channel in range(len(paths.names)):
        kept = np.flatnonzero(chain.newest != channel)
        if len(kept) == len(chain.newest):
            continue
        reached = _reach(chain.step[kept][:, kept], chain.win[kept])
        effects[channel] = 1 - float(chain.start[kept] @ reached) / everything
    return rounded(np.clip(effects, 0, 1))


def shares(effects: Floats) -> Floats:
    """Removal effects scaled to sum to 1: a channel's share of all conversions. All zero stays zero."""
    total = float(effects.sum())
    return rounded(effects / total) if total > 0 else effects


def chain_of(paths: Paths, order: int) -> Chain:
    """The chain that the journeys were walks of."""
    if order < 1:
        raise ValueError(f"the order of a Markov chain is 1 or more, not {order}")
    codes = _states(paths, order)
    weight = paths.conversions + paths.losses
    states, state = _compact(codes, (len(paths.names) + 1) ** order)
    size = len(states)
    is_last = np.zeros(len(codes), bool)
    is_last[paths.ends] = True
    inner = np.flatnonzero(~is_last)
    of_touch = np.repeat(weight, np.diff(paths.offsets))
    moves, moved = _sums(state[inner] * size + state[inner + 1], of_touch[inner], size * size)
    leaving = np.bincount(state, of_touch, size)
    out = np.where(leaving > 0, leaving, 1.0)
    before, after = moves // size, moves % size
    step = sparse.csr_matrix((moved / out[before], (before, after)), shape=(size, size))
    started = float(weight.sum())
    start = np.bincount(state[paths.starts], weight, size) / (started if started > 0 else 1.0)
    win = np.bincount(state[paths.ends], paths.conversions, size) / out
    return Chain(step, win, start, states % (len(paths.names) + 1) - 1)


def _states(paths: Paths, order: int) -> Ints:
    """A number for the last `order` channels at each touch; 0 stands where the journey had not begun."""
    base = len(paths.names) + 1
    if base**order >= 1 << 62:
        raise ValueError(f"a chain of order {order} over {len(paths.names)} channels has too many states")
    position = np.arange(len(paths.channels)) - np.repeat(paths.starts, np.diff(paths.offsets))
    codes = paths.channels + 1
    for back in range(1, order):
        earlier = np.zeros_like(codes)
        earlier[back:] = paths.channels[:-back] + 1
        codes = codes + np.where(position >= back, earlier, 0) * base**back
    return codes


def _compact(codes: Ints, possible: int) -> tuple[Ints, Ints]:
    """The states there are, ascending, and each touch's place among them."""
    if possible > _COUNTED_DIRECTLY:
        found, inverse = np.unique(codes, return_inverse=True)
        return found, inverse
    seen = np.flatnonzero(np.bincount(codes, minlength=possible))
    place = np.zeros(possible, np.int64)
    place[seen] = np.arange(len(seen))
    return seen, place[codes]


def _sums(keys: Ints, weights: Floats, possible: int) -> tuple[Ints, Floats]:
    """The sum of weights per key."""
    if possible > _COUNTED_DIRECTLY:
        found, inverse = np.unique(keys, return_inverse=True)
        return found, np.bincount(inverse, weights, len(found)).astype(np.float64)
    table: Floats = np.bincount(keys, weights, possible).astype(np.float64)
    found = np.flatnonzero(np.bincount(keys, minlength=possible))
    return found, table[found]


def _reach(step: sparse.csr_matrix, win: Floats) -> Floats:
    """The probability of converting from each state: the solution of (I - step) x = win."""
    size = len(win)
    if size == 0:
        return win
    system = sparse.identity(size, format="csr") - step
    if size <= _DENSE_STATES:
        return np.asarray(np.linalg.solve(system.toarray(), win))
    found, failed = linalg.bicgstab(system, win, rtol=_RESIDUAL, atol=0.0, maxiter=200)
    if failed or np.abs(system @ found - win).max() > 100 * _RESIDUAL * max(np.abs(win).max(), _RESIDUAL):
        found = linalg.spsolve(system.tocsc(), win)
    return np.asarray(found)
