"""Do the models find the campaigns that truly brought deals? By the answer key of a sandbox that was built.

Belongs here: reading what the key says, ranks, and the table. Used by the tests too, on the smallest world.
"""

from __future__ import annotations

import argparse
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import duckdb
from scipy import stats

from benchmarks.homes import built

_SHARES = """
select models.model, campaigns.campaign_id, coalesce(sum(credits.share), 0)::double
from marts.unified_campaigns as campaigns
cross join marts.attribution_models as models
left join marts.attribution_credits as credits
    on credits.campaign_id = campaigns.campaign_id and credits.model = models.model
group by all order by all
"""


@dataclass(frozen=True)
class Agreement:
    """How a model ranks campaigns, beside how many deals each truly brought."""

    model: str
    rank_correlation: float
    """Spearman's, between shares of deals and deals caused, over all campaigns."""
    above: float
    """How often a campaign that brought deals stands above one that brought none; half by chance."""


def deals_caused(home: Path) -> dict[str, int]:
    """Campaign -> deals that its answers truly brought, by the key; campaigns without any have 0."""
    folder = home / "sandbox"
    with sqlite3.connect(folder / "answer_key.sqlite") as key:
        key.execute("attach ? as salesforce", (str(folder / "salesforce.sqlite"),))
        causes = key.execute(
            'select "CampaignId", caused_deal from touches '
            'join salesforce."CampaignMember" on "Id" = record_id where caused_deal is not null'
        ).fetchall()
    with duckdb.connect(str(home / "analytics.duckdb"), read_only=True) as published:  # noqa: TID251
        campaigns = dict(
            published.execute(
                "select campaign_id_salesforce, campaign_id from marts.unified_campaigns"
            ).fetchall()
        )
    caused: dict[str, set[int]] = {campaign: set() for campaign in campaigns.values()}
    for campaign, deal in causes:
        caused[campaigns[campaign]].add(deal)
    return {campaign: len(deals) for campaign, deals in caused.items()}


def agreements(home: Path) -> list[Agreement]:
    """A row per model, in its order of config."""
    caused = deals_caused(home)
    with duckdb.connect(str(home / "analytics.duckdb"), read_only=True) as published:  # noqa: TID251
        order = [
            m
            for (m,) in published.execute(
                "select model from marts.attribution_models order by position"
            ).fetchall()
        ]
        credited: dict[str, dict[str, float]] = {}
        for model, campaign, share in published.execute(_SHARES).fetchall():
            credited.setdefault(model, {})[campaign] = share
    found = []
    for model in order:
        names = sorted(caused)
        truth, ours = [caused[n] for n in names], [credited[model][n] for n in names]
        good = [o for o, t in zip(ours, truth, strict=True) if t]
        bad = [o for o, t in zip(ours, truth, strict=True) if not t]
        above = stats.mannwhitneyu(good, bad).statistic / (len(good) * len(bad)) if good and bad else 1.0
        found.append(Agreement(model, float(stats.spearmanr(ours, truth).statistic), float(above)))
    return found


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks attribution_truth")
    parser.add_argument("home", nargs="?", type=Path, help="var/ of a build; without it world S is built")
    with built("S", parser.parse_args(arguments).home) as home:
        caused, found = deals_caused(home), agreements(home)
    print(f"{sum(1 for deals in caused.values() if deals)} of {len(caused)} campaigns truly brought deals\n")
    print("| model | rank correlation | above |\n| --- | ---: | ---: |")
    for each in found:
        print(f"| {each.model} | {each.rank_correlation:.2f} | {each.above:.2f} |")
