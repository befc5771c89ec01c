"""Templates of dbt, each compiled once for each state of the project: kept beside the parsed one, like what
Python has compiled of its modules.

Belongs here: the kept file and what takes the place of dbt's `get_template`.
"""

from __future__ import annotations

import marshal
import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from pathlib import Path
from types import CodeType
from typing import Any

_MOST = 5_000
_known: dict[bytes, CodeType] = {}
_in_file: dict[Path, int] = {}
"""The file that is in use, and how many it has."""


def use(file: Path) -> None:
    """From now on, what this file has is not compiled."""
    if file in _in_file:
        return
    _known.clear()
    _in_file.clear()
    with suppress(OSError, EOFError, ValueError, TypeError):
        _known.update(marshal.loads(file.read_bytes()))  # noqa: S302 - written below, in a folder of ours
    _in_file[file] = len(_known)


def keep() -> None:
    """What was compiled since."""
    for file, already in _in_file.items():
        if len(_known) > already:
            part = file.with_suffix(f".{os.getpid()}.part")
            with suppress(OSError):
                part.write_bytes(marshal.dumps(dict(_known)))
                part.replace(file)
            _in_file[file] = len(_known)


def spare(put: Callable[..., None]) -> None:
    """All tests of one kind are the same template; each had an environment of Jinja's own."""
    import dbt.clients.jinja
    import dbt_common.clients.jinja
    from dbt_common.clients.jinja import catch_jinja, get_environment

    make = dbt.clients.jinja.get_template

    @cache
    def environment(native: bool) -> Any:
        return get_environment(native=native)

    def compiled(source: str, native: bool) -> CodeType:
        key = blake2b(f"{native} {source}".encode(), digest_size=16).digest()
        code = _known.get(key)
        if code is None:
            code = environment(native).compile(source)
            if len(_known) < _MOST:
                _known[key] = code
        return code

    def get(
        string: Any, ctx: Any, node: Any = None, capture_macros: bool = False, native: bool = False
    ) -> Any:
        if capture_macros:
            return make(string, ctx, node, capture_macros=True, native=native)
        of = environment(native)
        with catch_jinja(node):
            return of.template_class.from_code(of, compiled(str(string), native), of.make_globals(ctx), None)

    for module in (dbt.clients.jinja, dbt_common.clients.jinja):
        put(module, get_template=get)
