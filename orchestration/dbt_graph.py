"""dbt's models and tests as Dagster assets and asset checks, from the kept manifest.

Belongs here: naming and grouping. The models are built by `pipelines.transform`, not by a dbt process of
Dagster's, so only dagster-dbt's translation of specs is used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator

from orchestration import keys
from pipelines.settings import Settings
from pipelines.transform import Stage, load_manifest

GROUPS: Mapping[Stage, str] = {
    "marts": keys.TRANSFORM,
    "desired": keys.DECIDE,  # what a record should be follows from decisions, so the picture goes one way
    "activity": keys.ACTIVATE,
}
HIDDEN_SCHEMAS = {"rules"}  # config as tables: drawn as arrows to every model they would say nothing


class Translator(DagsterDbtTranslator):  # type: ignore[misc]  # dagster-dbt is not typed for strict mypy
    """Our names: `[schema, table]`, the model's own description, our owners."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        name = dbt_resource_props.get("alias") or dbt_resource_props.get("identifier")
        return dg.AssetKey([dbt_resource_props["schema"], name or dbt_resource_props["name"]])

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return str(dbt_resource_props.get("description") or "")

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return GROUPS[stage_of(dbt_resource_props)]

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        return {}


def manifest(settings: Settings) -> Mapping[str, Any]:
    """The kept manifest: those parts of dbt's manifest.json that dagster-dbt reads."""
    parsed = load_manifest(settings)
    parsed.build_parent_and_child_maps()
    return {
        "metadata": {"adapter_type": "duckdb"},
        "nodes": {key: node.to_dict(omit_none=False) for key, node in parsed.nodes.items()},
        "sources": {key: node.to_dict(omit_none=False) for key, node in parsed.sources.items()},
        "parent_map": parsed.parent_map,
        "child_map": parsed.child_map,
    }


@dataclass(frozen=True)
class Models:
    """The models of one stage and the tests on them."""

    specs: tuple[dg.AssetSpec, ...]
    checks: tuple[dg.AssetCheckSpec, ...]
    unique_ids: Mapping[dg.AssetCheckKey, str]


def stage_of(node: Mapping[str, Any]) -> Stage:
    """The stage of `pipelines.transform.build` that builds a node."""
    tags = node.get("tags") or ()
    return "activity" if "activity" in tags else "desired" if "desired" in tags else "marts"


def models(manifest: Mapping[str, Any], stage: Stage) -> Models:
    """Specs of every model of a stage, and of its data tests. Unit tests are of the build, not of tables."""
    translator = Translator()
    specs, checks, ids = [], [], {}
    for unique_id, node in _of_stage(manifest, stage):
        spec = translator.get_asset_spec(manifest, unique_id, None)
        specs.append(_ours(spec, node))
        for test_id, check in _checks_of(manifest, unique_id, spec.key):
            checks.append(check)
            ids[check.key] = test_id
    return Models(_in_order(specs), tuple(checks), ids)


def _in_order(specs: Iterable[dg.AssetSpec]) -> tuple[dg.AssetSpec, ...]:
    """Upstream first: Dagster wants the assets of one step told in that order."""
    by_key = {spec.key: spec for spec in specs}
    upstream = {key: [dep.asset_key for dep in spec.deps] for key, spec in by_key.items()}
    return tuple(by_key[key] for key in TopologicalSorter(upstream).static_order() if key in by_key)


def _of_stage(manifest: Mapping[str, Any], stage: Stage) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for unique_id, node in sorted(manifest["nodes"].items()):
        if node["resource_type"] == "model" and stage_of(node) == stage:
            yield unique_id, node


def _checks_of(
    manifest: Mapping[str, Any], unique_id: str, asset: dg.AssetKey
) -> Iterator[tuple[str, dg.AssetCheckSpec]]:
    """The data tests that belong to a model, named by what they ask: dbt's own names do not fit a screen."""
    children = (child for child in manifest["child_map"].get(unique_id, ()) if child.startswith("test."))
    tests = {child: manifest["nodes"][child] for child in sorted(children)}
    mine = {child: node for child, node in tests.items() if _model_of(node) == unique_id}
    taken = Counter(_short_name(node) for node in mine.values())
    for child, node in mine.items():
        short = _short_name(node)
        yield (
            child,
            dg.AssetCheckSpec(
                short if taken[short] == 1 else node["name"],
                asset=asset,
                description=node.get("description") or f"dbt test {node['name']}",
                blocking=(node["config"].get("severity") or "error").lower() == "error",
            ),
        )


def _model_of(test: Mapping[str, Any]) -> str:
    """The model a test is written at; a test in a file of its own belongs to the first it reads."""
    attached: str | None = test.get("attached_node")
    return attached or min(test["depends_on"]["nodes"], default="")


def _short_name(test: Mapping[str, Any]) -> str:
    """`key`, `accepted_values_channel`, or the name of a test in a file of its own."""
    generic = (test.get("test_metadata") or {}).get("name")
    column = test.get("column_name")
    return "_".join(part for part in (generic, column) if part) if generic else str(test["name"])


def _ours(spec: dg.AssetSpec, node: Mapping[str, Any]) -> dg.AssetSpec:
    """Without what dagster-dbt needs to start dbt itself, and without arrows from config."""
    deps = [dep for dep in spec.deps if dep.asset_key.path[0] not in HIDDEN_SCHEMAS]
    kinds = {"dbt", "duckdb"} | ({"python"} if node.get("language") == "python" else set())
    return keys.spec(
        spec.key,
        str(spec.group_name),
        kinds,
        spec.description or "",
        deps=deps,
        code_version=spec.code_version,
    )
