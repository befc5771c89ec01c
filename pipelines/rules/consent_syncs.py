"""The syncs that carry refusals of single purposes: one for each place that `consent.yml` names.

Belongs here: what they are called and what their fields are. Their rows are made in `reverse_sync.purposes`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pipelines.errors import ConfigError
from pipelines.rules.consent import FILE, Place, document, load_consent
from pipelines.rules.syncs import FieldRule, FieldType, Sync, Syncs

_FIELD = {"hubspot": "subscription {}", "marketing_cloud": "list {}", "salesforce": "{}"}
_KEYS_OF = {"hubspot": "contacts", "marketing_cloud": "Subscriber", "salesforce": ""}


def field_of(place: Place) -> str:
    """`subscription newsletter`, `list newsletter`, `Newsletter_Opt_Out__c`: as plan and journal call it."""
    name = place.name.strip()
    return _FIELD[place.vendor].format(name if place.vendor == "salesforce" else name.casefold())


def type_of(place: Place) -> FieldType:
    return "boolean" if place.vendor == "salesforce" else "text"


def named(config_dir: Path) -> Iterator[tuple[str, Place]]:
    """Each place with the name of its sync: `consent_newsletter_hubspot`, `..._salesforce_lead`."""
    seen: Counter[str] = Counter()
    for place in load_consent(config_dir).places():
        name = f"consent_{place.purpose}_{place.vendor}"
        if place.vendor == "salesforce":
            name += f"_{place.object.lower()}"
        seen[name] += 1
        yield (name if seen[name] == 1 else f"{name}_{seen[name]}"), place


def with_purposes(syncs: Syncs, config_dir: Path) -> Syncs:
    """The syncs that are known, and those of purposes. Raises ConfigError where another writes a field."""
    places = list(named(config_dir))
    if not places:
        return syncs
    taken = {
        (sync.vendor, sync.object.lower(), field.lower()): name
        for name, sync in syncs.syncs.items()
        for field in sync.fields
    }
    more = {}
    for name, place in places:
        other = taken.get((place.vendor, place.object.lower(), field_of(place).lower()))
        other = other or (name if name in syncs.syncs else None)
        if other:
            raise ConfigError(
                f"{place.name} stands for a purpose, and the sync {other} writes it too",
                where=f"{FILE} line {document(config_dir).line_of(*place.loc)}",
                remedy="take it out of one of the two",
            )  # fmt: skip
        more[name] = _sync(name, place, auto_apply=_goes_by_itself(syncs, place))
    return syncs.model_copy(update={"syncs": {**syncs.syncs, **more}})


def _goes_by_itself(syncs: Syncs, place: Place) -> bool:
    """Whether a schedule writes it: where it writes the vendor's refusals of all e-mail."""
    others = [
        each.auto_apply for each in syncs.syncs.values() if each.consent and each.vendor == place.vendor
    ]
    return bool(others) and all(others)


def _sync(name: str, place: Place, *, auto_apply: bool) -> Sync:
    rule = FieldRule(type=type_of(place), provider="computed", owner="us", rule=FILE)
    return Sync(
        vendor=place.vendor, object=place.object, keys_of=_KEYS_OF[place.vendor], consent=True,
        auto_apply=auto_apply, desired=f"sync_{name}", existing=f"existing_{name}",
        fields={field_of(place): rule},
    )  # fmt: skip
