"""Settings of the providers of payments: base addresses, and what each of them knows us by.

A provider is offered only when all that it needs is set; half of it stops the start.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings
from schwifty import BIC, IBAN
from schwifty.exceptions import SchwiftyException

LOCAL_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})

PAYPAL_LIVE: Final = "https://api-m.paypal.com"
SKRILL_LIVE: Final = "https://pay.skrill.com"

_PAYPAL: Final = ("paypal_client", "paypal_secret", "paypal_merchant", "paypal_webhook")
_SKRILL: Final = ("skrill_email", "skrill_merchant", "skrill_secret", "skrill_password")

# What a name in a payment file can hold (EPC217-08).
_SEPA_NAME: Final = re.compile(r"[A-Za-z0-9/?:().,'+ -]{0,70}")


class ProviderSettings(BaseSettings):
    """What the operator sets for PayPal and Skrill, and of the bank account that pays out."""

    paypal_url: str = PAYPAL_LIVE
    paypal_client: str = ""
    paypal_secret: SecretStr = SecretStr("")
    paypal_merchant: str = ""
    paypal_webhook: str = ""
    paypal_cert_origins: str = "https://api.paypal.com,https://api.sandbox.paypal.com"
    paypal_cert_name: str = "messageverificationcerts.paypal.com"
    paypal_roots: Path | None = None

    skrill_url: str = SKRILL_LIVE
    skrill_api_url: str = "https://www.skrill.com"
    skrill_email: str = ""
    skrill_merchant: str = ""
    skrill_secret: SecretStr = SecretStr("")
    skrill_password: SecretStr = SecretStr("")
    skrill_needs_sha: bool = False

    sepa_name: str = ""
    sepa_iban: str = ""
    sepa_bic: str = ""

    provider_timeout_s: float = Field(default=8.0, gt=0, le=60)

    @field_validator("paypal_url", "skrill_url", "skrill_api_url")
    @classmethod
    def _address(cls, value: str) -> str:
        return _origin(value)

    @field_validator("paypal_cert_origins")
    @classmethod
    def _origins(cls, value: str) -> str:
        return ",".join(_origin(word.strip()) for word in value.split(",") if word.strip())

    @field_validator("paypal_roots")
    @classmethod
    def _roots(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError("must be a file of certificates in PEM")
        return value

    @field_validator("sepa_name")
    @classmethod
    def _sepa_name(cls, value: str) -> str:
        if _SEPA_NAME.fullmatch(value) is None:
            raise ValueError("must be at most 70 of A-Z a-z 0-9 space / - ? : ( ) . , ' +")
        return value

    @field_validator("sepa_iban")
    @classmethod
    def _sepa_iban(cls, value: str) -> str:
        try:
            return str(IBAN(value).compact) if value else ""
        except SchwiftyException:
            raise ValueError("must be an IBAN") from None

    @field_validator("sepa_bic")
    @classmethod
    def _sepa_bic(cls, value: str) -> str:
        try:
            return str(BIC(value).compact) if value else ""
        except SchwiftyException:
            raise ValueError("must be a BIC") from None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for names in (_PAYPAL, _SKRILL):
            found = [name for name in names if self._has(name)]
            for name in names:
                if found and name not in found:
                    raise ValueError(
                        f"IRL_{name.upper()}: is missing, while IRL_{found[0].upper()} is set"
                    )
        return self

    @property
    def has_paypal(self) -> bool:
        """Whether all is set that payments by PayPal need."""
        return self._has(_PAYPAL[0])

    @property
    def has_skrill(self) -> bool:
        """Whether all is set that payments by Skrill need."""
        return self._has(_SKRILL[0])

    @property
    def takes_real_money(self) -> bool:
        """Whether a provider is set up with its own address, and not that of a try-out."""
        paypal = self.has_paypal and self.paypal_url == PAYPAL_LIVE
        return paypal or (self.has_skrill and self.skrill_url == SKRILL_LIVE)

    @property
    def paypal_pay_origin(self) -> str:
        """Where people pay by PayPal: beside `api-m.paypal.com` lives `www.paypal.com`."""
        parts = urlsplit(self.paypal_url)
        host = parts.netloc
        for name in ("paypal.com", "sandbox.paypal.com"):
            if host == f"api-m.{name}":
                host = f"www.{name}"
        return f"{parts.scheme}://{host}"

    @property
    def pay_origins(self) -> tuple[str, ...]:
        """The origins to which a member is sent to pay, beside our own."""
        paypal = (self.paypal_pay_origin,) if self.has_paypal else ()
        return (*paypal, self.skrill_url) if self.has_skrill else paypal

    def _has(self, name: str) -> bool:
        value = getattr(self, name)
        return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)


def _origin(value: str) -> str:
    """Check an address of a server: https, or http on this very machine; no path."""
    try:
        parts = urlsplit(value)
        sound = bool(parts.hostname) and parts.port != 0 and not parts.username
        local = (parts.hostname or "") in LOCAL_HOSTS
    except ValueError:
        sound = local = False
    safe = parts.scheme == "https" or (parts.scheme == "http" and local) if sound else False
    if not safe or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("must be https://HOST without a path")
    return f"{parts.scheme}://{parts.netloc.lower()}"
