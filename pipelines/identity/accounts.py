"""Which company records are one account.

Belongs here: the ids of accounts. An account's id is made from its oldest record; unlike a person's it is
kept in no registry, so it changes when that record goes away.
"""

from __future__ import annotations

import pyarrow as pa

from pipelines.identity.groups import group, matched_by, short_hash

STRENGTH = ("merge", "connector", "domain", "name")


def resolve(*, records: pa.Table, keys: pa.Table) -> pa.Table:
    """Give each record its account.

    records: record_key, created_at. keys: record_key, kind (one of STRENGTH), value.
    Returns record_key, account_id, matched_by.
    """
    groups = group(records, keys)
    ids: dict[int, str] = {}
    for key, member_of in zip(groups.keys, groups.group.tolist(), strict=True):
        if member_of not in ids:
            ids[member_of] = short_hash(key)
    return pa.table(
        {
            "record_key": pa.array(groups.keys, pa.string()),
            "account_id": pa.array([ids[member_of] for member_of in groups.group.tolist()], pa.string()),
            "matched_by": pa.array(matched_by(groups, keys, STRENGTH), pa.string()),
        }
    )
