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
MODELS = PROJECT_ROOT / "tests" / "integration" / "schema"


@pytest.fixture(scope="module")
def schema() -> Any:
    """The WSDL's schema, with an element for the root of each kind of file."""
    wsdl = etree.parse(str(Path(simple_salesforce.__file__).parent / "metadata.wsdl"))
    found = wsdl.getroot().find(f".//{XSD}schema")
    for name in ROOTS:
        etree.SubElement(found, f"{XSD}element", {"name": name, "type": f"tns:{name}"})
    return etree.XMLSchema(etree.fromstring(etree.tostring(found)))


def model_of(folder: Path, name: str) -> Model:
    shutil.copytree(PROJECT_ROOT / "config", folder, dirs_exist_ok=True)
    shutil.copytree(MODELS / name, folder, dirs_exist_ok=True)
    return load_model(folder)


def zipped(items: list[Item], gone: list[Item]) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package.archive(items, gone, "62.0"))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("name", ["model", "everything"])
def test_every_file_of_the_zip_is_what_the_wsdl_says(schema: Any, tmp_path: Path, name: str) -> None:
    items = objects.wanted(model_of(tmp_path, name)).items
    assert {item.kind for item in items if item.kind != "permission"} == set(package.TYPES)
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
    items = objects.wanted(model_of(tmp_path, "everything")).items
    assert package.archive(items, [], "62.0") == package.archive(list(items), [], "62.0")


def test_an_element_the_wsdl_does_not_know_is_found(schema: Any) -> None:
    wrong = Item("salesforce", "field", "X__c.A__c", {"label": "A", "type": "Text", "lenght": "3"}, "X__c")
    assert not schema.validate(etree.fromstring(zipped([wrong], [])["objects/X__c.object"]))
