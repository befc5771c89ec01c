"""What `config/attribution.yml` may say: models, which touches earn credit, channels.

Belongs here: the form of that file, and that `attribution_sync.json` beside it speaks for the business's own
model. What a model means is in `attribution_models.py`; credit is shared out by the dbt models.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from pipelines.rules.attribution_models import AttributionModel, Resolved, Sync, resolved
from pipelines.rules.loader import Strict, load

SYNC_FILE = "attribution_sync.json"
TouchType = Literal[
    "membership", "original_source", "latest_source", "conversion", "call", "email", "meeting", "task"
]
Earns = Literal["always", "responded", "never"]


class ChannelRule(Strict):
    match: str
    channel: str
    source: str | None = None
    medium: str | None = None


class HubSpotChannels(Strict):
    analytics_source: tuple[ChannelRule, ...]
    conversion: tuple[ChannelRule, ...]


class SalesforceChannels(Strict):
    campaign_type: tuple[ChannelRule, ...]
    task: tuple[ChannelRule, ...]


class Channels(Strict):
    hubspot: HubSpotChannels
    salesforce: SalesforceChannels

    def rows(self) -> list[tuple[str, str, ChannelRule]]:
        """(vendor, kind, rule), in the order of the file."""
        kinds = (
            ("hubspot", "analytics_source", self.hubspot.analytics_source),
            ("hubspot", "conversion", self.hubspot.conversion),
            ("salesforce", "campaign_type", self.salesforce.campaign_type),
            ("salesforce", "task", self.salesforce.task),
        )
        return [(vendor, kind, rule) for vendor, kind, rules in kinds for rule in rules]


class Attribution(Strict):
    sync: Sync
    models: tuple[AttributionModel, ...] = Field(min_length=1)
    written_back: str
    earns_credit: dict[TouchType, Earns]
    channels: Channels

    @model_validator(mode="after")
    def is_whole(self) -> Attribution:
        names = [model.model for model in self.models]
        if len(set(names)) != len(names):
            raise ValueError("a model stands twice")
        if self.written_back not in names:
            raise ValueError(f"written_back names {self.written_back}, which is not among the models")
        matches = [(vendor, kind, rule.match) for vendor, kind, rule in self.channels.rows()]
        for vendor, kind in {(vendor, kind) for vendor, kind, _ in matches}:
            if (vendor, kind, "*") not in matches:
                raise ValueError(
                    f'channels.{vendor}.{kind} needs a last entry for everything else, match "*"'
                )
        return self

    def resolved(self) -> tuple[Resolved, ...]:
        """Every model with everything said, in the order of the file."""
        return tuple(resolved(entry, self.sync) for entry in self.models)


def load_attribution(config_dir: Path) -> Attribution:
    """The file, with `sync` from `attribution_sync.json` where that lies beside it."""
    known = load(config_dir / "attribution.yml", Attribution)
    given = config_dir / SYNC_FILE
    return known.model_copy(update={"sync": load(given, Sync)}) if given.is_file() else known
