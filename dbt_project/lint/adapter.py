"""What dbt calls `adapter`, as far as sqlfluff must know it to lint a model without dbt.

Belongs here: stand-ins for linting. Nothing here runs in a build.
"""

from __future__ import annotations

from collections.abc import Callable


def dispatch(name: str) -> Callable[..., str]:
    """An expression in the place of an engine's own; its text is linted nowhere."""

    def render(*arguments: object) -> str:
        return f"{name}({', '.join(str(argument) for argument in arguments)})"

    return render
