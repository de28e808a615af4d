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


PAYPAL = {
    "IRL_PAYPAL_CLIENT": "client",
    "IRL_PAYPAL_SECRET": "hidden",
    "IRL_PAYPAL_MERCHANT": "M",
    "IRL_PAYPAL_WEBHOOK": "W",
}
SKRILL = {
    "IRL_SKRILL_EMAIL": "house@flattr.example",
    "IRL_SKRILL_MERCHANT": "1",
    "IRL_SKRILL_SECRET": "hidden",
    "IRL_SKRILL_PASSWORD": "hidden too",
}


@pytest.mark.parametrize("needed", [PAYPAL, SKRILL])
def test_a_provider_that_is_half_set_up_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, needed: dict[str, str]
) -> None:
    monkeypatch.setenv("IRL_SANDBOX", "off")
    for name, value in needed.items():
        monkeypatch.setenv(name, value)
    found = settings.load()
    assert (found.has_paypal, found.has_skrill) == (needed is PAYPAL, needed is SKRILL)
    for name, value in needed.items():
        monkeypatch.delenv(name)
        with pytest.raises(SettingsRefused, match=f"^{name}: is missing") as refused:
            settings.load()
        assert "hidden" not in str(refused.value)
        monkeypatch.setenv(name, value)


def test_play_money_and_real_money_are_not_mixed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in PAYPAL.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsRefused, match=r"^IRL_SANDBOX: "):
        settings.load()
    monkeypatch.setenv("IRL_PAYPAL_URL", "https://api-m.sandbox.paypal.com")
    assert settings.load().pay_origins == ("https://www.sandbox.paypal.com",)


def test_secrets_do_not_show() -> None:
    values = {name.removeprefix("IRL_").lower(): value for name, value in PAYPAL.items()}
    found = Settings.model_validate({"sandbox": False, **values})
    assert "hidden" not in f"{found!r} {found}"
    assert found.paypal_pay_origin == "https://www.paypal.com"


@pytest.mark.parametrize(
    "value",
    [
        "http://paypal.example",
        "https://a.example/path",
        "https://me@a.example",
        "ftp://a",
        "",
        "https://[a",
    ],
)
def test_a_bad_address_of_a_provider_is_refused(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    for name in ("IRL_PAYPAL_URL", "IRL_SKRILL_URL", "IRL_SKRILL_API_URL"):
        monkeypatch.setenv(name, value)
        with pytest.raises(SettingsRefused, match=f"^{name}: "):
            settings.load()
        monkeypatch.delenv(name)
    monkeypatch.setenv("IRL_PAYPAL_CERT_ORIGINS", f"https://api.paypal.com,{value or 'x'}")
    with pytest.raises(SettingsRefused, match=r"^IRL_PAYPAL_CERT_ORIGINS: "):
        settings.load()


def test_roots_that_are_not_there_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRL_PAYPAL_ROOTS", "/nowhere.pem")
    with pytest.raises(SettingsRefused, match=r"^IRL_PAYPAL_ROOTS: "):
        settings.load()
