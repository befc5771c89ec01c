"""A trained model: how much each level of agreement speaks for or against two records being one.

Belongs here: the model as data, its JSON, and whether it still fits the records. Training is in `training`.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass

from pipelines.identity.spec import Spec

_FORMAT = 1
_FLOOR = 1e-7
DRIFT_OF_SIZE = 4.0
DRIFT_OF_FILLING = 0.15


@dataclass(frozen=True)
class Weights:
    """Of one comparison, from full agreement down to disagreement: chance among matches, among others."""

    m: tuple[float, ...]
    u: tuple[float, ...]

    def bits(self) -> tuple[float, ...]:
        """log2 of how many times likelier each level is among matches."""
        return tuple(math.log2(max(m, _FLOOR) / max(u, _FLOOR)) for m, u in zip(self.m, self.u, strict=True))


@dataclass(frozen=True)
class Model:
    """`prior` is the share of matches among all pairs; `frequencies` are the common values of each field.

    `rare` is the frequency taken for a value that is not among them; `filled` the share of records that have
    each field; `records` how many the model was trained on.
    """

    entity: str
    spec_version: str
    records: int
    prior: float
    weights: dict[str, Weights]
    frequencies: dict[str, dict[str, float]]
    rare: dict[str, float]
    filled: dict[str, float]

    @property
    def prior_bits(self) -> float:
        return math.log2(self.prior / (1 - self.prior))

    @property
    def version(self) -> str:
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:16]

    def to_json(self) -> str:
        return json.dumps({"format": _FORMAT} | asdict(self), sort_keys=True)

    @staticmethod
    def from_json(text: str) -> Model | None:
        """The model in a text, or None when it was written in another format."""
        body = json.loads(text)
        if body.pop("format", None) != _FORMAT:
            return None
        weights = {name: Weights(tuple(w["m"]), tuple(w["u"])) for name, w in body.pop("weights").items()}
        return Model(weights=weights, **body)


def misfit(model: Model, spec: Spec, records: int, filled: dict[str, float]) -> str:
    """Why the model must be trained again; empty when it fits."""
    if model.spec_version != spec.version:
        return "what is compared has changed"
    if records > DRIFT_OF_SIZE * max(model.records, 1):
        return f"there are {records:,} records and it was trained on {model.records:,}"
    for field in spec.fields:
        before, now = model.filled.get(field, 0.0), filled.get(field, 0.0)
        if abs(before - now) > DRIFT_OF_FILLING:
            return f"{field} was filled in {before:.0%} of the records and is in {now:.0%}"
    return ""
