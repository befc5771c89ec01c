"""Scores pairs of records with a trained model, in SQL: the arithmetic Splink does, without its start-up.

Belongs here: the model compiled to one statement. A pair's score depends on the pair and the model alone, so
scoring only what is new gives what scoring everything would. A test holds it to Splink's own answer.
"""

from __future__ import annotations

import re

import duckdb
import pyarrow as pa

from pipelines.identity.model import Model
from pipelines.identity.spec import Comparison, Spec

MISSING = -1
_AT_LEAST = re.compile(r"jaro_winkler_similarity\((\w+), (\w+)\) >= ([\d.]+)")
_STOPPED = r"jaro_winkler_similarity(\1, \2, \3) >= \3"
"""The same, but DuckDB leaves off where so much cannot be reached any more."""


def weight_columns(spec: Spec) -> list[str]:
    return [f"w_{comparison.name}" for comparison in spec.comparisons]


def rate(
    connection: duckdb.DuckDBPyConnection,
    spec: Spec,
    model: Model,
    features: str,
    target: str = "rated",
    where: str = "true",
) -> None:
    """Make temp table `target`: those of `features` that are meant, each with a number `n` in the order of
    the keys, and how often the values occur whose rarity counts (`tf_<field>`); and
    `in_order` (record_key, n)."""
    rows = [(f, v, tf) for f, values in sorted(model.frequencies.items()) for v, tf in sorted(values.items())]
    columns = list(zip(*rows, strict=True)) if rows else [(), (), ()]
    table = pa.table(
        {
            "field": pa.array(columns[0], pa.string()),
            "value": pa.array(columns[1], pa.string()),
            "tf": pa.array(columns[2], pa.float64()),
        }
    )
    connection.register("tf_incoming", table)
    fields = ", ".join(f"f.{name}" for name in ("record_key", *spec.fields))
    found = ", ".join(f"coalesce(tf_{f}.tf, {model.rare[f]!r}) as tf_{f}" for f in spec.tf_fields)
    joins = " ".join(
        f"left join tf_values as tf_{f} on tf_{f}.field = '{f}' and tf_{f}.value = f.{f}"
        for f in spec.tf_fields
    )
    connection.execute(
        "create or replace temp table tf_values as select * from tf_incoming;"
        "create or replace temp table in_order as "
        f"select record_key, row_number() over (order by record_key) as n from {features} where {where};"
        f"create or replace temp table {target} as select o.n, {fields}, {found} from {features} as f "
        f"inner join in_order as o on f.record_key = o.record_key {joins}"
    )
    connection.unregister("tf_incoming")


def scored(spec: Spec, model: Model, pairs: str, rated: str, key: str = "record_key") -> str:
    """SQL: each pair (left_key, right_key) of `pairs` with a column of bits for each comparison and the sum.

    `key`: what the pairs are of, a column of `rated` (made by `rate`).
    Columns: left_key, right_key, w_<comparison>..., match_weight (bits, prior included), match_probability.
    """
    sides = ", ".join(
        [f"l.{f} as {f}_l, r.{f} as {f}_r" for f in spec.fields]
        + [f"l.tf_{f} as tf_{f}_l, r.tf_{f} as tf_{f}_r" for f in spec.tf_fields]
    )
    levels = ", ".join(f"{_level(c)} as g_{c.name}" for c in spec.comparisons)
    bits = ", ".join(f"{_bits(c, model)} as w_{c.name}" for c in spec.comparisons)
    total = " + ".join([repr(model.prior_bits), *weight_columns(spec)])
    return f"""
        select left_key, right_key, {", ".join(weight_columns(spec))}, match_weight,
            1 / (1 + pow(2, -match_weight)) as match_probability
        from (
            select *, {total} as match_weight from (
                select *, {bits} from (
                    select *, {levels} from (
                        select p.left_key, p.right_key, {sides} from {pairs} as p
                        inner join {rated} as l on p.left_key = l.{key}
                        inner join {rated} as r on p.right_key = r.{key}
                    )
                )
            )
        )"""


def levels(spec: Spec, pairs: str, features: str) -> str:
    """SQL: the level each comparison of each pair of `pairs` is at (0 is the highest, -1 missing)."""
    sides = ", ".join(f"l.{f} as {f}_l, r.{f} as {f}_r" for f in spec.fields)
    found = ", ".join(f"{_level(c)} as {c.name}" for c in spec.comparisons)
    return f"""
        select {found} from (
            select {sides} from {pairs} as p
            inner join {features} as l on p.left_key = l.record_key
            inner join {features} as r on p.right_key = r.record_key
        )"""


def _level(comparison: Comparison) -> str:
    branches = " ".join(
        f"when {_AT_LEAST.sub(_STOPPED, level.condition)} then {n}"
        for n, level in enumerate(comparison.levels)
    )
    return f"case when {comparison.missing} then {MISSING} {branches} else {len(comparison.levels)} end"


def _bits(comparison: Comparison, model: Model) -> str:
    """The weight of the level, with the rarity of the value where the level asks for it.

    As in Splink: the chance of full agreement by accident is replaced by the frequency of the value.
    """
    weights = model.weights[comparison.name]
    branches = []
    for n, (level, bits) in enumerate(zip(comparison.levels, weights.bits(), strict=False)):
        rarity = ""
        if level.tf:
            chance = weights.u[0]
            rarity = f" + log2({chance!r} / greatest(tf_{level.tf}_l, tf_{level.tf}_r))"
        branches.append(f"when {n} then {bits!r}{rarity}")
    lowest = weights.bits()[len(comparison.levels)]
    branches.append(f"when {len(comparison.levels)} then {lowest!r}")
    return f"case g_{comparison.name} {' '.join(branches)} else 0.0 end"
