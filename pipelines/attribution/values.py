"""What each channel is worth to each data-driven model, from journeys in the warehouse.

Belongs here: reading journeys into arrays, running the models that config names, and handing rows back. The
mathematics is in `markov.py` and `shapley.py`; how a channel's worth becomes a deal's credit is SQL.
"""

from __future__ import annotations

from typing import TypeAlias

import duckdb
import numpy as np

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
            read[basis] = paths_of(session, journeys, basis)
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


def paths_of(session: duckdb.DuckDBPyConnection, journeys: Relation, basis: str) -> Paths | None:
    """The journeys of a basis, in the order of their channels, so that sums are the same in every run."""
    chosen = journeys.filter(f"basis = {_text(basis)}").project("path, conversions, losses")
    chosen.query(
        "chosen",
        "create or replace temp table journeys_read as "
        "select row_number() over (order by path) as journey, * from chosen where len(path) > 0",
    )
    try:
        names = [
            str(name)
            for (name,) in session.execute(
                "select distinct unnest(path) as channel from journeys_read order by channel"
            ).fetchall()
        ]
        if not names:
            return None
        lengths = session.execute(
            "select len(path) as length, conversions::double as won, losses::double as lost "
            "from journeys_read order by journey"
        ).fetchnumpy()
        touches = session.execute(
            "with codes as (select channel, row_number() over (order by channel) - 1 as code "
            "from (select distinct unnest(path) as channel from journeys_read)), "
            "walked as (select journey, unnest(path) as channel, generate_subscripts(path, 1) as place "
            "from journeys_read) "
            "select codes.code from walked join codes using (channel) order by journey, place"
        ).fetchnumpy()
    finally:
        session.execute("drop table if exists temp.journeys_read")
    return Paths(
        names=tuple(names),
        channels=np.asarray(touches["code"], np.int64),
        offsets=np.concatenate([[0], np.cumsum(np.asarray(lengths["length"], np.int64))]).astype(np.int64),
        conversions=np.asarray(lengths["won"], np.float64),
        losses=np.asarray(lengths["lost"], np.float64),
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
