"""A certificate authority of this home alone, and certificates for the vendors' host names.

The authority's key never leaves the home; who trusts it, trusts this sandbox. Certificates are made when a
host is first asked for.
"""

from __future__ import annotations

import datetime as dt
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox.front import CERTIFICATE, TRUST
from sandbox.front.other_clients import help_others
from sandbox.front.routing import HOSTS
from sandbox.times import from_ms

KEY = "ca.key"
LASTS, RENEWED_BEFORE = dt.timedelta(days=3_650), dt.timedelta(days=30)
_TRUSTING = """# Python clients that look at no variable trust the sandbox with this folder on PYTHONPATH.
try:
    import certifi
except ImportError:
    pass
else:
    certifi.where = certifi.core.where = lambda: {path!r}

# Those that open their connections themselves are led through the proxy, to the vendors' hosts alone.
import os
import re
import socket
from functools import partial

_found = re.fullmatch(r"http://(127\\.0\\.0\\.1):(\\d+)/?", os.environ.get("HTTPS_PROXY", ""))


def _connected(direct, address, *args, **kwargs):
    if _found is None or address[1] != 443 or not re.fullmatch({hosts!r}, str(address[0]).lower()):
        return direct(address, *args, **kwargs)
    opened = direct((_found[1], int(_found[2])), *args, **kwargs)
    opened.sendall(f"CONNECT {{address[0]}}:443 HTTP/1.1\\r\\nHost: {{address[0]}}:443\\r\\n\\r\\n".encode())
    told = b""
    while not told.endswith(b"\\r\\n\\r\\n"):
        byte = opened.recv(1)
        if not byte:
            raise OSError("the sandbox's proxy ended the connection")
        told += byte
    return opened


socket.create_connection = partial(_connected, socket.create_connection)
try:
    from urllib3.util import connection
except ImportError:
    pass
else:
    connection.create_connection = partial(_connected, connection.create_connection)


# aiohttp looks at the proxy only when it is told to: from here on it is, unless somebody says otherwise.
import sys
from importlib.machinery import PathFinder


class _Aiohttp:
    @staticmethod
    def find_spec(name, path=None, target=None):
        found = PathFinder.find_spec(name, path) if name == "aiohttp.client" else None
        if found is None:
            return None
        execute = found.loader.exec_module

        def executed(module):
            execute(module)
            begin = module.ClientSession.__init__

            def begun(self, *args, **kwargs):
                begin(self, *args, **{{"trust_env": True, **kwargs}})

            module.ClientSession.__init__ = begun

        found.loader.exec_module = executed
        return found


if _found is not None:
    sys.meta_path.insert(0, _Aiohttp)
"""
_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CRM sandbox, for tests on this machine")])


def ensure(home: Path, now: int) -> Path:
    """The file with the authority's certificate, made when the home has none that is good for a while."""
    path = home / CERTIFICATE
    _help_python(home, path)
    if path.is_file() and (home / KEY).is_file():
        known = x509.load_pem_x509_certificate(path.read_bytes())
        if known.not_valid_after_utc - RENEWED_BEFORE > from_ms(now):
            help_others(home, known)
            return path
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    made = (
        _begun(_NAME, key, now, LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = home / KEY
    private.touch(mode=0o600)
    private.write_bytes(_pem(key))
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    help_others(home, made)
    return path


def _help_python(home: Path, path: Path) -> None:
    """What Python runs first where the folder is on its path."""
    trust = home / TRUST
    trust.mkdir(exist_ok=True)
    (trust / "sitecustomize.py").write_text(_TRUSTING.format(path=str(path), hosts="|".join(HOSTS.values())))


def _begun(
    subject: x509.Name, key: ec.EllipticCurvePrivateKey, now: int, lasts: dt.timedelta
) -> x509.CertificateBuilder:
    start = from_ms(now) - dt.timedelta(days=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(_NAME)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + lasts)
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


class Authority:
    """Makes a TLS context for a host name, once."""

    def __init__(self, home: Path, now: int) -> None:
        self.home, self.now = home, now
        self.certificate = x509.load_pem_x509_certificate(ensure(home, now).read_bytes())
        loaded = serialization.load_pem_private_key((home / KEY).read_bytes(), None)
        assert isinstance(loaded, ec.EllipticCurvePrivateKey)
        self.key = loaded
        self._contexts: dict[str, ssl.SSLContext] = {}

    def context(self, host: str) -> ssl.SSLContext:
        if host not in self._contexts:
            self._contexts[host] = self._made(host)
        return self._contexts[host]

    def host_of(self, context: ssl.SSLContext) -> str:
        """The host whose context this is, or nothing."""
        return next((host for host, known in self._contexts.items() if known is context), "")

    def _made(self, host: str) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        # Some clients refuse certificates that are good for more than 825 days.
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])])
        certificate = (
            _begun(name, key, self.now, dt.timedelta(days=800))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(identifier, critical=False)
            .add_extension(issuer, critical=False)
            .sign(self.key, hashes.SHA256())
        )
        pem = self.home / f"tls-{host}.pem"
        pem.touch(mode=0o600)
        pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + _pem(key))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        pem.unlink()
        return context
