"""Starts the sandbox as a child process and makes sure it ends with us.

The child stops when its standard input closes, so it also ends when we are killed. Belongs here: the process
and the Settings that point at it. The servers are the package `sandbox`, which we never import.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipelines.connections import calls_folder
from pipelines.errors import CrmError
from pipelines.settings import (
    HubSpotConnection,
    MailConnection,
    MarketingCloudConnection,
    SalesforceConnection,
    Secret,
    Settings,
    SlackConnection,
)

_STOP_SECONDS = 10
SENDER = "crm@sandbox.example"


def environment_lines(ready: dict[str, Any]) -> list[str]:
    """What a client's shell needs to reach the sandbox, ready to paste."""
    hubspot, salesforce, slack, mail = (ready[name] for name in ("hubspot", "salesforce", "slack", "mail"))
    account = ready.get("marketing_cloud")
    marketing = [] if account is None else [
        f"export MARKETING_CLOUD_URL={account['url']} MARKETING_CLOUD_CLIENT_ID={account['client_id']}",
        f"export MARKETING_CLOUD_CLIENT_SECRET={account['client_secret']}",
        f"export MARKETING_CLOUD_ACCOUNT_ID={account['member_id']}",
    ]  # fmt: skip
    return [
        f"export HUBSPOT_URL={hubspot['url']} HUBSPOT_TOKEN={hubspot['token']}",
        f"export HUBSPOT_CLIENT_SECRET={hubspot['client_secret']}",
        f"export SALESFORCE_URL={salesforce['url']} SALESFORCE_CLIENT_ID={salesforce['client_id']}",
        f"export SALESFORCE_CLIENT_SECRET={salesforce['client_secret']}",
        *marketing,
        f"export SLACK_WEBHOOK_URL={slack['webhook_url']}",
        f"export SLACK_BOT_TOKEN={slack['bot_token']} SLACK_API_URL={slack['api_url']}",
        f"export SMTP_HOST={mail['host']} SMTP_PORT={mail['port']} SMTP_USERNAME={mail['username']}",
        f"export SMTP_PASSWORD={mail['password']} SMTP_FROM={SENDER} SMTP_STARTTLS=off",
    ]


def proxy_lines(ready: dict[str, Any]) -> list[str]:
    """What a client needs whose host names cannot be changed: the proxy, and whom to trust."""
    front = ready["front"]
    trust = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
    return [
        f"export HTTPS_PROXY={front['url']} https_proxy={front['url']}",
        "export " + " ".join(f"{name}={front['ca_file']}" for name in trust),
        "export NODE_USE_ENV_PROXY=1  # for Node's own clients, from 22.21 on",
        f"export NODE_OPTIONS='--require {front['node_preload']}'  # an older Node's https, not its fetch",
        f"export PYTHONPATH={front['python_path']}  # for Python clients that look at none of these",
        f"export JAVA_TOOL_OPTIONS='{_java(front)}'  # for Java",
    ]


def _java(front: dict[str, Any]) -> str:
    """Java looks at no variable of the proxy's, but at this one."""
    host, _, port = str(front["url"]).removeprefix("http://").partition(":")
    told = {
        "https.proxyHost": host, "https.proxyPort": port,
        "javax.net.ssl.trustStore": front["java_truststore"],
        "javax.net.ssl.trustStorePassword": front["java_truststore_password"],
    }  # fmt: skip
    return " ".join(f"-D{name}={value}" for name, value in told.items())


@contextmanager
def running(
    home: Path, world: str, *, size: str = "S", extra: tuple[str, ...] = ()
) -> Iterator[dict[str, Any]]:
    """The sandbox's ready line (URLs, credentials) while it runs. `home` keeps its state between runs."""
    command = [
        sys.executable,
        "-m",
        "sandbox",
        "serve",
        "--home",
        str(home),
        "--world",
        world,
        "--size",
        size,
        *extra,
    ]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        line = child.stdout.readline()
        if not line:
            raise CrmError(
                f"the sandbox did not start (exit {child.wait(_STOP_SECONDS)})",
                remedy="its own words stand above",
            )
        yield json.loads(line)
    finally:
        child.stdin.close()
        try:
            child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        child.stdout.close()


def _marketing_cloud(account: dict[str, Any] | None, home: Path) -> MarketingCloudConnection | None:
    """Worlds read from data files have none."""
    if account is None:
        return None
    return MarketingCloudConnection(
        url=account["url"], client_id=account["client_id"], client_secret=Secret(account["client_secret"]),
        account_id=account["member_id"], environment="sandbox",
        calls_folder=calls_folder(home, account["url"]),
    )  # fmt: skip


def connected(settings: Settings, ready: dict[str, Any]) -> Settings:
    """These settings with the sandbox as their only connections: loopback, and state in `var/`."""
    hubspot, salesforce, slack, mail = (ready[name] for name in ("hubspot", "salesforce", "slack", "mail"))
    return replace(
        settings,
        hubspot=HubSpotConnection(
            url=hubspot["url"],
            token=Secret(hubspot["token"]),
            environment="sandbox",
            client_secret=Secret(hubspot["client_secret"]),
        ),
        salesforce=SalesforceConnection(
            url=salesforce["url"],
            client_id=salesforce["client_id"],
            client_secret=Secret(salesforce["client_secret"]),
            environment="sandbox",
        ),
        marketing_cloud=_marketing_cloud(ready.get("marketing_cloud"), settings.home),
        slack=SlackConnection(
            webhook_url=Secret(slack["webhook_url"]),
            bot_token=Secret(slack["bot_token"]),
            api_url=slack["api_url"],
        ),
        mail=MailConnection(
            host=mail["host"],
            port=mail["port"],
            username=mail["username"],
            password=Secret(mail["password"]),
            sender=SENDER,
            starttls=False,
        ),
        write=False,
        state_url="",
    )
