"""Reports: what each asks, and what comes of it, tabular or summed up by groups.

Simplified: a report is over one object and the records its references lead to, its type is called as the
object, and its columns as custom report types have them (`Opportunity.Amount`, `Opportunity.Account.Name`).
Where they are read and written is `report_routes`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from sandbox.call import Call
from sandbox.salesforce import errors, query, recent
from sandbox.salesforce.fields import NUMERIC, Field, SObject

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

Json = dict[str, Any]
MOST_ROWS, MOST_GROUPINGS, MOST_COLUMNS, MOST_FILTERS = 2_000, 3, 100, 20
_OPERATORS = {
    "equals": "= {}", "notEqual": "!= {}", "lessThan": "< {}", "greaterThan": "> {}", "lessOrEqual": "<= {}",
    "greaterOrEqual": ">= {}", "contains": "LIKE '%{}%'", "startsWith": "LIKE '{}%'",
    "notContain": "LIKE '%{}%'",
}  # fmt: skip
_SUMS = {"s": "SUM", "a": "AVG", "mn": "MIN", "mx": "MAX", "u": "COUNT_DISTINCT"}
_NOT_DONE = (
    "buckets", "crossFilters", "customSummaryFormula", "groupingsAcross", "historicalSnapshotDates",
    "reportBooleanFilter", "scope", "sortBy", "topRows",
)  # fmt: skip
_PATH = re.compile(r"\w{1,80}(\.\w{1,80}){1,5}")
EMPTY: Json = {
    "aggregates": ["RowCount"], "buckets": [], "chart": None, "crossFilters": [], "currency": None,
    "customSummaryFormula": {}, "description": None, "detailColumns": [], "division": None,
    "groupingsAcross": [], "groupingsDown": [], "hasDetailRows": True, "hasRecordCount": True,
    "historicalSnapshotDates": [], "reportBooleanFilter": None, "reportFilters": [],
    "reportFormat": "TABULAR", "scope": "organization", "showGrandTotal": True, "showSubtotals": True,
    "sortBy": [], "standardDateFilter": None, "topRows": None,
}  # fmt: skip
"""What a report says of itself unless it says otherwise."""


class Report:
    """The definition of a report, checked against the org."""

    def __init__(self, sf: Salesforce, metadata: Json) -> None:
        self.sf, self.metadata = sf, metadata
        kind = metadata.get("reportType")
        name = str((kind.get("type") if isinstance(kind, dict) else kind) or "")
        found = sf.org.object(name)
        if found is None:
            raise bad(f"The report type {name[:80]} is not valid.")
        self.sobject: SObject = found
        if metadata["reportFormat"] not in ("TABULAR", "SUMMARY"):
            raise bad(f"Report format {str(metadata['reportFormat'])[:40]} is not supported.")
        self.columns = _texts(metadata["detailColumns"], MOST_COLUMNS)
        self.groups = [
            str(_item(each).get("name")) for each in _list(metadata["groupingsDown"], MOST_GROUPINGS)
        ]
        if self.groups and metadata["reportFormat"] == "TABULAR":
            raise bad("A tabular report can't have groupings.")
        self.sums = _texts(metadata["aggregates"], MOST_COLUMNS)
        for name in (
            *self.columns,
            *self.groups,
            *(n.partition("!")[2] for n in self.sums if n != "RowCount"),
        ):
            self.field(name)
        self._refuse()
        filters = [self._filter(_item(e)) for e in _list(metadata["reportFilters"], MOST_FILTERS)]
        if isinstance(period := metadata.get("standardDateFilter"), dict):
            filters += self._period(period)
        self.where = " AND ".join(filters)

    def _refuse(self) -> None:
        """What is not done here is not left out in silence."""
        said = self.metadata
        asked = [name for name in _NOT_DONE if said.get(name) and said[name] != EMPTY[name]]
        if any(each.get("dateGranularity") not in (None, "None") for each in said["groupingsDown"] or ()):
            asked.append("dateGranularity")
        if asked:
            raise bad(f"The report metadata is not supported: {', '.join(asked)}.")

    def field(self, name: str) -> Field:
        """The field a column shows."""
        parts = name.split(".")
        if not _PATH.fullmatch(name) or parts[0].lower() != self.sobject.name.lower():
            raise bad(f"The column {name[:80]} is not valid for the report type {self.sobject.name}.")
        sobject = self.sobject
        for part in parts[1:-1]:
            reference = sobject.reference(part)
            target = self.sf.org.object(reference.targets[-1]) if reference and reference.targets else None
            if target is None:
                raise bad(f"The column {name[:80]} is not valid for the report type {self.sobject.name}.")
            sobject = target
        found = sobject.field(parts[-1])
        if found is None:
            raise bad(f"The column {name[:80]} is not valid for the report type {self.sobject.name}.")
        return found

    def _filter(self, each: Json) -> str:
        name, operator, value = (
            str(each.get("column")),
            str(each.get("operator")),
            _said(each.get("value")),
        )
        field = self.field(name)
        if operator not in _OPERATORS:
            raise bad(f"The filter operator {operator[:40]} is not valid.")
        path, form = name.partition(".")[2], _OPERATORS[operator]
        said = [f"{path} {form.format(_literal(field, part.strip(), form))}" for part in value.split(",")]
        if operator == "notContain":
            return f"(NOT ({' OR '.join(said)}))"
        return f"({(' AND ' if operator == 'notEqual' else ' OR ').join(said)})"

    def _period(self, given: Json) -> list[str]:
        """The filter of a date: from and to, or a period by its name."""
        name = str(given.get("column"))
        if not given.get("column"):
            return []
        field, path = self.field(name), name.partition(".")[2]
        late = ("T00:00:00Z", "T23:59:59Z") if field.type == "datetime" else ("", "")
        edges = ((">=", given.get("startDate"), late[0]), ("<=", given.get("endDate"), late[1]))
        found = [f"{path} {sign} {_literal(field, str(at), '')}{hour}" for sign, at, hour in edges if at]
        if not found and given.get("durationValue") not in (None, "CUSTOM"):
            found.append(f"{path} = {_literal(field, str(given['durationValue']), '')}")
        return found

    # -- running ---------------------------------------------------------------------------------------

    def run(self, call: Call, *, details: bool) -> Json:
        """Facts by key: `T!T` for all rows, `0!T` for those of the first group, `0_1!T` for one inside it."""
        details = details and bool(self.columns)
        (total,) = self._sum(call, [])
        facts: dict[str, Json] = {"T!T": {"aggregates": self._told(total)}}
        down, keys = self._groupings(call, facts)
        is_all = len(keys) < MOST_ROWS
        if details:
            for fact in facts.values():
                fact["rows"] = []
            is_all = total[f"n{len(self.sums)}"] <= MOST_ROWS
            for row in self._rows(call):
                key = keys.get(tuple(_text(_at(row, group)) for group in self.groups), "T!T")
                facts[key]["rows"].append({"dataCells": [self._cell(row, name) for name in self.columns]})
        return {
            "allData": is_all, "factMap": facts, "groupingsAcross": {"groupings": []},
            "groupingsDown": {"groupings": down}, "hasDetailRows": details,
            "reportExtendedMetadata": self.extended(), "reportMetadata": self.metadata,
        }  # fmt: skip

    def _asked(self, call: Call, soql: str) -> list[Json]:
        answered = replace(call, headers={"sforce-query-options": "batchSize=2000"}, query_string="")
        found: list[Json] = orjson.loads(bytes(query.answered(self.sf, answered, soql, deleted=False).body))[
            "records"
        ]
        return found

    @property
    def soql(self) -> str:
        return f"SELECT Id{self._from()}"

    def _from(self) -> str:
        return f" FROM {self.sobject.name}" + (f" WHERE {self.where}" if self.where else "")

    def _sum(self, call: Call, groups: list[str]) -> list[Json]:
        asked = [f"COUNT(Id) n{len(self.sums)}"]
        for place, name in enumerate(self.sums):
            kind, _, column = name.partition("!")
            if name != "RowCount":
                if kind not in _SUMS:
                    raise bad(f"The aggregate {name[:80]} is not valid.")
                asked.append(f"{_SUMS[kind]}({column.partition('.')[2]}) n{place}")
        paths = [group.partition(".")[2] for group in groups]
        listed = ", ".join([*(f"{path} g{place}" for place, path in enumerate(paths)), *asked])
        by = f" GROUP BY {', '.join(paths)} ORDER BY {', '.join(paths)}" if paths else ""
        return self._asked(call, f"SELECT {listed}{self._from()}{by}")

    def _told(self, row: Json) -> list[Json]:
        count = row[f"n{len(self.sums)}"]
        values = [count if name == "RowCount" else row[f"n{n}"] for n, name in enumerate(self.sums)]
        return [{"label": "-" if value is None else _text(value), "value": value} for value in values]

    def _groupings(self, call: Call, facts: dict[str, Json]) -> tuple[list[Json], dict[tuple[str, ...], str]]:
        """The tree of groups, with the facts of each; the keys of the lowest by their values."""
        roots: list[Json] = []
        known: dict[tuple[str, ...], Json] = {}
        for depth in range(1, len(self.groups) + 1):
            for row in self._sum(call, self.groups[:depth]):
                path = tuple(_text(row[f"g{place}"]) for place in range(depth))
                above = known.get(path[:-1])
                if depth > 1 and above is None:
                    continue  # of a group beyond the last that is told
                there = roots if above is None else above["groupings"]
                key = str(len(there)) if above is None else f"{above['key']}_{len(there)}"
                value = row[f"g{depth - 1}"]
                known[path] = {"groupings": [], "key": key, "label": path[-1], "value": value}
                there.append(known[path])
                facts[f"{key}!T"] = {"aggregates": self._told(row)}
        lowest = {path: f"{each['key']}!T" for path, each in known.items() if len(path) == len(self.groups)}
        return roots, lowest

    def _rows(self, call: Call) -> list[Json]:
        names = ("Id", recent.name_field(self.sobject))
        paths = dict.fromkeys((*names, *(n.partition(".")[2] for n in (*self.columns, *self.groups))))
        order = ", ".join([group.partition(".")[2] for group in self.groups] + ["Id"])
        return self._asked(
            call, f"SELECT {', '.join(paths)}{self._from()} ORDER BY {order} LIMIT {MOST_ROWS}"
        )

    def _cell(self, row: Json, name: str) -> Json:
        field, value = self.field(name), _at(row, name)
        label = "-" if value is None else _text(value)
        if name.partition(".")[2] == recent.name_field(self.sobject):
            value = row["Id"]  # of what a record is called the value is the record
        if field.type == "currency" and value is not None:
            value = {"amount": value, "currency": self.sf.store.get_meta("currency")}
        return {"label": label, "value": value}

    def extended(self) -> Json:
        """What the columns, groups and sums of the report are."""

        def info(name: str) -> Json:
            field = self.field(name)
            return {"dataType": field.type, "label": field.label}

        sums = {
            name: {"acrossGroupingContext": None, "dataType": "int", "downGroupingContext": None,
                   "label": "Record Count"}
            if name == "RowCount" else info(name.partition("!")[2])
            for name in self.sums
        }  # fmt: skip
        return {
            "aggregateColumnInfo": sums, "detailColumnInfo": {name: info(name) for name in self.columns},
            "groupingColumnInfo": {n: info(n) | {"groupingLevel": at} for at, n in enumerate(self.groups)},
        }  # fmt: skip


def bad(message: str) -> Exception:
    return errors.error(400, "BAD_REQUEST", message)


def _list(given: Any, most: int) -> list[Any]:
    if given is not None and not isinstance(given, list):
        raise bad("The report metadata is not valid: a list is wanted.")
    if len(given or []) > most:
        raise bad(f"The report metadata is not valid: more than {most}.")
    return given or []


def _texts(given: Any, most: int) -> list[str]:
    return [str(each) for each in _list(given, most)]


def _item(given: Any) -> Json:
    if not isinstance(given, dict):
        raise bad("The report metadata is not valid: an object is wanted.")
    return given


def _said(value: Any) -> str:
    return "" if value is None else str(value)


def _at(row: Json, name: str) -> Any:
    found: Any = row
    for part in name.split(".")[1:]:
        found = next((v for k, v in found.items() if k.lower() == part.lower()), None) if found else None
    return found


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _literal(field: Field, text: str, form: str) -> str:
    """A filter's value as SOQL writes it."""
    if "LIKE" in form:
        return re.sub(r"(['\\%_])", r"\\\1", text)
    if not text:
        return "null"
    if field.type == "boolean":
        return "true" if text.lower() in ("true", "1") else "false"
    if field.type in NUMERIC or field.type in ("date", "datetime"):
        if not re.fullmatch(r"[\w.:+-]{1,40}", text):
            raise bad(f"The filter value {text[:40]} is not valid.")
        return text
    return "'" + re.sub(r"(['\\])", r"\\\1", text) + "'"
