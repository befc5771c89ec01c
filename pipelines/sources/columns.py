"""Rows on their way from a vendor's JSON to Arrow: plain values by column, with a fingerprint.

Belongs here: what can be said of rows before they are typed. Making the first Arrow array costs an import of
pandas (pyarrow's own doing), so a run that finds nothing new decides that on these values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from pipelines.sources.schema import RawTable

if TYPE_CHECKING:
    import pyarrow as pa

    from pipelines.sources.arrow import BadValues


@dataclass(frozen=True)
class Columns:
    """The rows of a table, by column, as the vendor gave them."""

    table: RawTable
    values: Mapping[str, Sequence[Any]]

    def __len__(self) -> int:
        return len(self.values[self.table.key[0]])

    def fingerprint(self) -> str:
        """Of the content and the promised types, whatever the order of the rows."""
        rows = zip(*(self.values[name] for name in self.table.columns), strict=True)
        lines = sorted(orjson.dumps(row, option=orjson.OPT_SORT_KEYS) for row in rows)
        return hashlib.sha256(b"\n".join([orjson.dumps(self.table.columns), *lines])).hexdigest()

    def to_arrow(self, bad: BadValues) -> pa.Table:
        """Typed as the catalog promises; what cannot be read is null and counted in `bad`."""
        import pyarrow as pa

        from pipelines.sources.arrow import column, schema_for

        types = self.table.columns
        arrays = [column(self.values[name], kind, name, bad) for name, kind in types.items()]
        return pa.Table.from_arrays(arrays, schema=schema_for(types))
