"""What a campaign's members, deals and costs sum up to, for itself and for the tree of campaigns below it.

Lines are in the language of `fields.parse`; names and types are the object reference's.
"""

from __future__ import annotations

from sandbox.salesforce.schema_further import worth
from sandbox.salesforce.schema_system import SEEN

_TREE = (
    'with recursive tree(id) as (select {t}."Id" union select c."Id" from "Campaign" c join tree on '
    'c."ParentId" = tree.id where c."IsDeleted" = \'false\') '
)
_LIVE = "\"IsDeleted\" = 'false'"
_WON = " and o.\"IsWon\" = 'true'"


def _in_currency(amount: str, of: str) -> str:
    """A sum in the campaign's own currency."""
    value = worth(amount, f'{of}."CurrencyIsoCode"', '{t}."CurrencyIsoCode"')
    return f"coalesce(sum({value}), 0)"


def _members(which: str, more: str = "") -> str:
    return (
        f'select count(*) from "CampaignMember" m{more} where m."CampaignId" {{in}} and m.{_LIVE} and {which}'
    )


def _deals(what: str, won: str = "") -> str:
    return f'select {what} from "Opportunity" o where o."CampaignId" {{in}} and o.{_LIVE}{won}'


def _own(what: str) -> str:
    return f'select {what} from "Campaign" a where a."Id" {{in}} and a.{_LIVE}'


_AMOUNT = _in_currency('o."Amount"', "o")
_FIGURES = {
    "NumberOfLeads int": _members('m."LeadId" is not null and m."ContactId" is null'),
    "NumberOfConvertedLeads int": _members(
        "l.\"IsConverted\" = 'true'", ' join "Lead" l on l."Id" = m."LeadId"'
    ),
    "NumberOfContacts int": _members('m."ContactId" is not null'),
    "NumberOfResponses int": _members("m.\"HasResponded\" = 'true'"),
    "NumberOfOpportunities int": _deals("count(*)"),
    "NumberOfWonOpportunities int": _deals("count(*)", _WON),
    "AmountAllOpportunities currency": _deals(_AMOUNT),
    "AmountWonOpportunities currency": _deals(_AMOUNT, _WON),
}
_COSTS = {
    f"{name} currency": _own(_in_currency(f'a."{name}"', "a"))
    for name in ("ActualCost", "BudgetedCost", "ExpectedRevenue")
} | {"NumberSent double/0": _own('coalesce(sum(a."NumberSent"), 0)')}
"""What people write of a campaign itself, and which is summed up for a tree alone."""
FIELDS = "\n".join([
    *(f"{name} an := ({sql})".replace("{in}", '= {t}."Id"') for name, sql in _FIGURES.items()),
    *(f"Hierarchy{name} an := ({_TREE}{sql})".replace("{in}", "in (select id from tree)")
      for name, sql in (_COSTS | _FIGURES).items()),
    "LastActivityDate date a" + SEEN,
])  # fmt: skip
