from __future__ import annotations

from pathlib import Path

import pytest

from irl import settings
from irl.settings import Settings, SettingsRefused


def test_without_an_environment_the_house_plays_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PORT", raising=False)
    found = settings.load()
    assert found.database_url == "sqlite:///var/irl.db"
    assert found.mail_url == "file:var/outbox"
    assert (found.host, found.port) == ("localhost:8000", 8000)
    assert found.plays
    assert found.invite_only
    assert not found.is_public


def test_what_is_set_in_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRL_DATABASE_URL", "postgres://somebody@host/irl")
    monkeypatch.setenv("IRL_BASE_URL", "https://Flattr.Example/")
    monkeypatch.setenv("IRL_INVITE_ONLY", "false")
    monkeypatch.setenv("PORT", "9000")
    found = settings.load()
    assert found.database_url == "postgresql://somebody@host/irl"
    assert found.base_url == "https://flattr.example"
    assert found.is_public
    assert not found.plays
    assert not found.invite_only
    assert found.port == 9000


def test_a_public_house_plays_only_if_told_to() -> None:
    assert Settings(base_url="https://flattr.example", sandbox=True).plays
    assert not Settings(sandbox=False).plays
    assert not Settings(base_url="http://[::1]:8000").is_public


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IRL_DATABASE_URL", "mysql://host/irl"),
        ("IRL_DATABASE_URL", "sqlite:///"),
        ("IRL_DATABASE_URL", "irl.db"),
        ("IRL_BASE_URL", "flattr.example"),
        ("IRL_BASE_URL", "ftp://flattr.example"),
        ("IRL_BASE_URL", "https://flattr.example/shop"),
        ("IRL_BASE_URL", "https://flattr.example?a=b"),
        ("IRL_BASE_URL", "https://flattr.example#top"),
        ("IRL_BASE_URL", "https://me:secret@flattr.example"),
        ("IRL_BASE_URL", "https://flattr.example:99999"),
        ("IRL_BASE_URL", "https://münchen.example"),
        ("IRL_BASE_URL", f"https://{'a' * 250}.example"),
        ("IRL_MAIL_URL", "pop3://host"),
        ("IRL_MAIL_URL", "file:"),
        ("IRL_MAIL_URL", "smtp:"),
        ("IRL_MAIL_URL", "smtp://host:99999"),
        ("IRL_MAIL_FROM", "nobody"),
        ("IRL_MAIL_FROM", "House <house@flattr.example>\nBcc: all@flattr.example"),
        ("IRL_SANDBOX", "perhaps"),
        ("IRL_INVITE_ONLY", "sometimes"),
        ("IRL_WORKERS", "0"),
        ("PORT", "http"),
        ("PORT", "0"),
    ],
)
def test_a_bad_setting_stops_the_start_with_one_line_that_names_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsRefused) as refused:
        settings.load()
    assert str(refused.value).startswith(f"{name}: ")
    assert "\n" not in str(refused.value)


def test_rules_that_cannot_be_read_stop_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "rules.toml"
    monkeypatch.setenv("IRL_RULES", str(file))
    with pytest.raises(SettingsRefused, match=r"^IRL_RULES: .*rules\.toml"):
        settings.load().house_rules()
    file.write_text("fee_basis_points = 500")
    assert settings.load().house_rules().fee_basis_points == 500
