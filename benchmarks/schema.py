"""Planning objects as code: 50 objects and 2,000 fields against the sandbox, in seconds and calls.

Twice: while nothing is there, and when everything is (made by an apply, whose time is told too).
"""

from __future__ import annotations

import argparse
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from cli.sandbox_process import connected, running
from pipelines.schema import run
from pipelines.settings import PROJECT_ROOT, Settings, load_settings
from sandbox.worlds.create import Wish, open_home

_TYPES = (
    "type: text, length: 80", "type: number, digits: 12, decimals: 2", "type: date", "type: checkbox",
    "type: picklist, values: [low, medium, high]", "type: currency", "type: email", "type: datetime",
)  # fmt: skip


def model(objects: int, fields: int, *, furnished: bool = False) -> str:
    """A file of so many objects with so many fields each, one of them a key, each leading to a company;
    `furnished`: each with a pipeline and a rule, which HubSpot tells object by object."""
    lines = [f"editions: {{hubspot_objects: {objects}}}", "objects:"]
    for n in range(objects):
        lines += [f"  thing_{n}:", f"    label: Thing {n}", f"    plural: Things {n}", "    key: code"]
        key = "{label: Code, type: text, length: 40, unique: true, external_id: true}"
        lines += ["    fields:", f"      code: {key}"]
        lines += [f"      f_{m}: {{label: F {m}, {_TYPES[m % len(_TYPES)]}}}" for m in range(1, fields)]
        lines += ["    relationships:", "      company: {to: company, label: Company}"]
        if furnished:
            lines += ["    pipelines:", "      life: {label: Life, stages: [{label: New}, {label: Done}]}"]
            lines += ["    validations:"]
            lines += ["      long: {hubspot: {field: code, rule: MIN_LENGTH, arguments: ['2']}}"]
    return "\n".join(lines) + "\n"


def measure(settings: Settings) -> None:
    began = time.perf_counter()
    described = run.load(settings.config_dir)
    print(f"| reading and checking the file | {time.perf_counter() - began:.2f} | 0 | |")
    with run.opened(settings) as session:
        began = time.perf_counter()
        plan = run.plan(session, described)
        told = f"{len(plan.actions):,} to make"
        print(f"| plan, nothing there | {time.perf_counter() - began:.2f} | {plan.calls} | {told} |")
        before, began = session.calls, time.perf_counter()
        applied = run.apply(session, described, plan)
        took = time.perf_counter() - began
        print(f"| apply | {took:.2f} | {session.calls - before} | {len(applied.done):,} made |")
    with run.opened(settings) as session:
        began = time.perf_counter()
        plan = run.plan(session, described)
        told = f"{plan.unchanged:,} as they should be, {len(plan.actions)} to do"
        print(f"| plan, everything there | {time.perf_counter() - began:.2f} | {plan.calls} | {told} |")


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks schema")
    parser.add_argument("--objects", type=int, default=50)
    parser.add_argument("--fields", type=int, default=40, help="of each object")
    parser.add_argument("--furnished", action="store_true", help="each with a pipeline and a rule")
    wish = parser.parse_args(list(arguments))
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary) / "var"
        open_home(home / "sandbox", Wish("default", "XS"), lambda _: None)
        with sqlite3.connect(home / "sandbox" / "hubspot.sqlite") as store:
            store.execute("insert or replace into meta values ('custom_object_limit', '1000')")
        config = Path(temporary) / "config"
        shutil.copytree(PROJECT_ROOT / "config", config)
        (config / "custom_objects.yml").write_text(model(wish.objects, wish.fields, furnished=wish.furnished))
        with running(home / "sandbox", "default", size="XS") as ready:
            environment = {"CRM_HOME": str(home), "CRM_CONFIG": str(config)}
            settings = connected(load_settings(environment, dotenv=home / "none", vendors=False), ready)
            print(f"\n{wish.objects} objects, {wish.objects * wish.fields:,} fields\n")
            print("| what | s | calls | |\n| --- | --- | --- | --- |")
            measure(settings)
