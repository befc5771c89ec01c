"""What `config/attribution.yml` may say: models, which touches earn credit, what covers a deal, campaigns.

Belongs here: the form of that file, and that `attribution_sync.json` beside it speaks for the business's own
model. What a model means is in `attribution_models.py`, channels are in `channels.py`; credit is shared out
by the dbt models.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from pipelines.rules.attribution_models import AttributionModel, Resolved, Sync, TouchType, resolved
from pipelines.rules.channels import Channels
from pipelines.rules.loader import Strict, load

FILE, SYNC_FILE = "attribution.yml", "attribution_sync.json"
Earns = Literal["always", "responded", "tagged", "never"]
_EARNS: dict[TouchType, Earns] = {
    "membership": "responded", "original_source": "always", "latest_source": "always",
    "conversion": "always", "form": "always", "event": "responded", "email_click": "always",
    "page_visit": "tagged",
}  # fmt: skip
"""What earns where config does not say; every other kind of touch never does."""
_STANDING_CHANNELS = {"direct", "offline", "integration", "import", "unknown", "sales"}
"""Known also where no rule of `channels` gives them: models and coverage leave them out by default."""


class Bots(Strict):
    """When a click in an e-mail was a machine's."""

    seconds_after_delivery: int = Field(default=10, ge=0)
    links_at_once: int = Field(default=3, ge=0)
    user_agents: tuple[str, ...] = ()


class Coverage(Strict):
    """Which touches make a won deal one that marketing had a part in."""

    touch_types: tuple[TouchType, ...] = (
        "membership", "original_source", "latest_source", "conversion", "form", "event", "email_click",
        "page_visit",
    )  # fmt: skip
    without_channels: tuple[str, ...] = ("offline", "integration", "import", "unknown", "sales")
    after_creation: bool = False


CampaignReason = Literal["utm", "name", "similar_name", "same_name_at_another_time"]
Pair = tuple[str, str]


class Campaigns(Strict):
    """When campaigns of two systems are one. Links and settled pairs always count."""

    link_fields: dict[Literal["hubspot", "salesforce", "marketing_cloud"], str] = Field(default_factory=dict)
    join_when: tuple[Literal["utm", "name"], ...] = ("utm", "name")
    review_when: tuple[CampaignReason, ...] = ("utm", "name", "similar_name", "same_name_at_another_time")
    same: tuple[Pair, ...] = ()
    different: tuple[Pair, ...] = ()

    @model_validator(mode="after")
    def is_whole(self) -> Campaigns:
        for one, other in (*self.same, *self.different):
            if one == other or one.count(":") < 3 or other.count(":") < 3:
                raise ValueError(f"{one} and {other} are no two record keys; see marts.campaign_reviews")
        return self


class CampaignInfluence(Strict):
    """The influence model in Salesforce that belongs to this project."""

    model: str | None = Field(default=None, pattern=r"^[A-Za-z][A-Za-z0-9_]*$")


class Attribution(Strict):
    sync: Sync
    models: tuple[AttributionModel, ...] = Field(min_length=1)
    written_back: str
    revenue_by_model: Literal["all"] | tuple[str, ...] = ()
    """Models whose revenue is written back too, each into a field of its own."""
    earns_credit: dict[TouchType, Earns]
    earns_without_channels: tuple[str, ...] = ("import", "integration")
    """Touches of these channels earn nothing: a record that a machine or a list made is nobody's doing."""
    membership_statuses: tuple[str, ...] = ()
    bots: Bots = Bots()
    coverage: Coverage = Coverage()
    campaigns: Campaigns = Campaigns()
    campaign_influence: CampaignInfluence = CampaignInfluence()
    channels: Channels

    @model_validator(mode="after")
    def is_whole(self) -> Attribution:
        names = [model.model for model in self.models]
        if len(set(names)) != len(names):
            raise ValueError("a model stands twice")
        if self.written_back not in names:
            raise ValueError(f"written_back names {self.written_back}, which is not among the models")
        strangers = set(self.revenue_by_model) - set(names) if self.revenue_by_model != "all" else ()
        if strangers:
            raise ValueError(f"revenue_by_model names {min(strangers)}, which is not among the models")
        matches = [(vendor, kind, rule.match) for vendor, kind, rule in self.channels.rows()]
        for vendor, kind in {(vendor, kind) for vendor, kind, _ in matches}:
            if (vendor, kind, "*") not in matches:
                raise ValueError(
                    f'channels.{vendor}.{kind} needs a last entry for everything else, match "*"'
                )
        self._know_channels()
        return self

    def _know_channels(self) -> None:
        """A channel that no touch can have would filter nothing, in silence."""
        known = {rule.channel for _, _, rule in self.channels.rows()} | _STANDING_CHANNELS
        named = {
            "earns_without_channels": self.earns_without_channels,
            "coverage.without_channels": self.coverage.without_channels,
            **{f"without_channels of {model.model}": model.without_channels for model in self.models},
        }
        for where, channels in named.items():
            strangers = set(channels) - known
            if strangers:
                raise ValueError(
                    f"{where} names {min(strangers)}, which no rule of channels gives; there are "
                    f"{', '.join(sorted(known))}"
                )

    def earning(self) -> dict[TouchType, Earns]:
        """When each kind of touch earns credit."""
        return {**_EARNS, **self.earns_credit}

    def resolved(self) -> tuple[Resolved, ...]:
        """Every model with everything said, in the order of the file."""
        return tuple(resolved(entry, self.sync) for entry in self.models)


def load_attribution(config_dir: Path) -> Attribution:
    """The file, with `sync` from `attribution_sync.json` where that lies beside it."""
    known = load(config_dir / FILE, Attribution)
    given = config_dir / SYNC_FILE
    return known.model_copy(update={"sync": load(given, Sync)}) if given.is_file() else known
