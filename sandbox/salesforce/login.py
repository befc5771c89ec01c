"""What the integration user signs in with where OAuth is not spoken: a password and a security token."""

from __future__ import annotations

import hashlib


def password(client_secret: str) -> str:
    """The integration user's password, made from the app's secret so that it outlives a restart."""
    return "Sandbox-" + hashlib.sha256(f"password {client_secret}".encode()).hexdigest()[:16]


def security_token(client_secret: str) -> str:
    """What clients append to the password."""
    return hashlib.sha256(f"security token {client_secret}".encode()).hexdigest()[:24]
