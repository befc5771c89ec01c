"""What makes two people, and two companies, one: the comparisons and blocks of the project's own models.

Belongs here: those two specifications. What is comparable in a record is worked out in `features`.
"""

from __future__ import annotations

from pipelines.identity.spec import Block, Comparison, Level, Spec, either_missing, same, similar

_SWAPPED = "first_l = last_r and last_l = first_r"

PERSON = Spec(
    entity="person",
    fields=(
        "first", "last", "known_as", "email", "local", "phone", "tail", "company", "account", "title", "city",
        "country",
    ),
    comparisons=(
        Comparison("first", either_missing("first"), (
            Level("same first name", same("first"), "first"),
            Level("first and last name swapped", _SWAPPED),
            Level("short for the same name", "list_has_any(known_as_l, known_as_r)"),
            Level("first names nearly the same", similar("first", 0.88)),
        )),
        Comparison("last", either_missing("last"), (
            Level("same last name", same("last"), "last"),
            Level("first and last name swapped", _SWAPPED),
            Level("last names nearly the same", similar("last", 0.9)),
        )),
        Comparison("email", either_missing("email"), (
            Level("same address", same("email")),
            Level("same unusual name before the @", same("local")),
        )),
        Comparison("phone", either_missing("tail"), (
            Level("same phone", same("phone"), "phone"),
            Level("same last seven digits", same("tail")),
        )),
        Comparison("company", either_missing("company"), (
            Level("same company", same("company"), "company"),
            Level("same account", same("account")),
            Level("company names nearly the same", similar("company", 0.92)),
            Level("same city", same("city"), "city"),
            Level("same country", same("country")),
        )),
        Comparison("title", either_missing("title"), (
            Level("same title", same("title"), "title"),
            Level("titles nearly the same", similar("title", 0.9)),
        )),
    ),
    blocks=(
        Block("email", "email"),
        Block("phone", "tail"),
        Block("name", "least(first, last) || ' ' || greatest(first, last)"),
        Block("last name and company", "last || '|' || company"),
        Block("first name and company", "first || '|' || company"),
        Block("last name and account", "last || '|' || account"),
        Block("first name and account", "first || '|' || account"),
        Block("name before the @", "local"),
        Block("last name and city", "last || '|' || left(first, 1) || '|' || city"),
    ),
    training=(("email",), ("last", "company"), ("first", "last"), ("phone",)),
    certain=(("email",), ("first", "last", "company")),
    recall=0.85,
)  # fmt: skip

ACCOUNT = Spec(
    entity="account",
    fields=("name", "domain", "core", "city", "country", "employees"),
    comparisons=(
        Comparison("name", either_missing("name"), (
            Level("same name but for the legal form", same("name"), "name"),
            Level("names nearly the same", similar("name", 0.94)),
            Level("one name begins the other",
                  "starts_with(name_l, name_r || ' ') or starts_with(name_r, name_l || ' ')"),
        )),
        Comparison("domain", either_missing("domain"), (
            Level("same domain", same("domain"), "domain"),
            Level("same domain under another ending", same("core")),
        )),
        Comparison("place", either_missing("city"), (
            Level("same city", same("city"), "city"),
            Level("same country", same("country")),
        )),
        Comparison("size", either_missing("employees"), (
            Level("same number of employees", same("employees"), "employees"),
            Level("about the same number of employees",
                  "least(employees_l, employees_r) >= 0.8 * greatest(employees_l, employees_r)"),
        )),
    ),
    blocks=(
        Block("domain", "domain"),
        Block("domain without its ending", "core"),
        Block("name", "name"),
        Block("beginning of the name and city", "left(name, 5) || '|' || city"),
        Block("size and city", "employees || '|' || city"),
    ),
    training=(("name",), ("domain",), ("employees", "city")),
    certain=(("domain",), ("name", "city")),
    recall=0.85,
)  # fmt: skip
SPECS = {spec.entity: spec for spec in (PERSON, ACCOUNT)}
