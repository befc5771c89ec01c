"""What campaign_members.yml may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import ConfigError
from pipelines.rules.campaign_members import load_campaign_members
from pipelines.settings import PROJECT_ROOT


def test_the_project_s_own_file_fills_no_campaign() -> None:
    assert load_campaign_members(PROJECT_ROOT / "config").members == ()


def test_a_team_without_the_file_has_no_such_memberships(tmp_path: Path) -> None:
    assert load_campaign_members(tmp_path).members == ()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{campaign: c, status: Sent}", "name a form or a list"),
        ("{form: f, list: l, campaign: c, status: Sent}", "name a form or a list"),
        ("{form: f, campaign: c, status: Won}", "status Won of form f is not in order"),
        ("{form: f, campaign: c, status: Sent, removed: Left}", "nobody leaves a form"),
    ],
)
def test_a_line_that_makes_no_sense_is_named(tmp_path: Path, line: str, problem: str) -> None:
    (tmp_path / "campaign_members.yml").write_text(f"members:\n  - {line}\n")
    with pytest.raises(ConfigError, match=problem):
        load_campaign_members(tmp_path)
