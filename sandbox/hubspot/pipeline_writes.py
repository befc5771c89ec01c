"""Pipelines and stages made, changed and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, answer
from sandbox.hubspot import errors, pipeline_audits, pipelines, requests

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

MOST_PIPELINES, MOST_STAGES = 100, 100
_NO_PIPELINES = ("contacts", "companies", "products", "line_items")


def routes(hubspot: HubSpot) -> list[Route]:
    area, one = "/crm/pipelines", "/{type}/{pipeline}"
    stage = one + "/stages/{stage}"
    return [
        *hubspot.versioned("POST", area, "/{type}", lambda call: _create(hubspot, call)),
        *hubspot.versioned("PATCH", area, one, lambda call: _update(hubspot, call)),
        *hubspot.versioned("PUT", area, one, lambda call: _replace(hubspot, call)),
        *hubspot.versioned("DELETE", area, one, lambda call: _delete(hubspot, call)),
        *hubspot.versioned("POST", area, one + "/stages", lambda call: _create_stage(hubspot, call)),
        *hubspot.versioned("PATCH", area, stage, lambda call: _update_stage(hubspot, call)),
        *hubspot.versioned("PUT", area, stage, lambda call: _replace_stage(hubspot, call)),
        *hubspot.versioned("DELETE", area, stage, lambda call: _delete_stage(hubspot, call)),
    ]


def _create(hubspot: HubSpot, call: Call) -> Response:
    kind, body = requests.kind_of(hubspot.portal, call), requests.body_of(call)
    if kind.plural in _NO_PIPELINES:
        raise errors.validation(call, f"Object type {kind.plural} has no pipelines")
    label, stages = _named(call, body), requests.objects_in(call, body, "stages")
    if not stages:
        raise errors.validation(call, "Some required fields were not set: [label, stages]")
    there = pipelines.listed(hubspot, kind.plural)
    if any(each["label"] == label for each in there):
        raise errors.error(call, 409, f"A pipeline named {label} already exists", "OBJECT_ALREADY_EXISTS")
    if len(there) >= MOST_PIPELINES:
        raise errors.validation(call, f"At most {MOST_PIPELINES} pipelines are allowed")
    pipeline = _next(hubspot, "pipelines")
    hubspot.store.db.execute(
        "insert into pipelines values (?, ?, ?, ?, 0, ?, ?)",
        (kind.plural, pipeline, label, _order(call, body), call.now, call.now),
    )
    for each in stages:
        _add_stage(hubspot, call, kind.plural, pipeline, each)
    _changed(hubspot, call, kind.plural, pipeline, "create", label)
    return answer(_shown(hubspot, kind.plural, pipeline), 201)


def _order(call: Call, body: dict[str, Any]) -> int:
    order = body.get("displayOrder", 0)
    if isinstance(order, bool) or not isinstance(order, int) or abs(order) > 1_000_000:
        raise errors.validation(call, "displayOrder must be a whole number")
    return int(order)


def _named(call: Call, body: dict[str, Any]) -> str:
    label = body.get("label")
    if not isinstance(label, str) or not label.strip():
        raise errors.validation(call, "Some required fields were not set: [label]")
    return label


def _next(hubspot: HubSpot, table: str) -> str:
    """A number of HubSpot's own for something new; those of what was deleted are not given again."""
    number = 790_000_000 + int(hubspot.store.value(f"select count(*) from {table}"))
    taken = f"select 1 from {table} where id = ? union select 1 from pipeline_audits where identifier = ?"
    while hubspot.store.value(taken, (str(number), str(number))):
        number += 1
    return str(number)


def _add_stage(hubspot: HubSpot, call: Call, plural: str, pipeline: str, wish: dict[str, Any]) -> str:
    label, metadata = _named(call, wish), wish.get("metadata")
    if not isinstance(metadata, dict):
        raise errors.validation(call, "a stage needs a label and metadata")
    count = hubspot.store.value(
        "select count(*) from stages where object = ? and pipeline = ?", (plural, pipeline)
    )
    if int(count) >= MOST_STAGES:
        raise errors.validation(call, f"At most {MOST_STAGES} stages are allowed in a pipeline")
    stage = _next(hubspot, "stages")
    closed, probability = _meaning(call, plural, metadata)
    hubspot.store.db.execute(
        "insert into stages values (?, ?, ?, ?, ?, ?, ?, 0, ?, ?)",
        (plural, pipeline, stage, label, _order(call, wish), probability, closed, call.now,
         call.now),
    )  # fmt: skip
    pipeline_audits.note(hubspot, call, plural, stage, "CREATE", wish)
    return stage


def _meaning(call: Call, plural: str, metadata: dict[str, Any]) -> tuple[bool, float | None]:
    """Whether a stage is closed, and a deal's probability in it."""
    if plural == "tickets":
        return str(metadata.get("ticketState", "OPEN")) == "CLOSED", None
    if plural == "deals":
        try:
            probability = float(metadata["probability"])
        except (KeyError, TypeError, ValueError):
            raise errors.validation(call, "a deal stage needs metadata.probability from 0.0 to 1.0") from None
        if not 0.0 <= probability <= 1.0:
            raise errors.validation(call, "a deal stage needs metadata.probability from 0.0 to 1.0")
        return probability in (0.0, 1.0), probability
    return str(metadata.get("isClosed", "false")).lower() == "true", None


def _known(hubspot: HubSpot, call: Call) -> tuple[str, str]:
    plural, pipeline = requests.kind_of(hubspot.portal, call).plural, call.params["pipeline"]
    if not hubspot.store.value(
        "select 1 from pipelines where object = ? and id = ? and archived = 0", (plural, pipeline)
    ):
        raise errors.not_found(call)
    return plural, pipeline


def _shown(hubspot: HubSpot, plural: str, pipeline: str) -> dict[str, Any]:
    return next(each for each in pipelines.listed(hubspot, plural) if each["id"] == pipeline)


def _changed(hubspot: HubSpot, call: Call, plural: str, pipeline: str, how: str, what: str) -> None:
    hubspot.portal.reload()
    call.records = 1
    call.change("pipelines", f"{plural}.{pipeline}", how, "label", None, what)
    pipeline_audits.note(hubspot, call, plural, pipeline, how.upper(), {"id": pipeline, "label": what})


def _set(hubspot: HubSpot, call: Call, plural: str, pipeline: str, body: dict[str, Any]) -> None:
    values: dict[str, Any] = {"updated": call.now}
    if "label" in body:
        values["label"] = _named(call, body)
    if "displayOrder" in body:
        values["display_order"] = _order(call, body)
    sets = ", ".join(f"{column} = ?" for column in values)
    hubspot.store.db.execute(
        f"update pipelines set {sets} where object = ? and id = ?", (*values.values(), plural, pipeline)
    )


def _update(hubspot: HubSpot, call: Call) -> Response:
    plural, pipeline = _known(hubspot, call)
    body = requests.body_of(call)
    _set(hubspot, call, plural, pipeline, body)
    _changed(hubspot, call, plural, pipeline, "update", str(body.get("label") or pipeline))
    return answer(_shown(hubspot, plural, pipeline))


def _replace(hubspot: HubSpot, call: Call) -> Response:
    """Label, order and all stages anew; a stage that records stand in does not go."""
    plural, pipeline = _known(hubspot, call)
    body = requests.body_of(call)
    label, stages = _named(call, body), requests.objects_in(call, body, "stages")
    if not stages:
        raise errors.validation(call, "Some required fields were not set: [stages]")
    for each in _shown(hubspot, plural, pipeline)["stages"]:
        if _in_use(hubspot, plural, ("dealstage", "hs_pipeline_stage"), each["id"]):
            raise errors.error(call, 409, f"Stage {each['id']} still has records", "CONFLICT")
    hubspot.store.db.execute("delete from stages where object = ? and pipeline = ?", (plural, pipeline))
    _set(hubspot, call, plural, pipeline, {"displayOrder": body.get("displayOrder", 0), "label": label})
    for each in stages:
        _add_stage(hubspot, call, plural, pipeline, each)
    _changed(hubspot, call, plural, pipeline, "update", label)
    return answer(_shown(hubspot, plural, pipeline))


def _in_use(hubspot: HubSpot, plural: str, names: tuple[str, ...], value: str) -> bool:
    """Whether a record stands in a pipeline or stage."""
    return any(
        hubspot.store.value(
            f'select 1 from "{plural}" where archived = 0 and json_extract(props, ?) = ? limit 1',
            (f'$."{name}"', value),
        )
        for name in names
    )


def _delete(hubspot: HubSpot, call: Call) -> Response:
    plural, pipeline = _known(hubspot, call)
    if _in_use(hubspot, plural, ("pipeline", "hs_pipeline"), pipeline):
        raise errors.error(call, 409, f"Pipeline {pipeline} still has records", "CONFLICT")
    hubspot.store.db.execute("delete from stages where object = ? and pipeline = ?", (plural, pipeline))
    hubspot.store.db.execute("delete from pipelines where object = ? and id = ?", (plural, pipeline))
    _changed(hubspot, call, plural, pipeline, "delete", pipeline)
    return Response(status_code=204)


def _create_stage(hubspot: HubSpot, call: Call) -> Response:
    plural, pipeline = _known(hubspot, call)
    stage = _add_stage(hubspot, call, plural, pipeline, requests.body_of(call))
    _changed(hubspot, call, plural, pipeline, "update", f"stage {stage}")
    return answer(_stage(hubspot, call, plural, pipeline, stage), 201)


def _stage(hubspot: HubSpot, call: Call, plural: str, pipeline: str, stage: str) -> dict[str, Any]:
    for each in _shown(hubspot, plural, pipeline)["stages"]:
        if each["id"] == stage:
            found: dict[str, Any] = each
            return found
    raise errors.not_found(call)


def _update_stage(hubspot: HubSpot, call: Call) -> Response:
    return _change_stage(hubspot, call, requests.body_of(call))


def _replace_stage(hubspot: HubSpot, call: Call) -> Response:
    body = requests.body_of(call)
    if not isinstance(body.get("metadata"), dict):
        raise errors.validation(call, "Some required fields were not set: [metadata]")
    return _change_stage(hubspot, call, {"displayOrder": 0, "label": None} | body)


def _change_stage(hubspot: HubSpot, call: Call, body: dict[str, Any]) -> Response:
    plural, pipeline = _known(hubspot, call)
    stage = call.params["stage"]
    _stage(hubspot, call, plural, pipeline, stage)
    values: dict[str, Any] = {"updated": call.now}
    if "label" in body:
        values["label"] = _named(call, body)
    if "displayOrder" in body:
        values["display_order"] = _order(call, body)
    if isinstance(body.get("metadata"), dict):
        values["is_closed"], values["probability"] = _meaning(call, plural, body["metadata"])
    sets = ", ".join(f"{column} = ?" for column in values)
    hubspot.store.db.execute(
        f"update stages set {sets} where object = ? and pipeline = ? and id = ?",
        (*values.values(), plural, pipeline, stage),
    )
    pipeline_audits.note(hubspot, call, plural, stage, "UPDATE", body)
    _changed(hubspot, call, plural, pipeline, "update", f"stage {stage}")
    return answer(_stage(hubspot, call, plural, pipeline, stage))


def _delete_stage(hubspot: HubSpot, call: Call) -> Response:
    plural, pipeline = _known(hubspot, call)
    stage = call.params["stage"]
    _stage(hubspot, call, plural, pipeline, stage)
    if _in_use(hubspot, plural, ("dealstage", "hs_pipeline_stage"), stage):
        raise errors.error(call, 409, f"Stage {stage} still has records", "CONFLICT")
    hubspot.store.db.execute(
        "delete from stages where object = ? and pipeline = ? and id = ?", (plural, pipeline, stage)
    )
    pipeline_audits.note(hubspot, call, plural, stage, "DELETE", {"id": stage})
    _changed(hubspot, call, plural, pipeline, "update", f"stage {stage} deleted")
    return Response(status_code=204)
