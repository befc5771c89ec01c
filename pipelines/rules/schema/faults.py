"""What a name or a file may not be, whichever part of the model it is of; each fault says file and line.

Belongs here: faults of one name or file by itself. What parts mean to each other is `checks`.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from pipelines.errors import ConfigError
from pipelines.rules.schema import limits

if TYPE_CHECKING:
    from pipelines.rules.schema.load import Model

_API = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*")
_PACKAGED = re.compile(r"[A-Za-z]\w*?__\w+?__c")
_PROPERTY = re.compile(r"[a-z][a-z0-9_]*")


def fault(what: str, where: str, remedy: str = "mend that line") -> ConfigError:
    return ConfigError(what, where=where, remedy=remedy)


def api_name(name: str, where: str) -> None:
    """An API name of Salesforce, with its ending."""
    stem = name.removesuffix("__c")
    if not name.endswith("__c"):
        raise fault(f"{name} does not end with __c", where)
    if _PACKAGED.fullmatch(name):
        raise fault(f"Salesforce takes no name {name}: what stands before two underscores is an installed "
                    "package, whose maker alone changes it", where, "take it out of the file")  # fmt: skip
    if not _API.fullmatch(stem):
        raise fault(f"Salesforce takes no name {name}: letters, digits and single underscores, a letter "
                    "first and no underscore last", where)  # fmt: skip
    if len(stem) > limits.LONGEST_API_NAME:
        raise fault(f"{name} is longer than the {limits.LONGEST_API_NAME} characters Salesforce keeps",
                    where, "say salesforce: with a shorter one")  # fmt: skip
    if stem.lower() in limits.SALESFORCE_RESERVED:
        raise fault(f"{name} would be taken for Salesforce's own {stem}", where, "take another name")


def property_name(name: str, where: str) -> None:
    if not _PROPERTY.fullmatch(name) or len(name) > limits.LONGEST_PROPERTY:
        raise fault(f"HubSpot takes no property named {name}: lower-case letters, digits and underscores, "
                    f"{limits.LONGEST_PROPERTY} at most", where)  # fmt: skip
    if name.startswith(limits.HUBSPOT_RESERVED_PREFIXES) or name in limits.HUBSPOT_RESERVED:
        raise fault(f"{name} is a name HubSpot keeps for itself", where, "take another name")


def developer(name: str, where: str, most: int = limits.LONGEST_DEVELOPER_NAME) -> None:
    if not _API.fullmatch(name) or len(name) > most:
        raise fault(f"Salesforce takes no name {name}: letters, digits and single underscores, "
                    f"{most} at most", where)  # fmt: skip


def file(model: Model, name: str, where: str, *, is_json: bool = False) -> None:
    path = model.folder / name
    if name in model.coming:
        return
    if not path.is_file():
        raise fault(f"{name} is not there", where, f"put the file into {model.folder.name}/")
    if is_json:
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (json.JSONDecodeError, UnicodeDecodeError):
            found = None
        if not isinstance(found, dict):
            raise fault(f"{name} holds no JSON object", where, "mend the file")
