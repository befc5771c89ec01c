"""`config/routing.yml`: which team takes a new lead. Rules are tried in order; the first match decides.

Belongs here: what the file may say, conditions compiled once. Who of the team gets the lead is decided in
`pipelines.decisions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from pipelines.errors import ConfigError
from pipelines.rules.conditions import compile_condition
from pipelines.rules.loader import Strict, load
from pipelines.rules.teams import Teams, load_teams


class RoutingRule(Strict):
    """One rule: a lead that meets `when` goes to `team`. Without `when`, every lead does."""

    name: str = Field(min_length=1)
    when: str = "true"
    team: str
    method: Literal["round-robin"] = "round-robin"

    @field_validator("when")
    @classmethod
    def _compiled(cls, value: str) -> str:
        return compile_condition(value)


class RoutingRules(Strict):
    """The whole file."""

    rules: tuple[RoutingRule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _distinct_names(self) -> RoutingRules:
        names = [rule.name for rule in self.rules]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two rules are called {name}")
        return self


@dataclass(frozen=True)
class Routing:
    """Rules and the teams they name."""

    rules: tuple[RoutingRule, ...]
    teams: Teams


def load_routing(config_dir: Path) -> Routing:
    """Read and validate `routing.yml` with `teams.yml`; a rule whose team is not there is an error."""
    rules = load(config_dir / "routing.yml", RoutingRules).rules
    teams = load_teams(config_dir)
    for rule in rules:
        if rule.team not in teams.teams:
            raise ConfigError(
                f"rule {rule.name} sends leads to team {rule.team}, which teams.yml does not have",
                where="routing.yml", remedy=f"use one of {', '.join(teams.teams)}, or add that team",
            )  # fmt: skip
    return Routing(rules, teams)
