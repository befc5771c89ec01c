"""`crm schema plan`, `apply` and `diff` from end to end: both CRMs asked, compared, done.

Belongs here: the order of things over both CRMs. The parts are `plan`, `apply` and the two vendors' folders.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from pipelines.errors import CrmError, UsageError
from pipelines.rules.schema.load import Model, load_model
from pipelines.rules.schema.renames import ObjectRename, Rename, lookup_renames, object_renames, renames
from pipelines.rules.syncs import Vendor
from pipelines.run import Progress, silent
from pipelines.schema import apply as applying
from pipelines.schema import plan as planning
from pipelines.schema import renaming
from pipelines.schema.apply import Applied
from pipelines.schema.drift import Drift, drift_of
from pipelines.schema.hubspot import objects as hubspot_objects
from pipelines.schema.hubspot import read as hubspot_read
from pipelines.schema.items import Beside, Wanted, beside
from pipelines.schema.plan import Action, Plan
from pipelines.schema.renaming_objects import VerifiedObject, verify_object
from pipelines.schema.salesforce import objects as salesforce_objects
from pipelines.schema.salesforce import permission_set
from pipelines.schema.salesforce import read as salesforce_read
from pipelines.schema.salesforce.deploy import Deploy
from pipelines.schema.session import Session as Session
from pipelines.schema.session import opened as opened
from pipelines.state import schema as kept


def load(config_dir: Path) -> Model:
    """The model. Raises ConfigError before anything is called."""
    return load_model(config_dir)


def read(session: Session, model: Model) -> None:
    """Ask both CRMs for what the model wants and for what was made before."""
    wanted: dict[Vendor, Wanted] = {}
    if session.hubspot is not None:
        wanted["hubspot"] = hubspot_objects.wanted(model)
    if session.salesforce is not None:
        wanted["salesforce"] = salesforce_objects.wanted(model)
    session.wanted = wanted
    for vendor, each in wanted.items():
        made = [(kind, name) for kind, name, _ in _made_anywhere(session, vendor)]
        if vendor == "hubspot":
            assert session.hubspot is not None
            session.live[vendor] = hubspot_read.live(session.hubspot, each, made)
        else:
            assert session.salesforce is not None
            session.live[vendor] = salesforce_read.live(session.salesforce, each, made)


def _made_anywhere(session: Session, vendor: Vendor) -> list[kept.Row]:
    with session.state.reading() as reading:
        return [row for org in kept.orgs(reading, vendor) for row in kept.made(reading, vendor, org)]


def _made(session: Session, vendor: Vendor) -> list[kept.Row]:
    with session.state.reading() as reading:
        return kept.made(reading, vendor, session.live[vendor].org)


def _beside(session: Session, vendor: Vendor) -> Beside:
    with session.state.reading() as reading:
        return kept.beside(reading, vendor, session.live[vendor].org)


def plan(session: Session, model: Model, *, only: Collection[str] = ()) -> Plan:
    """What differs. `only`: objects or `object.field`, by the CRM's name or the file's."""
    before = session.calls
    read(session, model)
    plans = []
    for vendor, live in session.live.items():
        made = _made(session, vendor)
        if vendor == "salesforce":
            session.wanted[vendor] = permission_set.keeping(session.wanted[vendor], live, made)
        plans.append(planning.compare(session.wanted[vendor], live, made, _beside(session, vendor)))
    whole = planning.together(plans)
    if only:
        whole.actions = _selected(whole.actions, only)
    whole.actions = _fitted(session, whole.actions)
    renamed = {(each.vendor, each.old_name): each for each in [*renames(model), *lookup_renames(model)]}
    named, named_objects = renaming.named_by(model.folder), renaming.objects_named_by(model.folder)
    objects = object_renames(model)
    in_use = (_in_use(action, named, named_objects) for action in whole.actions)
    whole.actions = [_counted(session, _taken_over(session, objects, each), renamed) for each in in_use]
    whole.calls = session.calls - before
    return whole


def _fitted(session: Session, actions: Sequence[Action]) -> list[Action]:
    """Rights to what is there or is made; what may go is there until it goes."""
    if "salesforce" not in session.wanted:
        return list(actions)
    staying = [a for a in actions if a.operation != "destroy"]
    found = permission_set.fitted(staying, session.wanted["salesforce"], session.live["salesforce"])
    return [*found, *(a for a in actions if a.operation == "destroy")]


def _selected(actions: Sequence[Action], only: Collection[str]) -> list[Action]:
    """The actions that are meant, and with any field at Salesforce the rights to it."""
    named = {each.lower() for each in only}
    found = [a for a in actions if a.name.lower() in named or a.item.of.lower() in named]
    if not found:
        raise UsageError(
            f"nothing is planned for {', '.join(sorted(only))}", where="crm schema",
            remedy="see crm schema plan for the names; what is not in the model is not made",
        )  # fmt: skip
    rights = ("permission set", "permission")
    if any(a.item.vendor == "salesforce" for a in found):
        found += [a for a in actions if a.item.kind in rights and a not in found]
    return found


def _taken_over(session: Session, listed: Sequence[ObjectRename], action: Action) -> Action:
    """An object that another takes over from: it goes when it is named, and how far it is copied is said."""
    if action.operation != "destroy" or action.item.kind != "object":
        return action
    rename = next((r for r in listed if (r.vendor, r.old) == (action.item.vendor, action.name)), None)
    found = verify_object(session, rename, listed) if rename is not None else None
    if rename is None or found is None:
        return action
    copied = f"{found.said} to {rename.new}"
    more = "; crm schema backfill copies them" if found.differing else ""
    return replace(action, loses=f"all its records: {copied}{more}")


def _in_use(
    action: Action, named: Mapping[renaming.Place, str], named_objects: Mapping[tuple[str, str], str]
) -> Action:  # fmt: skip
    """What a mapping or a sync still speaks of does not go: they are switched first."""
    here = named_objects.get((action.item.vendor, action.name.lower()))
    if action.operation == "destroy" and action.item.kind == "object" and here is not None:
        return replace(action, impossible=f"{here} still names it")
    owner, _, field = action.name.lower().partition(".")
    place = (action.item.vendor, owner, field)
    if action.operation != "destroy" or action.item.kind not in ("field", "property") or place not in named:
        return action
    return replace(action, impossible=f"{named[place]} still names it")


def _counted(
    session: Session, action: Action, renamed: Mapping[tuple[Vendor, str], Rename]
) -> Action:  # fmt: skip
    """How many records would lose something, where the CRM can be asked. What is copied is not lost."""
    if not action.loses or not action.asks or action.impossible:
        return action
    rename = renamed.get((action.item.vendor, action.name))
    verified = renaming.verify(session, rename) if rename is not None else None
    if rename is not None and verified is not None:
        if not verified.differing:
            return replace(action, loses="")
        return replace(action, loses=f"{verified.sentence.partition(': ')[2]} to {rename.new}; "
                                     "crm schema backfill copies them")  # fmt: skip
    owner, _, name = action.asks.partition(".")
    if action.item.vendor == "hubspot" and session.hubspot is not None:
        raw = session.live["hubspot"].raw.get(("hubspot", "object", owner)) or {}
        rows = hubspot_read.losing_rows(session.hubspot, str(raw.get("objectTypeId") or owner), name)
    elif session.salesforce is not None:
        rows = salesforce_read.losing_rows(session.salesforce, owner, name)
    else:
        rows = None
    if rows is None:
        return action
    if rows == 0:
        return replace(action, loses="")
    records = "1 record has" if rows == 1 else f"{rows:,} records have"
    return replace(action, loses=f"{action.loses}; {records} a value")


def check(
    session: Session, model: Model, whole: Plan, allowed: Collection[str] = ()
) -> dict[str, int] | None:
    """Let Salesforce check what would be deployed; percent covered by name, None when nothing would be."""
    if session.salesforce is None:
        return None
    actions = [a for a in whole.doable(allowed) if a.item.vendor == "salesforce"]
    actions = permission_set.fitted(actions, session.wanted["salesforce"], session.live["salesforce"])
    deploy = applying.make_deploy(actions, session.wanted["salesforce"], model.schema.test_level)
    if deploy is None:
        return None
    return applying.check_salesforce(session.salesforce, deploy, session.clock)


def apply(
    session: Session, model: Model, whole: Plan, *, allowed: Collection[str] = (),
    progress: Progress = silent,
) -> Applied:  # fmt: skip
    """Do what a plan may do: checked at Salesforce first, then done at HubSpot, then at Salesforce, whatever
    became of the other."""
    if whole.problems:
        raise CrmError(whole.problems[0], where="crm schema", remedy="make room, or plan less")
    doable = whole.doable(allowed)
    applied = Applied()
    at_salesforce = [a for a in doable if a.item.vendor == "salesforce"]
    deploy = None
    if session.salesforce is not None:
        wanted, live = session.wanted["salesforce"], session.live["salesforce"]
        at_salesforce = permission_set.fitted(at_salesforce, wanted, live)
        deploy = applying.make_deploy(at_salesforce, session.wanted["salesforce"], model.schema.test_level)
        if deploy is not None:
            progress("salesforce: checking the deploy", 0, len(doable))
            applied.coverage = applying.check_salesforce(session.salesforce, deploy, session.clock)
    at_hubspot = [a for a in doable if a.item.vendor == "hubspot"]
    failed: list[CrmError] = []
    for part in (
        partial(_at_hubspot, session, at_hubspot, applied, progress),
        partial(_at_salesforce, session, deploy, at_salesforce, applied, progress),
    ):
        try:
            part()
        except CrmError as error:  # neither CRM waits for the other
            failed.append(error)
    _adopt(session, applied.done)
    if failed:
        of = len([*at_hubspot, *at_salesforce])
        raise applying.standing(failed, applied.done, of, under_way=_under_way(session)) from failed[0]
    return applied


def _at_hubspot(session: Session, actions: Sequence[Action], applied: Applied, progress: Progress) -> None:
    if session.hubspot is not None and actions:
        live = session.live["hubspot"]
        applying.apply_hubspot(session.hubspot, live, actions, session.state, applied.done, progress)


def _at_salesforce(
    session: Session, deploy: Deploy | None, actions: Sequence[Action], applied: Applied, progress: Progress
) -> None:
    """The deploy, then the rights to what it made."""
    if session.salesforce is None:
        return
    org = session.live["salesforce"].org
    if deploy is not None:
        progress("salesforce: deploying", len(applied.done), len(applied.done) + len(actions))
        applied.done += applying.apply_salesforce(
            session.salesforce, deploy, actions, session.state, org, session.clock
        )
    for action in actions:
        if action.item.kind == "permission":
            applying.give_rights(session.salesforce, action, session.state, org)
            applied.done.append(action)


def _adopt(session: Session, done: Sequence[Action]) -> None:
    """What is there as the model has it is the model's from now on: a later change of it is seen as drift,
    and what comes to a standard object that the model adds to."""
    changed = {action.item.key for action in done}
    for vendor, wanted in session.wanted.items():
        live = session.live[vendor]
        same = [i for i in wanted.items if i.key in live.items and live.items[i.key].content == i.content
                and i.key not in changed]  # fmt: skip
        standing = {item.key for item in wanted.items} | live.items.keys()
        over = [
            (kind, name) for kind, name, _ in _made(session, vendor) if (vendor, kind, name) not in standing
        ]
        with session.state.writing() as writing:
            for kind, name in over:  # neither meant nor there
                kept.forget(writing, vendor, live.org, kind, name)
            kept.keep(writing, vendor, live.org, [(i.kind, i.name, i.content) for i in same])
            kept.keep_beside(writing, vendor, live.org, beside(wanted, live))


def _under_way(session: Session) -> bool:
    with session.state.reading() as reading:
        return kept.has_open_deploys(reading)


def settle(session: Session) -> int:
    """Find out what became of a deploy that an earlier apply began."""
    if session.salesforce is None:
        return 0
    if not _under_way(session):
        return 0
    org = session.salesforce.identity().org_id
    return applying.settle_open_deploys(session.salesforce, session.state, org, session.clock)


def diff(session: Session, model: Model) -> Drift:
    """What people have changed by hand since the last apply, and what the model has and no CRM has yet."""
    read(session, model)
    found = Drift()
    for vendor, wanted in session.wanted.items():
        live = session.live[vendor]
        found.add(drift_of(wanted, live, _made(session, vendor), _beside(session, vendor)))
    return found


def verify(
    session: Session, model: Model, progress: Progress = silent
) -> list[renaming.Verified | VerifiedObject]:
    """What of each rename of the model is copied by now, asked of the CRMs."""
    objects = object_renames(model)
    whole = (verify_object(session, each, objects, progress) for each in objects)
    single = (renaming.verify(session, each, progress) for each in [*renames(model), *lookup_renames(model)])
    found: list[renaming.Verified | VerifiedObject] = [each for each in whole if each is not None]
    return found + [each for each in single if each is not None]
