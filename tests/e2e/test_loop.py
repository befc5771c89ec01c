"""`make build` as a promise: it ends in an empty second plan, goes on after a kill, writes nothing twice."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from pathlib import Path

import pytest

from pipelines.settings import PROJECT_ROOT, Settings
from tests.e2e.conftest import PRODUCTION, Built, build_command, is_of, run_build
from tests.e2e.marts import one, query, snapshot
from tests.e2e.stores import CRMS, writes
from tests.fixtures import nursery
from tests.fixtures.few_models import untested

pytestmark = pytest.mark.loop

MARTS = {
    "unified_leads": (),
    "unified_accounts": (),
    "opportunities": (),
    "attribution_touchpoints": (),
    "attribution_credits": (),
}


def test_the_build_ends_with_nothing_left_to_change(built_once: Built) -> None:
    assert "Second plan: nothing left to change" in built_once.output
    assert one(built_once.home, "select count(*) from marts.unified_leads") > 200
    assert one(built_once.home, "select count(*) from ops.journal where state = 'confirmed'") > 500
    assert one(built_once.home, "select count(*) from ops.journal where state <> 'confirmed'") == 0


def test_what_was_confirmed_is_what_the_sandbox_stored(built_once: Built) -> None:
    # A data extension's keys are one whatever their case; its store keeps them in lower case.
    stored = {
        (w.vendor, w.object, w.record_id.lower(), w.field): w.after
        for w in writes(built_once.home, *CRMS, "marketing_cloud")
    }
    journal = query(
        built_once.home,
        "select vendor, object, lower(record_id), field, after_value from ops.journal "
        "where coalesce(action_key, '') = ''",
    )
    missing = [row for row in journal if row[:4] not in stored]
    assert not missing
    assert len(journal) == len({row[:4] for row in journal})


def test_a_second_build_is_incremental_and_writes_nothing(built_once: Built, settled_once: Built) -> None:
    assert "Second plan: nothing left to change" in settled_once.output
    assert len(writes(settled_once.home, *CRMS)) == len(writes(built_once.home, *CRMS))


@pytest.mark.kill
def test_killed_at_any_moment_it_ends_in_the_same_marts_and_writes_nothing_twice(
    built_once: Built, tmp_path: Path
) -> None:
    home = Path(shutil.copytree(built_once.killed, tmp_path / "var"))  # amid the refresh, and now:
    untested(Settings(home=home, config_dir=PROJECT_ROOT / "config"))
    kill_after(home, "plan")
    last = run_build(home)
    assert last.exit_code == 0, last.output

    stored = Counter(writes(home, *CRMS))
    assert [change for change, times in stored.items() if times > 1] == []
    for mart in MARTS:
        assert snapshot(home, mart) == snapshot(built_once.home, mart), mart


def kill_after(home: Path, step: str) -> None:
    """SIGKILL the build when this step's line has appeared, a moment into the step after it."""
    command = build_command(home)
    with nursery.running(command.args[1:], command.env) as child:
        seen = ""
        for line in child.output:
            seen += line
            if is_of(step, line):
                break
        else:
            pytest.fail(f"the build ended before {step}:\n{seen}")
        time.sleep(0.3)
        child.killed()


def test_with_production_hosts_in_the_environment_nothing_is_sent_to_them(built_once: Built) -> None:
    """It is the build that all tests look at; see there."""
    assert built_once.heard == ()
    said = built_once.output + "".join(log.read_text() for log in (built_once.home / "logs").glob("*.jsonl"))
    for secret in (
        PRODUCTION["HUBSPOT_TOKEN"],
        PRODUCTION["SALESFORCE_CLIENT_SECRET"],
        "production.my.salesforce.com",
    ):
        assert secret not in said
