"""A route that costs next to nothing until its address is asked for.

Belongs here: how an address is compared with what is served. A vendor has hundreds of routes, and a request
is compared with one after the other: the text that an address begins with tells nearly all of them apart, so
a pattern is made when first needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import Any

from starlette.convertors import Convertor
from starlette.routing import Match, Route, compile_path
from starlette.types import Scope


class Address(Route):
    """An address with and without a slash at its end, for one method. `any_case`: capitals do not matter."""

    def __init__(self, path: str, endpoint: Callable[..., Any], method: str, *, any_case: bool) -> None:
        # Route's own would make the pattern at once.
        self.path, self.endpoint, self.app, self.name = path, endpoint, endpoint, path
        self.methods: set[str] = {method, "HEAD"} if method == "GET" else {method}
        self.include_in_schema = True
        self._fold = str.lower if any_case else str
        self._beginning = self._fold(path.partition("{")[0])

    @cached_property
    def _pattern(self) -> tuple[re.Pattern[str], dict[str, Convertor[Any]]]:
        pattern, _, convertors = compile_path(self.path)
        return (
            re.compile(pattern.pattern, re.IGNORECASE) if self._fold is str.lower else pattern
        ), convertors

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http" or not self._fold(scope["path"]).startswith(self._beginning):
            return Match.NONE, {}
        pattern, convertors = self._pattern
        found = pattern.match(scope["path"]) or pattern.match(scope["path"].removesuffix("/"))
        if found is None:
            return Match.NONE, {}
        named = {name: convertors[name].convert(value) for name, value in found.groupdict().items()}
        child = {"endpoint": self.endpoint, "path_params": {**scope.get("path_params", {}), **named}}
        return (Match.FULL if scope["method"] in self.methods else Match.PARTIAL), child
