"""What providers of payments post by themselves: proven and done in one call of the domain.

They are answered 200 only once it is done, since they try again after any other answer.
"""

from __future__ import annotations

from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api import bodies
from api.errors import BodyTooLarge
from irl.house import House
from irl.money import deposits
from irl.sentence import Sentence

MOST_BYTES: Final = 64 * 1024
"""Of a post; the longest of PayPal's have about 5 KB."""


class Hook:
    """An endpoint for the posts of one provider, as an ASGI application."""

    def __init__(self, provider: str) -> None:
        self.provider = provider

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one post."""
        house: House = scope["state"]["house"]
        body = await bodies.whole(receive)
        if len(body) > MOST_BYTES:
            raise BodyTooLarge(Sentence("At most {most} bytes are taken here.", most=MOST_BYTES))
        headers = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["named"].items()
        }
        await deposits.heard(
            house,
            provider=self.provider,
            headers=headers,
            body=body,
            now=scope["state"]["clock"](),
        )
        await Response(headers={"Cache-Control": "no-store"})(scope, receive, send)
