"""The front port: the vendors' own host names by proxy and certificate, their paths by plain HTTP."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

from sandbox.front import authority, routing
from tests.unit.sandbox.conftest import Running

CONTACTS = "/crm/v3/objects/contacts?limit=1"


@pytest.fixture(scope="module")
def proxied(shared: Running) -> Iterator[httpx.Client]:
    """A client that knows only the proxy and the certificate."""
    front = shared.ready["front"]
    trusted = ssl.create_default_context(cafile=front["ca_file"])
    with httpx.Client(proxy=front["url"], verify=trusted, timeout=30) as client:
        yield client


@pytest.mark.parametrize(
    ("host", "vendor"),
    [
        ("api.hubapi.com:443", "hubspot"), ("API.HubSpot.com", "hubspot"),
        ("login.salesforce.com", "salesforce"),
        ("acme--uat.sandbox.my.salesforce.com:443", "salesforce"), ("hooks.slack.com", "catchers"),
        ("mc1.auth.marketingcloudapis.com", "marketing_cloud"),
        ("evilsalesforce.com", None), ("hubapi.com.evil.example", None), ("pypi.org", None),
        ("127.0.0.1:80", None),
    ],
)  # fmt: skip
def test_a_host_name_means_a_vendor_or_nobody(host: str, vendor: str | None) -> None:
    assert routing.vendor_of_host(host) == vendor


def test_a_client_with_hard_coded_hosts_reaches_the_sandbox(shared: Running, proxied: httpx.Client) -> None:
    headers = {"Authorization": f"Bearer {shared.ready['hubspot']['token']}"}
    page = proxied.get(f"https://api.hubapi.com{CONTACTS}", headers=headers).json()
    assert page["paging"]["next"]["link"].startswith("https://api.hubapi.com/crm/v3/objects/contacts")
    again = proxied.get(page["paging"]["next"]["link"], headers=headers).json()
    assert again["results"][0]["id"] != page["results"][0]["id"]
    assert proxied.get("https://login.salesforce.com/services/data/").json()[0]["version"] == "31.0"
    assert proxied.post("https://slack.com/api/auth.test").json()["error"] == "not_authed"


def test_python_clients_built_on_aiohttp_are_told_to_look_at_the_proxy(
    shared: Running, tmp_path: Path
) -> None:
    package = tmp_path / "aiohttp"
    package.mkdir()
    (package / "__init__.py").write_text("from aiohttp.client import ClientSession")
    (package / "client.py").write_text(
        "class ClientSession:\n    def __init__(self, *, trust_env=False):\n        self.told = trust_env"
    )
    front = shared.ready["front"]
    asked = "import aiohttp as a; print(a.ClientSession().told, a.ClientSession(trust_env=False).told)"
    environment = {"HTTPS_PROXY": front["url"], "PYTHONPATH": f"{front['python_path']}:{tmp_path}"}
    said = subprocess.run([sys.executable, "-c", asked], env=environment, capture_output=True, check=True)
    assert said.stdout.split() == [b"True", b"False"]


def test_an_older_node_and_java_are_led_to_the_sandbox_by_files_in_its_home(shared: Running) -> None:
    front = shared.ready["front"]
    store = Path(front["java_truststore"]).read_bytes()
    (held,) = pkcs12.load_pkcs12(store, front["java_truststore_password"].encode()).additional_certs
    assert held.certificate == x509.load_pem_x509_certificate(Path(front["ca_file"]).read_bytes())
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no Node on this machine")
    asked = (
        "require('https').get('https://login.salesforce.com/services/data/',"
        " answer => { console.log(answer.statusCode); answer.resume() })"
    )
    environment = {"HTTPS_PROXY": front["url"], "NODE_EXTRA_CA_CERTS": front["ca_file"]}
    command = [node, "--require", front["node_preload"], "-e", asked]
    said = subprocess.run(command, env=environment, capture_output=True, check=True, timeout=60)
    assert said.stdout.strip() == b"200"


def test_a_sign_in_at_the_login_host_names_an_instance_that_the_proxy_serves(
    shared: Running, proxied: httpx.Client
) -> None:
    client = {
        name: shared.ready["salesforce"][name] for name in ("client_id", "client_secret", "refresh_token")
    }
    token = proxied.post(
        "https://login.salesforce.com/services/oauth2/token", data={"grant_type": "refresh_token", **client}
    ).json()
    assert urlsplit(token["instance_url"]).hostname != "login.salesforce.com"
    assert token["instance_url"].startswith("https://")
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    assert (
        proxied.get(f"{token['instance_url']}/services/data/v67.0/limits", headers=headers).status_code == 200
    )


def test_nothing_leaves_the_machine_through_the_proxy(proxied: httpx.Client) -> None:
    with pytest.raises(httpx.ProxyError, match="403"):
        proxied.get("https://example.com/")
    assert proxied.get("http://example.com/").status_code == 404


def test_who_does_not_trust_the_certificate_is_not_served(shared: Running) -> None:
    with httpx.Client(proxy=shared.ready["front"]["url"], timeout=30) as client:
        with pytest.raises(httpx.ConnectError, match="certificate"):
            client.get("https://api.hubapi.com/")


def test_a_tunnel_may_carry_plain_http(shared: Running) -> None:
    port = urlsplit(shared.ready["front"]["url"]).port
    with socket.create_connection(("127.0.0.1", port or 0), timeout=30) as plain:
        plain.sendall(b"CONNECT login.salesforce.com:80 HTTP/1.1\r\nHost: login.salesforce.com:80\r\n\r\n")
        assert plain.recv(4096).startswith(b"HTTP/1.1 200")
        plain.sendall(
            b"GET /services/data/ HTTP/1.1\r\nHost: login.salesforce.com\r\nConnection: close\r\n\r\n"
        )
        assert plain.recv(4096).startswith(b"HTTP/1.1 200 OK")


def test_the_port_itself_serves_every_vendor_by_path(shared: Running) -> None:
    with httpx.Client(base_url=shared.ready["front"]["url"], timeout=30) as client:
        headers = {"Authorization": f"Bearer {shared.ready['hubspot']['token']}"}
        assert client.get(CONTACTS, headers=headers).status_code == 200
        assert client.get("/services/data/").json()[-1]["version"] == "68.0"
        assert client.post("/hooks/front", json={"a": 1}).status_code == 200
        assert shared.ready["salesforce"]["url"] in client.get("/").text


@pytest.mark.parametrize(
    "head", [b"\x00\x01\x02\r\n\r\n", b"GET /\r\n\r\n", b"CONNECT nowhere HTTP/1.1\r\n\r\n"]
)
def test_what_is_not_http_is_refused_and_the_port_lives_on(shared: Running, head: bytes) -> None:
    port = urlsplit(shared.ready["front"]["url"]).port
    with socket.create_connection(("127.0.0.1", port or 0), timeout=30) as raw:
        raw.sendall(head)
        assert raw.recv(4096).split(b" ")[1] in (b"400", b"403")
    assert httpx.get(shared.ready["front"]["url"] + "/").status_code == 200


def test_the_authority_is_kept_until_it_is_nearly_over(tmp_path: Path) -> None:
    now = 1_780_000_000_000
    made = authority.ensure(tmp_path, now).read_bytes()
    assert authority.ensure(tmp_path, now + 3_600 * 86_400_000).read_bytes() == made
    assert authority.ensure(tmp_path, now + 3_640 * 86_400_000).read_bytes() != made
    assert (tmp_path / "ca.key").stat().st_mode & 0o077 == 0


def test_a_restart_keeps_the_certificate(fresh: Path, start: Callable[..., Any]) -> None:
    with start(fresh) as first:
        known = Path(first.ready["front"]["ca_file"]).read_bytes()
    with start(fresh) as second:
        assert Path(second.ready["front"]["ca_file"]).read_bytes() == known
