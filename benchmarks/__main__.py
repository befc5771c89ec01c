"""`python -m benchmarks [NAME] ...`: one of the measurements below; no name means all."""

from __future__ import annotations

import sys

from benchmarks import (
    activation,
    attribution,
    attribution_incremental,
    attribution_truth,
    extract,
    identity,
    listening,
    loop,
    marketing_cloud,
    replay,
    reporting,
    routing,
    schema,
    serve,
)

MEASUREMENTS = {
    "loop": loop.main,
    "extract": extract.main,
    "serve": serve.main,
    "identity": identity.main,
    "attribution": attribution.main,
    "attribution_incremental": attribution_incremental.main,
    "attribution_truth": attribution_truth.main,
    "reporting": reporting.main,
    "activation": activation.main,
    "schema": schema.main,
    "routing": routing.main,
    "replay": replay.main,
    "listening": listening.main,
    "marketing_cloud": marketing_cloud.main,
}


def main() -> int:
    name, *arguments = sys.argv[1:] or [""]
    if name and name not in MEASUREMENTS:
        print(
            f"benchmarks: there is no measurement {name}; there are {', '.join(MEASUREMENTS)}",
            file=sys.stderr,
        )
        return 2
    for each in (name,) if name else MEASUREMENTS:
        MEASUREMENTS[each](arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
