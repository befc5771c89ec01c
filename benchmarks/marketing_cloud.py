"""Marketing Cloud: tracking events a second into the warehouse, rows a second into a data extension.

`python -m benchmarks marketing_cloud [--events N] [--rows N]`. The sandbox has no rate limits of its
own; ours hold. Reader and writer are processes of their own.
Belongs here: what is measured and how it is shown.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import Any

from benchmarks.processes import BIN, measure
from cli.sandbox_process import environment_lines, running

EVENTS, ROWS = 1_000_000, 100_000
PAGE, REQUEST = 2_500, 32_000
TARGET = "bulk_people"
_HEAD = (
    "| what | rows | s | rows/s | CPU s | peak MiB | calls | least |\n"
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
)


def main(arguments: Sequence[str] = ()) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks marketing_cloud")
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--rows", type=int, default=ROWS)
    wished = parser.parse_args(list(arguments))
    print(_HEAD)
    with (
        tempfile.TemporaryDirectory(prefix="crm-bench-") as folder,
        running(Path(folder) / "sandbox", f"bulk:1x25@{wished.events}", extra=("--no-limits",)) as ready,
    ):
        account = ready["marketing_cloud"]
        variables = dict(
            part.split("=", 1)
            for line in environment_lines(ready)
            if "MARKETING_CLOUD" in line
            for part in line.removeprefix("export ").split()
        )
        env = {**variables, "CRM_HOME": f"{folder}/var"}
        run = measure([f"{BIN}/crm", "extract"], env=env, fine=(0, 4))
        # Each kind comes in pages of its own; two more calls tell that nothing bounced and nobody left.
        least = sum(ceil(wished.events * share / PAGE) for share in (0.8, 0.1, 0.1)) + 2
        _show("tracking events out", wished.events, run, _calls(account, "/Service.asmx"), least)
        command = ["-m", "benchmarks.marketing_cloud", "--write", str(wished.rows), json.dumps(account)]
        run = measure([sys.executable, *command], env=env)
        # Each request takes the call that sends it and one that asks what became of it.
        least = 2 * ceil(wished.rows / REQUEST)
        _show("rows into a data extension", wished.rows, run, _calls(account, "/data/v1/async/"), least)


def _show(what: str, rows: int, run: Any, calls: int, least: int) -> None:
    figures = f"{run.wall:.1f} | {rows / run.wall:,.0f} | {run.cpu:.1f} | {run.peak_mib:,.0f}"
    print(f"| {what} | {rows:,} | {figures} | {calls:,} | {least:,} |", flush=True)


def _calls(account: dict[str, Any], prefix: str) -> int:
    """Those to paths that begin so."""
    with urllib.request.urlopen(f"{account['url']}/_sandbox/requests?limit=100000", timeout=60) as answer:
        asked = json.loads(answer.read())["requests"]
    return sum(each["path"].startswith(prefix) for each in asked)


def write(rows: int, account: dict[str, Any]) -> None:
    """Upsert so many rows as the destination does, and read nothing back."""
    from pipelines.clients.marketing_cloud.client import MarketingCloudClient
    from pipelines.clients.marketing_cloud.rows import ASYNC_LIMIT, upsert_many
    from pipelines.settings import MarketingCloudConnection, Secret

    connection = MarketingCloudConnection(
        url=account["url"], client_id=account["client_id"], client_secret=Secret(account["client_secret"]),
        environment="sandbox",
    )  # fmt: skip
    with MarketingCloudClient(connection, True) as client:
        for start in range(0, rows, ASYNC_LIMIT):
            some = [
                {
                    "ContactKey": f"003SB0{n:012d}",
                    "EmailAddress": f"p{n}@x.example",
                    "FirstName": f"First{n % 5000}",
                    "LastName": f"Last{n % 50000}",
                    "LeadScore": str(n % 100),
                    "Stage": "lead",
                }
                for n in range(start, min(rows, start + ASYNC_LIMIT))
            ]  # fmt: skip
            bad = [row for row in upsert_many(client, TARGET, some, time.sleep) if not row.ok]
            if bad:
                raise SystemExit(f"{len(bad)} rows were refused: {bad[0].message}")


if __name__ == "__main__":
    write(int(sys.argv[2]), json.loads(sys.argv[3]))
