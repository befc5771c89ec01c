"""What a round over a few people looks up of the last refresh, where it works nothing out."""

from __future__ import annotations

from datetime import date

import duckdb

from pipelines.events.models import Anew
from pipelines.events.overlay import Overlay
from pipelines.run import Run
from tests.fixtures.raw_tables import AS_OF


def test_views_of_the_refresh_are_looked_up_as_its_tables_are_but_those_that_are_made_anew() -> None:
    with duckdb.connect() as connection:
        connection.execute("""
            attach ':memory:' as base; use base;
            create schema rules; create schema marts;
            create table rules.run as select 'last' as run_id, now() as as_of, current_date as business_date;
            create table marts.told as select 1 as credits;
            create view marts.credits as from marts.told;
            create view marts.people as from marts.told;
            create table marts.gone as select 1 as credits;
            create view marts.of_an_earlier_version as select credits from marts.gone;
            alter table marts.gone rename credits to others;
            use memory
        """)
        anew = Anew(
            {}, {"marts.people": "select 2 as people"}, {}, frozenset(), frozenset({"credits", "people"})
        )
        overlay = Overlay(connection, anew, Run(), AS_OF, date(2026, 6, 30))
        assert connection.execute("from marts.credits").fetchall() == [(1,)]
        overlay.work_out(anew.people)
        assert connection.execute("from marts.people").fetchall() == [(2,)]
