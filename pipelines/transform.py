"""dbt in this process: one call builds one stage of the project in the work file.

Belongs here: which models a stage is, the kept manifest (parsing is most of what dbt costs) and progress. How
nodes came out is in `dbt_results`. What the models say is in `dbt_project`; nothing else imports dbt but
`dbt_cores`, `dbt_costs`, `dbt_nodes`, `dbt_starts` and `dbt_templates`, which make it cheaper, and the
warehouse, which closes its connections.
"""

from __future__ import annotations

import gc
import hashlib
import json
import logging
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from graphlib import TopologicalSorter
from importlib.metadata import version
from pathlib import Path
from threading import Thread
from typing import Any, Literal, NamedTuple

from pipelines import dbt_cores, dbt_costs, dbt_nodes, dbt_starts, dbt_templates, versions
from pipelines.dbt_results import NodeResult, brief, nodes_of, raise_for, sentence
from pipelines.errors import CrmError
from pipelines.identity import kept as matching
from pipelines.locking import FileLock
from pipelines.run import Progress, Run, silent
from pipelines.settings import PROJECT_ROOT, Settings
from pipelines.timing import fixed_cost
from pipelines.warehouse import Warehouse

log = logging.getLogger(__name__)

Stage = Literal["marts", "desired", "activity"]
DBT_PROJECT = PROJECT_ROOT / "dbt_project"
_SOURCE_SUFFIXES = (".sql", ".py", ".yml")
_PARSING_SECONDS = 300.0  # to wait for another process that has begun with it
_DUE = re.compile(
    r"in \((?:\s*select due\.owner from incremental\.\w+ as due\s*|/\* due \*/.*?/\* due \*/)\)", re.DOTALL
)
"""How an incremental model asks for what it works out (the macros `is_due` and `may_be_due`)."""
_ROWS_DUE = re.compile(r"/\* rows \*/.*?/\* rows \*/", re.DOTALL)  # the macro `is_row_due`
_OWNED_DUE = re.compile(r"/\* owned \*/.*?/\* owned \*/", re.DOTALL)  # the macro `is_owner_due`
_parsing: dict[Path, Thread] = {}
"""By dbt target: who parses the project for the first time while something else is waited for."""

# What depends on the journal is built again when it grows; what depends on decisions, after they are taken.
_SELECTION: dict[Stage, tuple[str, ...]] = {
    "marts": ("--exclude", "tag:desired", "tag:activity"),
    "desired": ("--select", "tag:desired", "tag:activity"),
    "activity": ("--select", "tag:activity"),
}


@dataclass(frozen=True, kw_only=True)
class BuildResult:
    """`models` and `tests` count what ran; `warnings` are sentences. A failure is raised, not returned."""

    stage: Stage
    models: int
    tests: int
    warnings: tuple[str, ...]
    seconds: float
    nodes: tuple[NodeResult, ...]


def build(
    warehouse: Warehouse,
    settings: Settings,
    run: Run,
    stage: Stage,
    progress: Progress = silent,
    *,
    only: Sequence[str] = (),
    full: bool = False,
    tests: bool = True,
) -> BuildResult:
    """Build and test one stage in the work file. The caller holds the lock and has written schema `rules`.

    `only` these models instead of the whole stage; `full`: incremental models forget what they hold; without
    `tests` data tests are left out. Raises CrmError when a model cannot be built, GateFailed when a test of
    severity error finds rows.
    """
    started = time.monotonic()
    manifest = load_manifest(settings)
    # What is desired is small, and steps that come after add to it: it is made each time.
    is_built = _is_of_marts if stage == "marts" and not only else None
    with versions.kept(warehouse, manifest, code_hash(), is_built) as known, warehouse.dbt() as work_file:
        dbt_nodes.lend(manifest, known)
        done = invoke(
            ["build", "--use-fast-test-edges", "--exclude-resource-type", "unit_test",
             *(() if tests else ("--exclude-resource-type", "test")), "--indirect-selection", "buildable",
             *(("--select", *only) if only else _SELECTION[stage]), *(("--full-refresh",) if full else ())],
            settings, work_file=work_file, manifest=manifest, on_event=_reporter(progress),
        )  # fmt: skip
    nodes = nodes_of(done, manifest)
    for node in nodes:
        if node.status in ("error", "fail"):
            log.error("dbt %s: %s", node.unique_id, node.message)
    log.info(
        "dbt stage %s of run %s: %d nodes in %.1f s", stage, run.id, len(nodes), time.monotonic() - started
    )
    raise_for(done, nodes)
    return BuildResult(
        stage=stage,
        models=sum(n.kind == "model" for n in nodes),
        tests=sum(n.kind == "test" for n in nodes),
        warnings=tuple(sentence(n) for n in nodes if n.status == "warn"),
        seconds=time.monotonic() - started,
        nodes=nodes,
    )


def _is_of_marts(node: Any) -> bool:
    return not {"desired", "activity"} & set(node.tags)


def run_unit_tests(settings: Settings, warehouse: Warehouse) -> tuple[NodeResult, ...]:
    """The project's unit tests, in a work file that has every model: for the test suite."""
    manifest = load_manifest(settings)
    with warehouse.dbt() as work_file:
        done = invoke(
            ["test", "--select", "test_type:unit"], settings, work_file=work_file, manifest=manifest
        )
    if done.exception is not None:
        raise done.exception
    return nodes_of(done, manifest)


def compiled_models(
    settings: Settings, warehouse: Warehouse, only: Sequence[str] = ()
) -> tuple[tuple[str, str, str], ...]:
    """What dbt would run for the marts, or for `only` these models, in order: (relation, table or view, SQL);
    no models in Python, and incremental ones for all owners."""
    manifest = load_manifest(settings)
    selection = ("--select", *only) if only else _SELECTION["marts"]
    with warehouse.dbt() as work_file:
        done = invoke(["compile", *selection], settings, work_file=work_file, manifest=manifest)
    if done.exception is not None:
        raise done.exception
    nodes = [result.node for result in done.result.results]
    return tuple(
        (
            f"{node.schema}.{node.alias}",
            dbt_nodes.left_by(node.config),
            _of_everybody(node.compiled_code),
        )
        for node in nodes
        if node.resource_type == "model" and node.language == "sql"
    )


def _of_everybody(sql: str) -> str:
    """As the macro of that name: an incremental model's SQL for all owners."""
    return _DUE.sub("is not null", _OWNED_DUE.sub("true", _ROWS_DUE.sub("", sql))).replace(
        " as materialized (", " as not materialized ("
    )


class Model(NamedTuple):
    """A model as the project has it, for those who ask what depends on what."""

    name: str
    folder: tuple[str, ...]
    is_sql: bool
    needs: frozenset[str]
    """Names of models, and of sources as `schema.table`."""


def models(settings: Settings) -> dict[str, Model]:
    """Every model of the project by its name, in an order in which each comes after what it needs."""
    manifest = load_manifest(settings)
    names = {key: f"{each.schema}.{each.name}" for key, each in manifest.sources.items()}
    names |= {key: node.name for key, node in manifest.nodes.items() if node.resource_type == "model"}
    found = {
        node.name: Model(
            node.name, tuple(node.fqn[1:-1]), node.language == "sql",
            frozenset(names[key] for key in node.depends_on.nodes if key in names),
        )
        for node in manifest.nodes.values() if node.resource_type == "model"
    }  # fmt: skip
    order = TopologicalSorter({name: model.needs & found.keys() for name, model in found.items()})
    return {name: found[name] for name in order.static_order()}


def code_hash() -> str:
    """Of everything that shapes a table here: the dbt project, the matching and the attribution it calls, and
    the libraries that spell for them."""
    called = (_sources(PROJECT_ROOT / "pipelines" / each) for each in ("attribution", "identity"))
    return f"{_hash_of(_sources(DBT_PROJECT), *called)} {matching.code()}"


def parse_ahead(settings: Settings) -> None:
    """Where nothing was ever parsed, begin with it in a thread: a first extract mostly waits."""
    target = settings.paths.dbt_target
    if target not in _parsing and not any(_kept_in(settings).glob("manifest-*.msgpack")):
        _parsing[target] = Thread(target=_parse_quietly, args=(settings,), name="dbt parse", daemon=True)
        _parsing[target].start()


def _parse_quietly(settings: Settings) -> None:
    """Whoever needs the project finds it, or parses it and is told what is wrong."""
    with suppress(CrmError):
        _load_or_parse(settings)


def load_manifest(settings: Settings) -> Any:
    """The parsed project: kept for all homes of this environment, made again when a file differs."""
    with fixed_cost("dbt"):
        ahead = _parsing.pop(settings.paths.dbt_target, None)
        if ahead is not None:
            ahead.join()
        return _load_or_parse(settings)


def _kept_in(settings: Settings) -> Path:
    """Beside the packages, like what Python has compiled of them; in the home where those are not ours."""
    if os.access(sys.prefix, os.W_OK):
        return Path(sys.prefix) / "share" / "crm"
    return settings.paths.dbt_target


def _load_or_parse(settings: Settings) -> Any:
    from dbt.cli.main import dbtRunner  # noqa: F401 - what invoke needs, counted here
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    key = _manifest_key()
    kept = _kept_in(settings) / f"manifest-{key}.msgpack"
    if kept.parent != settings.paths.dbt_target:  # a home may come from elsewhere, and this is code
        dbt_templates.use(kept.with_name(f"templates-{key}.marshal"))
    own = settings.paths.dbt_target / kept.name  # of this home alone
    kept = own if own.exists() else kept
    with suppress(FileNotFoundError):  # who parses another state of the project clears this one away
        return Manifest.from_msgpack(kept.read_bytes(), decoder=extended_mashumuro_decoder)
    lock = FileLock(kept.with_name("parsing.lock"), "the dbt project is being parsed by")
    with lock.held("crm", wait_seconds=_PARSING_SECONDS):
        if not kept.exists():
            return _parse(settings, kept)
        return Manifest.from_msgpack(kept.read_bytes(), decoder=extended_mashumuro_decoder)


def _parse(settings: Settings, kept: Path) -> Any:
    from dbt.parser.manifest import extended_mashumaro_encoder

    done = invoke(["parse"], settings, work_file=settings.paths.work, manifest=None)
    if done.exception is not None or not done.success:
        raise CrmError(
            f"the dbt project cannot be parsed: {brief(str(done.exception))}", where="dbt_project",
            remedy="mend what the message names",
        )  # fmt: skip
    for old in (*kept.parent.glob("manifest-*.msgpack"), *kept.parent.glob("templates-*.marshal")):
        old.unlink(missing_ok=True)
    part = kept.with_suffix(".part")
    part.write_bytes(done.result.to_msgpack(extended_mashumaro_encoder))
    part.replace(kept)
    return done.result


def _manifest_key() -> str:
    from dbt.version import get_installed_version

    of = f"{code_hash()} {DBT_PROJECT} {get_installed_version()} {version('jinja2')} {sys.version}"
    return hashlib.sha256(of.encode()).hexdigest()[:16]


def invoke(
    command: list[str],
    settings: Settings,
    *,
    work_file: Path,
    manifest: Any,
    on_event: Callable[[Any], None] | None = None,
    write_json: bool = False,
) -> Any:
    """One dbt invocation that prints nothing, writes nothing into the tree and calls nobody."""
    from dbt.cli.main import dbtRunner

    dbt_costs.spare()
    runner = dbtRunner(manifest=manifest, callbacks=[on_event] if on_event else [])
    together, alone = Warehouse.threads(work_file), Warehouse.threads(work_file, at_once=1)
    with dbt_starts.beginning(manifest), dbt_cores.shared(together, alone):
        done = runner.invoke(
            [
                "--quiet", "--no-print", "--no-use-colors", "--log-level", "none", "--log-level-file", "none",
                "--log-path", str(settings.paths.dbt_target), "--no-send-anonymous-usage-stats",
                "--no-version-check", "--write-json" if write_json else "--no-write-json",
                "--no-partial-parse", "--cache-selected-only",
                *command,
                "--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT),
                "--target-path", str(settings.paths.dbt_target), "--vars",
                json.dumps(_opened_as(work_file)),
            ]
        )  # fmt: skip
    dbt_templates.keep()
    if not done.success:
        # from Python 3.13 on what a model raised lies in a cycle with its cursor, which keeps the file open
        gc.collect()
    return done


def _opened_as(work_file: Path) -> dict[str, str | int]:
    """What `profiles.yml` asks for."""
    return {
        "work_file": str(work_file), "memory_limit": Warehouse.memory(), "cores": Warehouse.threads(work_file)
    }  # fmt: skip


def _reporter(progress: Progress) -> Callable[[Any], None]:
    """Tell of each node as it ends, with its place among all."""
    ended = 0

    def on_event(event: Any) -> None:
        nonlocal ended
        if event.info.name == "NodeFinished":
            ended += 1
            progress(event.data.node_info["node_name"], ended, None)

    return on_event


def _sources(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.suffix in _SOURCE_SUFFIXES)


def _hash_of(*groups: Iterator[Path]) -> str:
    digest = hashlib.sha256()
    for paths in groups:
        for path in paths:
            digest.update(path.relative_to(PROJECT_ROOT).as_posix().encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()
