"""The sandbox's Marketing Cloud answers against recorded ones, where those lie beside the project."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from sandbox.worlds.create import Wish, open_home
from tests.fixtures import marketing_cloud as mcs

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "contract" / "marketing_cloud"
RETENTION = ("DataRetention", "RetainUntil")
"""Extensions of the recorded account keep their rows for a while; ours for good."""
JOURNEYS = "/interaction/v1/interactions"
EVENTS = "/interaction/v1/eventDefinitions"

pytestmark = pytest.mark.outside


@pytest.fixture(scope="module")
def recorded() -> Path:
    if not FOLDER.is_dir():
        pytest.skip("there is no ../shared/contract beside the project")
    return FOLDER / "recorded"


@pytest.fixture(scope="module")
def mc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    home = tmp_path_factory.mktemp("contract") / "home"
    open_home(home, Wish("default", "XS"), lambda _: None)
    with mcs.account(home) as found:
        yield found


def shape(value: Any) -> Any:
    """Names and types, of a list its first element."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return (
        "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
    )


def differences(real: Any, ours: Any, at: str = "") -> list[str]:
    """Names that one has and the other has not, and types that differ; an empty object fits any."""
    if isinstance(real, dict) and isinstance(ours, dict):
        if not real or not ours:
            return []
        found = [f"{at}.{name}" for name in set(real) ^ set(ours)]
        return found + [d for name in set(real) & set(ours)
                        for d in differences(real[name], ours[name], f"{at}.{name}")]  # fmt: skip
    if isinstance(real, list) and isinstance(ours, list):
        return differences(real[0], ours[0], f"{at}[]") if real and ours else []
    return [] if real == ours else [f"{at}: {real} against {ours}"]


def same_shape(real: Any, ours: Any, *, but: tuple[str, ...] = ()) -> None:
    found = [d for d in differences(shape(real), shape(ours)) if not d.startswith(but or ("\0",))]
    assert found == []


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def paths(text: str | bytes | ElementTree.Element) -> list[str]:
    """Every element of an answer by its way from the root, namespaces and types included, in order, once."""
    if isinstance(text, str):
        text = text[text.index("<?xml") :]  # a remark may stand before it
    root = text if isinstance(text, ElementTree.Element) else ElementTree.fromstring(text)
    found: list[str] = []

    def walk(element: ElementTree.Element, above: str) -> None:
        attributes = sorted(k.rpartition("}")[2] for k in element.attrib if "nil" not in k)
        way = f"{above}/{element.tag}{attributes or ''}"
        if way not in found and not any(name in way for name in RETENTION):
            found.append(way)
        for child in element:
            walk(child, way)

    walk(root, "")
    return found


def soap_object(name: str, fields: str) -> str:
    return (
        f'<Objects xsi:type="DataExtension"><CustomerKey>{name}</CustomerKey><Name>{name}</Name>'
        f"<Description /><Fields>{fields}</Fields></Objects>"
    )


FIELD = (
    "<Field><Name>testField</Name><MaxLength>254</MaxLength><IsRequired>true</IsRequired>"
    "<IsPrimaryKey>false</IsPrimaryKey><FieldType>Text</FieldType></Field>"
)


def request(name: str, body: str) -> str:
    return f'<{name} xmlns="http://exacttarget.com/wsdl/partnerAPI">{body}</{name}>'


def test_the_token_and_its_refusals_are_the_recorded_ones(recorded: Path, mc: Any) -> None:
    auth = read(recorded.parent / "auth.json")
    answer = mc.sign_in()
    same_shape(auth["success"]["response"], answer)
    assert answer["expires_in"] == auth["success"]["response"]["expires_in"]
    assert len(answer["access_token"]) == 512
    wrong = mc.http.post("/v2/token", json={"grant_type": "client_credentials", "client_id": "a"})
    assert (wrong.status_code, wrong.json()) == (
        auth["unauthorized"]["status"], auth["unauthorized"]["response"],
    )  # fmt: skip
    late = mc.http.get("/hub/v1/campaigns", headers={"Authorization": "Bearer old"})
    assert (late.status_code, late.json()) == (auth["expired"]["status"], auth["expired"]["response"])


def test_what_is_not_there_is_the_recorded_404(recorded: Path, mc: Any) -> None:
    answer = mc.http.get("/data/v1/customobjectdata/key/nobody/rowset")
    assert answer.status_code == 404
    assert set(answer.json()) == set(read(recorded.parent / "rest404-response.json"))


def test_data_extensions_are_made_changed_and_deleted_as_recorded(recorded: Path, mc: Any) -> None:
    folder = recorded / "dataExtension"
    made = mc.soap(request("CreateRequest", soap_object("testNew_dataExtension", FIELD)), "Create")
    assert paths(made) == paths((folder / "create-response.xml").read_text())
    changed = mc.soap(request("UpdateRequest", soap_object("testNew_dataExtension", FIELD)), "Update")
    assert paths(changed) == paths((folder / "update-response.xml").read_text())
    gone = mc.soap(request("DeleteRequest", soap_object("testNew_dataExtension", "")), "Delete")
    assert paths(gone) == paths((folder / "delete-response.xml").read_text())


def test_data_extensions_and_their_fields_are_retrieved_as_recorded(recorded: Path, mc: Any) -> None:
    asked = ["CreatedDate", "ModifiedDate", "ObjectID", "CustomerKey", "Name", "Description", "IsSendable",
             "IsTestable", "SendableDataExtensionField.Name", "SendableSubscriberField.Name",
             "RowBasedRetention", "ResetRetentionPeriodOnImport", "DeleteAtEndOfRetentionPeriod",
             "RetainUntil", "CategoryID"]  # fmt: skip
    only = (
        '<Filter xsi:type="SimpleFilterPart"><Property>{}</Property>'
        f"<SimpleOperator>equals</SimpleOperator><Value>{mcs.PEOPLE}</Value></Filter>"
    )
    one = recorded / "dataExtension" / "retrieve-CustomerKey=testExisting_dataExtension-response.xml"
    assert paths(mc.retrieve("DataExtension", asked, only.format("CustomerKey"))) == paths(one.read_text())
    fields = ["ObjectID", "CustomerKey", "Name", "Scale", "DefaultValue", "MaxLength", "IsRequired", 
              "Ordinal", "IsPrimaryKey", "FieldType", "DataExtension.CustomerKey"]  # fmt: skip
    folder = recorded / "dataExtensionField"
    real = folder / "retrieve-DataExtension.CustomerKey=testExisting_dataExtension-response.xml"
    ours = mc.retrieve("DataExtensionField", fields, only.format("DataExtension.CustomerKey"))
    assert paths(ours) == paths(real.read_text())


def test_lists_are_retrieved_as_recorded(recorded: Path, mc: Any) -> None:
    asked = ["CreatedDate", "ModifiedDate", "ID", "ObjectID", "CustomerKey", "ListName", "Category", "Type",
             "Description", "ListClassification"]  # fmt: skip
    assert paths(mc.retrieve("List", asked)) == paths(
        (recorded / "list" / "retrieve-response.xml").read_text()
    )


def test_a_rowset_has_the_recorded_shape(recorded: Path, mc: Any) -> None:
    real = read(next((recorded / "data/v1/customobjectdata/key").rglob("get-response.json")))
    same_shape(real, mc.http.get(f"/data/v1/customobjectdata/key/{mcs.PEOPLE}/rowset").json())


def test_event_definitions_have_the_recorded_shape(recorded: Path, mc: Any) -> None:
    folder = recorded / "interaction/v1/eventDefinitions"
    schema = {"fields": [{"name": "ContactId", "dataType": "Text", "maxLength": "18", "isNullable": False,
                          "isPrimaryKey": True}], "sendableCustomObjectField": "ContactId"}  # fmt: skip
    wish = {"type": "APIEvent", "name": "testNew_event_withSchema", "schema": schema,
            "eventDefinitionKey": "testNew_event_withSchema"}  # fmt: skip
    made = mc.http.post(EVENTS, json=wish)
    assert made.status_code == 201
    same_shape(read(folder / "post_withSchema-response.json"), made.json())
    wish = {"type": "APIEvent", "name": "testNew_event_withExistingDE", "description": "x",
            "eventDefinitionKey": "testNew_event_withExistingDE",
            "dataExtensionId": made.json()["dataExtensionId"]}  # fmt: skip
    same_shape(read(folder / "post_withExistingDE-response.json"), mc.http.post(EVENTS, json=wish).json())
    real, ours = read(folder / "get-response.json"), mc.http.get(EVENTS).json()
    # The last of the recorded ones is an API event with a schema, as ours are.
    same_shape({**real, "items": real["items"][4:]}, {**ours, "items": ours["items"][:1]})


def test_journeys_have_the_recorded_shape(recorded: Path, mc: Any) -> None:
    folder = recorded / "interaction/v1/interactions"
    real, ours = read(folder / "get-response.json"), mc.http.get(JOURNEYS).json()
    same_shape(real, ours)
    whole = mc.http.get(f"{JOURNEYS}/key:{mcs.NURTURE}").json()
    one = read(folder / "key_testExisting_journey_Multistep" / "get-response.json")
    same_shape(one, whole, but=(".activities", ".triggers", ".defaults", ".metaData"))
    assert set(whole["activities"][0]) == set(one["activities"][0])
    assert set(whole["triggers"][0]) == set(one["triggers"][0])


def test_publishing_auditing_and_deleting_answer_as_recorded(recorded: Path, mc: Any) -> None:
    folder = recorded / "interaction/v1/interactions"
    whole = mc.http.get(f"{JOURNEYS}/key:{mcs.NURTURE}").json()
    wish = {"key": "testNew", "name": "testNew", "triggers": whole["triggers"], "activities": []}
    made = mc.http.post(JOURNEYS, json=wish).json()
    started = mc.http.post(f"{JOURNEYS}/publishAsync/{made['id']}", params={"versionNumber": 1}).json()
    same_shape(read(next((folder / "publishAsync").rglob("*.json"))), started)
    done = mc.http.get(started["statusUrl"]).json()
    assert done == read(next((folder / "publishStatus").rglob("*success.json")))
    bad = mc.http.post(JOURNEYS, json={"key": "testBad", "name": "testBad"}).json()
    failed = mc.http.post(f"{JOURNEYS}/publishAsync/{bad['id']}").json()
    same_shape(read(next((folder / "publishStatus").rglob("*failed.json"))),
               mc.http.get(failed["statusUrl"]).json())  # fmt: skip
    audit = mc.http.get(f"{JOURNEYS}/{made['id']}/audit/all").json()
    same_shape(read(next(folder.glob("dsf*/audit/all/*=1.json"))), audit)
    paused = mc.http.post(f"{JOURNEYS}/transactional/pause", json={"definitionId": made["id"]}).json()
    assert paused == read(folder / "transactional/pause/post-response.json")
    assert mc.http.delete(f"{JOURNEYS}/{bad['id']}").text == bad["id"]
