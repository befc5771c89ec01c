"""Sandboxes to measure against: served without rate limits, looked at from beside.

Belongs here: starting one on a world of a size, its request log, its edits and its clock.
"""

from __future__ import annotations

import json
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.sandbox_process import running
from sandbox.worlds import bulk as bulk_world

CONTACTS = "/crm/objects/2026-03/contacts"
API = "/services/data/v67.0"
BATCH, COLLECTION = 100, 200


@dataclass(frozen=True)
class Sandbox:
    """A sandbox that is being served. `ready` is its ready line."""

    ready: dict[str, Any]
    salesforce_token: str

    def url(self, vendor: str) -> str:
        return str(self.ready[vendor]["url"])

    def token(self, vendor: str) -> str:
        return str(self.ready["hubspot"]["token"]) if vendor == "hubspot" else self.salesforce_token

    def pid(self, vendor: str) -> int:
        return int(self.ready[vendor]["pid"])

    def seen(self, vendor: str) -> int:
        """The number of the last request so far."""
        last = 0
        for row in self._requests(vendor, 0):
            last = int(row["seq"])
        return last

    def calls(self, vendor: str, after: int) -> list[tuple[str, str]]:
        """Path and query of each request since."""
        return [(row["path"], row["query"]) for row in self._requests(vendor, after)]

    def refused(self, vendor: str, after: int) -> int:
        """Calls since that came too fast."""
        return sum(int(row["status"]) == 429 for row in self._requests(vendor, after))

    def _requests(self, vendor: str, after: int) -> Iterator[dict[str, Any]]:
        following: int | None = after
        while following is not None:
            page = self.ask(vendor, "GET", f"/_sandbox/requests?after={following}&limit=100000")
            yield from page["requests"]
            following = page["next"]

    def ask(self, vendor: str, method: str, path: str, body: Any = None) -> Any:
        """One call; the JSON that came back, None when nothing did."""
        request = urllib.request.Request(
            self.url(vendor) + path, method=method, data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token(vendor)}", "Content-Type": "application/json"},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=300) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def salesforce_fields(self) -> list[str]:
        """Of a contact, without the compound ones, which a bulk query does not give."""
        described = self.ask("salesforce", "GET", f"{API}/sobjects/Contact/describe")
        return [
            str(each["name"]) for each in described["fields"] if each["type"] not in ("address", "location")
        ]

    def edit(self, share: float) -> int:
        """Give this share of both CRMs' contacts another job title, as their users would; how many."""
        every = round(1 / share)
        first, many = bulk_world.FIRST_ID, int(self._count("hubspot"))
        ids = [str(first + n) for n in range(0, many, every)]
        for at in range(0, len(ids), BATCH):
            inputs = [{"id": i, "properties": {"jobtitle": f"head {share}"}} for i in ids[at : at + BATCH]]
            self.ask("hubspot", "POST", f"{CONTACTS}/batch/update", {"inputs": inputs})
        theirs = [bulk_world.salesforce_id(n) for n in range(0, int(self._count("salesforce")), every)]
        for at in range(0, len(theirs), COLLECTION):
            records = [
                {"attributes": {"type": "Contact"}, "Id": i, "Title": f"head {share}"}
                for i in theirs[at : at + COLLECTION]
            ]
            self.ask("salesforce", "PATCH", f"{API}/composite/sobjects", {"records": records})
        return len(ids) + len(theirs)

    def _count(self, vendor: str) -> int:
        if vendor == "hubspot":
            return int(self.ask(vendor, "POST", f"{CONTACTS}/search", {"limit": 1})["total"])
        soql = urllib.parse.quote("SELECT COUNT() FROM Contact")
        return int(self.ask(vendor, "GET", f"{API}/query?q={soql}")["totalSize"])

    def slow_down(self, milliseconds: int) -> None:
        """Let each page of the list of contacts wait so long, as answers do that come from far away."""
        fault = {"match": "GET .*/contacts$", "slow": milliseconds, "times": 10**9}
        self.ask("hubspot", "POST", "/_sandbox/faults", [fault] if milliseconds else [])

    def answer_late(self, milliseconds: int) -> None:
        """Let every call that writes wait so long, as answers do that come from far away."""
        for vendor, match in (("hubspot", "batch/"), ("salesforce", "composite|jobs/ingest")):
            fault = {"match": match, "slow": milliseconds, "times": 10**9}
            self.ask(vendor, "POST", "/_sandbox/faults", [fault] if milliseconds else [])

    def pass_time(self, seconds: int) -> None:
        """Let the sandbox's clock pass the hold-back of a reader."""
        self.ask("hubspot", "POST", "/_sandbox/clock", {"advance_seconds": seconds})


def property_names(columns: int) -> list[str]:
    return bulk_world.property_names(columns)


@contextmanager
def bulk(rows: int, columns: int, salesforce: int = 0, *, limited: bool = False) -> Iterator[Sandbox]:
    """A sandbox of so many HubSpot contacts with so many properties, and so many contacts in Salesforce.
    `limited`: at the vendors' rate limits."""
    world = f"bulk:{rows}x{columns}" + (f"+{salesforce}" if salesforce else "")
    with (
        tempfile.TemporaryDirectory(prefix="crm-bench-") as home,
        running(Path(home) / "sandbox", world, extra=() if limited else ("--no-limits",)) as ready,
    ):
        yield Sandbox(ready, _sign_in(ready["salesforce"]))


@contextmanager
def seeded(size: str, home: Path) -> Iterator[Sandbox]:
    """A sandbox of a seeded world of a size, without rate limits."""
    with running(home, "default", size=size, extra=("--no-limits",)) as ready:
        yield Sandbox(ready, _sign_in(ready["salesforce"]))


def _sign_in(ready: dict[str, Any]) -> str:
    form = {"grant_type": "client_credentials", **{n: ready[n] for n in ("client_id", "client_secret")}}
    request = urllib.request.Request(
        f"{ready['url']}/services/oauth2/token", data=urllib.parse.urlencode(form).encode()
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(json.load(answer)["access_token"])
