"""Trains a model once, without labels: Splink's expectation maximisation over blocked pairs.

Belongs here: what Splink is asked. The same records in any order give the same model, because records are
sampled by a hash of their key and sorted, the engine runs one thread, and chances among non-matches are
counted over all pairs of a sample instead of a draw. Splink is imported here and nowhere else.
"""

from __future__ import annotations

import logging
import re
from typing import Any

import duckdb

from pipelines.identity import scoring
from pipelines.identity.model import Model, Weights
from pipelines.identity.spec import Spec, splink_comparison

MOST_RECORDS = 150_000
MOST_FOR_CHANCE = 1_400
LEAST_PAIRS_FOR_CHANCE = 10_000
LEAST_RECORDS_OF_A_SESSION = 60
LEAST_CHANCE_OF_FEW = 0.01
MOST_VALUES = 4_000
MOST_PAIRS_OF_A_SESSION = 300_000
_SMALLEST = 1e-6
_DOUBT = 0.01
_EQUAL = re.compile(r"(\w+)_l = \1_r")
_MOST_BITS_ABOVE = 5


def train(connection: duckdb.DuckDBPyConnection, spec: Spec, features: str) -> Model:
    """A model for the records of table `features`. Fewer than two records give the prior knowledge alone."""
    columns = ", ".join(("record_key", *spec.fields))
    connection.execute(
        f"create or replace temp table sampled as select {columns} from {features} "
        f"order by md5(record_key), record_key limit {MOST_RECORDS}"
    )
    records = _one(connection, f"select count(*) from {features}")
    chance = _by_chance(connection, spec)
    prior = _prior(connection, spec)
    matched = _among_matches(connection, spec, chance, prior) if prior else {}
    return Model(
        entity=spec.entity,
        spec_version=spec.version,
        records=int(records),
        prior=prior or 1e-5,
        weights={
            c.name: _weights(matched.get(c.name) or _expected(len(c.levels)), chance[c.name])
            for c in spec.comparisons
        },
        frequencies={field: _frequencies(connection, field) for field in spec.tf_fields},
        rare={field: _rare(connection, field) for field in spec.tf_fields},
        filled=filled(connection, spec, features),
    )


def filled(connection: duckdb.DuckDBPyConnection, spec: Spec, features: str) -> dict[str, float]:
    """The share of records that have each field."""
    shares = ", ".join(f"coalesce(round(avg(({f} is not null)::int), 6), 0)" for f in spec.fields)
    row = connection.execute(f"select {shares} from {features}").fetchone()
    return dict(zip(spec.fields, (float(share) for share in row or ()), strict=True))


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    row = connection.execute(sql).fetchone()
    return row[0] if row else None


def _by_chance(connection: duckdb.DuckDBPyConnection, spec: Spec) -> dict[str, tuple[float, ...]]:
    """How often each level holds between two records taken at random, over all pairs of a sample.

    Full agreement on a field with frequencies is counted over all records: few values repeat in a sample.
    """
    connection.execute(
        "create or replace temp table chance_records as select record_key from sampled "
        f"order by md5('chance' || record_key), record_key limit {MOST_FOR_CHANCE}"
    )
    connection.execute(
        "create or replace temp view chance_pairs as select l.record_key as left_key, r.record_key as "
        "right_key "
        "from chance_records as l inner join chance_records as r on l.record_key < r.record_key"
    )
    counts = ", ".join(
        f"count(*) filter (where {c.name} = {n})" for c in spec.comparisons for n in range(len(c.levels) + 1)
    )
    row = connection.execute(
        f"select {counts} from ({scoring.levels(spec, 'chance_pairs', 'sampled')})"
    ).fetchone()
    found: dict[str, tuple[float, ...]] = {}
    at = 0
    for comparison in spec.comparisons:
        size = len(comparison.levels) + 1
        seen = [int(n) for n in (row or ())[at : at + size]] or [0] * size
        at += size
        total = max(sum(seen), 1)
        few = LEAST_CHANCE_OF_FEW if total < LEAST_PAIRS_FOR_CHANCE else 0.0
        shares = [max(n / total, 0.3 / total, few) for n in seen]
        agreed = _EQUAL.fullmatch(comparison.levels[0].condition)
        if agreed:
            shares[0] = max(_coincidence(connection, agreed[1]), _SMALLEST / 10, few)
        whole = sum(shares)
        found[comparison.name] = tuple(share / whole for share in shares)
    return found


def _coincidence(connection: duckdb.DuckDBPyConnection, field: str) -> float:
    return float(
        _one(
            connection,
            f"select coalesce(sum(n * (n - 1)) / nullif(sum(n) * (sum(n) - 1), 0), 0)::double from "
            f"(select count(*)::double as n from sampled where {field} is not null group by {field})",
        )
    )


def _prior(connection: duckdb.DuckDBPyConnection, spec: Spec) -> float:
    """The share of matches among all pairs: pairs that are almost surely one, over the recall they have."""
    records = _one(connection, "select count(*) from sampled")
    if records < 2:
        return 0.0
    rules = " union ".join(
        "select l.record_key as a, r.record_key as b from sampled as l inner join sampled as r on "
        + " and ".join(f"l.{f} = r.{f}" for f in fields)
        + " and l.record_key < r.record_key"
        + f" where {_not_crowded(fields)}"
        for fields in spec.certain
    )
    matches = _one(connection, f"select count(*) from ({rules})")
    return float(min(matches / spec.recall / (records * (records - 1) / 2), 0.1))


def _not_crowded(fields: tuple[str, ...], side: str = "l") -> str:
    """Only values that few share, so that a made-up address does not make pairs by the million."""
    names = ", ".join(fields)
    values = ", ".join(f"{side}.{f}" for f in fields)
    return (
        f"({values}) in (select ({names}) from sampled group by {names} having count(*) between 2 and 20)"
        if len(fields) > 1
        else f"{side}.{names} in (select {names} from sampled group by {names} having count(*) between "
        f"2 and 20)"
    )


def _among_matches(
    connection: duckdb.DuckDBPyConnection, spec: Spec, chance: dict[str, tuple[float, ...]], prior: float
) -> dict[str, tuple[float, ...]]:
    """Splink's estimate of how often each level holds between two records of one: the mean of its
    sessions."""
    estimates: dict[str, list[tuple[float, ...]]] = {}
    for fields in spec.training:
        for name, values in _session(connection, spec, fields, chance, prior).items():
            estimates.setdefault(name, []).append(values)
    return {
        name: tuple(sum(level) / len(level) for level in zip(*found, strict=True))
        for name, found in estimates.items()
    }


def _session(
    connection: duckdb.DuckDBPyConnection,
    spec: Spec,
    fields: tuple[str, ...],
    chance: dict[str, tuple[float, ...]],
    prior: float,
) -> dict[str, tuple[float, ...]]:
    """One run of expectation maximisation over the pairs that agree on `fields`.

    Comparisons that read one of the fields cannot be learned from such pairs; the other sessions teach them.
    """
    from splink import Linker, SettingsCreator, block_on
    from splink.backends.duckdb import DuckDBAPI
    from splink.internals.exceptions import EMTrainingException

    logging.getLogger("splink").setLevel(logging.ERROR)
    rows = connection.execute(
        f"select * from sampled where {_not_crowded(fields, 'sampled')} order by record_key"
    ).to_arrow_table()
    if rows.num_rows < LEAST_RECORDS_OF_A_SESSION:
        return {}
    api = DuckDBAPI(connection=":memory:")
    api._con.execute("set threads = 1; set enable_progress_bar = false")
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_key",
        comparisons=[_with_chances(splink_comparison(c), chance[c.name]) for c in spec.comparisons],
        probability_two_random_records_match=prior,
        em_convergence=0.0005,
        max_iterations=30,
    )
    linker = Linker(api.register(rows), settings, log_level=None, validate_settings=False)
    try:
        session = linker.training.estimate_parameters_using_expectation_maximisation(block_on(*fields))
    except EMTrainingException:
        return {}  # nothing to be learned from pairs that are alike in everything
    return _learned(session, spec)


def _with_chances(comparison: dict[str, Any], chance: tuple[float, ...]) -> dict[str, Any]:
    real = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
    for level, u, m in zip(real, chance, _expected(len(chance) - 1), strict=True):
        level["u_probability"] = u
        level["m_probability"] = m
    return comparison


def _learned(session: Any, spec: Spec) -> dict[str, tuple[float, ...]]:
    found: dict[str, tuple[float, ...]] = {}
    known = {c.name for c in spec.comparisons}
    for comparison in session.core_model_settings.comparisons:
        if comparison.output_column_name not in known:
            continue
        values = [level.m_probability for level in comparison._comparison_levels_excluding_null]
        if all(isinstance(value, float) for value in values):
            found[comparison.output_column_name] = tuple(values)
    return found


def _expected(levels: int) -> tuple[float, ...]:
    """What is believed of a comparison before anything was seen: agreement is common among matches."""
    rest = 0.2 / levels
    return (0.8, *([rest] * levels))


def _weights(matched: tuple[float, ...], chance: tuple[float, ...]) -> Weights:
    """Estimates with a grain of doubt: what was never seen among the matches of a sample is rare, not
    impossible.

    A level of less than full agreement that was never seen by chance either proves no more than
    `_MOST_BITS_ABOVE` bits beyond full agreement.
    """
    share = [(1 - _DOUBT) * m / sum(matched) + _DOUBT / len(matched) for m in matched]
    most = share[0] / chance[0] * 2**_MOST_BITS_ABOVE
    return Weights(
        tuple(round(min(m, u * most), 9) for m, u in zip(share, chance, strict=True)),
        tuple(round(u, 9) for u in chance),
    )


def _frequencies(connection: duckdb.DuckDBPyConnection, field: str) -> dict[str, float]:
    """The common values; the others get the frequency of a rare one. Nobody's own number is kept, only
    shared ones."""
    least = 8 if field == "phone" else 3
    rows = connection.execute(
        f"select {field}::varchar, round(n / sum(n) over (), 9) from "
        f"(select {field}, count(*)::double as n from sampled where {field} is not null group by {field}) "
        f"qualify n >= {least} order by n desc, 1 limit {MOST_VALUES}"
    ).fetchall()
    return dict(rows)


def _rare(connection: duckdb.DuckDBPyConnection, field: str) -> float:
    count = _one(connection, f"select count({field}) from sampled")
    return float(1.5 / max(count, 10))
