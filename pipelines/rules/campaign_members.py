"""`config/campaign_members.yml`: which HubSpot forms and lists fill which Salesforce campaigns, and back.

Belongs here: what the file may say, and the table of what forms make. Whom it means is
`reverse_sync.mirror.campaign_members`.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from pydantic import Field, model_validator

from pipelines.rules.loader import Strict, load_if_there
from pipelines.rules.rows import Columns, Rows


class Membership(Strict):
    """One form or list, and the campaign its people become members of."""

    form: str = ""
    list: str = ""
    campaign: str = Field(min_length=1)
    status: str = Field(min_length=1)
    removed: str = ""
    """The status of whoever left the list; empty leaves them as they are."""

    @model_validator(mode="after")
    def _one_source(self) -> Membership:
        if bool(self.form) == bool(self.list):
            raise ValueError("name a form or a list, one of them")
        if self.removed and not self.list:
            raise ValueError("removed is about lists: nobody leaves a form")
        return self

    @property
    def source(self) -> str:
        return f"form {self.form}" if self.form else f"list {self.list}"


class Listing(Strict):
    """One campaign, and the HubSpot list its members are put on."""

    campaign: str = Field(min_length=1)
    list: str = Field(min_length=1)
    statuses: tuple[str, ...] = ()
    """Members in one of these; empty: all."""


class CampaignMembers(Strict):
    """The whole file."""

    order: tuple[str, ...] = ("Sent", "Responded")
    create_statuses: bool = False
    members: tuple[Membership, ...] = ()
    lists: tuple[Listing, ...] = ()

    @model_validator(mode="after")
    def _in_order(self) -> CampaignMembers:
        for each in self.members:
            if each.status not in self.order:
                raise ValueError(f"status {each.status} of {each.source} is not in order")
        return self


def load_campaign_members(config_dir: Path) -> CampaignMembers:
    """Read and validate the file; a team without one has no such memberships."""
    return load_if_there(config_dir / "campaign_members.yml", CampaignMembers)


def form_members(rules: CampaignMembers) -> Rows:
    """A row per form whose people become members of a campaign: it and the membership tell of one touch."""
    columns: Columns = (("form", pa.string()), ("campaign", pa.string()), ("status", pa.string()))
    return columns, [(each.form, each.campaign, each.status) for each in rules.members if each.form]
