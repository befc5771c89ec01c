"""Records that break what the model says of them and the CRM lets pass: `ops.object_findings`.

Belongs here: HubSpot requires no association of a record, so one without what the file requires
(master-detail, or `required: true`) is found here. They show in `marts.data_findings`, in the plan and on the
page; this table has them all, by record.
"""

from __future__ import annotations

import duckdb

from pipelines.objects import links, staged
from pipelines.objects.sql import columns_of, rows_in, text_literal
from pipelines.rules.schema.load import Model

TABLE = "ops.object_findings"
WITHOUT_PARENT = "record_without_parent"


def find(connection: duckdb.DuckDBPyConnection, model: Model) -> int:
    """Write the table anew from the raw tables; how many rows it has."""
    connection.execute(f"delete from {TABLE}")
    for key, each in model.objects.items():
        required = [
            name for name, relationship in each.relationships.items()
            if relationship.required or relationship.kind == "master_detail"
        ]  # fmt: skip
        if not each.is_custom or not required:
            continue
        view = staged.stage(connection, model, key, "hubspot")
        if view is None or not columns_of(connection, view.view):
            continue
        for relation in required:
            pairs = links.links_sql(connection, model, key, relation, "hubspot")
            if pairs is None:
                continue
            said = f"no {relation} ({model.where('objects', key, 'relationships', relation)})"
            connection.execute(
                f"insert into {TABLE} select '{WITHOUT_PARENT}', 'hubspot', {text_literal(view.object)}, "
                f"record_id, record_key, {text_literal(said)} from {view.view} "
                f"where record_id not in (select own from ({pairs}))"
            )
    return rows_in(connection, TABLE)
