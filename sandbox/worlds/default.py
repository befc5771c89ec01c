"""The default world: one seeded business, told to both CRMs and to Marketing Cloud, with its answer key.

A world of several regions is filled by two processes at once, one a half; what HubSpot's needs of
Salesforce's records goes through a pipe. Both draw the same business, so the result is that of one process.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import queue
import threading
from multiprocessing.connection import Connection
from pathlib import Path

from sandbox import times
from sandbox.worlds import answer_key, business, hubspot_half
from sandbox.worlds.hubspot_half import HubSpotHalf
from sandbox.worlds.loading import filled
from sandbox.worlds.progress import Progress
from sandbox.worlds.region import Records, regions
from sandbox.worlds.salesforce_half import SalesforceHalf

NOW = times.parse("2026-06-30T12:00:00Z")
QUIET = times.HOUR
"""Nothing happens in the hour before the world begins, so nothing stands at the edge of a reader's window."""
FOUNDED = NOW - 900 * times.DAY
_AHEAD = 4
"""Regions that Salesforce's half may be ahead of HubSpot's."""


class HalfFailed(Exception):
    """Half of a world could not be made; one sentence."""


def create(home: Path, size: str, seed: int, progress: Progress) -> None:
    """Make the stores and the answer key."""
    people = business.SIZES[size]
    progress(f"drawing a business of {people} people")
    if people > business.REGION:
        _at_once(home, size, seed, progress)
    else:
        _in_turn(home, size, seed, progress)
    answer_key.append(home / answer_key.FILE, home / hubspot_half.ANSWERS)


def _in_turn(home: Path, size: str, seed: int, progress: Progress) -> None:
    (region,) = regions(seed, size, NOW - QUIET)
    told: list[Records] = []
    progress(f"filling Salesforce: {len(region.members)} campaign members, {len(region.tasks)} tasks")
    with filled(home / "salesforce.sqlite") as (store, indexes):
        salesforce = SalesforceHalf(home, store, indexes, seed, FOUNDED)
        salesforce.add(region, told.append)
        salesforce.finish()
    people, deals = region.business.people, region.business.deals
    progress(f"filling HubSpot: {sum(p.in_hubspot for p in people)} people, {len(deals)} deals")
    with (
        filled(home / "hubspot.sqlite") as (store, indexes),
        filled(home / "marketing_cloud.sqlite") as (marketing, _),
    ):
        half = HubSpotHalf(home, store, indexes, marketing, seed, FOUNDED)
        half.add(region, told[0])
        half.finish()


def _at_once(home: Path, size: str, seed: int, progress: Progress) -> None:
    context = multiprocessing.get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    other = context.Process(target=_fill_hubspot, args=(home, size, seed, theirs), daemon=True)
    other.start()
    theirs.close()
    waiting: queue.Queue[Records | None] = queue.Queue(_AHEAD)
    sender = threading.Thread(target=_send, args=(waiting, ours), daemon=True)
    sender.start()
    done = 0
    try:
        with filled(home / "salesforce.sqlite") as (store, indexes):
            half = SalesforceHalf(home, store, indexes, seed, FOUNDED)
            for region in regions(seed, size, NOW - QUIET):
                half.add(region, waiting.put)
                done += len(region.business.people)
                progress(f"Salesforce has {done} people")
                if other.exitcode is not None:
                    break
            half.finish()
    except BaseException:
        other.terminate()
        raise
    finally:
        waiting.put(None)
        other.join()
        sender.join()
    if other.exitcode != 0:
        raise HalfFailed("the process that fills HubSpot ended before its time; what it said stands above")


def _send(waiting: queue.Queue[Records | None], pipe: Connection) -> None:
    """Hand records over as the other process takes them; when it is gone, take and drop the rest."""
    with pipe:
        while (records := waiting.get()) is not None:
            try:
                pipe.send(records)
            except OSError:
                continue


def _fill_hubspot(home: Path, size: str, seed: int, told: Connection) -> None:
    """The other process. It ends by itself when the first one is gone."""
    gc.disable()  # as in the first one: see `create`
    try:
        with (
            filled(home / "hubspot.sqlite") as (store, indexes),
            filled(home / "marketing_cloud.sqlite") as (marketing, _),
        ):
            half = HubSpotHalf(home, store, indexes, marketing, seed, FOUNDED)
            for region in regions(seed, size, NOW - QUIET, with_members=False):
                half.add(region, told.recv())
            half.finish()
    except EOFError:
        os._exit(1)
