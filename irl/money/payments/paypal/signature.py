"""Whether a webhook comes from PayPal, proven here and without asking it.

PayPal signs `transmission id | transmission time | webhook id | crc32 of the raw body` by RSA
with SHA-256, and names where its certificate lies. The certificate is fetched from allowed hosts
only, must lead to a trusted root (RFC 5280) and be for PayPal's own host name, and is kept a while.

How old a transmission is does not matter: one that comes 40 days late is as true as it was, and
one that is sent again changes nothing. The certificate must be good at the moment of the check.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import ssl
import warnings
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from irl.errors import EventRefused, ProviderUnavailable
from irl.money.payments.protocol import Post
from irl.outside import Outside
from irl.settings import Settings

ALGORITHM: Final = "SHA256withRSA"
KEPT_FOR: Final = timedelta(hours=12)
MOST_KEPT: Final = 16

_MOST_BYTES: Final = 64 * 1024
_HEADER_MOST: Final = 1024
_PATH: Final = re.compile(r"/v1/notifications/certs/[A-Za-z0-9_-][A-Za-z0-9._-]{0,200}", re.ASCII)
_REFUSED: Final = "This does not come from PayPal."


@dataclass(frozen=True, slots=True)
class _Kept:
    key: rsa.RSAPublicKey | None  # None: what lies there is not to be trusted
    begins: datetime
    ends: datetime


class Signatures:
    """Checks webhooks; it keeps the certificates that it has seen."""

    def __init__(self, settings: Settings, outside: Outside) -> None:
        self._settings = settings
        self._outside = outside
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._turn = asyncio.Lock()
        self._roots: list[x509.Certificate] | None = None

    async def check(self, post: Post, *, now: datetime) -> None:
        """Check that a post comes from PayPal and is for our webhook.

        Raises:
            EventRefused: it does not, or is for another's.
            ProviderUnavailable: the certificate cannot be fetched now.
        """
        name, at, url, signed = (
            _header(post, f"paypal-{word}")
            for word in ("transmission-id", "transmission-time", "cert-url", "transmission-sig")
        )
        if _header(post, "paypal-auth-algo") != ALGORITHM or "|" in name + at:
            raise EventRefused(_REFUSED)
        self._check_url(url)
        try:
            signature = base64.b64decode(signed, validate=True)
        except binascii.Error:
            raise EventRefused(_REFUSED) from None
        webhook = self._settings.paypal_webhook
        message = f"{name}|{at}|{webhook}|{zlib.crc32(post.body)}".encode()
        key = await self._key(url, now)
        try:
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            raise EventRefused(_REFUSED) from None

    def _check_url(self, url: str) -> None:
        try:
            parts = urlsplit(url)
        except ValueError:
            raise EventRefused(_REFUSED) from None
        origin = f"{parts.scheme}://{parts.netloc}"
        allowed = self._settings.paypal_cert_origins.split(",")
        is_plain = _PATH.fullmatch(parts.path) and not parts.query and not parts.fragment
        if origin not in allowed or not is_plain or url != f"{origin}{parts.path}":
            raise EventRefused(_REFUSED)

    async def _key(self, url: str, now: datetime) -> rsa.RSAPublicKey:
        async with self._turn:  # one fetch at a time, however many are told at once
            kept = self._kept.get(url)
            if kept is None or not kept.begins <= now <= kept.ends:
                kept = await self._fetched(url, now)
                self._kept[url] = kept
                while len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
        if kept.key is None:
            raise EventRefused(_REFUSED)
        return kept.key

    async def _fetched(self, url: str, now: datetime) -> _Kept:
        answer = await self._outside.ask("GET", url, harmless_again=True, most=_MOST_BYTES)
        if not answer.is_good:
            # It may be there in a minute; until then nobody makes us ask again.
            return _Kept(None, now, now + timedelta(minutes=1))
        try:
            leaf, *others = x509.load_pem_x509_certificates(answer.body)
            self._check_chain(leaf, others, now)
            key = leaf.public_key()
        except (ValueError, VerificationError, x509.UnsupportedGeneralNameType):
            return _Kept(None, now, now + timedelta(minutes=1))
        chain = (leaf, *others)
        return _Kept(
            key if isinstance(key, rsa.RSAPublicKey) else None,
            max(one.not_valid_before_utc for one in chain),
            min(now + KEPT_FOR, *(one.not_valid_after_utc for one in chain)),
        )

    def _check_chain(
        self, leaf: x509.Certificate, others: list[x509.Certificate], now: datetime
    ) -> None:
        if self._roots is None:
            self._roots = _roots(self._settings)
        name = x509.DNSName(self._settings.paypal_cert_name)
        verifier = PolicyBuilder().store(Store(self._roots)).time(now).build_server_verifier(name)
        verifier.verify(leaf, others)


def _header(post: Post, name: str) -> str:
    value = post.headers.get(name, "")
    if not 0 < len(value) <= _HEADER_MOST:
        raise EventRefused(_REFUSED)
    return value


def _roots(settings: Settings) -> list[x509.Certificate]:
    """Load the roots that are trusted: the file that is set, else those of the system."""
    found: list[x509.Certificate] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old roots are not always to the letter of RFC 5280
        if settings.paypal_roots is not None:
            found = x509.load_pem_x509_certificates(settings.paypal_roots.read_bytes())
        else:
            for encoded in ssl.create_default_context().get_ca_certs(binary_form=True):
                try:
                    found.append(x509.load_der_x509_certificate(encoded))
                except ValueError:
                    continue
    if not found:
        raise ProviderUnavailable("There are no root certificates; set IRL_PAYPAL_ROOTS.")
    return found
