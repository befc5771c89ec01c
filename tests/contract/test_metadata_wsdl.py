"""What is deployed, file by file, against the Metadata WSDL that Salesforce publishes."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
import simple_salesforce

from pipelines.rules.schema.load import Model, load_model
from pipelines.schema.items import Item
from pipelines.schema.salesforce import objects, package
from pipelines.settings import PROJECT_ROOT

etree = pytest.importorskip("lxml.etree")
XSD = "{http://www.w3.org/2001/XMLSchema}"
ROOTS = ("CustomObject", "Layout", "PermissionSet", "ApexClass", "ApexTrigger", "Package")
EVERYTHING = """
objects:
  parent: {label: Parent, plural: Parents, fields: {sum: {label: Sum, type: rollup, rollup: {object: thing,
    relationship: up, operation: sum, field: a_number}}}}
  thing:
    label: Thing
    plural: Things
    sharing: controlled_by_parent
    name: {label: No., format: 'T-{0000}'}
    fields:
      a_text: {label: A, type: text, length: 9, unique: true, case_sensitive: true, default: x}
      a_area: {label: A, type: text_area}
      a_long: {label: A, type: long_text, length: 999}
      a_rich: {label: A, type: rich_text, length: 999}
      a_secret: {label: A, type: encrypted, length: 20}
      a_number: {label: A, type: number, digits: 9, decimals: 1}
      a_currency: {label: A, type: currency}
      a_percent: {label: A, type: percent, digits: 5}
      a_check: {label: A, type: checkbox}
      a_date: {label: A, type: date}
      a_datetime: {label: A, type: datetime}
      a_time: {label: A, type: time}
      a_email: {label: A, type: email}
      a_phone: {label: A, type: phone}
      a_url: {label: A, type: url}
      a_pick: {label: A, type: picklist, values: [x, {value: y, label: Y, default: true, active: false}]}
      b_pick: {label: A, type: picklist, values: [p, q], depends_on: {field: a_pick, values: {x: [p]}}}
      a_multi: {label: A, type: multi_picklist, values: [x, y]}
      a_auto: {label: A, type: auto_number, format: 'A-{00}'}
      a_formula: {label: A, type: formula, returns: number, formula: A_Number__c + 1, blanks: zero}
      a_place: {label: A, type: location}
    relationships:
      up: {to: parent, kind: master_detail, label: Up, reparent: true}
      owner: {to: user, label: Owner, crms: [salesforce], on_delete: restrict}
"""


@pytest.fixture(scope="module")
def schema() -> Any:
    """The WSDL's schema, with an element for the root of each kind of file."""
    wsdl = etree.parse(str(Path(simple_salesforce.__file__).parent / "metadata.wsdl"))
    found = wsdl.getroot().find(f".//{XSD}schema")
    for name in ROOTS:
        etree.SubElement(found, f"{XSD}element", {"name": name, "type": f"tns:{name}"})
    return etree.XMLSchema(etree.fromstring(etree.tostring(found)))


def model_of(folder: Path, text: str | None) -> Model:
    shutil.copytree(PROJECT_ROOT / "config", folder, dirs_exist_ok=True)
    if text is None:
        life = PROJECT_ROOT / "tests" / "integration" / "schema" / "model"
        shutil.copytree(life, folder, dirs_exist_ok=True)
    else:
        (folder / "custom_objects.yml").write_text(text)
    return load_model(folder)


def zipped(items: list[Item], gone: list[Item]) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package.archive(items, gone, "62.0"))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("text", [None, EVERYTHING], ids=["a team's model", "every type"])
def test_every_file_of_the_zip_is_what_the_wsdl_says(schema: Any, tmp_path: Path, text: str | None) -> None:
    items = objects.wanted(model_of(tmp_path, text)).items
    files = zipped(items, items[:3])
    checked = 0
    for name, data in files.items():
        if name.endswith((".cls", ".trigger")):
            continue
        document = etree.fromstring(data)
        assert schema.validate(document), (name, schema.error_log)
        checked += 1
    assert checked > 5
    listed = etree.fromstring(files["package.xml"])
    members = {e.text for e in listed.iter("{*}members")}
    assert {i.name for i in items if i.kind in package.TYPES} == members


def test_the_same_model_makes_the_same_bytes(tmp_path: Path) -> None:
    items = objects.wanted(model_of(tmp_path, EVERYTHING)).items
    assert package.archive(items, [], "62.0") == package.archive(list(items), [], "62.0")


def test_an_element_the_wsdl_does_not_know_is_found(schema: Any) -> None:
    wrong = Item("salesforce", "field", "X__c.A__c", {"label": "A", "type": "Text", "lenght": "3"}, "X__c")
    assert not schema.validate(etree.fromstring(zipped([wrong], [])["objects/X__c.object"]))
