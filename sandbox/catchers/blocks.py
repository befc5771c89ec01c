"""Slack's blocks: what Slack finds wrong with them, and their words for people.

Checked: the types, what each must have, and how long texts and lists may be. Rich text is taken as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

MAX_BLOCKS, MAX_SECTION, MAX_FIELD, MAX_HEADER, MAX_ID = 50, 3_000, 2_000, 150, 255
_MARKS = ("mrkdwn", "plain_text")


def problem(blocks: Any) -> str:
    """The first thing that is wrong, or nothing."""
    if not isinstance(blocks, list):
        return "must provide an array"
    if len(blocks) > MAX_BLOCKS:
        return f"no more than {MAX_BLOCKS} items allowed [json-pointer:/blocks]"
    seen: set[str] = set()
    for number, block in enumerate(blocks):
        said = _wrong(block, seen)
        if said:
            return f"{said} [json-pointer:/blocks/{number}]"
    return ""


def _wrong(block: Any, seen: set[str]) -> str:
    if not isinstance(block, dict) or not isinstance(block.get("type"), str):
        return "missing required field: type"
    check = _TYPES.get(block["type"])
    if check is None:
        return f"unsupported type: {block['type'][:60]}"
    own = block.get("block_id")
    if own is not None and (not isinstance(own, str) or len(own) > MAX_ID or own in seen):
        return "block_id must be a text of at most 255 characters, and no other block's"
    seen |= {own} if own else set()
    return check(block)


def _text(given: Any, longest: int, marks: tuple[str, ...] = _MARKS) -> str:
    if not isinstance(given, dict) or given.get("type") not in marks:
        return f"a text must be an object of type {' or '.join(marks)}"
    words = given.get("text")
    if not isinstance(words, str) or not words:
        return "must be more than 0 characters"
    return f"must be less than {longest + 1} characters" if len(words) > longest else ""


def _section(block: dict[str, Any]) -> str:
    fields, told = block.get("fields"), block.get("text")
    if told is None and not fields:
        return "missing required field: text"
    if told is not None and (said := _text(told, MAX_SECTION)):
        return said
    if fields is None:
        return ""
    if not isinstance(fields, list) or not 0 < len(fields) <= 10:
        return "fields are 1 to 10 texts"
    return next((said for each in fields if (said := _text(each, MAX_FIELD))), "")


def _header(block: dict[str, Any]) -> str:
    return _text(block.get("text"), MAX_HEADER, ("plain_text",))


def _image(block: dict[str, Any]) -> str:
    named = isinstance(block.get("image_url"), str) or isinstance(block.get("slack_file"), dict)
    if not named or not isinstance(block.get("alt_text"), str):
        return "missing required field: image_url, alt_text"
    return ""


def _context(block: dict[str, Any]) -> str:
    elements = block.get("elements")
    if not isinstance(elements, list) or not 0 < len(elements) <= 10:
        return "elements are 1 to 10"
    for each in elements:
        is_image = isinstance(each, dict) and each.get("type") == "image"
        if said := _image(each) if is_image else _text(each, MAX_SECTION):
            return said
    return ""


def _actions(block: dict[str, Any]) -> str:
    elements = block.get("elements")
    if not isinstance(elements, list) or not 0 < len(elements) <= 25:
        return "elements are 1 to 25"
    if not all(isinstance(each, dict) and isinstance(each.get("type"), str) for each in elements):
        return "missing required field: type"
    buttons = [each for each in elements if each["type"] == "button"]
    return next((said for each in buttons if (said := _text(each.get("text"), 75, ("plain_text",)))), "")


def _needs(*names: str) -> Callable[[dict[str, Any]], str]:
    def check(block: dict[str, Any]) -> str:
        missing = [name for name in names if not block.get(name)]
        return f"missing required field: {missing[0]}" if missing else ""

    return check


_TYPES: dict[str, Callable[[dict[str, Any]], str]] = {
    "section": _section, "header": _header, "divider": _needs(), "image": _image, "context": _context,
    "actions": _actions, "input": _needs("label", "element"), "file": _needs("external_id"),
    "video": _needs("alt_text", "title", "thumbnail_url", "video_url"), "rich_text": _needs("elements"),
    "markdown": _needs("text"), "table": _needs("rows"), "call": _needs("call_id"),
    "context_actions": _needs("elements"),
}  # fmt: skip


def words(blocks: Any) -> str:
    """All that blocks or attachments say, a line each."""
    if isinstance(blocks, list):
        return "\n".join(said for each in blocks if (said := words(each)))
    if not isinstance(blocks, dict):
        return ""
    parts = [blocks["text"]] if isinstance(blocks.get("text"), str) else []
    parts += [
        said
        for name in ("pretext", "title", "text", "fields", "elements", "fallback")
        if not (name == "fallback" and parts)
        and (said := blocks[name] if isinstance(blocks.get(name), str) and name != "text"
             else words(blocks.get(name)))
    ]  # fmt: skip
    return "\n".join(parts)
