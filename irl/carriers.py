"""Carriers: what takes a mail away, into a folder or to a mail server (SMTP, RFC 5321).

A carrier is opened for a round of mails and keeps its connection while they last. What goes wrong
is one of three things: this mail will never be taken, it may be taken later, or nobody's mail can
be taken now.
"""

from __future__ import annotations

import asyncio
import contextlib
import email.policy
import os
import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import SplitResult, unquote, urlsplit

import aiosmtplib
from aiosmtplib import (
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
)

from irl.settings import Settings

PATIENCE_S: Final = 30.0
"""How long a server may take to be reached, and then again for one mail."""

_MAILS_A_CONNECTION: Final = 50
"""Some servers end a connection after a number of mails; we end it before they do."""


class Refused(Exception):
    """This mail will never be taken: a server said so for good (5xx), or it cannot be written."""


class Later(Exception):
    """This mail was not taken now: a server said so (4xx), was too slow, or hung up."""


class Unreachable(Exception):
    """No mail can be taken now: no server, no encryption, no sign-in, no room in the folder."""


class Carrier(Protocol):
    """Takes mails away."""

    async def deliver(self, message: EmailMessage, *, name: str) -> None:
        """Deliver one mail; `name` is that of its file, if it becomes one.

        Raises:
            Refused, Later, Unreachable: as they say.
        """


@asynccontextmanager
async def opened(settings: Settings, *, patience_s: float) -> AsyncIterator[Carrier]:
    """Open what the setting `IRL_MAIL_URL` names; nothing is connected before the first mail."""
    url = urlsplit(settings.mail_url)
    if url.scheme == "file":
        yield Folder(Path(unquote(url.path)))
        return
    server = Server(url, own_name=settings.host.partition(":")[0], patience_s=patience_s)
    try:
        yield server
    finally:
        await server.leave()


async def forget(settings: Settings, recipient: str) -> None:
    """Remove from our own folder, if that is where mails go, those to this address."""
    url = urlsplit(settings.mail_url)
    if url.scheme == "file":
        await asyncio.to_thread(_forget, Path(unquote(url.path)), recipient)


def _forget(folder: Path, recipient: str) -> None:
    for file in folder.glob("*.eml"):
        with file.open("rb") as mail:
            headers = BytesHeaderParser(policy=email.policy.default).parse(mail)
        if str(headers["To"]).lower() == recipient.lower():
            file.unlink(missing_ok=True)


class Folder:
    """A folder that gets one `.eml` file a mail."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def deliver(self, message: EmailMessage, *, name: str) -> None:
        """Write the file, at once or not at all."""
        try:
            await asyncio.to_thread(self._write, message.as_bytes(), f"{name}.eml")
        except OSError as trouble:
            raise Unreachable(_said(trouble)) from trouble

    def _write(self, content: bytes, name: str) -> None:
        self._path.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=self._path, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(temporary).replace(self._path / name)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise


class Server:
    """A mail server, connected to with the first mail and again whenever it hung up.

    Its certificate must be good for its name; who signs for it is what the system trusts, or what
    the environment's SSL_CERT_FILE names (OpenSSL's own variable).
    """

    def __init__(self, url: SplitResult, *, own_name: str, patience_s: float) -> None:
        self._url = url
        self._own_name = own_name
        self._patience_s = patience_s
        self._client: aiosmtplib.SMTP | None = None
        self._carried = 0

    async def deliver(self, message: EmailMessage, *, name: str) -> None:  # noqa: ARG002
        """Hand the mail over; it is delivered once the server has answered so."""
        client = await self._connected()
        self._carried += 1
        try:
            async with asyncio.timeout(self._patience_s):
                await client.send_message(message)
        except SMTPRecipientsRefused as trouble:
            raise _by_code(trouble.recipients[0].code, trouble) from trouble
        except SMTPDataError as trouble:
            raise _by_code(trouble.code, trouble) from trouble
        except (SMTPNotSupported, ValueError) as trouble:
            raise Refused(_said(trouble)) from trouble
        except (SMTPException, OSError) as trouble:
            # Whether the mail was taken is not known where the connection broke: it is sent again
            # under the same Message-ID.
            self._drop()
            raise Later(_said(trouble)) from trouble
        except BaseException:
            self._drop()
            raise

    async def leave(self) -> None:
        """Say good-bye, if anybody is there to hear it."""
        client, self._client = self._client, None
        if client is None:
            return
        try:
            async with asyncio.timeout(min(self._patience_s, 5)):
                await client.quit()
        except (SMTPException, OSError):
            pass
        finally:
            client.close()

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._carried >= _MAILS_A_CONNECTION:
            await self.leave()
        if self._client is not None and self._client.is_connected:
            return self._client
        self._drop()
        self._carried = 0
        url, client = self._url, self._new()
        try:
            async with asyncio.timeout(self._patience_s):
                await client.connect()
                if url.username:
                    await client.login(unquote(url.username), unquote(url.password or ""))
        except (SMTPException, OSError, ValueError) as trouble:
            client.close()
            raise Unreachable(_said(trouble)) from trouble
        except BaseException:
            client.close()
            raise
        self._client = client
        return client

    def _new(self) -> aiosmtplib.SMTP:
        scheme = self._url.scheme
        return aiosmtplib.SMTP(
            hostname=self._url.hostname,
            port=self._url.port or {"smtps": 465, "smtp+starttls": 587}.get(scheme, 25),
            use_tls=scheme == "smtps",
            start_tls=scheme == "smtp+starttls",
            tls_context=ssl.create_default_context() if scheme != "smtp" else None,
            timeout=self._patience_s,
            local_hostname=self._own_name,
        )

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def _by_code(code: int, trouble: Exception) -> Exception:
    return (Refused if 500 <= code < 600 else Later)(_said(trouble))


def _said(trouble: Exception) -> str:
    return f"{type(trouble).__name__}: {trouble}"
