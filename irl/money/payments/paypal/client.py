"""Requests to PayPal's REST interface: a token by OAuth 2.0, JSON in and out."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from irl.errors import ProviderUnavailable
from irl.house import House
from irl.outside import Answer, Outside
from irl.settings import Settings

_EARLY_S: Final = 60
"""Seconds before its end at which a token is not used any more."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What PayPal said: the status, and the JSON object (empty where there was none)."""

    status: int
    said: dict[str, Any]

    @property
    def is_good(self) -> bool:
        """Whether the request was done."""
        return 200 <= self.status < 300

    @property
    def issue(self) -> str:
        """The first issue of an error, for instance `ORDER_NOT_APPROVED`, else its name."""
        details = self.said.get("details")
        first = details[0] if isinstance(details, list) and details else None
        found = first.get("issue") if isinstance(first, dict) else None
        return str(found or self.said.get("name") or self.said.get("error") or "")


class Client:
    """PayPal's REST interface, as one application of ours; see `client`."""

    def __init__(self, settings: Settings, outside: Outside) -> None:
        self._settings = settings
        self._outside = outside
        self._token = ""
        self._token_until = 0.0
        self._turn = asyncio.Lock()

    async def ask(
        self, method: str, path: str, *, said: object = None, request_id: str | None = None
    ) -> Reply:
        """Send a request, with a token that is good.

        Args:
            method: of the request.
            path: under the base address, each variable part through `part`.
            said: the body, as JSON; None for no body.
            request_id: `PayPal-Request-Id`, by which PayPal does the same thing only once; with
                it, or to read, a request is sent again when it fails.

        Raises:
            ProviderUnavailable: PayPal does not answer, or not in JSON, or refuses our token.
        """
        headers = {"Accept": "application/json"}
        body = b""
        if said is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(said).encode()
        if request_id is not None:
            headers["PayPal-Request-Id"] = request_id
            headers["Prefer"] = "return=representation"
        again = method == "GET" or request_id is not None
        for _ in range(2):
            token = await self._good_token()
            answer = await self._outside.ask(
                method,
                f"{self._settings.paypal_url}{path}",
                headers=headers | {"Authorization": f"Bearer {token}"},
                body=body,
                harmless_again=again,
            )
            if answer.status != 401:
                return _reply(answer)
            if token == self._token:
                self._token = ""  # it was revoked: the next one is asked for, once
        raise ProviderUnavailable("PayPal does not accept our token.", retry_after_s=60)

    async def _good_token(self) -> str:
        async with self._turn:
            if not self._token or time.monotonic() > self._token_until:
                await self._new_token()
            return self._token

    async def _new_token(self) -> None:
        who = f"{self._settings.paypal_client}:{self._settings.paypal_secret.get_secret_value()}"
        answer = await self._outside.ask(
            "POST",
            f"{self._settings.paypal_url}/v1/oauth2/token",
            headers={
                "Accept": "application/json",
                "Authorization": f"Basic {base64.b64encode(who.encode()).decode()}",
                "Content-Type": "application/x-www-form-urlencoded",
            },
            body=b"grant_type=client_credentials",
            harmless_again=True,
        )
        reply = _reply(answer)
        token, lasts = reply.said.get("access_token"), reply.said.get("expires_in")
        if not reply.is_good or not isinstance(token, str) or not isinstance(lasts, int):
            raise ProviderUnavailable("PayPal gives us no token.", retry_after_s=60)
        self._token = token
        self._token_until = time.monotonic() + max(0, lasts - _EARLY_S)


def client(house: House) -> Client:
    """Give the house's client of PayPal; its token lasts from one request to the next."""
    settings = house.settings
    return house.outside.kept((Client, settings), lambda: Client(settings, house.outside))


def part(text: str) -> str:
    """Write a name of PayPal's as one part of a path."""
    return quote(text, safe="")


def _reply(answer: Answer) -> Reply:
    try:
        said = json.loads(answer.body) if answer.body else {}
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise ProviderUnavailable("PayPal does not answer in JSON.")
    return Reply(answer.status, said)
