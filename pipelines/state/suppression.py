"""People who were erased and must not come back, as keyed hashes: nobody can read who they were.

Every extract drops their rows and every create asks here first. The key is a file beside the state database,
never in it: a copy of one without the other tells nothing. Belongs here: hashing, keeping, asking. What is
erased, and where, is `pipelines.erasure`.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from pipelines.errors import CrmError
from pipelines.state import addresses
from pipelines.state.tables import suppressed
from pipelines.state.upsert import upsert

_KEY_BYTES = 32
_KEY_CHECK = "key"


@dataclass(frozen=True)
class Suppression:
    """The list, ready to be asked. False when nobody is on it: then nothing has to be asked."""

    key: bytes = b""
    hashes: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.hashes)

    def has_email(self, address: str | None) -> bool:
        """Whether this is an erased person's address, whatever its case and the blanks around it."""
        return bool(self.hashes and address and _email(self.key, address) in self.hashes)

    def has_email_in(self, text: str) -> bool:
        """Whether a text is, or has in it, an erased person's address. A text that is one address is that."""
        if not self.hashes or self.has_email(text):
            return bool(self.hashes)
        return not addresses.is_one(text) and self.without_emails(text, "") != text

    def without_emails(self, text: str, instead: str) -> str:
        """A text with another word for each erased person's address, however it is written there."""
        return addresses.struck(text, self.has_email, instead) if self.hashes else text

    def has_record(self, record_key: str | None) -> bool:
        """Whether this record (`vendor:org:object:id`) is an erased person's."""
        return bool(self.hashes and record_key and _record(self.key, record_key) in self.hashes)

    def pseudonym(self, value: str) -> str:
        """A stable name for a value that says nothing about it without the key; 24 hex."""
        return _hash(self.key, f"pseudonym\0{value}")[:24]


NOBODY = Suppression()


def load(connection: Connection, key_file: Path) -> Suppression:
    """The list as it stands. Raises CrmError when there is one and its key is not here."""
    rows = connection.execute(select(suppressed.c.kind, suppressed.c.hash)).all()
    if not rows:
        return NOBODY
    key = _read_key(key_file)
    if (_KEY_CHECK, _hash(key, _KEY_CHECK)) not in {(row.kind, row.hash) for row in rows}:
        raise _no_key(key_file, "is not the one it was made with")
    return Suppression(key, frozenset(row.hash for row in rows if row.kind != _KEY_CHECK))


def add(
    connection: Connection, key_file: Path, *, emails: Iterable[str], record_keys: Iterable[str],
    erasure_id: str,
) -> Suppression:  # fmt: skip
    """Put addresses and records on the list, making its key with the first erasure. Returns the list."""
    started = connection.execute(select(suppressed.c.hash).limit(1)).first() is not None
    key = _read_key(key_file) if started else _make_key(key_file)
    if started:
        load(connection, key_file)  # refuses a key that is not the list's own
    hashed = [("key", _hash(key, _KEY_CHECK))]
    hashed += [("email", _email(key, address)) for address in emails]
    hashed += [("record", _record(key, record_key)) for record_key in record_keys]
    kept = set(connection.execute(select(suppressed.c.hash)).scalars())
    new = {hash_: kind for kind, hash_ in hashed if hash_ not in kept}
    upsert(
        connection, suppressed,
        [{"hash": hash_, "kind": kind, "erasure_id": erasure_id} for hash_, kind in new.items()],
    )  # fmt: skip
    return load(connection, key_file)


def normalised(address: str) -> str:
    """An address as it is hashed and compared: trimmed and in lower case."""
    return address.strip().casefold()


def _email(key: bytes, address: str) -> str:
    return _hash(key, f"email\0{normalised(address)}")


def _record(key: bytes, record_key: str) -> str:
    return _hash(key, f"record\0{record_key}")


def _hash(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256").hex()


def _make_key(key_file: Path) -> bytes:
    """A new key, readable by its owner only; one that an interrupted first erasure left is taken up."""
    if key_file.exists():
        return _read_key(key_file)
    key = secrets.token_bytes(_KEY_BYTES)
    key_file.parent.mkdir(parents=True, exist_ok=True)
    part = key_file.with_suffix(".tmp")
    part.unlink(missing_ok=True)
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(fd)
    os.replace(part, key_file)
    return key


def _read_key(key_file: Path) -> bytes:
    try:
        key = key_file.read_bytes()
    except FileNotFoundError:
        raise _no_key(key_file, "is not there") from None
    if len(key) != _KEY_BYTES:
        raise _no_key(key_file, "is cut short")
    return key


def _no_key(key_file: Path, how: str) -> CrmError:
    return CrmError(
        f"people were erased, and the key of the list that keeps them out {how}", where=key_file.name,
        remedy="put back the file that belongs to this state database; without it erased people would return",
    )  # fmt: skip
