"""The environment becomes Settings, and what cannot be is said in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import ConfigError
from pipelines.settings import Secret, as_environment, is_loopback, load_settings

NO_FILE = Path("/nonexistent/.env")


def test_a_secret_does_not_show_itself() -> None:
    secret = Secret("pat-na1-0000")
    assert "pat" not in f"{secret!r} {secret}"
    assert secret.reveal() == "pat-na1-0000"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:80", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:80", True),
        ("http://localhost", True),
        ("https://api.hubapi.com", False),
        ("http://127.0.0.1.example.com", False),
        ("http://10.0.0.1", False),
    ],
)
def test_loopback_is_told_by_the_host_alone(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected


def test_an_unknown_variable_of_ours_is_named() -> None:
    with pytest.raises(ConfigError, match="HUBSPOT_TOKN"):
        load_settings({"HUBSPOT_TOKN": "x"}, dotenv=NO_FILE)


def test_a_connection_that_is_not_loopback_is_production_unless_said_otherwise() -> None:
    settings = load_settings({"HUBSPOT_TOKEN": "x"}, dotenv=NO_FILE)
    assert settings.hubspot is not None
    assert settings.hubspot.environment == "production"
    assert not settings.may_write(settings.hubspot)


def test_writing_outside_this_machine_takes_the_switch() -> None:
    settings = load_settings({"HUBSPOT_TOKEN": "x", "CRM_WRITE": "on"}, dotenv=NO_FILE)
    assert settings.hubspot is not None
    assert settings.may_write(settings.hubspot)


def test_a_host_elsewhere_cannot_be_called_the_sandbox() -> None:
    env = {"HUBSPOT_TOKEN": "x", "HUBSPOT_ENVIRONMENT": "sandbox", "HUBSPOT_URL": "https://api.hubapi.com"}
    with pytest.raises(ConfigError, match="not on this machine"):
        load_settings(env, dotenv=NO_FILE)


def test_half_a_salesforce_connection_says_what_is_missing() -> None:
    with pytest.raises(ConfigError, match="SALESFORCE_CLIENT_ID"):
        load_settings({"SALESFORCE_URL": "https://x.my.salesforce.com"}, dotenv=NO_FILE)


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("HUBSPOT_TOKEN=from-file\nCRM_WRITE=on\n")
    settings = load_settings({"CRM_WRITE": "off"}, dotenv=file)
    assert settings.hubspot is not None
    assert settings.hubspot.token.reveal() == "from-file"
    assert settings.write is False


def test_without_vendors_a_broken_connection_does_not_matter() -> None:
    settings = load_settings({"SALESFORCE_URL": "https://x.my.salesforce.com"}, dotenv=NO_FILE, vendors=False)
    assert settings.connections == ()


def test_hubspot_signs_in_by_token_or_by_refresh_token_and_not_by_both_or_half():
    app = {"HUBSPOT_REFRESH_TOKEN": "r", "HUBSPOT_CLIENT_ID": "c", "HUBSPOT_CLIENT_SECRET": "s"}
    connection = load_settings(app, dotenv=NO_FILE).hubspot
    assert connection is not None
    assert (connection.client_id, connection.refresh_token.reveal()) == ("c", "r")
    with pytest.raises(ConfigError, match="both HUBSPOT_TOKEN and HUBSPOT_REFRESH_TOKEN"):
        load_settings(app | {"HUBSPOT_TOKEN": "t"}, dotenv=NO_FILE)
    with pytest.raises(ConfigError, match="HUBSPOT_CLIENT_SECRET is not"):
        load_settings({"HUBSPOT_REFRESH_TOKEN": "r", "HUBSPOT_CLIENT_ID": "c"}, dotenv=NO_FILE)


def test_a_child_gets_these_settings_and_no_other_way_in_from_the_environment(monkeypatch):
    for name in ("HUBSPOT_REFRESH_TOKEN", "HUBSPOT_CLIENT_ID", "HUBSPOT_CLIENT_SECRET",
                 "SALESFORCE_REFRESH_TOKEN"):  # fmt: skip
        monkeypatch.setenv(name, "live")
    own = {"HUBSPOT_URL": "http://127.0.0.1:1", "HUBSPOT_TOKEN": "t", "SALESFORCE_URL": "http://127.0.0.1:2",
           "SALESFORCE_CLIENT_ID": "c", "SALESFORCE_CLIENT_SECRET": "s"}  # fmt: skip
    settings = load_settings(own, dotenv=NO_FILE)
    again = load_settings(as_environment(settings), dotenv=NO_FILE)
    assert again.hubspot is not None
    assert again.salesforce is not None
    assert not again.hubspot.refresh_token
    assert not again.salesforce.refresh_token
