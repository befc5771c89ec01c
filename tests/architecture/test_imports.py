"""Who imports whom: the contracts in pyproject.toml, and the doors that have one place only."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from pipelines.settings import PROJECT_ROOT
from tests.architecture.conftest import modules, named

HEAVY = ("dagster", "dbt", "dlt", "great_expectations", "pandas")
ONE_PLACE = {
    ("os", "environ"): {"pipelines/settings.py"},
    ("os", "getenv"): set(),
    ("duckdb", "connect"): {"pipelines/warehouse.py"},
}


def test_the_contracts_of_import_linter_hold():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=PROJECT_ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("door", "places"), ONE_PLACE.items(), ids=lambda value: ".".join(sorted(value)))
def test_some_doors_have_one_place(door, places):
    allowed = {"benchmarks", "sandbox"} if door[0] == "os" else {"benchmarks"}
    users = {named(path) for path in modules() if door in attributes(path)}
    assert {user for user in users if user.split("/")[0] not in allowed} <= places


@cache
def attributes(path: Path) -> set[tuple[str, str]]:
    """Every `name.attribute` in a module."""
    return {
        (node.value.id, node.attr)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }


@pytest.mark.parametrize(
    ("heavy", "places"),
    [
        ("great_expectations", ("expectations/",)),
        ("dagster", ("orchestration/",)),
        ("dagster_dbt", ("orchestration/",)),
        ("dlt", ("pipelines/sources/", "benchmarks/")),
        (
            "dbt",
            (
                *(f"pipelines/dbt_{of}.py" for of in ("cores", "costs", "nodes", "starts", "templates")),
                "pipelines/transform.py",
                "pipelines/warehouse.py",
            ),
        ),
    ],
)
def test_a_framework_is_known_in_one_place(heavy, places):
    users = [named(path) for path in modules() if heavy in imported(path)]
    assert [user for user in users if not user.startswith(places)] == []


@cache
def imported(path: Path) -> set[str]:
    """Top-level packages that a module imports, wherever in it the import stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("package", ["hubspot", "salesforce", "marketing_cloud", "pages"])
def test_a_sandbox_starts_without_what_few_worlds_use(package):
    for path in (PROJECT_ROOT / "sandbox" / package).rglob("*.py"):
        at_start = ast.parse(path.read_text()).body
        names = {alias.name for node in at_start if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module for node in at_start if isinstance(node, ast.ImportFrom)}
        assert not names & {"httpx", "jinja2"}, path


@pytest.mark.parametrize("command", [["--help"], ["--version"]])
def test_help_imports_nothing_heavy(command):
    code = (
        "import sys\n"
        "from cli.main import main\n"
        f"sys.argv = ['crm', *{command!r}]\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print(sorted(set({HEAVY!r}) & sys.modules.keys()), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
    )
    assert done.stderr.strip().splitlines()[-1] == "[]", done.stderr
