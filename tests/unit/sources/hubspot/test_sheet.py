"""A page as columns says what the same page says record by record, or nothing."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.sources.arrow import BadValues
from pipelines.sources.catalogs import table_of
from pipelines.sources.hubspot.rows import Records
from pipelines.sources.hubspot.sheet import joined, sheet_in

CONTACTS, PAST = table_of("hubspot", "contacts"), table_of("hubspot", "contacts_property_history")
ASKED, KEPT = ("email", "firstname", "hs_object_id", "lifecyclestage", "lead_score"), ("lifecyclestage",)
AT = "2026-06-30T12:00:00.000Z"


def record(key="1", **more):
    values = {"email": "a@x.example", "firstname": "", "hs_object_id": key, "lead_score": "5"}
    return {"id": key, "createdAt": AT, "updatedAt": AT, "archived": False, "properties": values} | more


def said(*records, **beside):
    return orjson.dumps({"results": list(records)} | beside)


def change(at=AT, value="lead", **more):
    return {"timestamp": at, "value": value, "sourceType": "API", "sourceId": None} | more


def both(answer, history=()):
    """The page twice, and that both say the same."""
    sheet, records = sheet_in(answer, CONTACTS, ASKED, history), Records(orjson.loads(answer)["results"])
    assert sheet is not None
    theirs, ours = BadValues(), BadValues()
    assert joined([sheet]).records(CONTACTS, ours).equals(records.records(CONTACTS, theirs))
    if history:
        by = [(name, "ascending") for name in PAST.key]
        found, expected = sheet.history(PAST, ours), records.history(PAST, theirs)
        assert found.sort_by(by).equals(expected.sort_by(by))
    assert ours == theirs
    assert sheet.shown == records.shown
    assert (sheet.ids, sheet.living, len(sheet)) == (records.ids, records.living, len(records))
    assert list(sheet.merges()) == list(records.merges())
    return sheet


values = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(
    ["", " ", "12", "1e3", "nan", "a;b", "2026-06-30", "true", "😀", 'say "so"']
)  # fmt: skip
changes = st.lists(
    st.builds(
        change, at=st.sampled_from([AT, "2026-06-30T13:00:00Z", "1719745200000", "when"]), value=values
    ),
    max_size=3,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.lists(values, min_size=5, max_size=5), changes), min_size=1, max_size=4))
def test_a_sheet_says_what_the_records_say(found):
    rows = [
        record(
            str(number),
            properties=dict(zip((*ASKED[1:], "hs_merged_object_ids"), some, strict=True)),
            propertiesWithHistory={"lifecyclestage": past},
        )
        for number, (some, past) in enumerate(found, 1)
    ]
    both(said(*rows), KEPT)


def test_what_a_page_tells_beside_its_records():
    links = {"companies": {"results": [{"id": "7", "type": "t"}]}, "p1 thing": {"results": []}}
    blank = {"p1 thing": {"results": [{"id": "9"}], "paging": {"next": {"after": "9"}}}}
    rows = [record("5", associations=links), record("6"), record("8", associations=blank, url="u", extra=[1])]
    sheet = both(said(*rows, paging={"next": {"after": "8", "link": "l"}}))
    assert (sheet.after, dict(sheet.shown)) == ("8", {"companies": ["5"], "p1_thing": ["8"]})
    assert both(said(record())).after is None
    both(
        said(record(propertiesWithHistory={"lifecyclestage": None}), record("2", propertiesWithHistory=None)),
        KEPT,
    )
    bare = sheet_in(said(record()), CONTACTS, ASKED, ())
    assert bare is not None
    assert bare.history(PAST, BadValues()).equals(Records([record()]).history(PAST, BadValues()))
    some = sheet.picked([False, False, True], None)
    assert (some.ids, some.after, some.shown["companies"]) == (["8"], None, [])
    assert joined([sheet, some]).ids == ["5", "6", "8", "8"]


@pytest.mark.parametrize(
    "answer",
    [
        said(record(properties={"lead_score": 5})),
        said(record(properties={"phone": "1"})),  # of ours, and nobody asked
        said(record(archived=True, archivedAt=AT)),
        said(record(), record(id=None)),
        said(record(propertiesWithHistory={"lifecyclestage": [change()] * 20})),
        said(record(propertiesWithHistory={"lifecyclestage": [change(at=None)]})),
        said(record(propertiesWithHistory={"email": [change()]})),
        said(record(associations={"companies": ["7"]})),
        said(record())[:-9],
        said(record()) + b"\n" + said(record()),
        said(record()).replace(b"a@x", b"\\ud83d"),
        said(record()).replace(b"a@x", b"\xff"),
        b'{"status":"error"}',
        b"[]",
        b" null",
        b"null{}",
        b"",
    ],
)
def test_what_is_written_otherwise_is_read_record_by_record(answer):
    assert sheet_in(answer, CONTACTS, ASKED, KEPT) is None
