"""Markov chains of any order: how much would be lost if a channel were not there.

A journey is a walk from start over its touches to conversion or to nothing. The state after a touch is the
last `order` channels (fewer at the beginning of a journey). The removal effect of a channel is the share of
conversions whose walk passes it: 1 - P(conversion without passing it) / P(conversion). The chain is
absorbing, so both are the solution of a linear system; nothing is simulated. Few states are eliminated
directly. Many are solved by iteration, and since no number of the system is negative, what is left over
bounds how far the solution can be off: it is accepted below ERROR, and eliminated directly otherwise.

An order is bounded by nothing but the journeys: there are at most as many states as touches, and from the
longest journey's length on a higher order changes nothing. Time is channels times transitions times rounds;
memory is that of the transitions, unless a chain that goes in circles for long has to be eliminated.

Definition of the removal effect: Anderl, Becker, von Wangenheim, Schumann, "Mapping the customer journey",
IJRM 2016.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from pipelines.attribution.paths import Floats, Ints, Paths, rounded

_COUNTED_DIRECTLY = 1 << 24
"""Up to so many possible transitions are counted in a plain table; beyond, by sorting."""
_DENSE_STATES = 64
"""So many are solved densely. Beyond, numpy starts threads, which a busy machine keeps waiting."""
_DIRECT_STATES = 600
_RESIDUAL = 1e-9
_ROUNDS = 4
ERROR = 1e-13
"""What a probability may be off by; effects are told to twelve digits."""


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
    newest, state = _states(paths, order)
    weight = paths.conversions + paths.losses
    size = len(newest)
    is_last = np.zeros(len(state), bool)
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
    return Chain(step, win, start, newest)


def _states(paths: Paths, order: int) -> tuple[Ints, Ints]:
    """The newest channel of each state, and each touch's state.

    What came before is a number, 0 where the journey had not begun; with the channel it makes the next one.
    """
    base = len(paths.names) + 1
    lengths = np.diff(paths.offsets)
    position = np.arange(len(paths.channels)) - np.repeat(paths.starts, lengths)
    found, state = _compact(paths.channels + 1, base)
    for _ in range(1, min(order, int(lengths.max(initial=1)))):
        before = np.zeros_like(state)
        before[1:] = state[:-1] + 1
        before[position == 0] = 0
        found, state = _compact(before * base + paths.channels + 1, (len(found) + 1) * base)
    return found % base - 1, state


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
    if size <= _DIRECT_STATES:
        return np.asarray(linalg.splu(system.tocsc()).solve(win))
    longest = _longest_walk(system)
    found = np.zeros(size)
    for _ in range(_ROUNDS):
        left = win - system @ found
        if np.abs(left).max() * longest <= ERROR:
            return found
        found += linalg.bicgstab(system, left, rtol=_RESIDUAL, atol=0.0, maxiter=100)[0]
    return np.asarray(linalg.splu(system.tocsc()).solve(win))


def _longest_walk(system: sparse.csr_matrix) -> float:
    """No fewer than the touches that a walk still has, on average, from any state; infinite where not found.

    They solve a system like the probabilities do: whatever is one touch more everywhere is enough. What is
    left over of the probabilities, times this, is the most that they can be off by.
    """
    walks, _ = linalg.bicgstab(system, np.ones(system.shape[0]), rtol=1e-6, atol=0.0, maxiter=100)
    least = float((system @ walks).min())
    return float(walks.max() / least) if least > 0 and walks.min() >= 0 else np.inf
