"""`extract.yml`: which objects and fields are copied, and how often all of it is compared.

Belongs here: what the file may say, and what holds without it. Which objects there are is known to
`pipelines.sources` and to the vendors; a name nobody knows is found out while reading, not here.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from pipelines.rules.data_extensions import load_data_extensions
from pipelines.rules.journeys import load_journeys
from pipelines.rules.loader import Strict, load_if_there
from pipelines.rules.mappings.mapped import mapped_properties
from pipelines.rules.schema.load import load_model
from pipelines.rules.schema.names import object_name
from pipelines.rules.schema.renames import object_renames

FILE = "extract.yml"
Names = tuple[str, ...]


class Choice(Strict):
    """Which fields of an object, besides those its table promises: all, `only` or all `without` the named."""

    only: Names | None = None
    without: Names = ()

    @model_validator(mode="after")
    def one_of_both(self) -> Choice:
        if self.only is not None and self.without:
            raise ValueError("say only or without, not both")
        return self

    def takes(self, name: str) -> bool:
        """Whether a field is wanted. Names are compared without case, as both vendors do."""
        listed = {each.casefold() for each in (self.without if self.only is None else self.only)}
        return (name.casefold() in listed) == (self.only is not None)

    @property
    def names(self) -> Names:
        """Every field the choice names."""
        return (*(self.only or ()), *self.without)


class HubSpotExtract(Strict):
    """`objects` are the standard ones; `history` adds to the properties whose every change is kept, or
    (none) keeps none of an object; `associations` adds pairs, by the object from whose side they are read;
    `without` names what is not asked for, records or not."""

    objects: Literal["all"] | Names = "all"
    custom_objects: Literal["all", "none"] | Names = "all"
    properties: dict[str, Choice] = Field(default_factory=dict)
    history: dict[str, Literal["none"] | Names] = Field(default_factory=dict)
    associations: dict[str, Names] = Field(default_factory=dict)
    without: Names = ()
    renamed: Names = ()
    """Both ends of renamed objects of `custom_objects.yml`: their pipelines are read, to find stages."""
    mapped: dict[str, Names] = Field(default_factory=dict)
    """Properties by object that `field_mappings/` keeps in step: who changed one last is in its history."""

    def choice(self, object_type: str) -> Choice:
        return self.properties.get(object_type, Choice())


class SalesforceExtract(Strict):
    """`objects` adds to the standard ones."""

    objects: Names = ()
    described: Names = ()
    """Objects of the model in `custom_objects.yml`; nothing is wrong while the org lacks them."""
    fields: dict[str, Choice] = Field(default_factory=dict)

    def choice(self, sobject: str) -> Choice:
        wanted = {name.casefold(): choice for name, choice in self.fields.items()}
        return wanted.get(sobject.casefold(), Choice())


class FilledExtension(Strict):
    """A data extension that a query activity fills: only so are some data views read. `query` is started
    before it is read, where this run may write; without one it is read as it stands."""

    data_extension: str
    query: str = ""


class MarketingCloudExtract(Strict):
    """`data_extensions`: more of them to copy whole, by their keys; so are those of `data_extensions.yml`.
    `whole_every_minutes`: a listener reads what has no cursor so often, and what is tracked each time."""

    data_extensions: Names = ()
    journey_activity: FilledExtension | None = FilledExtension(
        data_extension="crm_journey_activity", query="crm_journey_activity"
    )
    complaints: FilledExtension | None = FilledExtension(
        data_extension="crm_complaints", query="crm_complaints"
    )
    people: FilledExtension | None = FilledExtension(data_extension="crm_people")
    whole_every_minutes: int = Field(default=60, ge=1)
    kept_up: Names = ()
    """Events of `journeys.yml` whose rows are kept up, and so read."""


class Sweep(Strict):
    every_days: float = Field(default=7, gt=0)

    @property
    def every(self) -> timedelta:
        return timedelta(days=self.every_days)


class Calculated(Strict):
    every_hours: float = Field(default=24, gt=0)

    @property
    def every(self) -> timedelta:
        return timedelta(hours=self.every_hours)


class Budget(Strict):
    """`daily_share`: of a vendor's calls of a day, from 0 to 1; others' calls count too."""

    daily_share: float = Field(default=0.9, gt=0, le=1)


class Extract(Strict):
    hubspot: HubSpotExtract = HubSpotExtract()
    salesforce: SalesforceExtract = SalesforceExtract()
    marketing_cloud: MarketingCloudExtract = MarketingCloudExtract()
    sweep: Sweep = Sweep()
    calculated: Calculated = Calculated()
    budget: Budget = Budget()


def load_extract(config_dir: Path) -> Extract:
    """The file's, or the defaults where a team's own config has no such file."""
    path = config_dir / FILE
    found = load_if_there(path, Extract)
    model = load_model(config_dir)
    described = tuple(
        name
        for key, each in model.objects.items()
        if each.is_custom and (name := object_name("salesforce", key, each)) is not None
    )
    renamed = object_renames(model)
    earlier = (each.old for each in renamed if each.vendor == "salesforce")
    staged = tuple(name for each in renamed if each.vendor == "hubspot" for name in (each.old, each.new))
    hubspot = found.hubspot.model_copy(
        update={"renamed": staged, "mapped": mapped_properties(config_dir, "hubspot")}
    )
    salesforce = found.salesforce.model_copy(update={"described": (*described, *earlier)})
    ours = [each.data_extension for each in load_data_extensions(config_dir)]
    copied = tuple(dict.fromkeys((*found.marketing_cloud.data_extensions, *ours)))
    kept_up = tuple(dict.fromkeys(each.event for each in load_journeys(config_dir).entries if each.keep_up))
    clouded = found.marketing_cloud.model_copy(update={"data_extensions": copied, "kept_up": kept_up})
    return found.model_copy(update={"hubspot": hubspot, "salesforce": salesforce, "marketing_cloud": clouded})
