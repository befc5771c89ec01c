"""What can go wrong with a CRM, one class for each meaning, whatever the vendor calls it.

Belongs here: the vocabulary. Which answer of a vendor means which class is in `<vendor>/errors.py`. Outcomes
of single rows in a batch are values (`results.RowResult`), never exceptions.
"""

from __future__ import annotations

from pipelines.errors import CrmError, UsageError


class ClientError(CrmError):
    """A call to a CRM failed. `code` is the vendor's own name for it, `status` HTTP's (0: no answer)."""

    def __init__(
        self, what: str, *, where: str = "", remedy: str = "", code: str = "", status: int = 0,
        fields: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        super().__init__(what, where=where, remedy=remedy)
        self.code, self.status, self.fields = code, status, fields


class AuthFailed(ClientError):
    """The vendor does not know who we are: a wrong, expired or revoked credential."""


class Unreachable(ClientError):
    """No connection came about: wrong host, no network, nothing listening. Nothing was sent."""


class RateLimited(ClientError):
    """Too many calls in a short time, also after waiting as long as we are willing to."""


class DailyLimitReached(ClientError):
    """The calls of this day are used up; only time helps."""


class NotFound(ClientError):
    """The vendor has no such object, record, field or path."""


class Forbidden(ClientError):
    """The credential is good, but may not do this."""


class MissingScope(Forbidden):
    """The credential lacks a scope or permission; the sentence names it."""


class Rejected(ClientError):
    """The vendor understood and said no: the request itself has to change."""


class UnknownField(Rejected):
    """A field in the request does not exist there, or may not be seen."""


class Redirected(ClientError):
    """The host sends us to another one, where neither a token nor a write is taken without being told to."""


class Unavailable(ClientError):
    """The vendor is in trouble (5xx, resets, timeouts), also after several attempts."""


class AnswerLost(Unavailable):
    """A write was sent and no answer tells what became of it: read back before sending anything again."""


class Truncated(ClientError):
    """Fewer rows arrived than the vendor said there are; the old rows are kept."""


class WriteRefused(UsageError):
    """A write to a host that this run may not write to; nothing was sent."""
