"""`/analytics`: reports listed, described, made, changed, run at once or kept as an instance; report types.

What a report asks and answers is `reports`. There are no dashboards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.salesforce import errors, ids, recent, sobjects
from sandbox.salesforce.reports import EMPTY, Json, Report, bad

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

TABLES = """
create table if not exists reports (id text primary key, metadata blob not null);
create table if not exists report_instances (
    id text primary key, report text not null, made integer not null, result blob not null)
"""
MOST_LISTED = 200
FIRST: tuple[Json, ...] = (
    {"name": "Pipeline by Stage", "developerName": "Pipeline_by_Stage", "reportFormat": "SUMMARY",
     "reportType": {"type": "Opportunity", "label": "Opportunities"},
     "aggregates": ["s!Opportunity.Amount", "RowCount"],
     "detailColumns": ["Opportunity.Name", "Opportunity.Account.Name", "Opportunity.Amount",
                       "Opportunity.CloseDate"],
     "groupingsDown": [{"name": "Opportunity.StageName", "sortOrder": "Asc", "dateGranularity": "None"}]},
    {"name": "Leads", "developerName": "Leads", "reportFormat": "TABULAR",
     "reportType": {"type": "Lead", "label": "Leads"},
     "detailColumns": ["Lead.Name", "Lead.Company", "Lead.Status", "Lead.CreatedDate"]},
)  # fmt: skip
"""The reports that every org of the sandbox has."""


def routes(sf: Salesforce) -> list[Route]:
    base, give = "/services/data/{version}/analytics", sf.route
    all_, one = base + "/reports", base + "/reports/{report}"
    return [
        *give("GET", all_, lambda call: _list(sf, call)),
        *give("POST", all_, lambda call: _create(sf, call)),
        *give("POST", all_ + "/query", lambda call: _ran(sf, call, _given(call, EMPTY), None)),
        *give("GET", one, lambda call: _ran(sf, call, _known(sf, call), call.params["report"])),
        *give(
            "POST", one, lambda call: _ran(sf, call, _given(call, _known(sf, call)), call.params["report"])
        ),
        *give("PATCH", one, lambda call: _change(sf, call)),
        *give("DELETE", one, lambda call: _delete(sf, call)),
        *give("GET", one + "/describe", lambda call: _describe(sf, call, _known(sf, call))),
        *give("GET", one + "/instances", lambda call: _instances(sf, call)),
        *give("POST", one + "/instances", lambda call: _begin(sf, call)),
        *give("GET", one + "/instances/{instance}", lambda call: _instance(sf, call)),
        *give("GET", base + "/reportTypes", lambda call: _types(sf, call)),
        *give("GET", base + "/reportTypes/{object}", lambda call: _type(sf, call)),
        *give("GET", base + "/dashboards", lambda call: answer([], charset="UTF-8")),
    ]


def keep(sf: Salesforce, now: int, metadata: Json, own: str | None = None, *, check: bool = True) -> Json:
    """Store a report, and the row that queries see."""
    for said in ("name", "developerName", "description"):
        if not isinstance(metadata.get(said), str | None):
            raise bad(f"The report metadata is not valid: {said} is a text.")
    name = str(metadata.get("name") or "")
    if not 0 < len(name) <= 40:
        raise bad("The report name is required and has 40 characters at most.")
    sobject = sf.org.whole["Report"]
    report = metadata | {"id": own or sf.org.new_id(sobject)}
    report["developerName"] = str(report.get("developerName") or name.replace(" ", "_"))
    if check:
        Report(sf, report)
    moment, user = times.iso_seconds(now), sf.org.user_id
    before = sf.rows.get(sobject, report["id"]) or dict.fromkeys(sobject.fields) | {
        "CreatedDate": moment, "CreatedById": user, "IsDeleted": "false", "OwnerId": user,
    }  # fmt: skip
    row = before | {
        "Id": report["id"], "Name": name, "DeveloperName": report["developerName"], "LastModifiedById": user,
        "Description": report["description"], "Format": str(report["reportFormat"]).title(),
        "FolderName": "Public Reports", "LastModifiedDate": moment, "SystemModstamp": moment,
    }  # fmt: skip
    sf.store.db.execute("delete from Report where Id = ?", (report["id"],))
    sf.rows.insert(sobject, row)
    sf.store.db.execute("insert or replace into reports values (?, ?)", (report["id"], orjson.dumps(report)))
    return report


def begin(sf: Salesforce, now: int) -> None:
    """The first reports, where the org never had any."""
    if sf.store.value("select 1 from meta where key = 'reports'") is None:
        sf.store.set_meta("reports", "1")
        for each in FIRST:
            keep(sf, now, EMPTY | each, check=False)


def _find(sf: Salesforce, report: str) -> Json | None:
    blob = sf.store.value("select metadata from reports where id = ?", (ids.normal(report) or "",))
    return None if blob is None else dict(orjson.loads(blob))


def _known(sf: Salesforce, call: Call) -> Json:
    found = _find(sf, call.params["report"])
    if found is None:
        raise errors.not_found("The report doesn't exist or you don't have access to it.")
    return found


def soql_of(sf: Salesforce, report: str) -> str:
    """What a report asks; nothing where there is no such report."""
    found = _find(sf, report)
    return "" if found is None else Report(sf, found).soql


def _given(call: Call, known: Json) -> Json:
    """The report with what the body says otherwise."""
    body = sobjects.body_of(call) if call.body.strip() else {}
    wanted = body.get("reportMetadata") or {}
    if not isinstance(wanted, dict):
        raise bad("reportMetadata must be an object.")
    return known | {k: v for k, v in wanted.items() if k != "id" or "id" not in known}


def _listed(call: Call, own: str, name: str) -> Json:
    url = f"/services/data/{call.params['version']}/analytics/reports/{own}"
    return {"describeUrl": f"{url}/describe", "fieldsUrl": f"{url}/fields", "id": own,
            "instancesUrl": f"{url}/instances", "name": name, "url": url}  # fmt: skip


def _list(sf: Salesforce, call: Call) -> Response:
    found = sf.store.rows(
        "select Id, Name from Report order by LastViewedDate desc, Name limit ?", (MOST_LISTED,)
    )
    return answer([_listed(call, own, name) for own, name in found], charset="UTF-8")


def _ran(sf: Salesforce, call: Call, metadata: Json, own: str | None) -> Response:
    return answer(_result(sf, call, metadata, own), charset="UTF-8")


def _result(sf: Salesforce, call: Call, metadata: Json, own: str | None) -> Json:
    details = call.query.get("includeDetails", "true" if call.method == "POST" else "false").lower() == "true"
    found = Report(sf, metadata).run(call, details=details)
    if own is not None:
        moment = times.iso_seconds(call.now)
        sf.store.db.execute("update Report set LastRunDate = ? where Id = ?", (moment, metadata["id"]))
        recent.seen(sf, call, sf.org.whole["Report"], [metadata["id"]])
        listed = _listed(call, metadata["id"], metadata["name"])
        found["attributes"] = {
            "describeUrl": listed["describeUrl"], "instancesUrl": listed["instancesUrl"],
            "reportId": metadata["id"], "reportName": metadata["name"], "type": "Report",
        }  # fmt: skip
    return found


def _create(sf: Salesforce, call: Call) -> Response:
    """A new report, or a copy of one."""
    known = EMPTY
    if (source := call.query.get("cloneId")) is not None:
        call.params = {**call.params, "report": source}
        known = {k: v for k, v in _known(sf, call).items() if k not in ("id", "developerName")}
    return _describe(sf, call, keep(sf, call.now, _given(call, known)))


def _change(sf: Salesforce, call: Call) -> Response:
    known = _known(sf, call)
    return _describe(sf, call, keep(sf, call.now, _given(call, known), known["id"]))


def _delete(sf: Salesforce, call: Call) -> Response:
    own = _known(sf, call)["id"]
    for statement in ("delete from reports where id = ?", "delete from Report where Id = ?",
                      "delete from report_instances where report = ?"):  # fmt: skip
        sf.store.db.execute(statement, (own,))
    return Response(status_code=204)


def _describe(sf: Salesforce, call: Call, metadata: Json) -> Response:
    report = Report(sf, metadata)
    return answer(
        {"reportExtendedMetadata": report.extended(), "reportMetadata": metadata,
         "reportTypeMetadata": _columns(sf, report.sobject.name)}, charset="UTF-8",
    )  # fmt: skip


def _columns(sf: Salesforce, name: str) -> Json:
    sobject = sf.org.objects[name]
    columns = {
        f"{name}.{f.name}": {
            "allowedInCustomDetailFormula": True, "dataType": f.type, "filterValues": [],
            "filterable": f.filterable, "isLookup": f.type == "reference", "label": f.label,
        }
        for f in sobject.fields.values()
    }  # fmt: skip
    return {
        "categories": [{"columns": columns, "label": sobject.label}], "divisionInfo": None,
        "scopeInfo": {"defaultValue": "organization", "values": []}, "standardDateFilterDurationGroups": [],
    }  # fmt: skip


def _types(sf: Salesforce, call: Call) -> Response:
    base = f"/services/data/{call.params['version']}/analytics/reportTypes"
    found = [
        {"describeUrl": f"{base}/{each.name}", "label": each.plural, "type": each.name}
        for each in sf.org.objects.values() if not each.read_only
    ]  # fmt: skip
    return answer([{"label": "Objects", "reportTypes": found}], charset="UTF-8")


def _type(sf: Salesforce, call: Call) -> Response:
    sobject = sobjects.object_of(sf, call)
    metadata = EMPTY | {"reportType": {"type": sobject.name, "label": sobject.plural}, "name": None}
    return _describe(sf, call, metadata)


def _begin(sf: Salesforce, call: Call) -> Response:
    """An instance: run at once, told when it is asked for."""
    metadata = _given(call, _known(sf, call))
    result = _result(sf, call, metadata, metadata["id"])
    number = int(sf.store.value("select coalesce(max(rowid), 0) + 1 from report_instances"))
    own = ids.make("0LG", number)
    sf.store.db.execute(
        "insert into report_instances values (?, ?, ?, ?)",
        (own, metadata["id"], call.now, orjson.dumps(result)),
    )
    return answer(_told(sf, call, own, metadata["id"], call.now) | {"status": "New", "completionDate": None},
                  charset="UTF-8")  # fmt: skip


def _told(sf: Salesforce, call: Call, own: str, report: str, made: int) -> Json:
    moment = times.iso_seconds(made)
    url = f"/services/data/{call.params['version']}/analytics/reports/{report}/instances/{own}"
    return {
        "completionDate": moment, "hasDetailRows": True, "id": own, "ownerId": sf.org.user_id,
        "queryable": False, "requestDate": moment, "status": "Success", "url": url,
    }  # fmt: skip


def _instances(sf: Salesforce, call: Call) -> Response:
    report = _known(sf, call)["id"]
    found = sf.store.rows(
        "select id, made from report_instances where report = ? order by made desc, id desc limit 2000",
        (report,),
    )
    return answer([_told(sf, call, own, report, made) for own, made in found], charset="UTF-8")


def _instance(sf: Salesforce, call: Call) -> Response:
    report, own = _known(sf, call)["id"], ids.normal(call.params["instance"]) or ""
    row = sf.store.row("select made, result from report_instances where id = ? and report = ?", (own, report))
    if row is None:
        raise errors.not_found("The report instance doesn't exist.")
    found: dict[str, Any] = orjson.loads(row[1])
    told = _told(sf, call, own, report, row[0])
    found["attributes"] = {
        "completionDate": told["completionDate"], "id": own, "ownerId": told["ownerId"],
        "queryable": False, "reportId": report, "reportName": found["reportMetadata"]["name"],
        "requestDate": told["requestDate"], "status": "Success", "type": "ReportInstance",
    }  # fmt: skip
    return answer(found, charset="UTF-8")
