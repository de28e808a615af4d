"""A real mail server in a thread of its own: STARTTLS, AUTH, and the moods that servers have."""

from __future__ import annotations

import asyncio
import email
import email.policy
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOGIN, PASSWORD = "house", "p/w:@ä"  # what an address must quote
QUOTED = "house:p%2Fw%3A%40%C3%A4"


@dataclass(frozen=True, slots=True)
class Mood:
    """What the server does with a mail: how it answers at each step, how slowly, or not at all."""

    rcpt: str = "250 OK"
    data: str = "250 OK"
    wait_s: float = 0
    takes: bool = True
    """Whether the mail is taken although the answer does not come."""
    hangs_up: bool = False
    """After the whole mail, before the answer."""


GOOD = Mood()
DROPS = Mood(hangs_up=True)
"""Takes the mail and hangs up without saying so."""


@dataclass
class MailServer:
    """Takes mails; `mood` says how, for each recipient."""

    folder: Path
    options: dict[str, Any] = field(default_factory=dict)
    mood: Callable[[str], Mood] = lambda _recipient: GOOD
    taken: list[EmailMessage] = field(default_factory=list)
    asked: int = 0
    sessions: int = 0
    port: int = 0
    controller: Controller | None = None

    @property
    def url(self) -> str:
        """What `IRL_MAIL_URL` is to be."""
        return f"smtp+starttls://{QUOTED}@localhost:{self.port}"

    def counts(self) -> Counter[str]:
        """How often each Message-ID was taken."""
        return Counter(mail["Message-ID"] for mail in self.taken)

    def to(self, recipient: str) -> list[EmailMessage]:
        return [mail for mail in self.taken if mail["To"] == recipient]

    def start(self) -> None:
        if not self.port:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
        self.controller = Controller(
            self, hostname="127.0.0.1", port=self.port, **self._secure(), **self.options
        )
        self.controller.start()

    def stop(self) -> None:
        if self.controller is not None:
            self.controller.stop()
            self.controller = None

    def _secure(self) -> dict[str, Any]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "server.pem", self.folder / "server.key")
        return {
            "tls_context": context,
            "require_starttls": True,
            "auth_required": True,
            "authenticator": self._who,
        }

    def _who(self, *asked: Any) -> AuthResult:
        said = asked[-1]
        assert isinstance(said, LoginPassword)
        good = (said.login.decode(), said.password.decode()) == (LOGIN, PASSWORD)
        return AuthResult(success=good, handled=False)

    # --- what aiosmtpd calls ---

    async def handle_EHLO(  # noqa: N802
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.sessions += session.ssl is not None
        return responses

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        self.asked += 1
        answer = self.mood(address).rcpt
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        mood = self.mood(envelope.rcpt_tos[0])
        await asyncio.sleep(mood.wait_s)
        if mood.data.startswith("250") and mood.takes:
            mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
            assert isinstance(mail, EmailMessage)
            self.taken.append(mail)
        if mood.hangs_up:
            server.transport.abort()
        return mood.data


def make_certificates(folder: Path) -> Path:
    """Make a certificate for localhost and who signed for it; give the file of the latter."""
    folder.mkdir(parents=True, exist_ok=True)
    root_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _certificate("Test root", root_key, root_key, issuer="Test root", is_root=True)
    server = _certificate("localhost", server_key, root_key, issuer="Test root", is_root=False)
    pem = serialization.Encoding.PEM
    (folder / "root.pem").write_bytes(root.public_bytes(pem))
    (folder / "server.pem").write_bytes(server.public_bytes(pem))
    (folder / "server.key").write_bytes(
        server_key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return folder / "root.pem"


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    *,
    issuer: str,
    is_root: bool,
) -> x509.Certificate:
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
            critical=False,
        )
    )
    if not is_root:
        names = [x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))]
        made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return made.sign(signer, hashes.SHA256())
