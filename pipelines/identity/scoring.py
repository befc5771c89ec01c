"""Scores pairs of records with a trained model, in SQL: the arithmetic Splink does, without its start-up.

Belongs here: the model compiled to one statement. A pair's score depends on the pair and the model alone, so
scoring only what is new gives what scoring everything would. A test holds it to Splink's own answer.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from pipelines.identity.model import Model
from pipelines.identity.spec import Comparison, Spec

MISSING = -1


def weight_columns(spec: Spec) -> list[str]:
    return [f"w_{comparison.name}" for comparison in spec.comparisons]


def lend_frequencies(connection: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Temp table `tf_values` (field, value, tf) from the model."""
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
    connection.execute("create or replace temp table tf_values as select * from tf_incoming")
    connection.unregister("tf_incoming")


def scored(spec: Spec, model: Model, pairs: str, features: str) -> str:
    """SQL: each pair (left_key, right_key) of `pairs` with a column of bits for each comparison and the sum.

    Columns: left_key, right_key, w_<comparison>..., match_weight (bits, prior included), match_probability.
    """
    sides = ", ".join(
        [f"l.{f} as {f}_l, r.{f} as {f}_r" for f in spec.fields]
        + [f"{_tf(f, model, 'l')} as tf_{f}_l, {_tf(f, model, 'r')} as tf_{f}_r" for f in spec.tf_fields]
    )
    joins = " ".join(
        f"left join tf_values as tf_{f}_{side} on tf_{f}_{side}.field = '{f}' and tf_{f}_{side}.value = "
        f"{side}.{f}"
        for f in spec.tf_fields
        for side in ("l", "r")
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
                        inner join {features} as l on p.left_key = l.record_key
                        inner join {features} as r on p.right_key = r.record_key
                        {joins}
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


def _tf(field: str, model: Model, side: str) -> str:
    return f"coalesce(tf_{field}_{side}.tf, {model.rare[field]!r})"


def _level(comparison: Comparison) -> str:
    branches = " ".join(f"when {level.condition} then {n}" for n, level in enumerate(comparison.levels))
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
