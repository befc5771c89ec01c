"""HubSpot's sequences and static lists: what people are enrolled in.

Belongs here: their calls. Whether somebody may be enrolled is asked in `reverse_sync.actions.enrolment`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from pipelines.clients import errors
from pipelines.clients.hubspot.client import HubSpotClient

Json = dict[str, Any]


class ListChange(NamedTuple):
    """What a list's change came to: contacts that are no contacts any more, and those that were not on it."""

    missing: frozenset[str]
    added: frozenset[str]


class Sequences:
    """Sequences and lists of one portal; names are looked up once."""

    def __init__(self, client: HubSpotClient) -> None:
        self._client = client
        self._users: dict[str, str] | None = None
        self._found: dict[tuple[str, str], str] = {}
        self._lists: dict[str, str] = {}

    def user_of(self, email: str) -> str:
        """The user behind an owner's address. Raises Rejected when nobody has it."""
        if self._users is None:
            owners = self._client.owners()
            self._users = {str(o.get("email")).lower(): str(o["userId"]) for o in owners if o.get("userId")}
        user = self._users.get(email.lower())
        if user is None:
            raise errors.Rejected(f"{email} is no user of HubSpot", code="NO_SENDER")
        return user

    def find(self, user: str, name: str) -> str:
        """A sequence's id by id or name, as this user sees it. Raises Rejected when there is none, and when
        HubSpot shows this user none at all: who asks has to have a seat with sequences."""
        if (user, name) not in self._found:
            path = self._client.path("sequences")
            with _of_the_user(
                "NO_SEAT", "HubSpot shows the sender no sequences, which takes a seat with them"
            ):
                for each in self._client.pages(path, 100, {"userId": user}):
                    for known in (str(each["id"]), str(each.get("name"))):
                        self._found[user, known] = str(each["id"])
        if (user, name) not in self._found:
            raise errors.Rejected(f"HubSpot has no sequence {name}", code="NO_SEQUENCE")
        return self._found[user, name]

    def enrol(self, user: str, sequence: str, contact: str, sender: str) -> str:
        """Enrol a contact. Returns the id of the enrolment. Whether the sender has an inbox that is connected
        is told by no call but this one: its refusal is."""
        body = {"sequenceId": sequence, "contactId": contact, "senderEmail": sender}
        with _of_the_user("NO_SENDER", f"HubSpot does not let {sender} send"):
            said = self._client.change(
                "POST", f"{self._client.path('sequences')}/enrollments", body, {"userId": user}
            )
        return str(said.get("id"))

    def enrolment(self, contact: str) -> Json | None:
        """The sequence a contact is in now, if any."""
        try:
            said = self._client.get(f"{self._client.path('sequences')}/enrollments/contact/{contact}")
        except errors.NotFound:
            return None
        return said if said.get("id") else None

    def list_id(self, name: str) -> str:
        """A list's id by id or name. Raises Rejected when there is none."""
        if name not in self._lists and name.isdigit():
            with suppress(errors.NotFound):  # a search goes by names only
                self._client.get(f"{self._client.path('lists')}/{name}")
                self._lists[name] = name
        if name not in self._lists:
            path = f"{self._client.path('lists')}/search"
            for each in self._client.post(path, {"query": name, "count": 500}).get("lists") or []:
                for known in (str(each["listId"]), str(each["name"])):
                    self._lists.setdefault(known, str(each["listId"]))
        if name not in self._lists:
            raise errors.Rejected(f"HubSpot has no list {name}", code="NO_LIST")
        return self._lists[name]

    def change_members(self, list_id: str, contacts: Sequence[str], *, remove: bool = False) -> ListChange:
        """Add contacts to a static list, or take them out."""
        path = f"{self._client.path('lists')}/{list_id}/memberships/{'remove' if remove else 'add'}"
        said = self._client.change("PUT", path, list(contacts))
        missing, added = (
            frozenset(str(each) for each in said.get(name) or [])
            for name in ("recordIdsMissing", "recordsIdsAdded")
        )
        return ListChange(missing, added)

    def members(self, list_id: str) -> frozenset[str]:
        path = f"{self._client.path('lists')}/{list_id}/memberships"
        return frozenset(str(each["recordId"]) for each in self._client.pages(path, 250))


@contextmanager
def _of_the_user(code: str, said: str) -> Iterator[None]:
    """What one user may not do is no trouble of ours with HubSpot: it speaks against that row alone."""
    try:
        yield
    except errors.MissingScope:
        raise
    except errors.Forbidden as error:
        raise errors.Rejected(f"{said}: {error.what}", code=code, status=error.status) from error
