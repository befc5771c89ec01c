"""Reads one YAML (or JSON) file into a pydantic model; an error names file, line and key.

Belongs here: parsing and error messages. What a file may say is the model in its own module.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from pipelines.errors import ConfigError

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The same in C where the machine has it: ten times as fast, and every command reads the whole config."""


class Strict(BaseModel):
    """Base of every rules model: immutable, unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _on_is_a_word(cls, value: Any) -> Any:
        """YAML takes the key `on` for true."""
        if isinstance(value, dict) and any(key is True for key in value):
            return {("on" if key is True else key): each for key, each in value.items()}
        return value


Model = TypeVar("Model", bound=BaseModel)


def load(path: Path, model: type[Model]) -> Model:
    """Parse and validate `path`. Raises ConfigError with file, line and key of the first fault."""
    return read(path).as_model(model)


def load_if_there(path: Path, model: type[Model]) -> Model:
    """The file's; the model's defaults where a team's own config has no such file."""
    return load(path, model) if path.is_file() else model()


class Document:
    """A parsed file that knows on which line each of its parts stands."""

    def __init__(self, path: Path, content: Any, root: Any) -> None:
        self.path, self.content, self._root = path, content, root

    def as_model(self, model: type[Model]) -> Model:
        """The content, validated. Raises ConfigError with file, line and key of the first fault."""
        try:
            return model.model_validate(self.content if self.content is not None else {})
        except ValidationError as error:
            raise _as_config_error(self.path, self._root, error) from None

    def line_of(self, *loc: int | str) -> int:
        """The line (from 1) of the deepest part of `loc` that the file has."""
        return _line_of(self._root, loc)


def read(path: Path) -> Document:
    """Parse a YAML or JSON file. Raises ConfigError when it is missing, broken or names a key twice."""
    if not path.is_file():
        raise ConfigError(
            f"{path.name} is missing", where=path.parent.name, remedy="restore it from the project"
        )
    is_json = path.suffix == ".json"
    try:
        text = path.read_text(encoding="utf-8")
        if is_json:
            text = text.replace("\t", " ")  # the one thing JSON allows between its parts and YAML does not
        node, content = _parsed(path, text)
        content = json.loads(text) if is_json else content
    except (yaml.YAMLError, json.JSONDecodeError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark is not None else ""
        if isinstance(error, json.JSONDecodeError):
            line = f" line {error.lineno}"
        raise ConfigError(
            f"{path.name} is not valid {'JSON' if is_json else 'YAML'}", where=f"{path.name}{line}",
            remedy="mend the syntax there",
        ) from None  # fmt: skip
    return Document(path, content, node)


def _parsed(path: Path, text: str) -> tuple[Any, Any]:
    """The file's nodes, which know their lines, and what they say: parsed once for both."""
    loader = _LOADER(text)
    try:
        node = loader.get_single_node()
        _refuse_duplicates(path, node)  # before parts that are referred to are merged in
        return node, None if node is None else loader.construct_document(node)
    finally:
        loader.dispose()


def _refuse_duplicates(path: Path, node: Any) -> None:
    """YAML readers keep the last of two equal keys without a word; what the first said would be lost."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if str(key.value) in seen:
                raise ConfigError(
                    f"{key.value} is there twice", where=f"{path.name} line {key.start_mark.line + 1}",
                    remedy="remove one of them",
                )  # fmt: skip
            seen.add(str(key.value))
            _refuse_duplicates(path, value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_duplicates(path, item)


def _as_config_error(path: Path, root: Any, error: ValidationError) -> ConfigError:
    found = error.errors(include_url=False)
    # A misspelled key is also a missing one; the misspelling is what helps.
    first = next((fault for fault in found if fault["type"] == "extra_forbidden"), found[0])
    keys = ".".join(str(part) for part in first["loc"])
    line = _line_of(root, first["loc"])
    if first["type"] == "extra_forbidden":
        return ConfigError(
            f"unknown key {keys}", where=f"{path.name} line {line}", remedy="remove it or mend its spelling"
        )
    message = str(first["msg"]).removeprefix("Value error, ")
    return ConfigError(f"{keys}: {message}", where=f"{path.name} line {line}", remedy="mend that line")


def _line_of(node: Any, loc: tuple[int | str, ...]) -> int:
    """The line (from 1) of the deepest part of `loc` that the document has."""
    line = 1
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    line, node = key.start_mark.line + 1, value
                    break
            else:
                return line
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            return line
    return line
