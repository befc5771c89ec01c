"""`python -m benchmarks.settle`: what an extract left becomes the warehouse, without models and gates.

Extraction is measured by itself, and its next run looks at the warehouse. Prints how many rows were loaded.
"""

from __future__ import annotations

import json
import sys

from pipelines.settings import load_settings
from pipelines.sources import spool
from pipelines.warehouse import Warehouse


def main() -> int:
    settings = load_settings()
    warehouse = Warehouse(settings.paths)
    with warehouse.locked("a measurement"):
        if not warehouse.has_work():
            print(json.dumps({"loaded": 0}))
            return 0
        with warehouse.writing() as connection:
            found = connection.execute(
                "select coalesce(sum(rows), 0) from ops.loads "
                "where run_id = (select max(run_id) from ops.loads) and status = 'loaded'"
            ).fetchone()
        warehouse.publish("measured")
    spool.clear(settings)
    print(json.dumps({"loaded": int(found[0]) if found else 0}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
