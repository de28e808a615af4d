"""Settings from the environment, read once at the start; one clear line for a bad one."""

from __future__ import annotations

from email.headerregistry import Address
from email.utils import parseaddr
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from irl import rules
from irl.provider_settings import LOCAL_HOSTS, ProviderSettings
from irl.rules import Rules
from qr.code import authority


class SettingsRefused(Exception):
    """A setting is missing or bad; the message is one line that names it."""


class Settings(ProviderSettings):
    """What the operator sets, each as `IRL_<NAME>`; docs/operating.md has a heading for each."""

    model_config = SettingsConfigDict(env_prefix="IRL_", frozen=True, extra="ignore")

    database_url: str = "sqlite:///var/irl.db"
    base_url: str = "http://localhost:8000"
    mail_url: str = "file:var/outbox"
    mail_from: str = "flattr in real life <house@localhost>"
    sandbox: bool | None = None
    invite_only: bool = True
    rules: Path | None = None
    trusted_proxies: str = ""
    port: int = Field(default=8000, ge=1, le=65535, validation_alias="PORT")
    workers: int = Field(default=1, ge=1, le=64)

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        value = value.replace("postgres://", "postgresql://", 1)
        if value.startswith("sqlite:///") and len(value) > len("sqlite:///"):
            return value
        if value.startswith("postgresql://"):
            return value
        raise ValueError("must start with sqlite:/// (and a path) or postgresql://")

    @field_validator("base_url")
    @classmethod
    def _base(cls, value: str) -> str:
        try:
            authority(value)  # it is printed in every code
            parts = urlsplit(value)
            parts.port  # noqa: B018 - refuses what is none
        except ValueError:
            raise ValueError("must be https://HOST or http://HOST, without a path") from None
        return f"{parts.scheme}://{parts.netloc.lower()}"

    @field_validator("mail_url")
    @classmethod
    def _mail(cls, value: str) -> str:
        parts = urlsplit(value)
        try:
            whole = bool(parts.path) if parts.scheme == "file" else parts.port != 0
        except ValueError:
            whole = False
        is_smtp = parts.scheme in {"smtp", "smtps", "smtp+starttls"} and bool(parts.hostname)
        if not whole or not (is_smtp or parts.scheme == "file"):
            raise ValueError(
                "must be file:FOLDER, smtp://HOST, smtps://HOST or smtp+starttls://HOST"
            )
        return value

    @field_validator("mail_from")
    @classmethod
    def _sender(cls, value: str) -> str:
        name, sender = parseaddr(value)
        try:
            Address(display_name=name, addr_spec=sender)
        except (ValueError, IndexError):
            sender = ""
        if not sender or not value.isprintable():
            raise ValueError("must be an e-mail address, with or without a name before it")
        return value

    @model_validator(mode="after")
    def _earnest_or_not(self) -> Self:
        if self.plays and self.takes_real_money:
            raise ValueError("IRL_SANDBOX: is on while a provider takes real money; set it to off")
        return self

    @property
    def is_public(self) -> bool:
        """Whether the base address is one that strangers can reach."""
        return (urlsplit(self.base_url).hostname or "") not in LOCAL_HOSTS

    @property
    def plays(self) -> bool:
        """Whether money is play money: off for a public base address unless set."""
        return (not self.is_public) if self.sandbox is None else self.sandbox

    @property
    def host(self) -> str:
        """The host of the base address, with its port if it has one."""
        return urlsplit(self.base_url).netloc

    def house_rules(self) -> Rules:
        """Read the rules in force.

        Raises:
            SettingsRefused: the file is missing, no TOML or against the rules of rules.
        """
        try:
            return rules.load(self.rules)
        except (OSError, ValueError) as trouble:
            raise SettingsRefused(f"IRL_RULES: {trouble}") from trouble


def load() -> Settings:
    """Read the environment.

    Raises:
        SettingsRefused: with one line that names the setting.
    """
    try:
        return Settings()
    except ValidationError as trouble:
        first = trouble.errors()[0]
        said = first["msg"].removeprefix("Value error, ")
        if not first["loc"]:  # what is about several settings names one itself
            raise SettingsRefused(said) from None
        name = str(first["loc"][0])
        name = name if name == "PORT" else f"IRL_{name.upper()}"
        raise SettingsRefused(f"{name}: {said}") from None
