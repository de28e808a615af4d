"""Asking servers of others over HTTP: one client with time-outs, bounded answers, no redirects.

A request is sent again only when its caller says that this is harmless, a few times and after a
short random wait. Whatever does not answer, or not in time, is `ProviderUnavailable`: what it did
is then not known.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import httpx2

from irl.errors import ProviderUnavailable
from irl.sentence import Sentence

T = TypeVar("T")

MOST_BYTES: Final = 256 * 1024
"""Of an answer; the longest that we ask for has a few kilobytes."""
MOST_TRIES: Final = 3

_WAIT_S: Final = 0.2
_CONNECTIONS: Final = 16
_BUSY: Final = 429


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered; the body whole."""

    status: int
    headers: httpx2.Headers
    body: bytes

    @property
    def is_good(self) -> bool:
        """Whether it says that all went well (RFC 9110, section 15.3)."""
        return 200 <= self.status < 300


class Outside:
    """The servers of others; opened with the house, connected when first needed.

    Args:
        timeout_s: seconds that one try may take at most, in all of its phases together.
        transport: in place of the network, for tests.
    """

    def __init__(
        self, *, timeout_s: float, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self._timeout_s = timeout_s
        self._transport = transport
        self._client: httpx2.AsyncClient | None = None
        self._kept: dict[Hashable, Any] = {}

    async def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        harmless_again: bool,
        most: int = MOST_BYTES,
    ) -> Answer:
        """Send a request and give the answer, whatever its status is below 500.

        Args:
            method: of the request.
            url: where to, whole.
            headers: of the request.
            body: of the request.
            harmless_again: whether it may be sent again when it fails.
            most: bytes that the answer may have.

        Raises:
            ProviderUnavailable: no answer, a late or too long one, or one with status 429 or 5xx.
        """
        tries = MOST_TRIES if harmless_again else 1
        for left in reversed(range(tries)):
            try:
                return await self._once(method, url, dict(headers or {}), body, most)
            except ProviderUnavailable:
                if not left:
                    raise
            # Random, so that those who failed together do not come back together.
            await asyncio.sleep(_WAIT_S * (tries - left) * random.uniform(0.5, 1.5))  # noqa: S311
        raise AssertionError("the loop above returns or raises")

    async def close(self) -> None:
        """End all connections; safe to call twice."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def kept(self, key: Hashable, make: Callable[[], T]) -> T:
        """Give what was made for this key before, else make it: it lasts as long as the house."""
        if key not in self._kept:
            self._kept[key] = make()
        found: T = self._kept[key]
        return found

    async def _once(
        self, method: str, url: str, headers: dict[str, str], body: bytes, most: int
    ) -> Answer:
        # Only the host: paths and queries can hold what is nobody's business.
        host = httpx2.URL(url).host
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._connected().stream(
                    method, url, headers=headers, content=body or None
                ) as response,
            ):
                answer = Answer(response.status_code, response.headers, await _read(response, most))
        except (httpx2.HTTPError, TimeoutError, OSError) as trouble:
            raise ProviderUnavailable(
                Sentence("{host} does not answer. Please try again.", host=host)
            ) from trouble
        if answer.status >= 500 or answer.status == _BUSY:
            raise ProviderUnavailable(
                Sentence("{host} is in trouble. Please try again.", host=host)
            )
        return answer

    def _connected(self) -> httpx2.AsyncClient:
        if self._client is None:
            self._client = httpx2.AsyncClient(
                transport=self._transport,
                timeout=httpx2.Timeout(self._timeout_s),
                limits=httpx2.Limits(max_connections=_CONNECTIONS),
                follow_redirects=False,
                headers={"User-Agent": "flattr-irl"},
            )
        return self._client


async def _read(response: httpx2.Response, most: int) -> bytes:
    parts, size = [], 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > most:
            raise httpx2.DecodingError("the answer is too long")
        parts.append(part)
    return b"".join(parts)
