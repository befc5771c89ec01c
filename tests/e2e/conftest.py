"""The loop as people run it: `crm build` in a process of its own, once for all workers, and copies of it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pipelines.settings import KNOWN, PREFIXES, PROJECT_ROOT, Settings
from tests.e2e.trap import trap
from tests.fixtures import nursery
from tests.fixtures.few_models import cut_off
from tests.fixtures.once import once

CRM = str(Path(sys.executable).parent / "crm")
PRODUCTION = {
    "HUBSPOT_URL": "https://api.hubapi.com",
    "HUBSPOT_TOKEN": "pat-na1-production-token",
    "HUBSPOT_ENVIRONMENT": "production",
    "SALESFORCE_URL": "https://production.my.salesforce.com",
    "SALESFORCE_CLIENT_ID": "production-client",
    "SALESFORCE_CLIENT_SECRET": "production-secret",
    "SALESFORCE_ENVIRONMENT": "production",
    "CRM_WRITE": "on",
}
"""Connections that a build must leave alone."""


@dataclass(frozen=True)
class Built:
    """What a build left: its home (`var/`), what it printed and its exit code."""

    home: Path
    output: str
    exit_code: int
    heard: tuple[str, ...] = ()
    """What was said to hosts that are not on this machine."""

    @property
    def killed(self) -> Path:
        """The home as a kill would have left it amid the refresh."""
        return self.home.with_name("killed")

    @property
    def published(self) -> Path:
        """The home when all was read and published, and nothing written to a CRM."""
        return self.home.with_name("published")


Build = Callable[..., Built]
PEOPLE = (
    "sync_hubspot__contacts", "existing_hubspot__contacts", "sync_salesforce__leads",
    "existing_salesforce__leads", "sync_salesforce__contacts", "existing_salesforce__contacts",
    "coexisting_fields", "int_account_members", "int_campaign_members", "int_opportunity_members",
    "int_person_consents", "int_subscribers",
)  # fmt: skip
"""What the fields of people are written from, and what their pairs are found by."""
WRITTEN = (
    "reverse_sync", "attribution_touchpoints", "campaign_reviews", "deal_changes", "handoffs",
    "identity_aliases", "identity_links", "int_sales_contacts", "lead_response_times", "open_leads",
    "opportunities", "stage_history", "subscribers", "unified_accounts", "stg_hubspot__meeting_links",
)  # fmt: skip
"""What anything is decided or written from; reports are not."""


class Command(NamedTuple):
    """How `crm build` is called: arguments and environment."""

    args: list[str]
    env: dict[str, str]


def command_for(home: Path, *arguments: str, env: dict[str, str] | None = None) -> Command:
    """`crm` on this home, with none of the connections of the machine the tests run on."""
    kept = {k: v for k, v in os.environ.items() if k not in KNOWN and not k.startswith(PREFIXES)}
    return Command([CRM, *arguments], {**kept, "CRM_HOME": str(home), "COLUMNS": "200", **(env or {})})


def environment(ready: dict[str, Any]) -> dict[str, str]:
    """The sandbox as the connections of a command."""
    return {
        "HUBSPOT_URL": ready["hubspot"]["url"], "HUBSPOT_TOKEN": ready["hubspot"]["token"],
        "SALESFORCE_URL": ready["salesforce"]["url"],
        "SALESFORCE_CLIENT_ID": ready["salesforce"]["client_id"],
        "SALESFORCE_CLIENT_SECRET": ready["salesforce"]["client_secret"],
    }  # fmt: skip


def build_command(home: Path, *arguments: str, env: dict[str, str] | None = None) -> Command:
    """`crm build`, of the smallest world and at full speed unless arguments say otherwise."""
    return command_for(home, "build", *(arguments or ("--size", "XS", "--no-limits")), env=env)


def run_build(home: Path, *arguments: str, env: dict[str, str] | None = None) -> Built:
    """Build to the end, in a process whose start is spared."""
    return _forked(home, build_command(home, *arguments, env=env))


def crm(home: Path, *arguments: str, env: dict[str, str] | None = None) -> Built:
    """Any command to its end, in a process whose start is spared."""
    return _forked(home, command_for(home, *arguments, env=env))


def _forked(home: Path, command: Command) -> Built:
    return Built(home, *nursery.crm(command.args[1:], command.env))


def run_whole_build(
    home: Path, *, env: dict[str, str] | None = None, copies: Mapping[str, Path] | None = None
) -> Built:
    """Build to the end as people do, its start included. `copies`, by step: where to copy the home when the
    step's line has appeared, with what a kill at that moment would leave."""
    said, left = "", dict(copies or {})
    with started(home, env=env) as child:
        assert child.stdout is not None
        for line in child.stdout:
            said += line
            for step in [step for step in left if is_of(step, line)]:
                child.send_signal(signal.SIGSTOP)
                shutil.copytree(home, left.pop(step))
                child.send_signal(signal.SIGCONT)
        assert not left, said
        return Built(home, said, child.wait())


@contextmanager
def started(home: Path, *, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """`crm build` in a process of its own."""
    command = build_command(home, env=env)
    with subprocess.Popen(
        command.args, env=command.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL, text=True,
    ) as child:  # fmt: skip
        try:
            yield child
        finally:
            child.kill()


def is_of(step: str, line: str) -> bool:
    """Whether this is the line of a build that says what came of this step."""
    return f" {step} " in line[:20]


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Built:
    """One build of the smallest seeded world, production in its environment. Read it, do not change it.
    Beside it lie copies from amid it."""

    def make(folder: Path) -> bytes:
        with trap() as (proxy, heard):
            proxies = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"), proxy)
            env = {**PRODUCTION, **proxies, "NO_PROXY": "127.0.0.1,localhost"}
            copies = {"check marts": folder / "killed", "publish": folder / "published"}
            built = run_whole_build(folder / "var", env=env, copies=copies)
        assert built.exit_code == 0, built.output
        _lighten(built.home)
        return json.dumps([built.output, [each.decode(errors="replace") for each in heard]]).encode()

    folder, kept = once(tmp_path_factory, worker_id, "built", make)
    output, heard = json.loads(kept)
    return Built(folder / "var", output, 0, tuple(heard))


@pytest.fixture(scope="session")
def settled_once(built_once: Built, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Built:
    """That build and one more, which has read what the first wrote: a run on a copy of it works out what a
    test does and no more. Read it, do not change it."""

    def make(folder: Path) -> bytes:
        shutil.copytree(built_once.home, folder / "var")
        again = run_build(folder / "var")
        assert again.exit_code == 0, again.output
        _lighten(again.home)
        return again.output.encode()

    folder, output = once(tmp_path_factory, worker_id, "settled", make)
    return Built(folder / "var", output.decode(), 0)


def begun(built: Path, folder: Path, models: Collection[str]) -> Path:
    """A copy of a build for a scenario that asks for these models alone, by name or schema: whatever they
    are not made of stays as it was built."""
    home = Path(shutil.copytree(built, folder / "var"))
    cut_off(Settings(home=home, config_dir=PROJECT_ROOT / "config"), models)
    return home


def _lighten(home: Path) -> None:
    """Without a thousand files that only say what dbt did."""
    for name in ("compiled", "run"):
        shutil.rmtree(home / "dbt" / name, ignore_errors=True)


@pytest.fixture
def built(built_once: Built, tmp_path: Path) -> Built:
    """A copy of that build, to be changed at will."""
    home = tmp_path / "var"
    shutil.copytree(built_once.home, home)
    return Built(home, built_once.output, built_once.exit_code)
