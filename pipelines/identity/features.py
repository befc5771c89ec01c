"""What is compared of each record: names, phones and companies normalised, kept from run to run.

Belongs here: turning the columns of a record into the fields of a specification. Only values not seen before
are normalised; a record whose values did not change keeps its row. `stamp` changes with anything that could
change a score.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa

from pipelines.identity import phones, text

_PLAIN_PHONE = r"^\+[1-9][0-9 ().\-/]{7,24}$"

# A mailbox that only spells its owner's name says nothing that the name has not said.
_SAYS_THE_NAME = (
    "coalesce(mailbox in (first || last, last || first, left(first, 1) || last, last || left(first, 1), "
    "first || left(last, 1), left(last, 1) || first, first, last) or length(mailbox) < 6, false)"
)

MOST_RECORDS, MOST_NAMES = 60, 4

PERSON_COLUMNS = (
    "first_name", "last_name", "email", "phone", "company_name", "account_id", "job_title", "city", "country",
)  # fmt: skip
ACCOUNT_COLUMNS = ("name", "domain", "city", "country", "employees")


@dataclass(frozen=True)
class Shared:
    """A field that is evidence of nothing where too many records, or names by their `sketch` (of column
    `sketched`), have the same value: it is left out there, and what is read `of` it. What the record has is
    `<field>_given`."""

    field: str
    sketched: str
    sketch: str
    of: tuple[str, str]


SHARED = {
    "person": (
        Shared("email", "last", "left(last, 2)", ("email", "email_given")),
        Shared("phone", "last", "left(last, 2)", ("tail", "right(phone_given, 7)")),
    ),
    "account": (Shared("domain", "name", "left(name, 4)", ("core", "split_part(domain_given, '.', 1)")),),
}


def person(
    connection: duckdb.DuckDBPyConnection,
    records: str,
    target: str,
    most_records: int = MOST_RECORDS,
    most_names: int = MOST_NAMES,
) -> None:
    """Make temp table `target` (record_key and the fields of PERSON) from `records` (PERSON_COLUMNS).

    An address or phone that more records, or more different last names, share is evidence of nothing
    and left out.
    """
    spell_person(connection, records, target)
    _leave_out(connection, "person", target, most_records, most_names)


def spell_person(connection: duckdb.DuckDBPyConnection, records: str, target: str) -> None:
    """As `person`, with what is shared still in it."""
    _spell(connection, "first_names", records, ("first_name",), text.name)
    _spell(connection, "last_names", records, ("last_name",), text.name)
    _spell(connection, "companies", records, ("company_name",), text.company)
    _spell(connection, "titles", records, ("job_title",), text.words)
    _spell(connection, "cities", records, ("city",), text.words)
    _spell(connection, "countries", records, ("country",), text.words)
    _spell(
        connection, "phones", records, ("phone", "country"), phones.phone,
        where=f"phone is not null and not regexp_matches(phone, '{_PLAIN_PHONE}')",
    )  # fmt: skip
    _known_as(connection)
    connection.execute(
        f"""
        create or replace temp table {target} as
        with joined as (
            select
                r.record_key, f.found as first, l.found as last,
                n.known_as, r.email,
                nullif(regexp_replace(split_part(r.email, '@', 1), '[^a-z0-9]', '', 'g'), '') as mailbox,
                case
                    when regexp_matches(r.phone, '{_PLAIN_PHONE}')
                        then '+' || regexp_replace(r.phone, '[^0-9]', '', 'g')
                    else p.found
                end as phone,
                c.found as company, r.account_id as account, t.found as title, ci.found as city,
                co.found as country
            from {records} as r
            left join first_names as f on r.first_name = f.first_name
            left join last_names as l on r.last_name = l.last_name
            left join nicknames as n on f.found = n.name
            left join companies as c on r.company_name = c.company_name
            left join titles as t on r.job_title = t.job_title
            left join cities as ci on r.city = ci.city
            left join countries as co on r.country = co.country
            left join phones as p on r.phone = p.phone and r.country is not distinct from p.country
        )
        select record_key, first, last, known_as, email, case when not {_SAYS_THE_NAME} then mailbox
        end as local,
            phone, right(phone, 7) as tail, company, account,
            title, city, country, email as email_given, phone as phone_given
        from joined"""
    )


def account(
    connection: duckdb.DuckDBPyConnection,
    records: str,
    target: str,
    most_records: int = MOST_RECORDS,
    most_names: int = MOST_NAMES,
) -> None:
    """Make temp table `target` (record_key and the fields of ACCOUNT) from `records` (ACCOUNT_COLUMNS)."""
    spell_account(connection, records, target)
    _leave_out(connection, "account", target, most_records, most_names)


def spell_account(connection: duckdb.DuckDBPyConnection, records: str, target: str) -> None:
    """As `account`, with what is shared still in it."""
    _spell(connection, "names", records, ("name",), text.company)
    _spell(connection, "domains", records, ("domain",), registrable)
    _spell(connection, "cities", records, ("city",), text.words)
    _spell(connection, "countries", records, ("country",), text.words)
    connection.execute(
        f"""
        create or replace temp table {target} as
        select
            r.record_key, n.found as name, d.found as domain, split_part(d.found, '.', 1) as core,
            ci.found as city, co.found as country, nullif(r.employees, 0)::bigint as employees,
            d.found as domain_given
        from {records} as r
        left join names as n on r.name = n.name
        left join domains as d on r.domain = d.domain
        left join cities as ci on r.city = ci.city
        left join countries as co on r.country = co.country"""
    )


def _leave_out(
    connection: duckdb.DuckDBPyConnection, entity: str, target: str, most_records: int, most_names: int
) -> None:
    for each in SHARED[entity]:
        also = "" if each.of[0] == each.field else f", {each.of[0]} = null"
        values = shared(each, target, most_records, most_names)
        connection.execute(
            f"update {target} set {each.field} = null{also} where {each.field}_given in ({values})"
        )


def shared(each: Shared, table: str, most_records: int, most_names: int) -> str:
    """SQL: the values that more records, or more different names, share. Names are told apart only where
    there are records enough for so many."""
    field = f"{each.field}_given"
    often = (
        f"select {field} from {table} where {field} is not null group by {field} "
        f"having count(*) > {min(most_records, most_names)}"
    )
    return (
        f"select {field} from {table} semi join ({often}) as often using ({field}) group by {field} "
        f"having count(*) > {most_records} or count(distinct {each.sketch}) > {most_names}"
    )


def registrable(domain: str | None) -> str | None:
    """The part of a domain that somebody registered: `eu.shop.example.co.uk` is `example.co.uk`."""
    if not domain:
        return None
    found = _suffixes().privatesuffix(domain.lower().strip(".")[:253])
    return str(found) if found else None


@cache
def _suffixes() -> Any:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()


def _spell(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    records: str,
    columns: tuple[str, ...],
    function: Callable[..., str | None],
    where: str = "",
) -> None:
    """Temp table of each distinct value of `columns` and what `function` makes of it, as `found`."""
    names = ", ".join(columns)
    condition = where or " and ".join(f"{column} is not null" for column in columns[:1])
    values = connection.execute(f"select distinct {names} from {records} where {condition}").to_arrow_table()
    lists = [values.column(name).to_pylist() for name in columns]
    found = pa.array([function(*row) for row in zip(*lists, strict=True)], pa.string())
    typed = [values.column(name).cast(pa.string()) for name in columns]
    connection.register("spelled", pa.table([*typed, found], names=[*columns, "found"]))
    connection.execute(f"create or replace temp table {table} as select * from spelled")
    connection.unregister("spelled")


def _known_as(connection: duckdb.DuckDBPyConnection) -> None:
    firsts = connection.execute(
        "select distinct found from first_names where found is not null"
    ).to_arrow_table()
    names = firsts.column(0).to_pylist()
    lists = pa.array([text.known_as(name) for name in names], pa.list_(pa.string()))
    connection.register("known", pa.table({"name": pa.array(names, pa.string()), "known_as": lists}))
    connection.execute("create or replace temp table nicknames as select * from known")
    connection.unregister("known")
