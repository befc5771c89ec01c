"""An org with nothing in it but what a test puts there, in this process."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from sandbox import times
from sandbox.clock import Clock
from sandbox.salesforce import app, org, org_setup, picklists, schema
from sandbox.salesforce.soql import functions
from sandbox.salesforce.soql.compiler import compile_query
from sandbox.salesforce.soql.parser import parse
from sandbox.store import Store

NOW = times.parse("2026-06-30T12:00:00Z")
Ask = Callable[..., httpx.Response]


def _store(folder: Path) -> Store:
    store = Store(folder / "salesforce.sqlite")
    meta = {"organization_id": "00DSB0000000001", "integration_user_id": "005SB0000000001", "currency": "USD",
            "client_id": "APP", "client_secret": "SECRET", "refresh_token": "REFRESH"}  # fmt: skip
    with store.transaction():
        org.prepare(store, schema.standard_objects(), meta)
    return store


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Ask]:
    """Asks the org: a method, an address, and a body to send, as JSON unless it is a text."""
    store, clock = _store(tmp_path), Clock.create(tmp_path / "clock", NOW)
    with store.transaction():
        store.db.execute("insert into tokens values ('SESSION', '005', ?)", (2**41,))
    transport = httpx.ASGITransport(app=app.application(store, clock, limited=False))

    async def asked(method: str, path: str, body: Any) -> httpx.Response:
        headers = {"Authorization": "Bearer SESSION"}
        async with httpx.AsyncClient(transport=transport, base_url="http://sf", headers=headers) as client:
            if isinstance(body, str):
                return await client.request(method, path, content=body)
            return await client.request(method, path, json=body)

    yield lambda method, path, body=None: asyncio.run(asked(method, path, body))
    store.close()
    clock.close()


def _made(ask: Ask, name: str, **fields: Any) -> str:
    answer = ask("POST", f"/services/data/v67.0/sobjects/{name}", fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _done(ask: Ask, deed: str, **wish: Any) -> None:
    answer = ask("POST", "/_sandbox/org", {"do": deed, **wish})
    assert answer.status_code == 200, answer.text


def _steps(store: Store, soql: str) -> list[str]:
    compiled = compile_query(org.Org(store), parse(soql), NOW)
    return [row[-1] for row in store.rows(f"explain query plan {compiled.sql}", compiled.values)]


@pytest.mark.parametrize("name", ["Lead", "Contact"])
def test_records_are_found_by_address_without_reading_the_whole_table(tmp_path: Path, name: str) -> None:
    store = _store(tmp_path)
    soql = f"SELECT Id, Email FROM {name} WHERE Email IN ('a@x.org', 'B@x.org') ORDER BY CreatedDate, Id"
    steps = _steps(store, soql)
    store.close()
    assert f"{name}.Email" in steps[0]
    assert "SEARCH" in steps[0]


def test_a_campaigns_sums_are_found_without_reading_whole_tables(tmp_path: Path) -> None:
    store = _store(tmp_path)
    sums = "NumberOfLeads, NumberOfOpportunities, HierarchyNumberOfLeads, HierarchyNumberOfOpportunities"
    steps = _steps(store, f"SELECT Id, {sums} FROM Campaign")
    store.close()
    assert not {"SCAN m", "SCAN o", "SCAN c"} & set(steps)
    assert any("CampaignMember.CampaignId" in step for step in steps)


def test_a_deals_open_activities_are_found_by_its_id_and_day_and_the_time_is_asked_once(
    tmp_path: Path,
) -> None:
    store, asked = _store(tmp_path), []
    functions.register(store.db, lambda: asked.append(1) or NOW)  # type: ignore[func-returns-value]
    for number in range(20):
        for name, day in (("Event", "EndDateTime"), ("Task", "ActivityDate")):
            store.db.execute(
                f"insert into {name} (Id, WhatId, IsDeleted, {day}) values (?, '006', 'false', '2020-01-01')",
                (number,),
            )
    store.db.execute("insert into Opportunity (Id, IsDeleted) values ('006', 'false')")
    soql = "SELECT HasOpenActivity, HasOverdueTask FROM Opportunity"
    assert "Task.due (WhatId=? AND ActivityDate<?)" in str(_steps(store, soql))
    compiled = compile_query(org.Org(store), parse(soql), NOW)
    assert store.rows(compiled.sql, compiled.values) == [("false", "false")]
    store.close()
    assert len(asked) <= 2


def test_the_rate_of_a_day_is_found_without_reading_all_rates(tmp_path: Path) -> None:
    store = _store(tmp_path)
    assert "COVERING INDEX DatedConversionRate.of" in str(
        _steps(store, "SELECT SUM(Amount) FROM Opportunity")
    )
    store.close()


def test_who_refers_to_a_campaign_does_not_have_its_sums_worked_out(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign, lead = _made(ask, "Campaign", Name="C"), _made(ask, "Lead", LastName="L", Company="C")
    said: list[str] = []
    row = Store.row
    monkeypatch.setattr(
        Store, "row", lambda self, sql, values=(): (said.append(sql), row(self, sql, values))[1]
    )
    _made(ask, "CampaignMember", CampaignId=campaign, LeadId=lead)
    of_campaigns = [sql for sql in said if 'from "Campaign"' in sql]
    assert of_campaigns
    assert not [sql for sql in of_campaigns if "recursive" in sql]


CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(b"proof").digest()).decode().rstrip("=")
BACK = "http://localhost:1717/cb"


def _authorized(ask: Ask, back: str, kind: str = "code") -> httpx.Response:
    wish = {"response_type": kind, "client_id": "APP", "redirect_uri": back, "code_challenge": CHALLENGE}
    return ask("GET", f"/services/oauth2/authorize?{urlencode(wish)}")


def _by_code(ask: Ask, code: str, **other: str) -> Any:
    form = {"grant_type": "authorization_code", "client_id": "APP", "redirect_uri": BACK, "code": code}
    return ask("POST", "/services/oauth2/token", urlencode(form | {"code_verifier": "proof"} | other)).json()


def test_a_code_that_was_tried_in_vain_is_spent(ask: Ask) -> None:
    for name, wrong, told in (
        ("client_id", "WRONG", "invalid_client_id"), ("client_secret", "WRONG", "invalid_client"),
        ("code_verifier", "guess", "invalid_grant"), ("redirect_uri", "x://y", "redirect_uri_mismatch"),
    ):  # fmt: skip
        code = str(httpx.URL(_authorized(ask, BACK).headers["location"]).params["code"])
        assert _by_code(ask, code, **{name: wrong})["error"] == told
        assert _by_code(ask, code)["error"] == "invalid_grant"


def test_a_code_that_nobody_brought_back_is_not_kept(ask: Ask, tmp_path: Path) -> None:
    store = Store(tmp_path / "salesforce.sqlite")
    store.set_meta("oauth code old", '{"until": 1}')
    _authorized(ask, BACK)
    kept = store.rows("select key from meta where key like 'oauth code %'")
    store.close()
    assert [key for (key,) in kept] != []
    assert ("oauth code old",) not in kept


def test_an_address_to_go_back_to_stays_one_line_of_plain_signs(ask: Ask) -> None:
    for path, shown in (("/€", "/%E2%82%AC"), ("/\r\nSet-Cookie: a", "/%0D%0ASet-Cookie")):
        door = ask("GET", f"/secur/frontdoor.jsp?{urlencode({'retURL': path})}")
        for answer in (_authorized(ask, f"http://x{path}"), door):
            assert answer.status_code == 302
            assert shown in answer.headers["location"]
            assert "set-cookie" not in answer.headers


def test_an_org_whose_first_start_was_cut_short_starts_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, insert = _store(tmp_path), org_setup._insert

    def killed_at(last: str) -> Callable[[Store, str, dict[str, Any]], None]:
        def inserted(store: Store, table: str, row: dict[str, Any]) -> None:
            if table == last:
                raise KeyboardInterrupt
            insert(store, table, row)

        return inserted

    for last in ("Profile", "CaseStatus"):
        with monkeypatch.context() as patched:
            patched.setattr(org_setup, "_insert", killed_at(last))
            with pytest.raises(KeyboardInterrupt):
                org_setup.bring_up(store)
        assert store.value("select count(*) from UserLicense") == 0
    org_setup.bring_up(store)
    counts = [store.value(f"select count(*) from {n}") for n in ("UserLicense", "Profile", "TaskPriority")]
    store.close()
    assert counts == [1, 2, len(picklists.PICKLISTS["Task"]["Priority"])]


def test_a_lookup_is_removed_though_what_it_led_to_was_deleted(ask: Ask) -> None:
    _done(ask, "add_object", name="Account_Plan__c", prefix="a0A", lines=[])
    _done(ask, "add_field", object="Account", line="Plan__c reference -> Account_Plan__c:Plan__r")
    plan = _made(ask, "Account_Plan__c", Name="Whole year")
    account = _made(ask, "Account", Name="Planned", Plan__c=plan)
    assert ask("DELETE", f"/services/data/v67.0/sobjects/Account_Plan__c/{plan}").status_code == 204
    _done(ask, "remove_field", object="Account", name="Plan__c")
    shown = ask("GET", f"/services/data/v67.0/sobjects/Account/{account}")
    assert shown.status_code == 200, shown.text
    assert "Plan__c" not in shown.json()


def _rows(ask: Ask, soql: str) -> list[dict[str, Any]]:
    answer = ask("GET", f"/services/data/v67.0/query?{urlencode({'q': soql})}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["records"]
    return found


def test_a_tree_of_campaigns_is_summed_up_in_the_currency_of_each(ask: Ask, tmp_path: Path) -> None:
    store = Store(tmp_path / "salesforce.sqlite")
    with store.transaction():
        for iso, rate in (("USD", 1.0), ("EUR", 0.5)):
            store.db.execute(
                "insert into CurrencyType (Id, IsoCode, ConversionRate, IsActive, IsCorporate) "
                "values (?, ?, ?, 'true', ?)", (iso, iso, rate, str(iso == "USD").lower()),
            )  # fmt: skip
    top = _made(ask, "Campaign", Name="Top", ActualCost=10, NumberSent=1, CurrencyIsoCode="USD")
    child = _made(ask, "Campaign", Name="Child", ParentId=top, ActualCost=4, CurrencyIsoCode="EUR")
    grand = _made(ask, "Campaign", Name="Grand", ParentId=child, NumberSent=2, CurrencyIsoCode="USD")
    lead = _made(ask, "Lead", LastName="L", Company="C")
    _made(ask, "CampaignMember", CampaignId=grand, LeadId=lead)
    with store.transaction():
        store.db.execute(
            "insert into Opportunity (Id, Amount, CampaignId, CurrencyIsoCode, IsDeleted, IsWon) "
            "values ('006SB0000000001', 6, ?, 'USD', 'false', 'false')", (child,),
        )  # fmt: skip
    store.close()
    fields = ("ActualCost", "NumberSent", "NumberOfLeads", "AmountAllOpportunities")
    named = ", ".join(f"Hierarchy{field}" for field in fields)
    rows = _rows(ask, f"SELECT Name, AmountAllOpportunities, {named} FROM Campaign ORDER BY CreatedDate, Id")
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
    assert _rows(ask, r"SELECT Id FROM Account WHERE Name = '\ud83d\ude00'") == []


def test_words_of_a_search_without_sosl_may_hold_a_quote(ask: Ask) -> None:
    for name in ("O'Neil", 'a"b', "plain two"):
        _made(ask, "Account", Name=name)
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
    assert _rows(ask, "SELECT Id FROM Opportunity WHERE CreatedDate = TODAY") == []


def test_a_parent_named_by_what_is_no_key_fails_its_row_alone(ask: Ask) -> None:
    rows = [
        {"attributes": {"type": "Contact"}, "LastName": "x", "Account": {"External_Id__c": key}}
        for key in ([1], {"a": 1}, True, 2**63, None)
    ]
    told = ask("POST", "/services/data/v67.0/composite/sobjects", {"records": rows}).json()
    assert [each["success"] for each in told] == [False, False, False, False, True]
    assert {each["errors"][0]["statusCode"] for each in told[:4]} == {"INVALID_FIELD"}


def test_a_semi_join_stays_at_the_top_beside_what_the_org_itself_asks(ask: Ask) -> None:
    account = _made(ask, "Account", Name="Acme")
    contact = _made(ask, "Contact", LastName="Doe", AccountId=account)
    where = "AccountId IN (SELECT Id FROM Account) AND LastName = 'Doe'"
    (row,) = _rows(ask, f"SELECT Id, (SELECT Id FROM Contacts WHERE {where}) FROM Account ACC1")
    assert row["Contacts"]["totalSize"] == 1
    find = urlencode({"q": f"FIND {{Doe}} RETURNING Contact(Id WHERE {where})"})
    (found,) = ask("GET", f"/services/data/v67.0/search?{find}").json()["searchRecords"]
    assert found["Id"] == contact
    either = f"SELECT Id, (SELECT Id FROM Contacts WHERE {where.replace('AND', 'OR')}) FROM Account"
    assert _refusal(ask, "query", q=either) == "MALFORMED_QUERY"
    assert _refusal(ask, "search", q=f"FIND {{Doe}} RETURNING Contact(Id WHERE {where.replace('AND', 'OR')})")


def test_texts_that_differ_in_the_size_of_letters_are_one_group_in_sums_too(ask: Ask) -> None:
    for name in ("acme", "ACME", "Éa", "Zed"):
        _made(ask, "Account", Name=name)
    count = "SELECT Name, COUNT(Id) n, COUNT_DISTINCT(Name) d FROM Account GROUP BY "
    for group in ("Name", "ROLLUP(Name)", "CUBE(Name)"):
        rows = _rows(ask, count + group)
        told = {(str(row["Name"]).lower(), row["n"], row["d"]) for row in rows}
        wanted = {("acme", 2, 1), ("éa", 1, 1), ("zed", 1, 1)} | ({("none", 4, 3)} if "(" in group else set())
        assert (told, len(rows)) == (wanted, len(wanted))


def test_values_of_a_list_are_found_with_letters_that_have_accents(ask: Ask) -> None:
    _done(ask, "add_field", object="Account", line="Kinds__c multipicklist")
    _made(ask, "Account", Name="A", Kinds__c="Éa;Bb")
    for wish, count in (("'Éa'", 1), ("'ÉA;bB'", 1), ("'éa'", 0)):
        assert len(_rows(ask, f"SELECT Id FROM Account WHERE Kinds__c INCLUDES ({wish})")) == count


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
    assert _rows(ask, f"{year} GROUP BY {of} ORDER BY {of}")[0]["y"] == 2026
    shown = "SELECT toLabel(StageName), FORMAT(SUM(Amount)) s FROM Opportunity GROUP BY StageName"
    assert _rows(ask, shown)[0]["s"]


def test_a_distance_without_an_alias_has_a_number_for_its_name(ask: Ask) -> None:
    _made(ask, "Account", Name="Far")
    (row,) = _rows(ask, "SELECT Id, DISTANCE(BillingAddress, GEOLOCATION(1, 2), 'mi') FROM Account")
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
    long_day = _rows(ask, "SELECT Name FROM Account WHERE CreatedDate = N_DAYS_AGO:240 ORDER BY CreatedDate")
    assert [row["Name"] for row in long_day] == list(moments[1:3])
    hours = "SELECT HOUR_IN_DAY(convertTimezone(CreatedDate)) h, COUNT(Id) n FROM Account "
    grouped = _rows(ask, hours + "GROUP BY HOUR_IN_DAY(convertTimezone(CreatedDate))")
    assert {(row["h"], row["n"]) for row in grouped} == {(23, 2), (0, 2)}


def test_an_org_of_an_older_release_gets_what_this_one_knows(tmp_path: Path) -> None:
    store = _store(tmp_path)
    whole = schema.standard_objects()["Lead"]
    with store.transaction():
        fewer = {n: f for n, f in whole.fields.items() if n not in ("DoNotCall", "Fax")}
        org.define(store, replace(whole, fields=fewer))
        for name in ("DoNotCall", "Fax"):
            schema.drop_column(store, "Lead", name)
        store.db.execute("delete from sobjects where name = 'Profile'")
        store.db.execute('drop table "Profile"')
        store.db.execute("insert into Lead (Id, LastName) values ('00QSB0000000001', 'Old')")
        org_setup.bring_up(store)
    read = org.Org(store)
    assert read.objects["Lead"].fields.keys() == whole.fields.keys()
    assert store.row("select DoNotCall, Fax from Lead") == ("false", None)
    assert store.value("select count(*) from Profile") == 2
    with store.transaction():  # what is taken away afterwards stays away
        org.define(store, replace(whole, fields=fewer))
        org_setup.bring_up(store)
    assert "Fax" not in org.Org(store).objects["Lead"].fields
    store.close()


def test_an_older_version_does_not_see_what_nobody_sees_yet(ask: Ask) -> None:
    query = "/services/data/v45.0/query?q=select+Id+from+Account"
    account = _made(ask, "Account", Name="Later")
    assert ask("GET", query).json()["totalSize"] == 1
    _done(ask, "show_later", object="Account", ids=[account], at="2026-07-01T12:00:00Z")
    assert ask("GET", query).json()["totalSize"] == 0
    assert ask("GET", query.replace("v45.0", "v67.0")).json()["totalSize"] == 0


def test_a_version_inside_a_composite_is_that_of_a_call_of_its_own(ask: Ask) -> None:
    versions = ("latest", "abc", "v99.0", "v45.0")
    describe = "/services/data/{}/sobjects/Account/describe"
    parts = [{"method": "GET", "url": describe.format(each), "referenceId": "a"} for each in versions]
    answer = ask("POST", "/services/data/v67.0/composite", {"compositeRequest": parts})
    assert answer.status_code == 200, answer.text
    alone = [ask("GET", part["url"]) for part in parts]
    told = [(each["httpStatusCode"], each["body"]) for each in answer.json()["compositeResponse"]]
    assert told == [(each.status_code, each.json()) for each in alone]
    assert [status for status, _ in told] == [200, 404, 404, 200]


def _composite(ask: Ask, *parts: tuple[str, str, Any], **more: Any) -> list[tuple[int, Any, Any]]:
    listed = [
        {"method": method, "url": f"/services/data/v67.0{url}", "referenceId": f"r{n}", "body": body}
        for n, (method, url, body) in enumerate(parts)
    ]
    answer = ask("POST", "/services/data/v67.0/composite", {"compositeRequest": listed, **more})
    assert answer.status_code == 200, answer.text
    return [(e["httpStatusCode"], e["body"], e["httpHeaders"]) for e in answer.json()["compositeResponse"]]


def test_a_composite_that_is_all_or_none_says_of_every_part_that_it_is_not_there(ask: Ask) -> None:
    account, nameless = ("POST", "/sobjects/Account", {"Name": "Undone"}), ("POST", "/sobjects/Lead", {})
    told = _composite(ask, account, nameless, account, allOrNone=True)
    assert [status for status, _, _ in told] == [400, 400, 400]
    codes = [body[0]["errorCode"] for _, body, _ in told]
    assert codes == ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING", "PROCESSING_HALTED"]
    assert _rows(ask, "SELECT Id FROM Account") == []


def test_a_part_that_refers_to_a_failed_one_fails_alone(ask: Ask) -> None:
    lead = ("POST", "/sobjects/Contact", {"LastName": "x", "AccountId": "@{r0.id}"})
    told = _composite(
        ask, ("POST", "/sobjects/Account", {}), lead, ("POST", "/sobjects/Account", {"Name": "Y"})
    )
    assert [status for status, _, _ in told] == [400, 400, 201]
    assert told[1][1][0]["errorCode"] == "PROCESSING_HALTED"
    assert told[2][2]["Location"] == f"/services/data/v67.0/sobjects/Account/{told[2][1]['id']}"


def test_a_parent_is_named_by_its_external_id_and_found_by_the_name_of_the_relationship(ask: Ask) -> None:
    account = _made(ask, "Account", Name="Parent Co", External_Id__c="p-1")
    contact = _made(ask, "Contact", LastName="Child", Account={"External_Id__c": "p-1"})
    there = f"/services/data/v67.0/sobjects/Contact/{contact}/Account"
    assert ask("GET", there).json()["Id"] == account
    children = ask("GET", f"/services/data/v67.0/sobjects/Account/{account}/Contacts?fields=LastName").json()
    assert [each["LastName"] for each in children["records"]] == ["Child"]
    wrong = ask(
        "PATCH", f"/services/data/v67.0/sobjects/Contact/{contact}", {"Account": {"External_Id__c": "?"}}
    )
    assert "Foreign key external ID: ? not found" in wrong.json()[0]["message"]


def test_a_key_that_comes_twice_in_one_upsert_is_refused_the_second_time(ask: Ask) -> None:
    rows = [
        {"attributes": {"type": "Account"}, "External_Id__c": key, "Name": key} for key in ("k", "K", "l")
    ]
    path = "/services/data/v67.0/composite/sobjects/Account/External_Id__c"
    told = ask("PATCH", path, {"records": rows}).json()
    assert [each["success"] for each in told] == [True, False, True]
    assert told[1]["errors"][0]["statusCode"] == "DUPLICATE_VALUE"


def test_who_waits_for_news_is_answered_when_the_server_is_to_stop(tmp_path: Path) -> None:
    store, clock = _store(tmp_path), Clock.create(tmp_path / "clock", NOW)
    with store.transaction():
        store.db.execute("insert into tokens values ('SESSION', '005', ?)", (2**41,))
    served, ending = app.application(store, clock, limited=False), threading.Event()

    async def stopping(scope: Any, receive: Any, send: Any) -> None:
        await served({**scope, "sandbox.ending": ending}, receive, send)

    async def waited() -> Any:
        headers = {"Authorization": "Bearer SESSION"}
        transport = httpx.ASGITransport(app=stopping)
        async with httpx.AsyncClient(transport=transport, base_url="http://sf", headers=headers) as client:

            async def said(channel: str, **more: str) -> Any:
                answer = await client.post("/cometd/67.0", json=[{"channel": channel, **more}])
                return answer.json()[-1]

            own = (await said("/meta/handshake"))["clientId"]
            await said("/meta/subscribe", clientId=own, subscription="/data/LeadChangeEvent")
            news = asyncio.create_task(said("/meta/connect", clientId=own))
            await asyncio.sleep(0)
            ending.set()
            return await asyncio.wait_for(news, 5)

    assert asyncio.run(waited())["successful"]
    store.close()
    clock.close()
