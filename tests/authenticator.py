"""A browser with an authenticator, in software: makes passkeys and signs with them (ES256).

It follows W3C Web Authentication, level 3, sections 6.1 (authenticator data), 6.5.1 (attested
credential data) and 5.8.1 (client data); keys are written as COSE has it (RFC 9053).
"""

from __future__ import annotations

import hashlib
import json
import secrets
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40
ES256 = -7


def to_text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def to_bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "==")


@dataclass
class Key:
    private: ec.EllipticCurvePrivateKey
    rp_id: str
    handle: str
    count: int = 0


@dataclass
class Authenticator:
    """Holds keys; `counts` says whether it counts its signatures, as security keys do."""

    origin: str = "http://localhost:8000"
    counts: bool = True
    keys: dict[str, Key] = field(default_factory=dict)

    def create(self, options: dict[str, Any]) -> str:
        """Do as `navigator.credentials.create`: the answer as JSON."""
        assert ES256 in [one["alg"] for one in options["pubKeyCredParams"]]
        assert not {one["id"] for one in options["excludeCredentials"]} & set(self.keys)
        key = Key(
            ec.generate_private_key(ec.SECP256R1()), options["rp"]["id"], options["user"]["id"]
        )
        raw_id = secrets.token_bytes(32)
        self.keys[to_text(raw_id)] = key
        attested = secrets.token_bytes(16) + struct.pack(">H", len(raw_id)) + raw_id + cose(key)
        statement = {
            "fmt": "none",
            "attStmt": {},
            "authData": self._data(key, PRESENT | VERIFIED | ATTESTED) + attested,
        }
        client = self._client("webauthn.create", options["challenge"])
        return answer(
            raw_id,
            clientDataJSON=to_text(client),
            attestationObject=to_text(cbor2.dumps(statement)),
            transports=["internal"],
        )

    def get(self, options: dict[str, Any], **instead: Any) -> str:
        """Do as `navigator.credentials.get` with the first key that fits: the answer as JSON.

        `instead` are parts of the answer that lie.
        """
        raw_id, key = next(
            (to_bytes(name), key) for name, key in self.keys.items() if key.rp_id == options["rpId"]
        )
        key.count += self.counts
        data = self._data(key, PRESENT | VERIFIED)
        client = self._client("webauthn.get", options["challenge"])
        signed = data + hashlib.sha256(client).digest()
        said = {
            "clientDataJSON": to_text(client),
            "authenticatorData": to_text(data),
            "signature": to_text(key.private.sign(signed, ec.ECDSA(SHA256()))),
            "userHandle": key.handle,
        }
        return answer(raw_id, **said | instead)

    def _data(self, key: Key, flags: int) -> bytes:
        rp_id_hash = hashlib.sha256(key.rp_id.encode()).digest()
        return rp_id_hash + struct.pack(">BI", flags, key.count)

    def _client(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()


def cose(key: Key) -> bytes:
    point = key.private.public_key().public_numbers()
    x, y = (number.to_bytes(32, "big") for number in (point.x, point.y))
    return cbor2.dumps({1: 2, 3: ES256, -1: 1, -2: x, -3: y})


def answer(raw_id: bytes, **response: Any) -> str:
    return json.dumps(
        {
            "id": to_text(raw_id),
            "rawId": to_text(raw_id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        }
    )
