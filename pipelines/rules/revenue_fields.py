"""Attributed revenue by model: a field for each model that `attribution.yml` names under `revenue_by_model`.

Belongs here: what the fields are called, on which objects they are, and the syncs that write them. Their
values are worked out in `reverse_sync.revenue`.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from pipelines.errors import ConfigError
from pipelines.rules.attribution import FILE, load_attribution
from pipelines.rules.attribution_models import Resolved
from pipelines.rules.fields import Fields, Names
from pipelines.rules.schema.fields import FieldModel
from pipelines.rules.syncs import FieldRule, Sync, Syncs, Vendor

_LONGEST = 40
"""Letters of a Salesforce field's name, without `__c`."""
_DATA_DRIVEN_BAND = 1.0
"""What a data-driven model gives to a deal moves a little with everybody else's journeys; so much of it is
not written."""


class Place(NamedTuple):
    """An object whose records have the fields, and the sync that writes its other fields of attribution."""

    vendor: Vendor
    object: str
    beside: str

    @property
    def sync(self) -> str:
        return f"{self.vendor}_{self.object.lower()}_revenue"

    @property
    def desired(self) -> str:
        return f"sync_{self.vendor}__{self.object.lower()}_revenue"

    @property
    def existing(self) -> str:
        return f"existing_{self.vendor}__{self.object.lower()}_revenue"

    @property
    def grouped_by(self) -> str:
        """The column by which rows of one parent are written together."""
        return "parent_id" if self.object in ("Contact", "Opportunity") else ""


PLACES = (
    Place("hubspot", "contacts", "contacts"),
    Place("hubspot", "deals", "deals"),
    Place("salesforce", "Lead", "leads"),
    Place("salesforce", "Contact", "contacts"),
    Place("salesforce", "Opportunity", "opportunities"),
    Place("salesforce", "Campaign", "campaigns"),
)


def models(config_dir: Path) -> tuple[Resolved, ...]:
    """Those with a field of their own; none where a team's folder has no attribution.yml."""
    if not (config_dir / FILE).is_file():
        return ()
    known = load_attribution(config_dir)
    named = known.revenue_by_model
    return tuple(each for each in known.resolved() if named == "all" or each.model in named)


def field_of(vendor: Vendor, model: str) -> str:
    """`attributed_revenue_first`, `Attributed_Revenue_First__c`."""
    if vendor == "hubspot":
        return f"attributed_revenue_{model}"
    name = "Attributed_Revenue_" + "_".join(word.capitalize() for word in model.split("_") if word)
    if len(name) > _LONGEST:
        raise ConfigError(
            f"the model {model} has a name too long for a field in Salesforce, {name}__c", where=FILE,
            remedy=f"name it with {len(name) - _LONGEST} letters less, or leave it out of revenue_by_model",
        )  # fmt: skip
    return f"{name}__c"


def with_revenue(syncs: Syncs, config_dir: Path) -> Syncs:
    """The syncs of `syncs.yml` and, where revenue is written by model, one for each object."""
    chosen = models(config_dir)
    if not chosen:
        return syncs
    more = {}
    for place in PLACES:
        fields = {
            field_of(place.vendor, each.model): FieldRule(
                type="money", provider="computed", owner="us", rule=FILE,
                dead_band=_DATA_DRIVEN_BAND if each.method == "channel" else 0.01,
            )
            for each in chosen
        }  # fmt: skip
        more[place.sync] = Sync(
            vendor=place.vendor, object=place.object, desired=place.desired, existing=place.existing,
            grouped_by=place.grouped_by, fields=fields,
        )  # fmt: skip
    return syncs.model_copy(update={"syncs": {**syncs.syncs, **more}})


def with_revenue_fields(fields: Fields, config_dir: Path) -> Fields:
    """The fields of `fields.yml` and those of revenue by model, so that `crm schema apply` makes them."""
    places: dict[Vendor, tuple[str, ...]] = {"hubspot": (), "salesforce": ()}
    for place in PLACES:
        places[place.vendor] += (place.object,)
    more = {
        field_of("hubspot", each.model): Names(
            hubspot=field_of("hubspot", each.model), salesforce=field_of("salesforce", each.model),
            objects=places, field=FieldModel.model_validate({
                "label": f"Attributed Revenue ({each.model})", "type": "currency",
                "digits": 18, "decimals": 2, "help": f"Revenue credited to it under the model {each.model}",
            }),
        )
        for each in models(config_dir)
    }  # fmt: skip
    others = [each for key, each in fields.root.items() if key not in more]
    taken = {name for each in others for name in (each.hubspot, each.salesforce) if name}
    for each in more.values():
        for name in sorted({str(each.hubspot), str(each.salesforce)} & taken):
            raise ConfigError(
                f"{name} is a field of revenue by model already", where="fields.yml",
                remedy="rename it, or leave its model out of revenue_by_model",
            )  # fmt: skip
    return Fields({**fields.root, **more}) if more else fields
