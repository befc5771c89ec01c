"""SOQL and query pages of the Salesforce sandbox."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from sandbox.salesforce.soql.periods import bounds
from tests.unit.sandbox.conftest import API, Running


def _values(shared: Running, soql: str, name: str) -> list[Any]:
    return [record[name] for record in shared.soql(soql)["records"]]


def _count(shared: Running, where: str, obj: str = "Lead") -> int:
    return int(shared.soql(f"SELECT COUNT() FROM {obj} {where}")["totalSize"])


def test_typed_values_and_attributes(shared: Running) -> None:
    record = shared.soql(
        "SELECT Id, Amount, IsWon, CreatedDate, CloseDate FROM Opportunity WHERE Amount != null LIMIT 1"
    )["records"][0]
    assert record["attributes"]["type"] == "Opportunity"
    assert record["attributes"]["url"].endswith(record["Id"])
    assert isinstance(record["Amount"], float)
    assert isinstance(record["IsWon"], bool)
    assert record["CreatedDate"].endswith(".000+0000")
    assert len(record["CloseDate"]) == 10


def test_an_address_is_one_value_of_its_parts_and_no_column_of_a_bulk_job(shared: Running) -> None:
    body = {"LastName": "Compound", "MailingCity": "Oslo", "MailingLatitude": 59.9}
    own = shared.salesforce.post(f"{API}/sobjects/Contact", json=body).json()["id"]
    soql = f"SELECT Id, MailingAddress, OtherAddress FROM Contact WHERE Id = '{own}'"
    row = shared.soql(soql)["records"][0]
    assert (row["MailingAddress"]["city"], row["MailingAddress"]["latitude"]) == ("Oslo", 59.9)
    assert row["OtherAddress"] is None
    job = shared.salesforce.post(f"{API}/jobs/query", json={"operation": "query", "query": soql})
    assert (job.status_code, job.json()[0]["errorCode"]) == (400, "FUNCTIONALITY_NOT_ENABLED")


def test_relationships_nest_and_an_empty_reference_is_null(shared: Running) -> None:
    contact = shared.soql(
        "SELECT Name, Account.Name, Account.Owner.Name, Owner.Email FROM Contact "
        "WHERE AccountId != null LIMIT 1"
    )["records"][0]
    assert contact["Account"]["attributes"]["type"] == "Account"
    assert contact["Account"]["Owner"]["Name"]
    soql = "SELECT What.Name, Who.Type FROM Task WHERE WhatId = null AND WhoId != null LIMIT 1"
    task = shared.soql(soql)["records"]
    assert task[0]["What"] is None
    assert task[0]["Who"]["Type"] in ("Lead", "Contact")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("WHERE Email = null", "WHERE Email != null"),
        ("WHERE Status = 'open - not contacted'", "WHERE Status != 'Open - Not Contacted'"),
        ("WHERE LastName LIKE 's%'", "WHERE NOT LastName LIKE 'S%'"),
        ("WHERE IsConverted = true", "WHERE IsConverted = false"),
        ("WHERE LeadSource IN ('Web', 'Trade Show')", "WHERE LeadSource NOT IN ('Web', 'Trade Show')"),
        ("WHERE CreatedDate >= 2026-01-01T00:00:00Z", "WHERE CreatedDate < 2026-01-01T00:00:00.000+0000"),
        ("WHERE CreatedDate = LAST_N_DAYS:30", "WHERE CreatedDate < LAST_N_DAYS:30"),
        ("WHERE (Email = null OR IsConverted = true) AND Company LIKE '%a%'",
         "WHERE NOT ((Email = null OR IsConverted = true) AND Company LIKE '%a%')"),
        ("WHERE ConvertedContactId IN (SELECT Id FROM Contact WHERE Email != null)",
         "WHERE ConvertedContactId NOT IN (SELECT Id FROM Contact WHERE Email != null)"),
        ("WHERE Id IN (SELECT LeadId FROM CampaignMember)",
         "WHERE Id NOT IN (SELECT LeadId FROM CampaignMember)"),
        ("WHERE Email = ''", "WHERE Email != ''"),
        ("WHERE Email IN ('')", "WHERE Email NOT IN ('')"),
        ("WHERE LeadSource IN (null, 'Web')", "WHERE LeadSource NOT IN (null, 'Web')"),
        ("WHERE IsConverted = null", "WHERE IsConverted != null"),
    ],
)  # fmt: skip
def test_a_condition_and_its_opposite_are_everything(shared: Running, one: str, other: str) -> None:
    total = _count(shared, "")
    assert 0 < _count(shared, one) < total
    assert _count(shared, one) + _count(shared, other) == total


def test_order_limit_offset(shared: Running) -> None:
    names = _values(shared, "SELECT Name FROM Account ORDER BY Name", "Name")
    assert [n.lower() for n in names] == sorted(n.lower() for n in names)
    assert _values(shared, "SELECT Name FROM Account ORDER BY Name LIMIT 3 OFFSET 2", "Name") == names[2:5]
    sizes = _values(shared, "SELECT CampaignId FROM Opportunity ORDER BY CampaignId NULLS LAST", "CampaignId")
    assert sizes[-1] is None


def test_aggregates_group_and_filter_groups(shared: Running) -> None:
    rows = shared.soql(
        "SELECT StageName, COUNT(Id) n, SUM(Amount), MAX(CloseDate) latest FROM Opportunity "
        "GROUP BY StageName HAVING COUNT(Id) > 1 ORDER BY COUNT(Id) DESC"
    )["records"]
    counts = [row["n"] for row in rows]
    assert counts == sorted(counts, reverse=True)
    assert all(row["attributes"]["type"] == "AggregateResult" and row["n"] > 1 for row in rows)
    assert {"expr0", "latest"} <= set(rows[0])
    assert sum(counts) <= _count(shared, "", "Opportunity")


def test_ids_of_fifteen_and_eighteen_characters_mean_the_same(shared: Running) -> None:
    (full,) = _values(shared, "SELECT Id FROM Account LIMIT 1", "Id")
    assert _values(shared, f"SELECT Id FROM Account WHERE Id = '{full[:15]}'", "Id") == [full]


def test_all_fields_come_with_a_limit(shared: Running) -> None:
    record = shared.soql("SELECT FIELDS(ALL) FROM CampaignMember LIMIT 1")["records"][0]
    assert {"CampaignId", "SystemModstamp", "IsDeleted"} <= set(record)


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT FROM Lead", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead WHERE", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead WHERE Name = 'a' AND Email = 'b' OR Phone = 'c'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead; DROP TABLE Lead", "MALFORMED_QUERY"),
        ("SELECT Name, COUNT(Id) FROM Lead", "MALFORMED_QUERY"),
        ("SELECT FIELDS(ALL) FROM Lead", "MALFORMED_QUERY"),
        ("SELECT Nothing__c FROM Lead", "INVALID_FIELD"),
        ("SELECT Boss.Name FROM Lead", "INVALID_FIELD"),
        ("SELECT Id FROM Lead WHERE IsConverted = 'true'", "INVALID_FIELD"),
        ("SELECT Id FROM Lead WHERE CreatedDate > '2026-01-01'", "INVALID_FIELD"),
        ("SELECT Id FROM Lead WHERE CreatedDate = ''", "INVALID_FIELD"),
        ("SELECT Id FROM Lead WHERE CreatedDate > 2026-01-01", "INVALID_FIELD"),
        ("SELECT Id FROM Opportunity WHERE CloseDate > 2026-01-01T00:00:00Z", "INVALID_FIELD"),
        ("SELECT Id FROM Lead WHERE Description = 'a'", "INVALID_FIELD"),
        ("SELECT Id FROM Lead WHERE Id IN (SELECT Name FROM Contact)", "INVALID_FIELD"),
        ("SELECT Id FROM Lead WHERE Id IN (SELECT ContactId FROM CampaignMember)", "INVALID_FIELD"),
        (
            "SELECT Id FROM Lead WHERE Email = 'a' OR Id IN (SELECT LeadId FROM CampaignMember)",
            "MALFORMED_QUERY",
        ),
        ("SELECT Id FROM Lead ORDER BY Description", "MALFORMED_QUERY"),
        ("SELECT Description, COUNT(Id) FROM Lead GROUP BY Description", "MALFORMED_QUERY"),
        ("SELECT SUM(Name) FROM Lead", "MALFORMED_QUERY"),
        ("SELECT COUNT(), Name FROM Lead", "MALFORMED_QUERY"),
        ("SELECT Id, id FROM Lead", "MALFORMED_QUERY"),
        ("SELECT Name n FROM Lead", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead FOR UPDATE", "MALFORMED_QUERY"),
        (r"SELECT Id FROM Lead WHERE Name = 'a\q'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead LIMIT 1 OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"),
        ("SELECT Id FROM Lead WHERE Name INCLUDES ('a')", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Unicorn", "INVALID_TYPE"),
        ("SELECT Id FROM Lead WHERE Id = 'short'", "INVALID_QUERY_FILTER_OPERATOR"),
    ],
)
def test_wrong_queries_have_the_vendors_codes(shared: Running, soql: str, code: str) -> None:
    answer = shared.salesforce.get(f"{API}/query", params={"q": soql})
    assert answer.status_code == 400
    assert [error["errorCode"] for error in answer.json()] == [code]


def test_a_refusal_shows_the_place_in_the_query(shared: Running) -> None:
    soql = "select Id, ProductCode from Product2 where ProductCode = 3999"
    (told,) = shared.salesforce.get(f"{API}/query", params={"q": soql}).json()
    assert told["message"] == (
        "\nProductCode from Product2 where ProductCode = 3999\n                                ^\n"
        "ERROR at Row:1:Column:44\nvalue of filter criterion for field 'ProductCode' must be of type string "
        "and should be enclosed in quotes"
    )


def test_rows_have_addresses_whatever_is_asked_of_them_and_empty_fields_of_related_ones(
    shared: Running,
) -> None:
    soql = "SELECT c.Account.Site, Owner.Name, c.LastName FROM Contact c WHERE c.AccountId != null LIMIT 1"
    (row,) = shared.soql(soql)["records"]
    assert row["attributes"]["url"].startswith(f"{API}/sobjects/Contact/003")
    assert row["Account"]["attributes"]["url"].startswith(f"{API}/sobjects/Account/001")
    assert row["Account"]["Site"] is None
    (lead,) = shared.soql("SELECT Owner.Username FROM Lead LIMIT 1")["records"]
    assert "/sobjects/User/005" in lead["Owner"]["attributes"]["url"]


def test_amounts_are_summed_sorted_and_compared_by_what_they_are_worth(shared: Running) -> None:
    rows = shared.soql(
        "SELECT Id, Amount, convertCurrency(Amount) own, CurrencyIsoCode, FORMAT(Amount) said "
        "FROM Opportunity WHERE Amount != null ORDER BY Amount"
    )["records"]
    assert {row["CurrencyIsoCode"] for row in rows} > {"USD", "EUR"}
    assert [row["own"] for row in rows] == sorted(row["own"] for row in rows)
    assert [row["Amount"] for row in rows] != sorted(row["Amount"] for row in rows)
    assert all((row["own"] == row["Amount"]) == (row["CurrencyIsoCode"] == "USD") for row in rows)
    (total,) = shared.soql("SELECT SUM(Amount) worth FROM Opportunity")["records"]
    assert total["worth"] == pytest.approx(sum(row["own"] for row in rows))
    middle = rows[len(rows) // 2]
    above = shared.soql(f"SELECT Id FROM Opportunity WHERE Amount > USD{middle['own'] - 0.01:.2f}")
    assert above["totalSize"] == len(rows) - len(rows) // 2
    assert middle["said"] == f"{middle['CurrencyIsoCode']} {middle['Amount']:,.2f}"


def test_a_backslash_takes_a_wildcard_by_its_word_and_values_of_a_list_have_no_order(shared: Running) -> None:
    for name, interests in (("50%_off", "Red;Green;Blue"), ("50xyoff", "Green")):
        body = {"LastName": name, "Company": "Escapes", "Interests__c": interests}
        assert shared.salesforce.post(f"{API}/sobjects/Lead", json=body).status_code == 201
    own = "WHERE Company = 'Escapes' AND "
    assert _count(shared, own + r"LastName LIKE '50\%\_o%'") == 1
    assert _count(shared, own + "LastName LIKE '50%_o%'") == 2
    assert _count(shared, own + "Interests__c INCLUDES ('Blue;Red')") == 1
    assert _count(shared, own + "Interests__c INCLUDES ('Blue;Red', 'green')") == 2
    assert _count(shared, own + "Interests__c INCLUDES ('Gre%')") == 0
    assert _count(shared, "WHERE Company = 'Escapes' LIMIT 1") == 1


def test_a_distance_is_that_of_the_address(shared: Running) -> None:
    body = {"Name": "Oslo Co", "BillingLatitude": 59.91, "BillingLongitude": 10.75}
    assert shared.salesforce.post(f"{API}/sobjects/Account", json=body).status_code == 201
    away = "DISTANCE(BillingAddress, GEOLOCATION(59.33, 18.06), 'km')"
    assert _count(shared, f"WHERE {away} < 430", "Account") == 1
    assert _count(shared, f"WHERE {away} < 400", "Account") == 0


def test_quotes_in_strings_are_values_not_sql(shared: Running) -> None:
    assert _count(shared, r"WHERE LastName = 'O\'Nobody\' OR \'1\'=\'1'") == 0


def test_date_literals_have_the_right_ends() -> None:
    today = date(2026, 6, 30)
    assert bounds("TODAY", today) == (date(2026, 6, 30), date(2026, 7, 1))
    assert bounds("LAST_N_DAYS:7", today) == (date(2026, 6, 23), date(2026, 7, 1))
    assert bounds("LAST_MONTH", today) == (date(2026, 5, 1), date(2026, 6, 1))
    assert bounds("THIS_QUARTER", today) == (date(2026, 4, 1), date(2026, 7, 1))
    assert bounds("LAST_N_QUARTERS:2", today) == (date(2025, 10, 1), date(2026, 4, 1))
    assert bounds("NEXT_YEAR", today) == (date(2027, 1, 1), date(2028, 1, 1))
    assert bounds("THIS_WEEK", today) == (date(2026, 6, 28), date(2026, 7, 5))


def test_pages_follow_next_records_url_and_stay_as_they_were(shared: Running) -> None:
    options = {"Sforce-Query-Options": "batchSize=200"}
    page = shared.salesforce.get(
        f"{API}/query", params={"q": "SELECT Id FROM CampaignMember"}, headers=options
    ).json()
    total, seen = page["totalSize"], []
    assert not page["done"]
    while True:
        seen += [record["Id"] for record in page["records"]]
        assert len(page["records"]) <= 200
        if page["done"]:
            break
        page = shared.salesforce.get(page["nextRecordsUrl"]).json()
    assert len(seen) == len(set(seen)) == total
    lost = shared.salesforce.get(f"{API}/query/0r8SBnothing-2000")
    assert lost.json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_query_all_sees_the_recycle_bin(shared: Running) -> None:
    live = _count(shared, "")
    answer = shared.salesforce.get(f"{API}/queryAll", params={"q": "SELECT COUNT() FROM Lead"}).json()
    deleted = shared.salesforce.get(
        f"{API}/queryAll", params={"q": "SELECT Id FROM Lead WHERE IsDeleted = true"}
    ).json()["records"]
    assert answer["totalSize"] == live + len(deleted)


def test_children_come_with_their_parent_limited_for_each(shared: Running) -> None:
    made = [
        shared.salesforce.post(f"{API}/sobjects/Account", json={"Name": f"Parent {n}"}).json()["id"]
        for n in range(3)
    ]
    for n, account in enumerate(made[:2]):
        for name in "ABC"[: n + 2]:
            body = {"LastName": f"Child {name}", "AccountId": account}
            shared.salesforce.post(f"{API}/sobjects/Contact", json=body)
    found = shared.soql(
        "select Name, (select LastName, Account.Name from Contacts where LastName like 'Child%' "
        "order by LastName desc limit 2) from Account where Name like 'Parent %' order by Name"
    )["records"]
    assert [[c["LastName"] for c in r["Contacts"]["records"]] for r in found[:2]] == [
        ["Child B", "Child A"], ["Child C", "Child B"],
    ]  # fmt: skip
    assert found[0]["Contacts"]["records"][0]["Account"]["Name"] == "Parent 0"
    assert found[0]["Contacts"]["totalSize"] == 2
    assert found[2]["Contacts"] is None
    named = ", ".join(
        f"(select Id from {name})" for name in ("OpportunityLineItems", "OpportunityHistories", "Histories")
    )
    deal = shared.soql(
        f"select FiscalYear, CloseDate, HasOpportunityLineItem, {named} from Opportunity limit 1"
    )
    deal = deal["records"][0]
    assert (str(deal["FiscalYear"]), len(deal["OpportunityHistories"]["records"]) > 0) == (
        deal["CloseDate"][:4], True
    )  # fmt: skip
    assert deal["HasOpportunityLineItem"] is (deal["OpportunityLineItems"] is not None)
    assert "Id" not in found[0]


def test_typeof_gives_each_type_its_fields(shared: Running) -> None:
    account = shared.salesforce.post(f"{API}/sobjects/Account", json={"Name": "Typed"}).json()["id"]
    lead = shared.salesforce.post(f"{API}/sobjects/Lead", json={"LastName": "T", "Company": "T"}).json()["id"]
    for name, body in (("typeof a", {"WhatId": account}), ("typeof b", {"WhoId": lead}), ("typeof c", {})):
        assert (
            shared.salesforce.post(f"{API}/sobjects/Task", json={"Subject": name, **body}).status_code == 201
        )
    found = shared.soql(
        "select Subject, TYPEOF What WHEN Account THEN Name, Phone WHEN Opportunity THEN Amount END "
        "from Task where Subject like 'typeof %' order by Subject"
    )["records"]
    assert found[0]["What"]["Name"] == "Typed"
    assert found[0]["What"]["attributes"]["type"] == "Account"
    assert [each["What"] for each in found[1:]] == [None, None]


def test_rows_are_grouped_by_parts_of_a_date(shared: Running) -> None:
    found = shared.soql(
        "select CALENDAR_YEAR(CloseDate) y, CALENDAR_QUARTER(CloseDate), count(Id) n from Opportunity "
        "group by CALENDAR_YEAR(CloseDate), CALENDAR_QUARTER(CloseDate) order by CALENDAR_YEAR(CloseDate)"
    )["records"]
    total = shared.soql("select count() from Opportunity")["totalSize"]
    assert sum(each["n"] for each in found) == total
    assert {each["expr0"] for each in found} <= {1, 2, 3, 4}
    assert all(2020 < each["y"] < 2030 for each in found)
    assert shared.soql("select toLabel(Status) from Lead limit 1")["records"][0]["Status"]


@pytest.mark.parametrize(
    "text",
    [
        "select (select Id from Nonsense) from Account",
        "select (select Id, (select Id from Tasks) from Contacts) from Account",
        "select typeof What when Account then Name from Task",
        "select calendar_year(Name) from Account",
        "select (select Id from Contacts from Account",
    ],
)
def test_nesting_that_makes_no_sense_is_refused(shared: Running, text: str) -> None:
    answer = shared.salesforce.get(f"{API}/query", params={"q": text})
    assert answer.status_code == 400
    assert answer.json()[0]["errorCode"] in ("INVALID_TYPE", "MALFORMED_QUERY")


def test_words_are_found_in_the_fields_asked_for(shared: Running) -> None:
    shared.salesforce.post(f"{API}/sobjects/Account", json={"Name": "Zephyr Works", "Phone": "555 8899"})
    shared.salesforce.post(f"{API}/sobjects/Contact", json={"LastName": "Zephyrson"})

    def search(text: str) -> list[dict[str, Any]]:
        answer = shared.salesforce.get(f"{API}/search", params={"q": text})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["searchRecords"]
        return found

    both = search("FIND {zephyr*} IN ALL FIELDS RETURNING Account(Id, Name), Contact(LastName LIMIT 5)")
    assert {each["attributes"]["type"] for each in both} == {"Account", "Contact"}
    assert search("FIND {Zephyr} IN EMAIL FIELDS RETURNING Account(Id)") == []
    assert [r["Name"] for r in search("FIND {8899} IN PHONE FIELDS RETURNING Account(Name)")] == [
        "Zephyr Works"
    ]
    assert shared.salesforce.get(f"{API}/search", params={"q": "FIND {z}"}).status_code == 400
    wish = {"q": "Zephyr", "sobjects": [{"name": "Account", "fields": ["Name"]}]}
    found = shared.salesforce.post(f"{API}/parameterizedSearch", json=wish).json()["searchRecords"]
    assert [each["Name"] for each in found] == ["Zephyr Works"]
