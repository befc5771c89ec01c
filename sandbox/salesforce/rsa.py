"""RS256 in plain Python: a key pair made from a seed, written as PEM, and signatures checked.

For the sandbox's own test org only: a key made from a seed protects nothing.
"""

from __future__ import annotations

import base64
import hashlib
import random
from functools import cache
from math import gcd, prod
from pathlib import Path

BITS = 2_048
_EXPONENT = 65_537
_SMALL = [p for p in range(3, 2_000, 2) if all(p % d for d in range(3, int(p**0.5) + 1, 2))]
_SMALL_PRODUCT = prod(_SMALL)
_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")


def _is_prime(number: int, rng: random.Random) -> bool:
    if gcd(number, _SMALL_PRODUCT) != 1:
        return False
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(8):
        x = pow(rng.randrange(2, number - 1), odd, number)
        if x in (1, number - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % number
            if x == number - 1:
                break
        else:
            return False
    return True


def _prime(rng: random.Random, bits: int) -> int:
    while True:
        candidate = rng.getrandbits(bits) | 1 | 3 << (bits - 2)
        if candidate % _EXPONENT != 1 and _is_prime(candidate, rng):
            return candidate


def _der(tag: int, body: bytes) -> bytes:
    size = len(body)
    if size < 128:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 128 | len(length))) + length + body


def _integer(number: int) -> bytes:
    return _der(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


@cache
def _primes(seed: str) -> tuple[int, int]:
    rng = random.Random(seed)
    return _prime(rng, BITS // 2), _prime(rng, BITS // 2)


def make(path: Path, seed: str) -> None:
    """Write the seed's private key as PEM (PKCS #1), readable by its owner only."""
    p, q = _primes(seed)
    d = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    parts = (0, p * q, _EXPONENT, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))
    encoded = base64.b64encode(_der(0x30, b"".join(_integer(n) for n in parts))).decode()
    lines = [encoded[i : i + 64] for i in range(0, len(encoded), 64)]
    path.touch(mode=0o600)
    path.write_text(
        "\n".join(["-----BEGIN RSA PRIVATE KEY-----", *lines, "-----END RSA PRIVATE KEY-----", ""])
    )


def load(path: Path) -> int:
    """The modulus of a key written by `make`."""
    body = base64.b64decode("".join(path.read_text().splitlines()[1:-1]))
    at = 4 + 3  # the sequence's head, then the version
    size = int.from_bytes(body[at + 2 : at + 4], "big")
    return int.from_bytes(body[at + 4 : at + 4 + size], "big")


def verify(modulus: int, message: bytes, signature: bytes) -> bool:
    """Whether the signature (PKCS #1 v1.5, SHA-256) is the key's."""
    size = (modulus.bit_length() + 7) // 8
    if len(signature) != size:
        return False
    opened = pow(int.from_bytes(signature, "big"), _EXPONENT, modulus).to_bytes(size, "big")
    digest = _SHA256 + hashlib.sha256(message).digest()
    return opened == b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest
