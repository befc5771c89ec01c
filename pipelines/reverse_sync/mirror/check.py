"""Do the mappings hold in the CRMs as they are: what `crm mappings check` shows and every run asks first.

Belongs here: loading, asking, resolving. What is looked for is in `resolve` and `fit`.
"""

from __future__ import annotations

from dataclasses import replace

from pipelines.reverse_sync.extensions import check as extensions
from pipelines.reverse_sync.mirror import metadata
from pipelines.reverse_sync.mirror.findings import refuse
from pipelines.reverse_sync.mirror.metadata import Metadata
from pipelines.reverse_sync.mirror.resolve import Resolved, objects_of, resolve
from pipelines.rules.fields import load_fields
from pipelines.rules.mappings import load_mappings
from pipelines.rules.syncs import load_syncs
from pipelines.settings import Settings

NOTHING = Metadata()


def check(settings: Settings) -> Resolved:
    """Every pair and finding, from the vendors' live metadata. One call an object that is mapped."""
    mappings = load_mappings(settings.config_dir)
    asked = metadata.ask(settings, objects_of(mappings))
    found = resolve(mappings, asked, load_syncs(settings.config_dir), load_fields(settings.config_dir))
    more = (*extensions.findings(settings), *extensions.of_syncs(settings))
    return replace(found, findings=(*found.findings, *more))


def described(settings: Settings) -> Metadata | None:
    """The metadata of every mapped object, None when nothing is mapped. Raises ConfigError for an error."""
    refuse(extensions.findings(settings))
    mappings = load_mappings(settings.config_dir)
    if not mappings:
        return None
    asked = metadata.ask(settings, objects_of(mappings))
    config = settings.config_dir
    refuse(resolve(mappings, asked, load_syncs(config), load_fields(config)).findings)
    return asked
