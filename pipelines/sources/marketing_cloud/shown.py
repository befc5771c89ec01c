"""Retrieves that ask for what an account may not show: which properties it does differs between accounts.

Belongs here: asking again without them, and saying so. One property too many refuses a whole retrieve.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipelines.clients import errors
from pipelines.clients.marketing_cloud import soap
from pipelines.clients.marketing_cloud.client import MarketingCloudClient
from pipelines.sources.known import LACKING


@dataclass
class Asked:
    """What is asked of an object: properties by column, of which only `needed` columns have to be there."""

    kind: str
    properties: Mapping[str, str]
    needed: Sequence[str]
    lacking: list[str] = field(default_factory=list)
    """Columns that the account turned out not to show."""

    def pages(
        self, client: MarketingCloudClient, where: soap.Filter | soap.Both | None = None
    ) -> Iterator[soap.Page]:
        """Pages of the retrieve, without what is not shown. Raises UnknownField when that is needed."""
        try:
            yield from client.retrieve(self.kind, self._left(), where)
        except errors.UnknownField as refused:
            self._do_without(refused)
            yield from client.retrieve(self.kind, self._left(), where)

    def notes(self) -> list[str]:
        return [f"{LACKING}{', '.join(self.lacking)}"] if self.lacking else []

    def _left(self) -> list[str]:
        """What is worth asking for: the rest has been refused."""
        return [name for column, name in self.properties.items() if column not in self.lacking]

    def _do_without(self, refused: errors.UnknownField) -> None:
        named = {name.casefold() for name in refused.fields}
        columns = [column for column, name in self.properties.items() if name.casefold() in named]
        if not columns or set(columns) & set(self.needed):
            raise refused
        self.lacking += columns
