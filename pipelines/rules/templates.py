"""`config/templates/*.j2`: what messages, tasks and context packages say. Jinja, sandboxed.

Belongs here: reading the files and refusing what a text has no need of: calls, imports, names that nothing
gives. A first line `subject: ...` is the subject. What a template is told is put together in
`pipelines.decisions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pipelines.errors import ConfigError

SUFFIX = ".j2"
NAMES = frozenset(
    {
        "person", "account", "owner", "previous_owner", "manager", "team", "rule", "reason", "trigger",
        "score", "stage", "history", "deals", "deal", "next_step", "meeting_link", "links", "due_at",
        "warning", "waited", "handoff", "automation", "items", "now",
    }
)  # fmt: skip
"""What a template may speak of."""
_REFUSED: tuple[tuple[type[nodes.Node], str], ...] = (
    (nodes.Call, "calls something"),
    (nodes.Import, "imports something"),
    (nodes.FromImport, "imports something"),
    (nodes.Include, "includes something"),
    (nodes.Extends, "extends something"),
    (nodes.Macro, "defines a macro"),
)
_ENVIRONMENT = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=False,
    autoescape=False,
    finalize=lambda value: "" if value is None else value,
)
_CANNOT_FILL = (
    TemplateError,
    TypeError,
    ValueError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
)


@dataclass(frozen=True)
class Rendered:
    subject: str
    body: str


@dataclass(frozen=True)
class Templates:
    """Every template by name, checked."""

    texts: Mapping[str, str]

    def has(self, name: str) -> bool:
        return name in self.texts

    def has_subject(self, name: str) -> bool:
        return bool(_parts(self.texts[name])[0])

    def render(self, name: str, said: Mapping[str, Any]) -> Rendered:
        """Raises ConfigError when a value is missing that the template needs."""
        subject, body = self._compiled[name]
        known = dict.fromkeys(NAMES) | dict(said)
        try:
            return Rendered(" ".join(subject.render(known).split()), body.render(known).strip())
        except _CANNOT_FILL as error:
            raise ConfigError(
                f"template {name} cannot be filled: {error}",
                where=f"templates/{name}{SUFFIX}",
                remedy="mend it",
            ) from None

    @cached_property
    def _compiled(self) -> dict[str, tuple[Template, Template]]:
        found = {}
        for name, text in self.texts.items():
            subject, body = _parts(text)
            found[name] = (_ENVIRONMENT.from_string(subject), _ENVIRONMENT.from_string(body))
        return found


def load_templates(config_dir: Path) -> Templates:
    """Read and check every template; a team's folder need not have any."""
    folder = config_dir / "templates"
    texts = {
        path.name.removesuffix(SUFFIX): path.read_text(encoding="utf-8")
        for path in sorted(folder.glob(f"*{SUFFIX}"))
    }
    for name, text in texts.items():
        _check(name, text)
    return Templates(texts)


def _check(name: str, text: str) -> None:
    file = f"templates/{name}{SUFFIX}"
    try:
        tree = _ENVIRONMENT.parse(text)
    except TemplateError as error:
        line = getattr(error, "lineno", 1)
        raise ConfigError(
            f"template {name}: {error}", where=f"{file} line {line}", remedy="mend that line"
        ) from None
    for kind, what in _REFUSED:
        for node in tree.find_all(kind):
            raise ConfigError(
                f"template {name} {what}, which a text has no need of", where=f"{file} line {node.lineno}",
                remedy="name values and use filters only",
            )  # fmt: skip
    for getter in tree.find_all((nodes.Getattr, nodes.Getitem)):
        named = getter.attr if isinstance(getter, nodes.Getattr) else getattr(getter, "arg", "")
        key = getattr(named, "value", named)
        if str(key).startswith("_"):
            raise ConfigError(
                f"template {name} names {key}", where=f"{file} line {getter.lineno}", remedy="leave it out"
            )
    unknown = sorted(meta.find_undeclared_variables(tree) - NAMES)
    if unknown:
        raise ConfigError(
            f"template {name} names {unknown[0]}, which is not one of {', '.join(sorted(NAMES))}", where=file,
            remedy="mend the name",
        )  # fmt: skip


def _parts(text: str) -> tuple[str, str]:
    first, _, rest = text.partition("\n")
    if first.lower().startswith("subject:"):
        return first.partition(":")[2].strip(), rest
    return "", text
