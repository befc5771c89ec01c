"""The model and what it joins: Splink's arithmetic, no order, no chains, nothing that input can break."""

from __future__ import annotations

import dataclasses
import random
from collections import Counter

import duckdb
import pyarrow as pa
import pytest

from pipelines.identity import pairs, scoring, text
from pipelines.identity.model import Model
from pipelines.identity.spec import splink_comparison
from pipelines.identity.specs import PERSON
from pipelines.identity.training import train
from tests.unit.identity.conftest import Row, match, shape


def test_a_pair_scores_what_splink_would_give_it(
    connection: duckdb.DuckDBPyConnection, crowd: list[Row], model: Model
) -> None:
    from splink import Linker, SettingsCreator, block_on
    from splink.backends.duckdb import DuckDBAPI

    shape(connection, crowd)
    comparisons = [splink_comparison(c) for c in PERSON.comparisons]
    for comparison, theirs in zip(PERSON.comparisons, comparisons, strict=True):
        weights = model.weights[comparison.name]
        real = [level for level in theirs["comparison_levels"] if not level.get("is_null_level")]
        for level, m, u in zip(real, weights.m, weights.u, strict=True):
            level["m_probability"], level["u_probability"] = m, u
    settings = SettingsCreator(
        link_type="dedupe_only", unique_id_column_name="record_key", comparisons=comparisons,
        probability_two_random_records_match=model.prior,
        blocking_rules_to_generate_predictions=[block_on("tail"), block_on("company")],
    )  # fmt: skip
    columns = ", ".join(("record_key", *PERSON.fields))
    table = connection.execute(f"select {columns} from features").to_arrow_table()
    linker = Linker(DuckDBAPI().register(table), settings, log_level=None, validate_settings=False)
    predicted = linker.inference.predict(threshold_match_weight=-100).as_record_list()
    theirs_found = {_pair(row): row["match_weight"] for row in predicted}
    pairs_asked = pa.table(
        {"left_key": [left for left, _ in theirs_found], "right_key": [right for _, right in theirs_found]}
    )
    connection.register("asked", pairs_asked)
    frequencies = {f: _all_frequencies(connection, f) for f in PERSON.tf_fields}
    whole = dataclasses.replace(model, frequencies=frequencies)
    scoring.rate(connection, PERSON, whole, "features")
    ours = connection.execute(scoring.scored(PERSON, whole, "asked", "rated")).to_arrow_table().to_pylist()
    assert len(ours) == len(theirs_found) > 3000
    for row in ours:
        theirs_weight = theirs_found[row["left_key"], row["right_key"]]
        assert row["match_weight"] == pytest.approx(theirs_weight, abs=1e-6)


def _pair(row: dict[str, str]) -> tuple[str, str]:
    one, other = row["record_key_l"], row["record_key_r"]
    return min(one, other), max(one, other)


def _all_frequencies(connection: duckdb.DuckDBPyConnection, field: str) -> dict[str, float]:
    return dict(
        connection.execute(
            f"select {field}, count(*) / sum(count(*)) over () from features where {field} is not null "
            f"group by 1"
        ).fetchall()
    )


def test_the_same_records_in_another_order_give_the_same_model_and_the_same_people(
    crowd: list[Row], model: Model
) -> None:
    shuffled = crowd[:]
    random.Random(3).shuffle(shuffled)
    with duckdb.connect() as one, duckdb.connect() as other:
        shape(other, shuffled)
        assert train(other, PERSON, "features").to_json() == model.to_json()
        assert match(one, crowd, model) == match(other, shuffled, model)


def test_known_people_are_found_again_without_an_address(
    connection: duckdb.DuckDBPyConnection, crowd: list[Row], model: Model
) -> None:
    placed = match(connection, crowd, model)
    together = sum(placed[f"a:{n:03d}"] == placed[f"b:{n:03d}"] for n in range(400))
    assert together >= 392
    assert len(set(placed.values())) >= 398, "nobody is welded to somebody else"


def _named(n: int) -> Row:
    letter = chr(97 + n)
    return {"record_key": f"staff:{n:02d}", "first_name": f"{letter}lma", "last_name": f"{letter}ristov"}


def test_a_switchboard_and_a_shared_mailbox_weld_no_staff(
    connection: duckdb.DuckDBPyConnection, crowd: list[Row], model: Model
) -> None:
    desk = {"phone": "+442079460000", "email": "desk@firm.example", "company_name": "Firm One Ltd"}
    staff: list[Row] = [row | desk | _named(n) for n, row in enumerate(crowd[:26])]
    placed = match(connection, [*crowd, *staff], model)
    sizes = Counter(placed[row["record_key"] or ""] for row in staff)
    assert max(sizes.values()) == 1


def test_what_is_alike_by_degrees_does_not_chain(
    connection: duckdb.DuckDBPyConnection, crowd: list[Row], model: Model
) -> None:
    base: Row = {"company_name": "Chain Works", "city": "Town 1", "country": "United Kingdom"}
    names = ("Johannes", "Johanna", "Joanna", "Joan", "Jean", "Deane", "Dianne")
    chain = [
        {**base, "record_key": f"chain:{n}", "first_name": first, "last_name": "Castellan"}
        for n, first in enumerate(names)
    ]
    placed = match(connection, [*crowd, *chain], model)
    assert placed["chain:0"] != placed["chain:6"]


BAD = ["", " ", "X", "😀😀", "محمد علي", "王小明", "a" * 10_000, "\x00", "O'; drop table x", "none", "-"]


def test_bad_names_break_nothing_and_join_nobody(
    connection: duckdb.DuckDBPyConnection, crowd: list[Row], model: Model
) -> None:
    bad: list[Row] = [
        {"record_key": f"bad:{n}:{m}", "first_name": a, "last_name": b, "email": None, "phone": a}
        for n, a in enumerate(BAD)
        for m, b in enumerate(BAD[: n + 1])
    ]
    placed = match(connection, [*crowd, *bad], model)
    assert len({placed[row["record_key"] or ""] for row in bad}) == len(bad)
    assert max(len(text.words(value) or "") for value in BAD) <= text.LONGEST


def test_very_many_records_with_one_address_make_no_pairs(
    connection: duckdb.DuckDBPyConnection, crowd: list[Row], model: Model
) -> None:
    many = 20_000
    same: list[Row] = [
        {"record_key": f"same:{n}", "email": "everybody@here.example", "phone": "+442079460000"}
        for n in range(many)
    ]
    shape(connection, [*crowd, *same])
    assert pairs.compare(connection, PERSON, model, "features") < many
    placed = match(connection, [*crowd, *same], model)
    assert len({placed[f"same:{n}"] for n in range(many)}) == many
