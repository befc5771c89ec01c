"""Attribution models: what each name means, as weights of points, and what may be said about one in config.

Belongs here: the variants, the project's reading of `attribution_sync.json`, and the form in which models
reach SQL. The edge cases are written in `docs/attribution.md`; credit itself is shared out by the dbt models.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from pipelines.rules.frequency import PATTERN, REAL_TIME
from pipelines.rules.loader import Strict

Milestone = Literal["first-touch", "lead-creation", "opportunity-creation", "closed-won"]
Variant = Literal[
    "first", "last", "last_non_direct", "linear", "u_shaped", "u_shaped_marketo", "position_based",
    "w_shaped", "full_path", "j_shaped", "inverse_j_shaped", "time_decay", "step_decay", "markov", "shapley",
    "shapley_ordered", "shapley_rate", "salesforce_primary", "salesforce_first", "salesforce_last",
    "salesforce_even", "multi_touch",
]  # fmt: skip
TouchType = Literal[
    "membership", "original_source", "latest_source", "conversion", "form", "event", "email_click",
    "email_open", "page_visit", "call", "email", "meeting", "task", "message", "list_import",
    "journey_goal",
]  # fmt: skip
Method = Literal["points", "decay", "steps", "channel", "shapley", "shapley_ordered"]
LookbackFrom = Literal["creation", "close"]

POINTS = ("first", "lead", "opportunity", "close", "last", "primary", "others")
"""What a touch can be to a deal. The bit of a point in `mask` is its place here; `others` has none."""

WEIGHT_UNITS = 1_000_000
_NAMES = {
    "first-touch": "first", "lead-creation": "lead", "opportunity-creation": "opportunity",
    "closed-won": "close", "last-touch": "last", "primary-campaign": "primary", "others": "others",
}  # fmt: skip
_SPREAD = {4: ("0.225", "0.1"), 3: ("0.3", "0.1"), 2: ("0.4", "0.2"), 1: ("1", "0")}
"""The weight of each of so many milestones, and of the others together: full path, W-shaped, U-shaped."""

_WEIGHTS: dict[str, dict[str, str]] = {
    "first": {"first": "1"},
    "last": {"last": "1"},
    "last_non_direct": {"last": "1"},
    "linear": {"others": "1"},
    "u_shaped": {"first": "0.4", "lead": "0.4", "others": "0.2"},
    "u_shaped_marketo": {"first": "0.5", "lead": "0.5"},
    "position_based": {"first": "0.4", "last": "0.4", "others": "0.2"},
    "w_shaped": {"first": "0.3", "lead": "0.3", "opportunity": "0.3", "others": "0.1"},
    "full_path": {
        "first": "0.225", "lead": "0.225", "opportunity": "0.225", "close": "0.225", "others": "0.1"
    },
    "j_shaped": {"first": "0.2", "last": "0.6", "others": "0.2"},
    "inverse_j_shaped": {"first": "0.6", "last": "0.2", "others": "0.2"},
    "salesforce_primary": {"primary": "1"},
    "salesforce_first": {"first": "1"},
    "salesforce_last": {"last": "1"},
    "salesforce_even": {"others": "1"},
}  # fmt: skip
_METHODS: dict[str, Method] = {
    "time_decay": "decay", "step_decay": "steps", "markov": "channel", "shapley_rate": "channel",
    "shapley": "shapley", "shapley_ordered": "shapley_ordered",
}  # fmt: skip
VARIANTS = frozenset(_WEIGHTS) | frozenset(_METHODS) | {"multi_touch"}


class DataSync(Strict):
    """What of attribution is written back to the CRMs."""

    campaigns: bool = True
    sources: bool = True
    mediums: bool = True
    content: bool = True
    revenue: bool = True


class Sync(Strict):
    """`attribution_sync.json`, as the business wrote it: the model `multi_touch`."""

    model: Literal["multi-touch"]
    touchpoints: tuple[Milestone, ...] = Field(min_length=1)
    dataSync: DataSync = DataSync()  # noqa: N815 - the file's own spelling
    syncFrequency: str = Field(default=REAL_TIME, min_length=1, pattern=PATTERN)  # noqa: N815
    """How often the syncs that have only fields of attribution are written (`attribution_syncs`)."""
    lookbackWindow: str = Field(default="90d", pattern=r"^[1-9][0-9]{0,3}d$")  # noqa: N815
    lookbackFrom: LookbackFrom = "creation"  # noqa: N815
    weights: dict[str, Decimal] | None = None

    @model_validator(mode="after")
    def is_whole(self) -> Sync:
        if len(set(self.touchpoints)) != len(self.touchpoints):
            raise ValueError("a touchpoint stands twice")
        if self.weights is not None:
            points(self.weights)
            strangers = set(self.weights) - {*self.touchpoints, "others"}
            if strangers:
                raise ValueError(f"weights name {sorted(strangers)[0]}, which is not among the touchpoints")
        return self

    @property
    def lookback_days(self) -> int:
        return int(self.lookbackWindow.removesuffix("d"))

    def spread(self) -> dict[str, Decimal]:
        if self.weights is not None:
            return self.weights
        each, others = _SPREAD[len(self.touchpoints)]
        return {**{point: Decimal(each) for point in self.touchpoints}, "others": Decimal(others)}


class AttributionModel(Strict):
    """One entry of `models`. `variant` may be left out where the name is one, and with `weights`."""

    model: str = Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")
    variant: Variant | None = None
    weights: dict[str, Decimal] | None = None
    positions: dict[int, Decimal] | None = None
    lookback_days: int | None = Field(default=None, gt=0)
    lookback_from: LookbackFrom | None = None
    half_life_days: Decimal | None = Field(default=None, gt=0)
    order: int | None = Field(default=None, ge=1)
    without_channels: tuple[str, ...] = ()
    only_touch_types: tuple[TouchType, ...] = ()

    @property
    def kind(self) -> str:
        return self.variant or (self.model if self.model in VARIANTS else "weights")

    @model_validator(mode="after")
    def is_whole(self) -> AttributionModel:
        kind = self.kind
        if kind == "weights" and not self.weights and not self.positions:
            raise ValueError(f"{self.model} is no known variant; name a variant, or its weights")
        if (self.weights or self.positions) and kind not in ("weights", "multi_touch"):
            raise ValueError(f"{self.model}: the weights of {kind} are given; leave out one of the two")
        if self.positions and (0 in self.positions or any(abs(place) > 50 for place in self.positions)):
            raise ValueError(
                f"{self.model}: positions are 1 to 50 from the first touch, -1 to -50 from the last"
            )
        for key, home in (("half_life_days", "time_decay"), ("order", "markov")):
            if getattr(self, key) is not None and kind != home:
                raise ValueError(f"{self.model}: {key} belongs to {home}")
        if self.only_touch_types and kind.startswith("salesforce_"):
            raise ValueError(f"{self.model}: {kind} knows memberships only; leave out only_touch_types")
        if self.weights or self.positions:
            points(self.weights or {}, self.positions)
        return self


def points(weights: dict[str, Decimal], positions: dict[int, Decimal] | None = None) -> dict[str, int]:
    """Weights by point, in WEIGHT_UNITS. ValueError when a point is unknown or they do not sum to 1."""
    for name, weight in weights.items():
        if name not in _NAMES:
            raise ValueError(f"{name} is no point of a journey; there are {', '.join(_NAMES)}")
        if weight < 0:
            raise ValueError(f"the weight of {name} is negative")
    if any(weight < 0 for weight in (positions or {}).values()):
        raise ValueError("the weight of a position is negative")
    total = sum(weights.values(), Decimal(0)) + sum((positions or {}).values(), Decimal(0))
    if abs(total - 1) > Decimal("0.00005"):
        raise ValueError(f"the weights sum to {total.normalize():f}, not to 1")
    return {
        _NAMES[name]: int((weight * WEIGHT_UNITS).to_integral_value()) for name, weight in weights.items()
    }


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """A model with everything said, as schema `rules` holds it. Weights are in WEIGHT_UNITS."""

    model: str
    variant: str
    method: Method
    basis: Basis
    weights: dict[str, int]
    positions: dict[int, int]
    half_life_days: float | None
    order: int | None

    @property
    def mask(self) -> int:
        return sum(
            1 << POINTS.index(point) for point, weight in self.weights.items() if weight and point != "others"
        )


@dataclass(frozen=True, kw_only=True)
class Basis:
    """Which touches of a deal count; models that agree in it share the work."""

    lookback_days: int | None
    lookback_from: LookbackFrom
    eligibility: Literal["earning", "campaign_members"]
    without_channels: tuple[str, ...]
    only_touch_types: tuple[str, ...]
    unless_alone: bool

    @property
    def name(self) -> str:
        days = "all" if self.lookback_days is None else f"{self.lookback_days}d"
        left_out = f" without {','.join(self.without_channels)}" if self.without_channels else ""
        only = f" only {','.join(self.only_touch_types)}" if self.only_touch_types else ""
        alone = " unless alone" if self.unless_alone else ""
        return f"{self.eligibility} {days} from {self.lookback_from}{left_out}{alone}{only}"


def resolved(entry: AttributionModel, sync: Sync) -> Resolved:
    """What an entry means, given the business's own model."""
    kind = entry.kind
    of_salesforce = kind.startswith("salesforce_")
    positions = {place: int(weight * WEIGHT_UNITS) for place, weight in (entry.positions or {}).items()}
    if entry.weights or entry.positions:
        weights = points(entry.weights or {}, entry.positions)
    elif kind == "multi_touch":
        weights = points(sync.spread())
    else:
        weights = {
            name: int(Decimal(weight) * WEIGHT_UNITS) for name, weight in _WEIGHTS.get(kind, {}).items()
        }
    direct = {"direct"} if kind == "last_non_direct" else set[str]()
    return Resolved(
        model=entry.model,
        variant=kind,
        method=_METHODS.get(kind, "points"),
        basis=Basis(
            lookback_days=entry.lookback_days or (None if of_salesforce else sync.lookback_days),
            lookback_from=entry.lookback_from or sync.lookbackFrom,
            eligibility="campaign_members" if of_salesforce else "earning",
            without_channels=tuple(sorted({*entry.without_channels, *direct})),
            only_touch_types=tuple(sorted(entry.only_touch_types)),
            unless_alone=kind == "last_non_direct",
        ),
        weights=weights,
        positions=positions,
        half_life_days=float(entry.half_life_days or 7) if kind == "time_decay" else None,
        order=(entry.order or 1) if kind == "markov" else None,
    )
