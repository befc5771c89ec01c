"""One account per company."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa

from pipelines.identity.accounts import resolve
from pipelines.identity.groups import short_hash


def test_companies_of_one_domain_are_one_account_named_after_the_oldest_record() -> None:
    records = pa.table(
        {
            "record_key": ["hub", "force", "other"],
            "created_at": pa.array(
                [datetime(2026, 1, day, tzinfo=UTC) for day in (2, 1, 3)], pa.timestamp("us", "UTC")
            ),
        }
    )
    keys = pa.table(
        {
            "record_key": ["hub", "force", "other"],
            "kind": ["domain", "domain", "name"],
            "value": ["domain:x.example", "domain:x.example", "name:other"],
        }
    )
    rows = {row["record_key"]: row for row in resolve(records=records, keys=keys).to_pylist()}
    assert rows["hub"]["account_id"] == rows["force"]["account_id"] == short_hash("force")
    assert rows["hub"]["matched_by"] == "domain"
    assert rows["other"] == {
        "record_key": "other",
        "account_id": short_hash("other"),
        "matched_by": "founder",
    }
