"""What is wrong, or worth saying, about a mapping: values with a place and a remedy.

Belongs here: the value. What is looked for is in `resolve` and `fit`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from pipelines.errors import ConfigError

Level = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """`where` is file and line, `field` vendor, object and field."""

    level: Level
    where: str
    field: str
    what: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.where}: {self.field} {self.what}" + (f"; {self.remedy}" if self.remedy else "")


def refuse(findings: Sequence[Finding]) -> None:
    """Raise ConfigError for the first error, if there is one, and say how many more there are."""
    errors = [finding for finding in findings if finding.level == "error"]
    if not errors:
        return
    more = f" and {len(errors) - 1} more errors" if len(errors) > 1 else ""
    first = errors[0]
    raise ConfigError(
        f"{first.field} {first.what}{more}", where=first.where,
        remedy="; ".join(part for part in (first.remedy, "crm mappings check shows everything") if part),
    )  # fmt: skip
