"""What became of each row of a batch: one type for every vendor.

Belongs here: values. Turning an answer into them is the vendor client's part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class RowResult:
    """The outcome of one row. `code`, `message` and `fields` are the vendor's, empty when ok.

    `values` are what the vendor says it stored, where its answer echoes them: HubSpot does, Salesforce not.
    """

    ok: bool
    id: str | None = None
    created: bool = False
    code: str = ""
    message: str = ""
    fields: tuple[str, ...] = ()
    values: Mapping[str, str | None] = field(default_factory=dict)
    matches: tuple[tuple[str, str], ...] = ()
    """(object, id) of the records that are there already, where a duplicate's refusal names them."""


class Outcomes(list[RowResult]):
    """Row results in the order of the inputs. `request_id`: the vendor's name for the call, or the
    client's own where it gives none."""

    def __init__(self, rows: Iterable[RowResult] = (), *, request_id: str = "") -> None:
        super().__init__(rows)
        self.request_id = request_id


MISSING_FROM_ANSWER = "MISSING_FROM_ANSWER"
"""Code of a row the answer does not mention: neither stored nor refused, so it must be read back."""
UNPROCESSED = "UNPROCESSED"
"""Code of a row that a job did not try: it may be sent again as it is."""
