"""A made chain of certificates: a root, one between, and the one that signs webhooks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NAME = "messageverificationcerts.paypal.com"
_DAY = timedelta(days=1)
_PEM = serialization.Encoding.PEM


@dataclass(frozen=True)
class Chain:
    """What is trusted, what is sent, and the key that signs."""

    roots: bytes
    sent: bytes
    key: rsa.RSAPrivateKey

    @classmethod
    def make(
        cls,
        *,
        name: str = NAME,
        begins: datetime | None = None,
        ends: datetime | None = None,
        between: bool = True,
    ) -> Self:
        """Make a chain whose last certificate is for this host name and time, else for ten years."""
        root_key, key = _key(), _key()
        root = _certificate("A made root", root_key, "A made root", root_key, authority=True)
        signer, signer_key, sent = "A made root", root_key, b""
        if between:
            signer, signer_key = "One between", _key()
            link = _certificate(signer, signer_key, "A made root", root_key, authority=True)
            sent = link.public_bytes(_PEM)
        leaf = _certificate(name, key, signer, signer_key, begins=begins, ends=ends)
        return cls(root.public_bytes(_PEM), leaf.public_bytes(_PEM) + sent, key)

    def sign(self, message: bytes) -> bytes:
        return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _certificate(
    name: str,
    key: rsa.RSAPrivateKey,
    signer: str,
    signer_key: rsa.RSAPrivateKey,
    *,
    authority: bool = False,
    begins: datetime | None = None,
    ends: datetime | None = None,
) -> x509.Certificate:
    # The tests have a clock of their own, and the fakes that one can click have the real one.
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named(signer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins or now - 3650 * _DAY)
        .not_valid_after(ends or now + 3650 * _DAY)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer_key.public_key()),
            critical=False,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_usage(authority=authority), critical=True)
    )
    if not authority:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False
        ).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.sign(signer_key, hashes.SHA256())


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=not authority,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
