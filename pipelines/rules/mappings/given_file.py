"""The mapping people bring along: `mappings` of sourceField and destField, in camel case.

Belongs here: that shape and what it means. Our own, richer shape is `yaml_file`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from pipelines.rules.loader import Document, Strict
from pipelines.rules.mappings.yaml_file import MappingFile, YamlLine
from pipelines.rules.syncs import Vendor

_STRATEGIES = {
    "most-recent-wins": "most_recent",
    "source-wins": "source",
    "destination-wins": "destination",
    "longest-wins": "longest",
    "union": "union",
    "manual": "manual",
}
Scalar = str | int | float | bool


class GivenLine(Strict):
    sourceField: str = Field(min_length=1)  # noqa: N815 - the file's own names
    destField: str = Field(min_length=1)  # noqa: N815
    type: Literal["direct", "transform"] = "direct"
    transformRules: dict[str, Scalar] | None = None  # noqa: N815
    defaultValue: Scalar | None = None  # noqa: N815
    required: bool = False

    @model_validator(mode="after")
    def _rules_belong_to_transforms(self) -> GivenLine:
        if (self.type == "transform") != bool(self.transformRules):
            raise ValueError("type transform goes with transformRules, and type direct without")
        return self

    def as_line(self) -> YamlLine:
        rules = {key: _text(value) for key, value in (self.transformRules or {}).items()}
        return YamlLine.model_validate(
            {"from": self.sourceField, "to": self.destField, "required": self.required}
            | ({"values": rules} if rules else {})
            | ({"default": self.defaultValue} if self.defaultValue is not None else {})
        )


class GivenFile(Strict):
    """`syncDirection` and `conflictResolution` hold for every line."""

    source: Vendor
    destination: Vendor
    sourceObject: str | None = None  # noqa: N815
    destObject: str | None = None  # noqa: N815
    mappings: tuple[GivenLine, ...] = Field(min_length=1)
    syncDirection: Literal[  # noqa: N815
        "bidirectional", "source-to-destination", "destination-to-source", "one-way", "unidirectional"
    ] = "source-to-destination"
    conflictResolution: Literal[  # noqa: N815
        "most-recent-wins", "source-wins", "destination-wins", "longest-wins", "union", "manual"
    ] = "source-wins"

    def as_mapping(self) -> MappingFile:
        """The same in our own shape."""
        direction = {"bidirectional": "both", "destination-to-source": "to_source"}
        return MappingFile(
            source=self.source, destination=self.destination, source_object=self.sourceObject,
            destination_object=self.destObject,
            direction=direction.get(self.syncDirection, "to_destination"),
            conflict=_STRATEGIES[self.conflictResolution],
            lines=tuple(line.as_line() for line in self.mappings),
        )  # fmt: skip


def is_given(document: Document) -> bool:
    """Whether a file speaks this language."""
    return isinstance(document.content, dict) and "mappings" in document.content


def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
