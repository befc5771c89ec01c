"""What is wrong in a table is found, whether a test is asked of everything or of what changed.

Belongs here: the tests of dbt that look at owners who were due (`macros/materializations/test.sql`). When
they are asked at all is in `test_versions.py`.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from pipelines import dbt_nodes, transform, versions
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse
from tests.conftest import PROJECT
from tests.fixtures.raw_tables import RawTables

KEY = "key_lead_consents_person_id__purpose_id"
LACKING = "key_int_people_person_id"
REFERENCES = {
    f"relationships_{table.split('.')[1]}_person_id__person_id__ref_unified_leads_": table
    for table in ("marts.lifecycle_history", "marts.lead_identities", "intermediate.int_touches")
}
"""Of which the table is owned by the person, by the record, and by the person or the record."""
TOUCHES = "credits_are_of_attribution_touchpoints"
SUM = "credits_of_an_opportunity_add_up"
VALUES = "accepted_values_lead_consents_state__opted_out__opted_in__not_specified"
CREDITS = "from intermediate.int_rule_based_credits"
BEHIND = "select max(person_id) from marts.lifecycle_history"
"""Who is gone without being due among people: theirs, who were due, name them."""
TESTED = {
    "marts.lead_consents": "select min(person_id) from marts.lead_consents",
    "marts.lifecycle_history": BEHIND,
    "marts.lead_identities": f"select record_key from marts.lead_identities where person_id = ({BEHIND})",
    "marts.unified_leads": "select min(person_id) from marts.lifecycle_history",
    "intermediate.int_rule_based_credits": f"select min(opportunity_id) {CREDITS}",
    "intermediate.int_touches": f"select min(person_id) {CREDITS} union {BEHIND}",
    "marts.opportunities": "select null where false",
}
"""The tables, and whose rows are wrong there."""
BROKEN = """
insert into marts.lead_consents
    from marts.lead_consents where person_id = (select min(person_id) from marts.lead_consents) limit 1;
delete from marts.unified_leads where person_id in (
    select unnest([min(person_id), max(person_id)]) from marts.lifecycle_history);
update intermediate.int_rule_based_credits set share = share + 1
    where opportunity_id = (select min(opportunity_id) from intermediate.int_rule_based_credits);
update intermediate.int_touches set is_counted = false where person_id =
    (select min(person_id) from intermediate.int_rule_based_credits);
"""


class Home:
    """A copy of a built business whose tables have changed since their tests passed."""

    compiled: set[str]
    rows: dict[str, int]
    """What was compiled, and in how many rows what failed, when tests were asked last."""

    def __init__(self, business: RawTables, folder: Path) -> None:
        shutil.copytree(business.settings.home, folder)
        self.settings = Settings(home=folder, config_dir=PROJECT / "config")
        self.warehouse = Warehouse(self.settings.paths)

    def does(self, sql: str) -> None:
        with self.warehouse.locked("test"), self.warehouse.writing() as connection:
            connection.execute(sql)

    def changes(self, due: bool) -> None:
        """Each table is a step further, and its wrong owners were due in it, or nobody was."""
        self.does(
            "; ".join(
                f"update incremental.made set version = version || ' and on' where relation = '{table}'; "
                f"create or replace table incremental.{table.split('.')[1]}__due as "
                f"select owner::varchar as owner from ({owner}) as wrong (owner) where {due}"
                for table, owner in TESTED.items()
            )
        )

    def fails(self, asked: Sequence[str] = (KEY, *REFERENCES, TOUCHES, SUM)) -> set[str]:
        manifest = transform.load_manifest(self.settings)
        with (
            self.warehouse.locked("test"),
            versions.kept(self.warehouse, manifest, transform.code_hash(), transform._is_of_marts) as known,
            self.warehouse.dbt() as work_file,
        ):
            for relation, made in known.made.items():
                if (version := made.version or "").endswith(" and on"):
                    before = version.removesuffix(" and on")
                    known.made[relation] = made._replace(version=f"{before} on", version_before=before)
            dbt_nodes.lend(manifest, known)
            done = transform.invoke(
                ["test", "--select", *asked], self.settings, work_file=work_file, manifest=manifest
            )
        assert len(done.result.results) == len(asked)
        self.compiled = {result.node.name for result in done.result.results if result.node.compiled}
        self.rows = {r.node.name: r.failures for r in done.result.results if r.status == "fail"}
        return set(self.rows)

    def orphans(self, table: str) -> int:
        with self.warehouse.reading("work") as connection:
            people = "(select person_id from marts.unified_leads)"
            asked = f"select count(*) from {table} where person_id not in {people}"
            [(rows,)] = connection.execute(asked).fetchall()
        return int(rows)


def test_what_is_wrong_is_found_among_those_who_were_due_and_among_all(
    business: RawTables, tmp_path: Path
) -> None:
    home = Home(business, tmp_path / "home")
    home.does(BROKEN)
    home.changes(due=False)
    assert home.fails((KEY, LACKING, *REFERENCES, TOUCHES, SUM)) == {KEY}, (
        "the key was asked of less, or others of more"
    )
    assert home.compiled == {KEY, *REFERENCES, TOUCHES, SUM}, (
        "where all hashes differ a key is asked no further"
    )
    home.changes(due=True)
    assert home.fails() == {KEY, *REFERENCES, TOUCHES, SUM}
    orphans = {name: home.orphans(table) for name, table in REFERENCES.items()}
    assert {name: home.rows[name] for name in orphans} == orphans
    home.does(
        "delete from incremental.made where starts_with(relation, 'test.'); "
        "update marts.lead_consents set state = 'maybe' where rowid = 0; "
        "update intermediate.int_people set person_id = null where rowid = 0"
    )
    every = (KEY, LACKING, *REFERENCES, TOUCHES, SUM, VALUES)
    assert home.fails(every) == set(every)
