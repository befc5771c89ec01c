"""Queries of an empty org: sums, dates, places, words, and what no org can answer."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import pytest

from sandbox.store import Store
from tests.unit.sandbox.empty_org.conftest import Ask, done, made, queried


def test_a_tree_of_campaigns_is_summed_up_in_the_currency_of_each(ask: Ask, tmp_path: Path) -> None:
    store = Store(tmp_path / "salesforce.sqlite")
    with store.transaction():
        for iso, rate in (("USD", 1.0), ("EUR", 0.5)):
            store.db.execute(
                "insert into CurrencyType (Id, IsoCode, ConversionRate, IsActive, IsCorporate) "
                "values (?, ?, ?, 'true', ?)", (iso, iso, rate, str(iso == "USD").lower()),
            )  # fmt: skip
    top = made(ask, "Campaign", Name="Top", ActualCost=10, NumberSent=1, CurrencyIsoCode="USD")
    child = made(ask, "Campaign", Name="Child", ParentId=top, ActualCost=4, CurrencyIsoCode="EUR")
    grand = made(ask, "Campaign", Name="Grand", ParentId=child, NumberSent=2, CurrencyIsoCode="USD")
    lead = made(ask, "Lead", LastName="L", Company="C")
    made(ask, "CampaignMember", CampaignId=grand, LeadId=lead)
    with store.transaction():
        store.db.execute(
            "insert into Opportunity (Id, Amount, CampaignId, CurrencyIsoCode, IsDeleted, IsWon) "
            "values ('006SB0000000001', 6, ?, 'USD', 'false', 'false')", (child,),
        )  # fmt: skip
    store.close()
    fields = ("ActualCost", "NumberSent", "NumberOfLeads", "AmountAllOpportunities")
    named = ", ".join(f"Hierarchy{field}" for field in fields)
    rows = queried(
        ask, f"SELECT Name, AmountAllOpportunities, {named} FROM Campaign ORDER BY CreatedDate, Id"
    )
    assert [tuple(row[f"Hierarchy{field}"] for field in fields) for row in rows] == [
        (18.0, 3.0, 1, 6.0), (4.0, 2.0, 1, 3.0), (0.0, 2.0, 1, 0.0),
    ]  # fmt: skip
    assert [row["AmountAllOpportunities"] for row in rows] == [0.0, 3.0, 0.0]


BEYOND = "SELECT Id FROM Account ORDER BY DISTANCE(BillingAddress, GEOLOCATION(1e999, 2), 'mi')"


def _refusal(ask: Ask, path: str, **asked: str) -> str:
    answer = ask("GET", f"/services/data/v67.0/{path}?{urlencode(asked)}")
    assert answer.status_code == 400, answer.text
    return str(answer.json()[0]["errorCode"])


@pytest.mark.filterwarnings("error")
def test_what_no_org_can_answer_is_refused_and_not_a_failure(ask: Ask) -> None:
    for soql in (
        r"SELECT Id FROM Account WHERE Name = '\ud800'", r"SELECT Id FROM Account WHERE Name LIKE '\udc00a'",
        r"SELECT Id FROM Account WHERE Id = '\ud800'", BEYOND,
    ):  # fmt: skip
        assert _refusal(ask, "query", q=soql) == "MALFORMED_QUERY"
    deep = " OR ".join(f"Name = '{n}'" for n in range(1_500))
    assert _refusal(ask, "tooling/query", q=f"SELECT Id FROM ApexClass WHERE {deep}") == "MALFORMED_QUERY"
    for words in ("(" * 3_000, "ab and not (" * 400, "(" * 150 + "ab" + ")" * 150):
        assert _refusal(ask, "search", q=f"FIND {{{words}}}") == "MALFORMED_SEARCH"
    many = " OR ".join(f"word{n}" for n in range(1_500))
    assert _refusal(ask, "search", q=f"FIND {{{many}}} RETURNING Account") == "MALFORMED_QUERY"
    inside = "FIND {ab} RETURNING Account(Id ORDER BY DISTANCE(BillingAddress, GEOLOCATION(1e999, 2), 'mi'))"
    assert _refusal(ask, "search", q=inside) == "MALFORMED_QUERY"
    early = "SELECT Id FROM Account WHERE CreatedDate > 0001-01-01T00:00:00+14:00"
    assert _refusal(ask, "query", q=early) == "INVALID_FIELD"
    assert queried(ask, r"SELECT Id FROM Account WHERE Name = '\ud83d\ude00'") == []


def test_words_of_a_search_without_sosl_may_hold_a_quote(ask: Ask) -> None:
    for name in ("O'Neil", 'a"b', "plain two"):
        made(ask, "Account", Name=name)
    for words in ("O'Neil", 'a"b', '"plain two"'):
        wish = urlencode({"q": words, "sobject": "Account", "fields": "Name"})
        found = ask("GET", f"/services/data/v67.0/parameterizedSearch?{wish}").json()["searchRecords"]
        assert [each["Name"] for each in found] == [words.strip('"')]


def test_a_rate_or_a_zone_that_cannot_be_is_as_if_there_were_none(ask: Ask, tmp_path: Path) -> None:
    store = Store(tmp_path / "salesforce.sqlite")
    with store.transaction():
        store.db.execute(
            "insert into CurrencyType (Id, IsoCode, ConversionRate, IsActive) values ('1', 'EUR', 0, 'true')"
        )
        store.db.execute("insert into User (Id, TimeZoneSidKey) values ('005SB0000000001', 'Mars/Base')")
    store.close()
    euros = "SELECT Id FROM Opportunity WHERE Amount > EUR5"
    assert _refusal(ask, "query", q=euros) == "INVALID_QUERY_FILTER_OPERATOR"
    assert queried(ask, "SELECT Id FROM Opportunity WHERE CreatedDate = TODAY") == []


def test_a_semi_join_stays_at_the_top_beside_what_the_org_itself_asks(ask: Ask) -> None:
    account = made(ask, "Account", Name="Acme")
    contact = made(ask, "Contact", LastName="Doe", AccountId=account)
    where = "AccountId IN (SELECT Id FROM Account) AND LastName = 'Doe'"
    (row,) = queried(ask, f"SELECT Id, (SELECT Id FROM Contacts WHERE {where}) FROM Account ACC1")
    assert row["Contacts"]["totalSize"] == 1
    find = urlencode({"q": f"FIND {{Doe}} RETURNING Contact(Id WHERE {where})"})
    (found,) = ask("GET", f"/services/data/v67.0/search?{find}").json()["searchRecords"]
    assert found["Id"] == contact
    either = f"SELECT Id, (SELECT Id FROM Contacts WHERE {where.replace('AND', 'OR')}) FROM Account"
    assert _refusal(ask, "query", q=either) == "MALFORMED_QUERY"
    assert _refusal(ask, "search", q=f"FIND {{Doe}} RETURNING Contact(Id WHERE {where.replace('AND', 'OR')})")


def test_texts_that_differ_in_the_size_of_letters_are_one_group_in_sums_too(ask: Ask) -> None:
    for name in ("acme", "ACME", "Éa", "Zed"):
        made(ask, "Account", Name=name)
    count = "SELECT Name, COUNT(Id) n, COUNT_DISTINCT(Name) d FROM Account GROUP BY "
    for group in ("Name", "ROLLUP(Name)", "CUBE(Name)"):
        rows = queried(ask, count + group)
        told = {(str(row["Name"]).lower(), row["n"], row["d"]) for row in rows}
        wanted = {("acme", 2, 1), ("éa", 1, 1), ("zed", 1, 1)} | ({("none", 4, 3)} if "(" in group else set())
        assert (told, len(rows)) == (wanted, len(wanted))


def test_values_of_a_list_are_found_with_letters_that_have_accents(ask: Ask) -> None:
    done(ask, "add_field", object="Account", line="Kinds__c multipicklist")
    made(ask, "Account", Name="A", Kinds__c="Éa;Bb")
    for wish, count in (("'Éa'", 1), ("'ÉA;bB'", 1), ("'éa'", 0)):
        assert len(queried(ask, f"SELECT Id FROM Account WHERE Kinds__c INCLUDES ({wish})")) == count


def test_a_part_of_a_date_beside_sums_is_grouped_by(ask: Ask, tmp_path: Path) -> None:
    store = Store(tmp_path / "salesforce.sqlite")
    with store.transaction():
        store.db.execute(
            "insert into Opportunity (Id, StageName, CloseDate, Amount, IsDeleted) "
            "values ('006SB0000000001', 'Won', '2026-01-01', 5, 'false')"
        )
    store.close()
    year, of = "SELECT CALENDAR_YEAR(CloseDate) y, COUNT(Id) n FROM Opportunity", "CALENDAR_YEAR(CloseDate)"
    assert _refusal(ask, "query", q=year) == "MALFORMED_QUERY"
    assert _refusal(ask, "query", q=f"SELECT COUNT(Id) FROM Opportunity ORDER BY {of}") == "MALFORMED_QUERY"
    assert queried(ask, f"{year} GROUP BY {of} ORDER BY {of}")[0]["y"] == 2026
    shown = "SELECT toLabel(StageName), FORMAT(SUM(Amount)) s FROM Opportunity GROUP BY StageName"
    assert queried(ask, shown)[0]["s"]


def test_a_distance_without_an_alias_has_a_number_for_its_name(ask: Ask) -> None:
    made(ask, "Account", Name="Far")
    (row,) = queried(ask, "SELECT Id, DISTANCE(BillingAddress, GEOLOCATION(1, 2), 'mi') FROM Account")
    assert set(row) == {"attributes", "Id", "expr0"}


def test_days_of_date_literals_begin_where_the_user_is_also_when_clocks_go_back(
    ask: Ask, tmp_path: Path
) -> None:
    moments = ("2025-11-02T03:59:59", "2025-11-02T04:00:00", "2025-11-03T04:59:59", "2025-11-03T05:00:00")
    store = Store(tmp_path / "salesforce.sqlite")
    with store.transaction():
        store.db.execute(
            "insert into User (Id, TimeZoneSidKey) values ('005SB0000000001', 'America/New_York')"
        )
        for number, moment in enumerate(moments):
            store.db.execute(
                "insert into Account (Id, Name, IsDeleted, CreatedDate) values (?, ?, 'false', ?)",
                (f"001SB000000000{number}", moment, f"{moment}.000Z"),
            )
    store.close()
    long_day = queried(
        ask, "SELECT Name FROM Account WHERE CreatedDate = N_DAYS_AGO:240 ORDER BY CreatedDate"
    )
    assert [row["Name"] for row in long_day] == list(moments[1:3])
    hours = "SELECT HOUR_IN_DAY(convertTimezone(CreatedDate)) h, COUNT(Id) n FROM Account "
    grouped = queried(ask, hours + "GROUP BY HOUR_IN_DAY(convertTimezone(CreatedDate))")
    assert {(row["h"], row["n"]) for row in grouped} == {(23, 2), (0, 2)}
