"""Modules that are imported when something of them is asked for, which may be never.

Belongs here: what stands in their place until then. Python's own `LazyLoader` takes being imported by name,
and a look through all modules for the file of a function (dlt's), for asking.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

_LOOKED_AT = frozenset({"__file__", "__spec__", "__loader__", "__warningregistry__"})
"""What is looked at in every module that there is, and has to do with nothing in it."""


def when_asked_for(name: str) -> None:
    """From now on `import name` imports nothing yet, where the module is there and not imported already."""
    if name in sys.modules or find_spec(name) is None:
        return
    module = sys.modules[name] = _Later(name)
    parent, _, last = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], last, module)


class _Later(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name in _LOOKED_AT:
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)
