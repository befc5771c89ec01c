"""How the same thing comes to be spelled differently: nicknames, accents, typos, case, phones, addresses."""

from __future__ import annotations

import random

from sandbox.worlds import names
from sandbox.worlds.draw import ascii_of
from sandbox.worlds.model import Company, Person

_SUFFIXES = {
    "Inc.": ("Inc", ", Inc.", "Incorporated"),
    "LLC": (", LLC", "L.L.C."),
    "Corp.": ("Corporation", "Corp"),
    "Ltd": ("Ltd.", "Limited"),
    "Ltd.": ("Ltd", "Limited"),
    "GmbH": ("Gmbh", "GmbH & Co. KG"),
    "AG": ("Ag",),
    "SAS": ("S.A.S.",),
    "SARL": ("S.à r.l.",),
    "S.p.A.": ("SpA",),
    "S.L.": ("SL",),
    "Lda": ("Lda.",),
    "B.V.": ("BV",),
    "AB": ("Ab",),
    "Sp. z o.o.": ("Sp.z o.o.",),
}


def typo(rng: random.Random, text: str) -> str:
    """One slip: two letters swapped, one lost or one doubled."""
    if len(text) < 4:
        return text
    at = rng.randrange(1, len(text) - 1)
    kind = rng.randrange(3)
    if kind == 0:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + text[at + 1 :] if kind == 1 else text[:at] + text[at] + text[at:]


def person_name(rng: random.Random, person: Person) -> tuple[str, str]:
    """First and last name as someone else typed them."""
    first, last = person.first, person.last
    draw = rng.random()
    if draw < 0.08:
        first = names.NICKNAMES.get(first, first)
    elif draw < 0.12:
        first = typo(rng, first)
    elif draw < 0.16:
        last = typo(rng, last)
    elif draw < 0.19:
        first, last = first.upper(), last.upper()
    elif draw < 0.22:
        first, last = first.lower(), last.lower()
    elif draw < 0.23:
        first, last = last, first
    if rng.random() < 0.5:
        first, last = ascii_of(first), ascii_of(last)
    return first, last


def company_name(rng: random.Random, company: Company) -> str:
    """A company's name with another legal form, without one, shouted, or mistyped."""
    draw = rng.random()
    name = f"{company.name} {company.legal}"
    if draw < 0.35:
        name = company.name
    elif draw < 0.55:
        suffix = rng.choice(_SUFFIXES[company.legal])
        name = company.name + (suffix if suffix.startswith(",") else " " + suffix)
    if rng.random() < 0.03:
        name = typo(rng, name)
    if rng.random() < 0.03:
        name = name.upper()
    return name


def phone(rng: random.Random, person: Person) -> str:
    """The same digits in another dress."""
    if not person.phone:
        return ""
    code, a, b, c = person.phone.removeprefix("+").split()
    return rng.choice((
        f"+{code} {a} {b} {c}", f"+{code}{a}{b}{c}", f"({a}) {b}-{c}", f"00{code} {a} {b}{c}", f"{a}.{b}.{c}",
        f"+{code}-{a}-{b}-{c} ext. {int(c) % 90 + 10}",
    ))  # fmt: skip


def other_address(rng: random.Random, person: Person) -> str:
    """A second address of the same person, private or by another pattern."""
    local = ascii_of(f"{person.last}{person.first[0]}").lower().replace("'", "")
    return f"{local}{person.key}@{rng.choice(('freemail.example', 'post.example', 'home.example'))}"


def emails(rng: random.Random, person: Person) -> tuple[str, str, str]:
    """How HubSpot and Salesforce have a person's address, and what HubSpot has beside it.

    Nearly nine in ten agree once normalised; the others have a second address, none, or a broken one.
    """
    email = person.email
    draw = rng.random()
    if draw < 0.08:
        return email, email.upper(), ""
    if draw < 0.14:
        return email, email.title(), ""
    if draw < 0.18:
        local, _, domain = email.partition("@")
        return f"{local}+{rng.choice(('news', 'crm', 'demo'))}@{domain}", email, ""
    if draw < 0.195:
        return email, f" {email} ", ""
    if draw < 0.86:
        return email, email, ""
    if draw < 0.92:
        other = other_address(rng, person)
        return other, email, email
    if draw < 0.94:
        return "", email, ""
    if draw < 0.965:
        return email, "", ""
    if draw < 0.985:
        return email, other_address(rng, person), ""
    if draw < 0.993 and person.company:
        return email, f"info@{person.company.domain}", ""
    return email, rng.choice((email.replace("@", ""), "n/a", email.replace("@", "@@"), "unknown")), ""
