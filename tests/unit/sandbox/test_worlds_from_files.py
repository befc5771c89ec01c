"""Worlds from files: loaded raw and whole, defects counted, what is left out said; mappings checked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from sandbox.store import Store
from sandbox.worlds.create import Wish, WorldError, open_home
from tests.unit.sandbox.conftest import API

MAPPING = """
now: 2021-01-02T00:00:00Z
salesforce:
  fields: {Account: [Source_Id__c string 20]}
  objects: {Machine__c: {prefix: a09, fields: [Owner_Account__c reference -> Account, Hours__c double]}}
  feeds:
    - to: Account
      from: firms.csv
      key: firm
      fields:
        Name: firm
        ParentId: {lookup: Account, column: parent}
        AnnualRevenue: {column: sales, times: 1000, as: number}
    - to: Opportunity
      from: sales.csv
      key: no
      fields:
        Name: {column: no}
        AccountId: {lookup: Account, column: firm}
        StageName: {column: state, values: {won: Closed Won, open: Prospecting}}
        CloseDate: closed
        CreatedDate: opened
    - to: Machine__c
      from: machines
      key: id
      fields: {Name: name, Owner_Account__c: {lookup: Account, column: firm}, Hours__c: hours}
hubspot:
  feeds:
    - to: contacts
      from: people.csv
      auto: p_
      fields: {id: id, created: since, email: mail}
left_out: {"note*": nobody needs notes}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small world with defects: a lookup to nowhere, a number and a date that are none, a double."""
    found = tmp_path / "acme"
    found.mkdir()
    (found / "world.yml").write_text(MAPPING)
    (found / "firms.csv").write_text("firm,parent,sales\nAlpha,Beta,12.5\nBeta,,lots\nAlpha,,1\n")
    (found / "sales.csv").write_text(
        "no,firm,state,opened,closed\n1,Alpha,won,2020-01-01,2020-02-01\n2,Gamma,open,,soon\n"
    )
    (found / "people.csv").write_text(
        "id,since,mail,p_shoe\n7,2020-03-01 9:15:00,A@B.example,43\nx,,,\n7,,,\n"
    )
    (found / "dump.sql").write_text(
        "create table machines (id integer, name text, firm text, hours real);"
        "insert into machines values (1, 'Press', 'Beta', 4.5);"
    )
    (found / "notes.csv").write_text("a\n1\n")
    return found


def _open(folder: Path, home: Path) -> dict[str, Any]:
    return open_home(home, Wish(str(folder)), lambda _: None)


def test_rows_are_loaded_whole_and_defects_are_counted(folder: Path, tmp_path: Path) -> None:
    told = _open(folder, tmp_path / "home")
    assert told["now"].startswith("2021-01-02")
    rows = told["rows"]["salesforce"]
    assert (rows["Account"], rows["Opportunity"], rows["Machine__c"]) == (2, 2, 1)
    assert told["left out"] == [{"table": "notes.csv", "rows": 1, "why": "nobody needs notes"}]
    assert told["findings"] == {
        "Account.AnnualRevenue: not a number, kept as it is": 1,
        "Account: a row with a key that is there already, left out": 1,
        "Opportunity.AccountId: no Account for a value": 1,
        "Opportunity.CloseDate: not a date, kept as it is": 1,
        "contacts: a row with an id that is there already, left out": 1,
        "contacts: a row without a numeric id, left out": 1,
    }
    assert orjson.loads((tmp_path / "home" / "world.json").read_bytes()) == told


def test_values_references_and_stages_come_out_as_mapped(
    folder: Path, tmp_path: Path, start: Callable[..., Any]
) -> None:
    _open(folder, tmp_path / "home")
    store = Store(tmp_path / "home" / "salesforce.sqlite", read_only=True)
    accounts = {
        n: (i, p, r) for i, n, p, r in store.rows("select Id, Name, ParentId, AnnualRevenue from Account")
    }
    assert accounts["Alpha"][1:] == (accounts["Beta"][0], 12_500.0)
    assert accounts["Beta"][2] == "lots"
    deals = store.rows(
        "select StageName, IsWon, Probability, CloseDate, CreatedDate from Opportunity order by Name"
    )
    store.close()
    assert deals[0] == ("Closed Won", "true", 100.0, "2020-02-01", "2020-01-01T00:00:00.000Z")
    assert deals[1] == ("Prospecting", "false", 10.0, "soon", None)
    with start(tmp_path / "home", "--world", str(folder)) as running:
        machine = running.soql("SELECT Hours__c, Owner_Account__r.Name FROM Machine__c")["records"][0]
        assert (machine["Hours__c"], machine["Owner_Account__r"]["Name"]) == (4.5, "Beta")
        assert running.salesforce.get(f"{API}/sobjects/Machine__c/describe").json()["keyPrefix"] == "a09"
        person = running.hubspot.get("/crm/v3/objects/contacts/7", params={"properties": "email,shoe"}).json()
        assert (person["properties"]["email"], person["properties"]["shoe"]) == ("a@b.example", "43")
        assert person["createdAt"] == "2020-03-01T09:15:00.000Z"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("now: 2021-01-02T00:00:00Z", ""), "does not say what time"),
        (("now: 2021-01-02T00:00:00Z", "now: teatime"), "is not a time"),
        (("key: firm", "kee: firm"), "unknown key 'kee'"),
        (("from: firms.csv", "from: firms.xls"), "which the folder does not have"),
        (("column: parent", "column: father"), "reads father"),
        (("Name: firm\n", "Nome: firm\n"), "names the field Nome"),
        (("to: Opportunity", "to: Oportunity"), "feeds Oportunity"),
        (("as: number", "as: digits"), "as 'digits'"),
        (("feeds:", "feeds: ["), "is not YAML"),
    ],
)
def test_a_mapping_that_cannot_be_is_one_sentence(
    folder: Path, tmp_path: Path, change: tuple[str, str], says: str
) -> None:
    (folder / "world.yml").write_text(MAPPING.replace(*change))
    with pytest.raises(WorldError, match=says):
        _open(folder, tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_a_folder_nobody_knows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mystery").mkdir()
    with pytest.raises(WorldError, match=r"no world\.yml"):
        _open(tmp_path / "mystery", tmp_path / "home")


def test_changed_files_are_another_world(folder: Path, tmp_path: Path) -> None:
    _open(folder, tmp_path / "home")
    _open(folder, tmp_path / "home")
    (folder / "notes.csv").write_text("a\n2\n")
    with pytest.raises(WorldError, match="another world"):
        _open(folder, tmp_path / "home")


@pytest.mark.outside
@pytest.mark.parametrize(
    ("name", "vendor", "expected"),
    [
        ("npsp", "salesforce", {"Account": 1223, "Contact": 1024, "Opportunity": 1517, "Campaign": 13,
                                "CampaignMember": 1699, "OpportunityContactRole": 3499}),
        ("maven_crm", "salesforce", {"Account": 85, "User": 42, "Product2": 7, "Opportunity": 8800}),
        ("fivetran_hubspot", "hubspot", {"contacts": 22, "companies": 24, "deals": 44, "owners": 100,
                                         "tickets": 25, "meetings": 100, "lists": 60, "forms": 5,
                                         "email_campaigns": 100, "email_events": 100, "teams": 3}),
        ("fivetran_salesforce", "salesforce", {"Account": 10, "Contact": 4, "Lead": 1, "Opportunity": 10,
                                               "Task": 10, "Event": 10, "Product2": 2, "UserRole": 10,
                                               "OpportunityLineItem": 10}),
    ],
)  # fmt: skip
def test_the_worlds_beside_the_project_load_whole(
    outside_data: Path, tmp_path: Path, name: str, vendor: str, expected: dict[str, int]
) -> None:
    told = _open(outside_data / name, tmp_path / "home")
    assert {table: told["rows"][vendor][table] for table in expected} == expected
    assert all(item["why"] != "the mapping does not use it" for item in told["left out"])


@pytest.mark.outside
def test_maven_keeps_its_defects_and_its_outcomes(outside_data: Path, tmp_path: Path) -> None:
    _open(outside_data / "maven_crm", tmp_path / "home")
    store = Store(tmp_path / "home" / "salesforce.sqlite", read_only=True)
    assert dict(store.rows("select StageName, count(*) from Opportunity group by 1")) == {
        "Closed Won": 4238, "Closed Lost": 2473, "Engaging": 1589, "Prospecting": 500,
    }  # fmt: skip
    names = ("AccountId", "CloseDate", "CreatedDate", "SystemModstamp")
    nulls = ", ".join(f"sum({name} is null)" for name in names)
    assert store.row(f"select {nulls} from Opportunity") == (1425, 2089, 500, 0)
    assert store.value("select count(*) from Opportunity where Product__c = 'GTXPro'") > 0
    assert store.value("select count(*) from Account where Industry = 'technolgy'") > 0
    assert store.value("select count(*) from OpportunityHistory") == 8300 + 6711
    store.close()
