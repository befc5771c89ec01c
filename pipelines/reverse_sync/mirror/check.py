"""Do the mappings hold in the CRMs as they are: what `crm mappings check` shows and every run asks first.

Belongs here: loading, asking, resolving. What is looked for is in `resolve` and `fit`.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from pipelines.clients.errors import ClientError
from pipelines.reverse_sync.extensions import check as extensions
from pipelines.reverse_sync.mirror import metadata
from pipelines.reverse_sync.mirror.findings import Finding, refuse
from pipelines.reverse_sync.mirror.metadata import Metadata
from pipelines.reverse_sync.mirror.resolve import Resolved, objects_of, resolve
from pipelines.rules.fields import load_fields
from pipelines.rules.mappings import load_mappings
from pipelines.rules.syncs import load_syncs
from pipelines.settings import Settings

NOTHING = Metadata()
log = logging.getLogger(__name__)


def check(settings: Settings) -> Resolved:
    """Every pair and finding, from the vendors' live metadata. One call an object that is mapped."""
    mappings = load_mappings(settings.config_dir)
    asked = metadata.ask(settings, objects_of(mappings))
    found = resolve(mappings, asked, load_syncs(settings.config_dir), load_fields(settings.config_dir))
    more = (*extensions.findings(settings), *extensions.of_syncs(settings))
    return replace(found, findings=(*found.findings, *more))


def _of_extensions(settings: Settings) -> list[Finding]:
    """What is found of data extensions; nothing where Marketing Cloud does not let us in. The extract says
    so, leaves it out and goes on with the CRMs, and rows are written nowhere until it does."""
    try:
        return extensions.findings(settings)
    except ClientError as error:
        log.warning("data extensions are not looked at: %s", error)
        return []


def described(settings: Settings) -> Metadata | None:
    """The metadata of every mapped object, None when nothing is mapped. Raises ConfigError for an error."""
    refuse(_of_extensions(settings))
    mappings = load_mappings(settings.config_dir)
    if not mappings:
        return None
    asked = metadata.ask(settings, objects_of(mappings))
    config = settings.config_dir
    refuse(resolve(mappings, asked, load_syncs(config), load_fields(config)).findings)
    return asked
