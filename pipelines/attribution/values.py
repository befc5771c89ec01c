"""What each channel is worth to each data-driven model, from journeys in the warehouse.

Belongs here: reading journeys into arrays, running the models that config names, and handing rows back. The
mathematics is in `markov.py` and `shapley.py`; how a channel's worth becomes a deal's credit is SQL.
"""

from __future__ import annotations

from typing import TypeAlias

import duckdb
import numpy as np
import pyarrow.compute as pc

from pipelines.attribution import markov, shapley
from pipelines.attribution.paths import Floats, Paths
from pipelines.errors import CrmError

Relation: TypeAlias = duckdb.DuckDBPyRelation
_EMPTY = (
    "select null::varchar as model, null::varchar as channel, null::double as effect, 0.0::double as value"
)


def channel_values(session: duckdb.DuckDBPyConnection, journeys: Relation, models: Relation) -> Relation:
    """A row per data-driven model and channel: model, channel, effect, value.

    `journeys` has basis, path (list of channels), conversions, losses; `models` is the table of `rules`.
    `effect` is the removal effect or the Shapley value itself, `value` its share of all that are positive, so
    that the values of a model sum to 1, or are all 0 where nothing converted.
    """
    wanted = (
        models.filter("method = 'channel'")
        .order("position")
        .project("model, basis, variant, markov_order")
        .fetchall()
    )
    rows: list[str] = []
    read: dict[str, Paths | None] = {}
    for model, basis, variant, order in wanted:
        if basis not in read:
            read[basis] = paths_of(journeys, basis)
        paths = read[basis]
        if paths is None:
            continue
        effects = _effects(paths, model, variant, order)
        shares = markov.shares(np.clip(effects, 0, None))
        rows += [
            f"({_text(model)}, {_text(name)}, {effect!r}::double, {share!r}::double)"
            for name, effect, share in zip(paths.names, effects.tolist(), shares.tolist(), strict=True)
        ]
    if not rows:
        return session.sql(f"select * from ({_EMPTY}) where false")
    return session.sql(f"select * from (values {', '.join(rows)}) as worth(model, channel, effect, value)")


def paths_of(journeys: Relation, basis: str) -> Paths | None:
    """The journeys of a basis, each path once, in their order, so that sums are the same in every run."""
    told = (
        journeys.filter(f"basis = {_text(basis)} and len(path) > 0")
        .aggregate("path, sum(conversions)::double as won, sum(losses)::double as lost", "path")
        .order("path")
        .to_arrow_table()
    )
    if not told.num_rows:
        return None
    walked = told["path"].combine_chunks()
    touches = walked.flatten().dictionary_encode()
    by_name = pc.sort_indices(touches.dictionary)
    place = np.empty(len(by_name), np.int64)
    place[by_name.to_numpy()] = np.arange(len(by_name))
    lengths = np.asarray(walked.value_lengths(), np.int64)
    return Paths(
        names=tuple(touches.dictionary.take(by_name).to_pylist()),
        channels=place[np.asarray(touches.indices)],
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        conversions=np.asarray(told["won"], np.float64),
        losses=np.asarray(told["lost"], np.float64),
    )


def _effects(paths: Paths, model: str, variant: str, order: int | None) -> Floats:
    try:
        if variant == "markov":
            return markov.removal_effects(paths, int(order or 1))
        return shapley.rate(paths)
    except ValueError as error:
        raise CrmError(
            f"the attribution model {model} cannot be computed: {error}", where="attribution.yml",
            remedy="choose a lower order or another model there",
        ) from None  # fmt: skip


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
