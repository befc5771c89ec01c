"""Salesforce's error answers: a JSON array of errorCode and message, and the errors of single rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from sandbox.call import Refused, answer


@dataclass
class RowError(Exception):
    """What is wrong with one row that a client wants to store."""

    code: str
    message: str
    fields: tuple[str, ...] = ()
    matches: tuple[tuple[str, str], ...] = ()
    """(object, id) of what a duplicate rule found."""

    def shown(self) -> dict[str, Any]:
        """As an element of a save result's `errors`."""
        said = {"statusCode": self.code, "message": self.message, "fields": list(self.fields)}
        return said | self.found()

    def found(self) -> dict[str, Any]:
        """The duplicates, under the name that the API gives them."""
        if not self.matches:
            return {}
        kinds = dict.fromkeys(kind for kind, _ in self.matches)
        results = [
            {
                "entityType": kind, "errors": [], "matchEngine": "ExactMatchEngine", "rule": f"{kind}_Match",
                "success": True, "size": sum(kind == each for each, _ in self.matches),
                "matchRecords": [
                    {"additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100.0,
                     "record": {"attributes": {"type": kind}, "Id": record_id}}
                    for each, record_id in self.matches if each == kind
                ],
            }
            for kind in kinds
        ]  # fmt: skip
        return {"duplicateResut": {
            "allowSave": False, "duplicateRule": "Duplicates", "errorMessage": self.message,
            "duplicateRuleEntityType": next(iter(kinds)), "matchResults": results,
        }}  # fmt: skip


def body(code: str, message: str, fields: tuple[str, ...] | None = None) -> list[dict[str, Any]]:
    shown: dict[str, Any] = {"message": message, "errorCode": code}
    if fields is not None:
        shown["fields"] = list(fields)
    return [shown]


def response(status: int, code: str, message: str) -> Response:
    return answer(body(code, message), status, charset="UTF-8")


def error(status: int, code: str, message: str) -> Refused:
    return Refused(response(status, code, message))


def row(problem: RowError) -> Refused:
    """A whole request that failed for its one row."""
    status = 404 if problem.code in ("NOT_FOUND", "ENTITY_IS_DELETED") else 400
    [said] = body(problem.code, problem.message, problem.fields)
    return Refused(answer([problem.found() | said], status, charset="UTF-8"))


def not_found(message: str = "The requested resource does not exist") -> Refused:
    return error(404, "NOT_FOUND", message)


def bad_json(message: str) -> Refused:
    return error(400, "JSON_PARSER_ERROR", message)
