"""The default world: reproducible, believable, dirty in the ways it says, with an answer key that holds."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from itertools import islice, pairwise
from pathlib import Path

import orjson
import pytest

from sandbox import times
from sandbox.salesforce import ids
from sandbox.salesforce.app import Salesforce
from sandbox.store import Store
from sandbox.worlds import (
    answer_key,
    business,
    deals,
    default,
    dirt,
    draw,
    hubspot_half,
    lines,
    loading,
    touches,
)
from sandbox.worlds.create import Wish, open_home
from sandbox.worlds.default import NOW
from sandbox.worlds.draw import Draws, rng_for
from sandbox.worlds.model import Business
from sandbox.worlds.region import Records, regions
from sandbox.worlds.reps import MANAGERS, REPS, STAFF
from sandbox.worlds.salesforce_half import SalesforceHalf


def _export(home: Path) -> dict[str, list[tuple[object, ...]]]:
    found = {}
    for name in ("hubspot", "salesforce", "answer_key"):
        db = sqlite3.connect(f"file:{home / name}.sqlite?mode=ro", uri=True)
        for (table,) in db.execute(
            "select name from sqlite_master where type = 'table' order by 1"
        ).fetchall():
            found[f"{name}.{table}"] = db.execute(f'select * from "{table}"').fetchall()
        db.close()
    return found


def test_the_same_seed_gives_the_same_world(world: Path, tmp_path: Path) -> None:
    open_home(tmp_path / "home", Wish("default", "XS"), lambda _: None)
    first, second = _export(world), _export(tmp_path / "home")
    assert first.keys() == second.keys()
    assert [table for table in first if first[table] != second[table]] == []
    keys = [(home / "salesforce_jwt_key.pem").read_bytes() for home in (world, tmp_path / "home")]
    assert keys[0] == keys[1]


def test_two_processes_make_the_world_that_one_makes(world: Path, tmp_path: Path) -> None:
    default._at_once(tmp_path, "XS", 7, lambda _: None)
    answer_key.append(tmp_path / answer_key.FILE, tmp_path / hubspot_half.ANSWERS)
    first, second = _export(world), _export(tmp_path)
    assert first.keys() == second.keys()
    assert [table for table in first if first[table] != second[table]] == []


def test_when_the_process_that_fills_hubspot_ends_there_is_no_world(tmp_path: Path) -> None:
    (tmp_path / "hubspot.sqlite").mkdir()
    with pytest.raises(default.HalfFailed):
        default._at_once(tmp_path, "XS", 7, lambda _: None)


@pytest.fixture(scope="module")
def in_regions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[object, ...]]]:
    """A world of five regions of sixty people."""
    home = tmp_path_factory.mktemp("regions")
    told: list[Records] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(business, "REGION", 60)
        drawn = list(regions(7, "XS", NOW))
    with loading.filled(home / "salesforce.sqlite") as (store, indexes):
        half = SalesforceHalf(home, store, indexes, 7, default.FOUNDED)
        for region in drawn:
            half.add(region, told.append)
        half.finish()
    with (
        loading.filled(home / "hubspot.sqlite") as (hubspot, indexes),
        loading.filled(home / "marketing_cloud.sqlite") as (marketing, _),
    ):
        other = hubspot_half.HubSpotHalf(home, hubspot, indexes, marketing, 7, default.FOUNDED)
        for region, records in zip(drawn, told, strict=True):
            other.add(region, records)
        other.finish()
    answer_key.append(home / answer_key.FILE, home / hubspot_half.ANSWERS)
    assert len(drawn) == 5
    return _export(home)


def test_regions_are_of_people_companies_and_deals_of_their_own(
    in_regions: dict[str, list[tuple[object, ...]]],
) -> None:
    for table in ("persons", "companies", "deals"):
        rows = in_regions[f"answer_key.{table}"]
        assert len({row[1:] for row in rows}) == len(rows), table
    assert {row[0] for row in in_regions["answer_key.persons"]} == set(range(300))
    contacts = [orjson.loads(bytes(row[5])) for row in in_regions["hubspot.contacts"]]  # type: ignore[arg-type]
    emails = [each["email"] for each in contacts if each.get("email")]
    assert len(set(emails)) == len(emails)
    names = [orjson.loads(bytes(row[5]))["name"] for row in in_regions["hubspot.companies"]]  # type: ignore[arg-type]
    assert len(names) >= 250


def test_what_is_counted_over_regions_agrees_with_what_is_there(
    in_regions: dict[str, list[tuple[object, ...]]],
) -> None:
    members = Counter(row[0] for row in in_regions["hubspot.list_members"])
    for number, shown in in_regions["hubspot.lists"]:
        size = orjson.loads(bytes(shown))["additionalProperties"]["hs_list_size"]  # type: ignore[arg-type]
        assert int(size) == members[number]
    seats = Counter(row[1] for row in in_regions["hubspot.participations"])
    for number, shown in in_regions["hubspot.marketing_events"]:
        event = orjson.loads(bytes(shown))  # type: ignore[arg-type]
        counted = sum(event[name] for name in ("registrants", "attendees", "cancellations", "noShows"))
        assert counted == seats[number]
    sent = Counter(row[4] for row in in_regions["hubspot.email_events"] if row[2] == "SENT")
    for number, _, shown in in_regions["hubspot.email_campaigns"]:
        assert orjson.loads(bytes(shown))["numIncluded"] == sent[number]  # type: ignore[arg-type]
    assert sum(sent.values()) > 20
    moments = [row[1] for row in in_regions["hubspot.subscription_changes"]]
    assert moments == sorted(moments)  # type: ignore[type-var]


def test_another_seed_gives_another_world() -> None:
    emails = [{p.email for p in _drawn(seed, "XS").people} for seed in (7, 8)]
    assert emails[0] != emails[1]


def _drawn(seed: int, size: str) -> Business:
    (only,) = business.regions(Draws(seed), size, NOW)
    return only


@pytest.fixture(scope="module")
def large() -> Business:
    return _drawn(7, "S")


def test_size_s_is_as_large_as_promised(large: Business) -> None:
    assert len(large.people) >= 5_000
    assert len(large.deals) >= 1_500
    assert len(large.companies) >= 850
    assert len(large.campaigns) == 40
    members = touches.memberships(Draws(7), large)
    done = [t for t in touches.tasks(Draws(7), large) if t.done is not None]
    assert len(members) + len(done) + sum(p.in_hubspot for p in large.people) > 40_000
    responded = sum(m.responded is not None for m in members) / len(members)
    assert 0.5 < responded < 0.6
    assert len({(m.person.key, m.campaign.key) for m in members}) == len(members)


def test_the_business_is_believable(large: Business) -> None:
    ended = [d for d in large.deals if d.last.progress in (-1, 2)]
    won = [d for d in ended if d.last.progress == 2]
    assert 0.2 < len(won) / len(ended) < 0.5
    steps = [[m.progress for m in d.moments] for d in large.deals]
    assert any(b < a and b >= 0 for path in steps for a, b in pairwise(path)), "no reversals"
    slips = sum(b.close > a.close for d in large.deals for a, b in pairwise(d.moments))
    assert slips > len(large.deals) / 5
    assert {d.currency for d in large.deals} == {"USD", "EUR", "GBP"}
    reach = Counter(stage for p in large.people for stage in p.stages)
    assert (
        reach["lead"] > reach["marketingqualifiedlead"] > reach["salesqualifiedlead"] > reach["customer"] > 0
    )
    assert all(m.at <= NOW for d in large.deals for m in d.moments)
    assert all(max(p.stages.values()) <= NOW for p in large.people)
    months = Counter(deals.from_ms(p.created).month for p in large.people)
    assert months[10] > 1.2 * months[8], "no seasons"


def test_good_campaigns_bring_deals_and_bad_ones_do_not(large: Business) -> None:
    draws = Draws(7)
    members, done = touches.memberships(draws, large), touches.tasks(draws, large)
    touches.settle_causes(draws, large, members, done)
    caused = Counter(m.campaign.kind[0] for m in members if m.cause_of)
    answered = Counter(m.campaign.kind[0] for m in members if m.responded)
    rate = {kind: caused[kind] / answered[kind] for kind in answered}
    assert rate["Referral Program"] > 5 * rate["Banner Ads"]


def test_most_people_can_be_matched_by_address_and_some_cannot(large: Business) -> None:
    rng = rng_for(7, "addresses")
    same = 0
    both = [p for p in large.people if p.in_hubspot and p.in_salesforce]
    for person in both:
        hubspot, salesforce, _ = dirt.emails(rng, person)
        same += _normal(hubspot) == _normal(salesforce) != ""
    assert 0.8 < same / len(both) < 0.9


def _normal(email: str) -> str:
    local, _, domain = email.strip().lower().partition("@")
    return f"{local.partition('+')[0]}@{domain}" if local and domain else ""


def test_reps_are_the_same_people_in_both_crms(world: Path) -> None:
    tables = _export(world)
    owners = {row[1] for row in tables["hubspot.owners"]}
    users = {
        str(value)
        for row in tables["salesforce.User"]
        for value in row
        if str(value).endswith("@northwind.example")
    }
    assert len(REPS) == 14
    assert len(MANAGERS) == 3
    assert owners == {rep.email for rep in STAFF} <= users


def test_the_answer_key_names_records_that_are_there(world: Path) -> None:
    key = sqlite3.connect(f"file:{world / 'answer_key.sqlite'}?mode=ro", uri=True)
    for vendor, table, column in (
        ("hubspot", "contacts", "id"), ("hubspot", "deals", "id"), ("salesforce", "Lead", "Id"),
        ("salesforce", "Contact", "Id"), ("salesforce", "Opportunity", "Id"), ("salesforce", "Account", "Id"),
    ):  # fmt: skip
        db = sqlite3.connect(f"file:{world / vendor}.sqlite?mode=ro", uri=True)
        there = {str(i) for (i,) in db.execute(f'select {column} from "{table}"')}
        db.close()
        union = " union ".join(f"select record_id from {t} where vendor = ? and object = ?" for t in
                               ("persons", "companies", "deals"))  # fmt: skip
        named = {i for (i,) in key.execute(union, (vendor, table) * 3)}
        assert named == there, table
    assert key.execute("select count(*) from touches where caused_deal is not null").fetchone()[0] > 5
    key.close()


def test_what_is_not_in_the_bin_is_counted_without_a_look_at_each_row(world: Path) -> None:
    org = Salesforce.__new__(Salesforce)
    org.store = Store(world / "salesforce.sqlite", read_only=True)
    for table in ("Lead", "Task"):
        kept = f"\"{table}\" where IsDeleted = 'false'"
        assert 0 < org.how_many(kept) == org.store.value(f"select count(*) from {kept}")
        assert org.how_many(kept) < org.how_many(f'"{table}"')
        ((*_, plan),) = org.store.rows(
            f"explain query plan select count(*) from \"{table}\" where IsDeleted = 'true'"
        )
        assert f"{table}.bin" in plan
    org.store.close()


def test_people_in_both_crms_are_spelled_differently_but_are_the_same(world: Path) -> None:
    tables = _export(world)
    hubspot = {str(row[0]): orjson.loads(row[5]) for row in tables["hubspot.contacts"]}
    key: dict[int, list[str]] = {}
    for person, vendor, _, record_id in tables["answer_key.persons"]:
        key.setdefault(int(str(person)), []).append(f"{vendor}:{record_id}")
    both = [k for k in key.values() if len({i.partition(":")[0] for i in k}) == 2]
    assert len(both) > len(key) / 2
    assert any(len(k) > 2 for k in key.values()), "no duplicates"
    assert any(p.get("hs_merged_object_ids") for p in hubspot.values()) or len(hubspot) < 500
    assert sum(1 for p in hubspot.values() if not p.get("hubspot_owner_id")) >= 10, "nobody to route"


_UNLIKE = {
    "amounts of opportunities and their lines": """
        select o.Id from salesforce.Opportunity o
        join salesforce.OpportunityLineItem l on l.OpportunityId = o.Id
        group by 1 having abs(o.Amount - sum(l.TotalPrice)) > 0.001
        or sum(abs(l.TotalPrice - l.UnitPrice * l.Quantity) > 0.001) > 0""",
    "amounts of deals and their items": """
        select a.from_id from associations a
        join deals d on d.id = a.from_id join line_items l on l.id = a.to_id
        where a.from_type = 'deals' and a.to_type = 'line_items' group by 1
        having abs(json_extract(d.props, '$.amount') - sum(json_extract(l.props, '$.amount'))) > 0.001
        or sum(abs(json_extract(l.props, '$.amount')
            - json_extract(l.props, '$.price') * json_extract(l.props, '$.quantity')) > 0.001) > 0""",
    "the last of a contact's titles": """
        select c.Id from salesforce.Contact c join salesforce.ContactHistory h on h.ContactId = c.Id
        where h.Field = 'Title' and h.NewValue <> c.Title""",
    "the last of an account's types": """
        select a.Id from salesforce.Account a join salesforce.AccountHistory h on h.AccountId = a.Id
        where h.Field = 'Type' and h.NewValue <> a.Type""",
    "associations from both ends": """
        select a.from_id from associations a where not exists (select 1 from associations b where
        (b.from_type, b.from_id, b.to_type, b.to_id) = (a.to_type, a.to_id, a.from_type, a.from_id))""",
} | {
    f"{child} of deleted records": f"""
        select c.Id from salesforce."{child}" c join salesforce."{parent}" p on p.Id = c."{field}"
        where p.IsDeleted = 'true' and c.IsDeleted = 'false'"""
    for child, parent, field in (
        ("OpportunityLineItem", "Opportunity", "OpportunityId"), ("Task", "Opportunity", "WhatId"),
        ("OpportunityContactRole", "Opportunity", "OpportunityId"), ("Event", "Opportunity", "WhatId"),
        ("OpportunityHistory", "Opportunity", "OpportunityId"), ("LeadHistory", "Lead", "LeadId"),
        ("OpportunityFieldHistory", "Opportunity", "OpportunityId"),
    )
}  # fmt: skip


@pytest.mark.parametrize("what", _UNLIKE)
def test_what_a_vendor_keeps_in_step_is_in_step(world: Path, what: str) -> None:
    db = sqlite3.connect(f"file:{world / 'hubspot.sqlite'}?mode=ro", uri=True)
    db.execute("attach ? as salesforce", (f"file:{world / 'salesforce.sqlite'}?mode=ro",))
    assert db.execute(_UNLIKE[what]).fetchall() == []
    db.close()


@pytest.mark.parametrize("total", [100, 671_900, 1_671_037])
def test_lines_cost_what_their_deal_does(total: int) -> None:
    found = lines.priced(total, [(total // 3, 120_000), (total // 3, 9_000), (0, 250_000)])
    assert sum(quantity * price for quantity, price in found) == total
    assert all(quantity >= 1 and price >= 1 for quantity, price in found)
    assert lines.priced(5_000, [(5_000, 100), (0, 100)]) == [(50, 100)]


def test_ids_of_eighteen_characters_end_in_their_checksum() -> None:
    assert ids.full("00D000000000062") == "00D000000000062EAA"
    assert ids.normal("001A0000006Vm9u") == "001A0000006Vm9uIAC"
    assert ids.normal("not an id") is None
    assert len({ids.make("00Q", n) for n in range(5_000)}) == 5_000

    assert list(islice(ids.following("00Q", 3_840), 9)) == [ids.make("00Q", n) for n in range(3_840, 3_849)]
    assert next(ids.following("00Q")) == ids.make("00Q", 1)


def test_what_is_drawn_is_what_the_library_draws() -> None:
    ours, theirs = Draws(7)("anything"), random.Random("7:anything")
    for count, wanted in ((5, 3), (21, 5), (22, 5), (40, 5), (40, 8), (85, 8), (86, 8), (300, 21), (300, 40)):
        assert ours.sample(range(count), wanted) == theirs.sample(range(count), wanted)
        assert ours.choice("abcde") == theirs.choice("abcde")
        assert ours.randrange(7, 7 + count) == theirs.randrange(7, 7 + count)
        assert ours.weighted("abc", (5, 7, 12)) == theirs.choices("abc", (5, 2, 5))[0]
    for start, end in ((NOW - times.DAY, NOW), (NOW - 700 * times.DAY, NOW), (NOW, NOW)):
        for _ in range(20):
            assert draw.working_time(ours, start, end) == _plain_working_time(theirs, start, end)


def _plain_working_time(rng: random.Random, start: int, end: int) -> int:
    if start == end:
        return start
    for _ in range(8):
        moment = times.from_ms(rng.randrange(start, end))
        working = moment.weekday() < 5 or rng.random() < 0.1
        if working and rng.random() * 1.3 < draw._MONTHS[moment.month - 1]:
            break
    day = times.to_ms(moment.replace(hour=0, minute=0, second=0, microsecond=0))
    hours = rng.triangular(7, 20, 13)
    at = day + int(hours * times.HOUR) + rng.randrange(60) * times.MINUTE
    return min(max(start, at), end)


def test_more_companies_than_pairs_of_words_have_names_of_their_own() -> None:
    rng = rng_for(7, "companies")
    found = business._companies(rng, 3_000, 0, set(), crowded=True)
    assert len({company.name for company in found}) == 3_000
    assert len({company.domain.rpartition(".")[0].replace("-", "") for company in found}) > 2_990
