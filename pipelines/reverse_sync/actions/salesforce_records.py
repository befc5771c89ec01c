"""Creating records in Salesforce: looked for first, then upserted by external id, two hundred at
a time, or by jobs of ten thousand where there are more than two thousand.

Belongs here: Salesforce's words for the engine's. An upsert by an external id never makes a second record, so
a lost answer costs a look and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import Any

from pipelines.clients import errors
from pipelines.clients.batches import batched
from pipelines.clients.results import Outcomes, RowResult
from pipelines.clients.salesforce.client import COLLECTION_LIMIT, SalesforceClient
from pipelines.reverse_sync.actions.base import NOT_THERE, Action, Found
from pipelines.reverse_sync.actions.by_vendor import BesideOthers, InSalesforce
from pipelines.reverse_sync.actions.records import (
    RecordCreator,
    bare_domain,
    domain_of,
    email_of,
    fields_of,
    linked,
    links_of,
)
from pipelines.reverse_sync.destinations.common import OverClient
from pipelines.reverse_sync.destinations.salesforce import SalesforceDestination
from pipelines.reverse_sync.destinations.salesforce_bulk import MOST_ROWS, is_fit_text
from pipelines.reverse_sync.outcomes import CHANGED_BY_OTHERS
from pipelines.reverse_sync.values import canonical, for_json
from pipelines.threads import Pool

_STARTS = tuple(f"{scheme}{www}" for scheme in ("", "http://", "https://") for www in ("", "www."))
"""How a website may begin before its domain."""
_PEOPLE = ("Lead", "Contact")
_JOB_CALLS = 5
_HOLDER = re.compile(r"duplicates value on record with id: (\w{15,18})")
_DUPLICATES = ("DUPLICATES_DETECTED", "DUPLICATE_VALUE")


class SalesforceCreator(RecordCreator, BesideOthers, InSalesforce):
    """Leads, contacts, accounts and opportunities that only HubSpot has. A call is of one object."""

    @staticmethod
    def forecast(actions: int) -> int:
        return 3 * ceil(actions / COLLECTION_LIMIT)

    def __init__(self, channel: OverClient[SalesforceClient]) -> None:
        super().__init__(channel)
        self._there = channel if isinstance(channel, SalesforceDestination) else None

    def call_size(self, actions: int) -> int:
        return self._there.call_size(actions) if self._there is not None else self.batch_size

    @classmethod
    def forecast_group(cls, actions: Sequence[Action]) -> int:
        """Above two thousand each job is begun, given rows, started, and asked for its end and its ids."""
        if len(actions) <= SalesforceDestination.bulk_above:
            return super().forecast_group(actions)
        jobs = batched(actions, MOST_ROWS)
        writes = sum(_JOB_CALLS if len(job) > cls.batch_size else 1 for job in jobs)
        return writes + sum(cls.looks(some) for some in batched(actions, cls.batch_size))

    @classmethod
    def looks(cls, actions: Sequence[Action]) -> int:
        if actions[0].object in _PEOPLE:
            return 2 * any(email_of(action) for action in actions)
        return int(actions[0].object == "Account" and any(domain_of(action) for action in actions))

    def send(self, actions: Sequence[Action]) -> Outcomes:
        there = self._matches(actions)
        absent = [action for action in actions if action.action_key not in there]
        made: dict[str, RowResult] = {}
        request_id = ""
        if absent:
            kind, answers = absent[0].object, self._upsert(absent)
            request_id = answers.request_id
            made = {
                a.action_key: RowResult(True, row.id, values={"object": kind}) if row.ok else row
                for a, row in zip(absent, answers, strict=True)
            }
            made |= self._duplicates(absent, made)
        rows = [there.get(action.action_key) or made[action.action_key] for action in actions]
        return Outcomes(rows, request_id=request_id)

    def _upsert(self, some: Sequence[Action]) -> Outcomes:
        """By a job if they are more than a collection; what CSV cannot say, or the org takes in no job, goes
        by collections after all."""
        bulk = self._there.bulk if self._there is not None else None
        if bulk is None or len(some) <= self.batch_size:
            return self._by_collections(some)
        fit = [action for action in some if all(map(is_fit_text, _cells(action).values()))]
        kind, field = some[0].object, str(some[0].payload["key_field"])
        try:
            answers = bulk.upsert(kind, field, [_cells(action) for action in fit]) if fit else Outcomes()
        except errors.Rejected:  # as a whole: nothing was stored
            fit, answers = [], Outcomes()
        made = {action.action_key: row for action, row in zip(fit, answers, strict=True)}
        rest = [action for action in some if action.action_key not in made]
        with self._client.count.repairing():  # what no forecast knows
            made |= {a.action_key: r for a, r in zip(rest, self._by_collections(rest), strict=True)}
        return Outcomes([made[action.action_key] for action in some], request_id=answers.request_id)

    def _by_collections(self, actions: Sequence[Action]) -> Outcomes:
        rows: list[RowResult] = []
        request_id = ""
        for some in batched(actions, self.batch_size):
            kind, field = some[0].object, str(some[0].payload["key_field"])
            answers = self._client.upsert_collection(kind, field, [_record(action) for action in some])
            rows += answers
            request_id = answers.request_id
        return Outcomes(rows, request_id=request_id)

    def _matches(self, actions: Sequence[Action]) -> dict[str, RowResult]:
        """Action key -> the record that is there: a person by e-mail, an account by domain."""
        if len(actions) <= self.batch_size:
            return self._matches_of(actions) if actions else {}
        pieces = batched(actions, self.batch_size)
        found: dict[str, RowResult] = {}
        with Pool(self.at_once, thread_name_prefix="look") as pool:
            for there in pool.map(self._client.count.as_here(self._matches_of), pieces):
                found |= there
        return found

    def _matches_of(self, actions: Sequence[Action]) -> dict[str, RowResult]:
        """The same of as many as one query names."""
        kind = actions[0].object
        if kind in _PEOPLE:
            return self._by_email(actions)
        return self._by_domain(actions) if kind == "Account" else {}

    def _duplicates(self, actions: Sequence[Action], made: Mapping[str, RowResult]) -> dict[str, RowResult]:
        """What a duplicate rule of the org refused: the record that is there is the partner, if it is one: by
        address or domain, else the only one that Salesforce names."""
        refused = [a for a in actions if made[a.action_key].code in _DUPLICATES]
        found = self._matches(refused)
        for action in refused:
            row = made[action.action_key]
            named = row.matches or tuple((action.object, each) for each in _HOLDER.findall(row.message))
            if action.action_key not in found and len(named) == 1:
                [(kind, record_id)] = named
                found[action.action_key] = linked(record_id, kind, row.message)
        return found

    def _by_email(self, actions: Sequence[Action]) -> dict[str, RowResult]:
        wanted = list(dict.fromkeys(email for action in actions if (email := email_of(action))))
        if not wanted:
            return {}
        found: dict[str, tuple[str, str]] = {}
        for kind, alive in (("Contact", ""), ("Lead", " AND IsConverted = false")):
            known = f"SELECT Id, Email FROM {kind} WHERE Email IN ({_texts(wanted)}){alive}"
            for row in self._rows(f"{known} ORDER BY CreatedDate, Id"):
                found.setdefault(str(row["Email"]).lower(), (str(row["Id"]), kind))
        return {
            a.action_key: linked(*found[email], f"Salesforce has {email}")
            for a in actions
            if (email := email_of(a)) in found
        }

    def _by_domain(self, actions: Sequence[Action]) -> dict[str, RowResult]:
        wanted = list(dict.fromkeys(domain for action in actions if (domain := domain_of(action))))
        if not wanted:
            return {}
        # However it is spelt there, also with a page behind it; what merely begins like it is no match.
        alike = " OR ".join(
            f"Website LIKE {_text(f'{start}{domain}%')}" for domain in wanted for start in _STARTS
        )
        found: dict[str, str] = {}
        for row in self._rows(f"SELECT Id, Website FROM Account WHERE {alike} ORDER BY CreatedDate, Id"):
            found.setdefault(bare_domain(str(row["Website"])), str(row["Id"]))
        return {
            a.action_key: linked(found[domain], "Account", f"Salesforce has {domain}")
            for a in actions
            if (domain := domain_of(a)) in found
        }

    def _rows(self, soql: str) -> Iterable[Mapping[str, Any]]:
        return (row for page in self._client.query_pages(soql) for row in page.records)

    def look_up(self, actions: Sequence[Action]) -> Sequence[Found]:
        """By our key, once no job of ours stores rows any more: until then not finding one proves nothing."""
        if self._there is not None:
            self._there.settle_jobs()
        ids: dict[tuple[str, str], str] = {}
        by_field: dict[tuple[str, str], list[str]] = {}
        for action in actions:
            by_field.setdefault((action.object, str(action.payload["key_field"])), []).append(
                str(action.payload["key"])
            )
        for (kind, name), keys in by_field.items():
            for row in self._rows(f"SELECT Id, {name} FROM {kind} WHERE {name} IN ({_texts(keys)})"):
                ids[kind, str(row[name])] = str(row["Id"])
        found = (ids.get((a.object, str(a.payload["key"]))) for a in actions)
        return [Found(each) if each else NOT_THERE for each in found]

    def undo(self, actions: Sequence[tuple[Action, str]]) -> Outcomes:
        """Delete what we created, unless somebody has worked on it since."""
        rows: dict[str, RowResult] = {}
        mine: list[str] = []
        by_object: dict[str, list[tuple[Action, str]]] = {}
        for action, record_id in actions:
            by_object.setdefault(action.object, []).append((action, record_id))
        for kind, some in by_object.items():
            names = ["Id", *sorted({name for action, _ in some for name in fields_of(action)})]
            held = self._client.read_collection(kind, [i for _, i in some], names)
            for (action, i), row in zip(some, held, strict=True):
                if row is not None and not _is_as_sent(row, action):
                    rows[i] = RowResult(
                        False, i, code=CHANGED_BY_OTHERS, message="somebody has changed it since"
                    )
                elif row is not None:
                    mine.append(i)
        went = self._client.delete_collection(mine) if mine else Outcomes()
        rows |= dict(zip(mine, went, strict=True))
        return Outcomes([rows.get(i, RowResult(True, i)) for _, i in actions], request_id=went.request_id)


def _record(action: Action) -> dict[str, Any]:
    types = action.payload.get("types") or {}
    fields = {name: for_json(types.get(name, "text"), value) for name, value in fields_of(action).items()}
    return {**fields, **links_of(action), str(action.payload["key_field"]): action.payload["key"]}


def _cells(action: Action) -> dict[str, str]:
    """A record as CSV has it: canonical texts."""
    key = {str(action.payload["key_field"]): str(action.payload["key"])}
    return {**fields_of(action), **links_of(action), **key}


def _is_as_sent(held: Mapping[str, Any], action: Action) -> bool:
    types = action.payload.get("types") or {}
    return all(
        canonical(types.get(name, "text"), held.get(name)) == canonical(types.get(name, "text"), value)
        for name, value in fields_of(action).items()
    )


def _texts(values: Iterable[str]) -> str:
    """A list of texts as SOQL takes it."""
    return ", ".join(map(_text, values))


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
