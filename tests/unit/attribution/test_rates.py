"""What another currency was worth on a day: whose rates speak, which way round, and which comes first."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from tests.fixtures.dbt_sql import made

# One USD is 0.8 EUR by Salesforce, 0.5 in May; one EUR is 1.3 USD by HubSpot, and 0.7 of GBP is of no use.
TABLES = """
create table run as select 'USD' as company_currency;
create table stg_salesforce__currency_types as
from (values ('USD', 1.0, true), ('EUR', 0.8, false), ('CHF', 0.0, false))
    as t(iso_code, conversion_rate, is_corporate);
create table stg_salesforce__dated_conversion_rates as
from (values ('EUR', date '2026-05-01', date '2026-06-01', 0.5),
    ('EUR', date '2026-07-01', date '2026-07-01', 9.0))
    as t(iso_code, start_date, next_start_date, conversion_rate);
create table stg_hubspot__exchange_rates as
select *, from_currency || effective_at as exchange_rate_id
from (values ('EUR', 'USD', 1.3, timestamptz '2026-04-01 00:00:00+00'),
    ('EUR', 'USD', 1.4, timestamptz '2026-06-15 00:00:00+00'),
    ('EUR', 'GBP', 0.7, timestamptz '2026-04-01 00:00:00+00'),
    ('JPY', 'USD', 0.01, timestamptz '2026-04-01 00:00:00+00'))
    as t(from_currency, to_currency, rate, effective_at);
create table int_opportunities as
select day::varchar || currency as opportunity_id, day as rate_date, currency
from (values (date '2026-03-01'), (date '2026-04-10'), (date '2026-05-10'), (date '2026-06-10'),
    (date '2026-06-20')) as d(day), (values ('EUR'), ('JPY'), ('CHF'), ('USD')) as c(currency);
create table int_opportunity_members as
select opportunity_id, opportunity_id as record_key from int_opportunities;
create table int_opportunity_records as select opportunity_id as record_key, currency from int_opportunities;
"""


@pytest.mark.parametrize("corporate", ["USD", "EUR"])
def test_the_rate_of_the_day_is_salesforces_dated_one_then_hubspots_then_salesforces_standing(
    corporate: str,
) -> None:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC';" + TABLES)
        connection.execute(
            "update stg_salesforce__currency_types set is_corporate = iso_code = ?", [corporate]
        )
        for name in ("int_exchange_rates", "int_opportunity_rates"):
            made(connection, f"intermediate/opportunities/{name}.sql")
        found = {
            (currency, day): rate
            for currency, day, rate in connection.execute(
                "select r.currency, rate_date, rate from int_opportunity_rates as r "
                "join int_opportunities using (opportunity_id)"
            ).fetchall()
        }
    # Salesforce says how many EUR one USD is: turned round. HubSpot says what one EUR is worth: as it is.
    standing, dated = (1 / 0.8, 1 / 0.5) if corporate == "USD" else (None, 1.3)
    days = [date(2026, 3, 1), date(2026, 4, 10), date(2026, 5, 10), date(2026, 6, 10), date(2026, 6, 20)]
    assert [found["EUR", day] for day in days] == [standing, 1.3, dated, 1.3, 1.4]
    assert [found["JPY", day] for day in days] == [None, 0.01, 0.01, 0.01, 0.01]
    assert {found["CHF", day] for day in days} == {None}, "a rate of nothing is none"
    assert {found["USD", day] for day in days} == {1.0}
