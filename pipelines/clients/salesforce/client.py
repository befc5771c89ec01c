"""Salesforce's API as methods: one for each thing the project reads or writes there.

Belongs here: requests and paging. Answers come back as Salesforce's own JSON or CSV, collection writes as
`RowResult`s. What to read, when and into which type is `pipelines.sources`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from pipelines.clients import errors, rate_limit
from pipelines.clients.batches import batched
from pipelines.clients.client import Client
from pipelines.clients.rate_limit import Clock, RateBudget, RealClock
from pipelines.clients.results import MISSING_FROM_ANSWER, Outcomes, RowResult
from pipelines.clients.salesforce.auth import SalesforceLogin
from pipelines.clients.salesforce.bulk import BulkQuery, page_rows
from pipelines.clients.salesforce.changes import ChangeStream
from pipelines.clients.salesforce.errors import SalesforceVendor
from pipelines.clients.salesforce.ingest import BulkIngest
from pipelines.clients.salesforce.metadata import MetadataApi
from pipelines.clients.salesforce.partner import PartnerApi
from pipelines.clients.salesforce.together import Together
from pipelines.clients.transport import Call, Transport, json_of
from pipelines.settings import SalesforceConnection

Json = dict[str, Any]
COLLECTION_LIMIT = 200
COLLECTION_READ_LIMIT = 2_000
_CURRENCY_FIELDS = ("DefaultCurrencyIsoCode", "CurrencyIsoCode")
_UNASSIGNED = {"Sforce-Auto-Assign": "FALSE"}
"""Without it an update of a lead runs the org's assignment rules, which would undo our owner."""


@dataclass(frozen=True)
class Identity:
    """Which org this is. `currency` is empty when the org does not say (a single-currency org need not)."""

    org_id: str
    name: str
    currency: str
    time_zone: str


@dataclass(frozen=True)
class QueryPage:
    """Some records of a query, and how many there are in all."""

    records: list[Json]
    total: int
    following: str = ""
    """Where the next page is; empty for the last."""


class SalesforceClient(Client):
    """One org."""

    def __init__(
        self, connection: SalesforceConnection, allow_write: bool, *, budget: RateBudget | None = None,
        http: httpx.BaseTransport | None = None, clock: Clock | None = None,
    ) -> None:  # fmt: skip
        self.connection = connection
        self._vendor = SalesforceVendor()
        self._written = itertools.count(1)
        self._login = SalesforceLogin(connection)
        self._transport = self._login.transport = Transport(
            vendor=self._vendor, base_url=connection.url, allow_write=allow_write,
            budget=budget or rate_limit.shared(f"{connection.url} {connection.client_id}", {}),
            auth=self._login,
            secrets=(connection.client_secret, connection.private_key, connection.refresh_token),
            clock=clock or RealClock(), http=http,
        )  # fmt: skip
        self._base = f"/services/data/v{connection.api_version.removeprefix('v')}"
        self.together = Together(self._transport, self._vendor, self._base)
        self.ingest = BulkIngest(self._transport, self._base)
        self.metadata = MetadataApi(self._transport, self._login, self._base)
        self.partner = PartnerApi(self._transport, self._login, self._base)

    @property
    def usage(self) -> tuple[int, int] | None:
        """API calls of the last 24 hours used and allowed, when an answer has said so."""
        return self._vendor.usage

    def stop_at(self, share: float) -> None:
        """Make no more calls once this share of the org's daily calls is used, by whomever."""

        def gate(call: Call) -> None:
            used, allowed = self._vendor.usage or (0, 0)
            going = self._transport.budget.under_way if call.signed else 0
            if allowed and used + going >= share * allowed:
                raise errors.DailyLimitReached(
                    f"Salesforce says {used:,} of {allowed:,} calls of the last 24 hours are used, "
                    f"and extract stops at {share:.0%}",
                    where=self._transport.host, remedy="the next run goes on; see config/extract.yml, budget",
                )  # fmt: skip

        self._transport.gate = gate

    def stop_writing_at(self, share: float) -> None:
        """Write no more once this share is used. What was written may still be read back."""
        self._transport.stop_writing_at(share)

    @property
    def day(self) -> tuple[int, int] | None:
        """Calls of 24 hours that the org grants, and how many are left, when an answer has said so."""
        return self._transport.budget.day

    # -- reading -------------------------------------------------------------------------------------

    @property
    def scopes(self) -> tuple[str, ...] | None:
        """Of the token; None where Salesforce does not tell."""
        return self._login.scope or None

    def identity(self) -> Identity:
        """The org's id, name, currency and time zone."""
        try:
            record = self._organization(["Id", "Name", "TimeZoneSidKey", _CURRENCY_FIELDS[0]])
        except errors.UnknownField:
            shown = {str(field["name"]) for field in self.describe("Organization")["fields"]}
            wanted = ("Id", "Name", "TimeZoneSidKey", *_CURRENCY_FIELDS)
            record = self._organization([name for name in wanted if name in shown])
        currency = next((str(record[name]) for name in _CURRENCY_FIELDS if record.get(name)), "")
        return Identity(
            str(record["Id"]),
            str(record.get("Name") or ""),
            currency,
            str(record.get("TimeZoneSidKey") or ""),
        )

    def _organization(self, fields: Sequence[str]) -> Json:
        page = next(self.query_pages(f"SELECT {', '.join(fields)} FROM Organization"))
        if not page.records:
            raise errors.Forbidden(
                "Salesforce does not show the integration user its organisation", where=self._transport.host,
                remedy="give it the permission View Setup and Configuration",
            )  # fmt: skip
        return page.records[0]

    def user_id(self) -> str:
        """The id of the user this session belongs to."""
        path = "/services/oauth2/userinfo"
        return str(self._json(Call(method="GET", path=path)).get("user_id") or "")

    def describe(self, sobject: str) -> Json:
        """Fields and abilities of an object, as this user sees them."""
        return self._json(Call(method="GET", path=f"{self._base}/sobjects/{sobject}/describe"))

    def describe_global(self) -> list[Json]:
        return list(self._json(Call(method="GET", path=f"{self._base}/sobjects")).get("sobjects") or [])

    def limits(self) -> Json:
        return self._json(Call(method="GET", path=f"{self._base}/limits"))

    def query_pages(self, soql: str, *, all_rows: bool = False) -> Iterator[QueryPage]:
        """Pages of a query; `all_rows` includes deleted ones. Truncated when the pages do not add up."""
        path = f"{self._base}/{'queryAll' if all_rows else 'query'}"
        answer = self._json(Call(method="GET", path=path, params={"q": soql}))
        yield from self.pages_after(answer)

    def pages_from(self, following: str, read: int) -> Iterator[QueryPage]:
        """Go on with a query of which `read` rows were read. Rejected when Salesforce has forgotten it."""
        yield from self.pages_after(self._json(Call(method="GET", path=following)), read)

    def pages_after(self, answer: Json, read: int = 0) -> Iterator[QueryPage]:
        """The page an answer holds and those that follow it."""
        total = int(answer.get("totalSize") or 0)
        while True:
            records = list(answer.get("records") or [])
            read += len(records)
            following = "" if answer.get("done", True) else str(answer.get("nextRecordsUrl") or "")
            yield QueryPage(records, total, following)
            if not following:
                break
            answer = self._json(Call(method="GET", path=following))
        if read < total:
            raise errors.Truncated(
                f"Salesforce gave {read:,} of {total:,} rows",
                where=self._transport.host,
                remedy="run this again",
            )

    def bulk_query(
        self, soql: str, *, all_rows: bool = False, columns: int = 1, expected: int = 0
    ) -> BulkQuery:
        """Begin a Bulk 2.0 query of about so many rows; iterate over it for its CSV pages."""
        rows = page_rows(columns)
        return BulkQuery.begin(
            self._transport, self._base, soql, all_rows=all_rows, page_rows=rows, expected=expected
        )

    def bulk_resume(self, job_id: str, position: str, *, columns: int = 1) -> BulkQuery:
        """Go on with a job begun earlier. Raises NotFound on iterating when Salesforce has forgotten it."""
        return BulkQuery(self._transport, self._base, job_id, position, page_rows(columns))

    def read_collection(self, sobject: str, ids: Sequence[str], fields: Sequence[str]) -> list[Json | None]:
        """The records of `ids` in their order; None for one that is not there."""
        found: list[Json | None] = []
        for some in batched(ids, COLLECTION_READ_LIMIT):
            path = f"{self._base}/composite/sobjects/{sobject}"
            call = Call(method="POST", path=path, json={"ids": list(some), "fields": list(fields)})
            records = json_of(self._transport.send(call))
            if not isinstance(records, list) or len(records) != len(some):
                raise errors.Truncated("Salesforce's collection is not whole", where=self._transport.host)
            found += [_without_attributes(each) if each else None for each in records]
        return found

    def changes(self) -> ChangeStream:
        """A subscription to change events, which begins with its first `events`."""
        return ChangeStream(self._transport, self.connection.api_version)

    # -- writing -------------------------------------------------------------------------------------

    def update_collection(self, sobject: str, records: Sequence[Json]) -> Outcomes:
        """Update at most COLLECTION_LIMIT records, each with its `Id`; a row fails alone."""
        return self._write("PATCH", "", sobject, records)

    def create_collection(self, sobject: str, records: Sequence[Json]) -> Outcomes:
        """Create at most COLLECTION_LIMIT records; a row fails alone."""
        return self._write("POST", "", sobject, records)

    def upsert_collection(self, sobject: str, external_id: str, records: Sequence[Json]) -> Outcomes:
        """Update or create by an external id field that every record carries."""
        return self._write("PATCH", f"/{sobject}/{external_id}", sobject, records)

    def delete_collection(self, ids: Sequence[str]) -> Outcomes:
        """Put at most COLLECTION_LIMIT records into the recycle bin; a row fails alone."""
        path = f"{self._base}/composite/sobjects"
        params = {"ids": ",".join(ids), "allOrNone": "false"}
        call = Call(method="DELETE", path=path, effect="write", params=params)
        answers = json_of(self._transport.send(call))
        rows = [_row(answer) for answer in (answers if isinstance(answers, list) else [])[: len(ids)]]
        missing = RowResult(
            False, code=MISSING_FROM_ANSWER, message="Salesforce's answer does not mention this row"
        )
        return Outcomes(rows + [missing] * (len(ids) - len(rows)), request_id=self._name_of_call())

    def _write(self, method: str, below: str, sobject: str, records: Sequence[Json]) -> Outcomes:
        if len(records) > COLLECTION_LIMIT:
            raise ValueError(f"Salesforce takes at most {COLLECTION_LIMIT} rows at once, not {len(records)}")
        if not records:
            return Outcomes()
        body = {
            "allOrNone": False,
            "records": [{"attributes": {"type": sobject}, **each} for each in records],
        }
        path = f"{self._base}/composite/sobjects{below}"
        call = Call(method=method, path=path, effect="write", json=body, headers=_UNASSIGNED)
        answers = json_of(self._transport.send(call))
        answers = answers if isinstance(answers, list) else []
        rows = [_row(answer) for answer in answers[: len(records)]]
        missing = RowResult(
            False, code=MISSING_FROM_ANSWER, message="Salesforce's answer does not mention this row"
        )
        if method == "POST":
            rows = [RowResult(True, row.id, created=True) if row.ok else row for row in rows]
        return Outcomes(rows + [missing] * (len(records) - len(rows)), request_id=self._name_of_call())

    def _name_of_call(self) -> str:
        """Salesforce names no call: by our own count of writes and its clock they can be told apart."""
        at = self.server_time
        return f"write-{next(self._written)}" + (f"-{at:%Y%m%dT%H%M%S}" if at is not None else "")

    def _json(self, call: Call) -> Json:
        body = json_of(self._transport.send(call))
        if not isinstance(body, dict):
            raise errors.Truncated(
                "Salesforce's answer is not whole JSON", where=self._transport.host, remedy="run this again"
            )
        return body


def _row(answer: Mapping[str, Any]) -> RowResult:
    record_id = str(answer["id"]) if answer.get("id") else None
    if answer.get("success"):
        return RowResult(True, record_id, created=bool(answer.get("created")))
    first = (answer.get("errors") or [{}])[0]
    return RowResult(
        False, record_id, code=str(first.get("statusCode") or ""), message=str(first.get("message") or ""),
        fields=tuple(str(name) for name in first.get("fields") or ()), matches=_matches(first),
    )  # fmt: skip


def _matches(problem: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What a duplicate rule found. Salesforce misspells the name of it in some versions of its API."""
    said = problem.get("duplicateResult") or problem.get("duplicateResut") or {}
    records = [
        (
            str((record.get("attributes") or {}).get("type") or result.get("entityType") or ""),
            record.get("Id"),
        )
        for result in said.get("matchResults") or ()
        for match in result.get("matchRecords") or ()
        if isinstance(record := match.get("record"), dict)
    ]
    return tuple(dict.fromkeys((kind, str(record_id)) for kind, record_id in records if kind and record_id))


def _without_attributes(record: Mapping[str, Any]) -> Json:
    return {name: value for name, value in record.items() if name != "attributes"}
