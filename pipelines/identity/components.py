"""Connected components: which records hang together through the keys they share.

Belongs here: the graph, and nothing of what a key means. The answer does not depend on the order of rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Graph:
    """`names` are sorted, so codes order as they do; `component[code]` is the least code it hangs with."""

    names: pa.Array
    component: Codes

    def codes(self, names: pa.ChunkedArray | pa.Array) -> Codes:
        """The code of each name, -1 for a name that is not in the graph."""
        found = pc.fill_null(pc.index_in(_flat(names), value_set=self.names), -1)
        return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int64)


def link(records: pa.ChunkedArray, owners: pa.ChunkedArray, values: pa.ChunkedArray) -> Graph:
    """The graph of `records` and of every edge from `owners[i]` to `values[i]`."""
    everything = pa.concat_arrays([_flat(records), _flat(owners), _flat(values)])
    unique = pc.unique(everything)
    names = unique.take(pc.sort_indices(unique))
    bare = Graph(names, np.arange(len(names), dtype=np.int64))
    return Graph(names, _least_reachable(len(names), bare.codes(owners), bare.codes(values)))


def _least_reachable(size: int, left: Codes, right: Codes) -> Codes:
    """Hook every tree under the smaller of its neighbours, then shorten the paths, until nothing moves."""
    root = np.arange(size, dtype=np.int64)
    while True:
        least = np.minimum(root[left], root[right])
        hooked = root.copy()
        np.minimum.at(hooked, root[left], least)
        np.minimum.at(hooked, root[right], least)
        while True:
            shorter = hooked[hooked]
            if np.array_equal(shorter, hooked):
                break
            hooked = shorter
        if np.array_equal(hooked, root):
            return root
        root = hooked


def _flat(values: pa.ChunkedArray | pa.Array) -> pa.Array:
    whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    return whole.cast(pa.string())
