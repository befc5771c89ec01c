"""Records out in files and in from files."""

from __future__ import annotations

import csv
import io
from typing import Any

import httpx
import orjson

from tests.unit.sandbox.conftest import Running

EXPORTS, IMPORTS, CONTACTS = "/crm/v3/exports/export/async", "/crm/v3/imports", "/crm/v3/objects/contacts"


def _export(portal: Running, **more: Any) -> list[list[str]]:
    body = {"exportType": "VIEW", "objectType": "contacts", "objectProperties": ["email", "city"], **more}
    told = portal.hubspot.post(EXPORTS, json=body)
    assert told.status_code == 202, told.text
    url = f"{EXPORTS}/tasks/{told.json()['id']}/status"
    assert portal.hubspot.get(url).json()["status"] == "PROCESSING"
    done = portal.hubspot.get(url).json()
    assert done["status"] == "COMPLETE"
    return list(csv.reader(io.StringIO(httpx.get(done["result"]).text)))


def _import(
    portal: Running, content: str, operation: str, columns: dict[str, dict[str, str]]
) -> dict[str, Any]:
    wish = {
        "name": "people", "importOperations": {"0-1": operation},
        "files": [{"fileName": "p.csv", "fileFormat": "CSV", "fileImportPage": {"hasHeader": True,
        "columnMappings": [
            {"columnObjectTypeId": "0-1", "columnName": name, **each} for name, each in columns.items()]}}],
    }  # fmt: skip
    told = portal.hubspot.post(
        IMPORTS,
        data={"importRequest": orjson.dumps(wish).decode()},
        files={"files": ("p.csv", content.encode())},
    )
    assert told.status_code == 200, told.text
    found: dict[str, Any] = portal.hubspot.get(f"{IMPORTS}/{told.json()['id']}").json()
    return found


def test_an_export_holds_every_record_asked_for_and_no_other(shared: Running) -> None:
    everyone = _export(shared)
    assert everyone[0] == ["Record ID", "Email", "City"]
    held = shared.hubspot.get("/crm/v3/limits/records").json()["hubspotDefinedObjectTypes"]
    assert [len(everyone) - 1] == [each["usage"] for each in held if each["objectTypeId"] == "0-1"]
    wish = {"objectProperties": ["email", "lifecyclestage"]}
    stages = {row[2] for row in _export(shared, **wish)[1:]}
    inside = {row[2] for row in _export(shared, **wish, exportInternalValuesOptions=["VALUES"])[1:]}
    assert "salesqualifiedlead" in inside - stages, "people read the labels of options"
    some = {"filters": [{"propertyName": "email", "operator": "HAS_PROPERTY"}]}
    named = _export(shared, publicCrmSearchRequest=some, exportInternalValuesOptions=["NAMES"])
    assert named[0] == ["Record ID", "email", "city"]
    assert all(row[1] for row in named[1:])
    assert len(named) < len(everyone)


def test_an_export_needs_what_it_needs_and_its_link_ends(shared: Running) -> None:
    assert shared.hubspot.post(EXPORTS, json={"exportType": "VIEW"}).status_code == 400
    url = shared.ready["hubspot"]["url"] + "/export-files/1?expires=1&sign=x"
    assert httpx.get(url).status_code in (403, 404)


def test_an_import_makes_changes_and_says_what_went_wrong(shared: Running) -> None:
    columns = {"Mail": {"propertyName": "email", "columnType": "HUBSPOT_ALTERNATE_ID"},
               "Town": {"propertyName": "city"}}  # fmt: skip
    text = "Mail,Town,Other\nin1@import.example,Oslo,x\nin2@import.example,Rome,x\nno address,Nowhere,x\n"
    done = _import(shared, text, "UPSERT", columns)
    counters = done["metadata"]["counters"]
    assert (done["state"], counters["CREATED_OBJECTS"], counters["ERRORS"]) == ("DONE", 2, 1)
    (error,) = shared.hubspot.get(f"{IMPORTS}/{done['id']}/errors").json()["results"]
    assert (error["errorType"], error["sourceData"]["lineNumber"]) == ("INVALID_EMAIL", 4)
    again = _import(shared, "Mail,Town\nin1@import.example,Bergen\nin9@import.example,x\n", "UPDATE", columns)
    counters = again["metadata"]["counters"]
    assert (counters["UPDATED_OBJECTS"], counters["ERRORS"]) == (1, 1)
    read = shared.hubspot.get(
        f"{CONTACTS}/in1@import.example", params={"idProperty": "email", "properties": "city"}
    )
    assert read.json()["properties"]["city"] == "Bergen"
    assert shared.hubspot.post(f"{IMPORTS}/{done['id']}/cancel").status_code == 400
    assert shared.hubspot.post(IMPORTS, json={}).status_code == 400
