"""Asking servers of others: time-outs, bounds, and no repeat where it could do harm."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx2
import pytest

from irl.errors import ProviderUnavailable
from irl.outside import MOST_BYTES, MOST_TRIES, Outside

pytestmark = pytest.mark.anyio

URL = "https://provider.example/secret-path?password=hidden"


class Server(httpx2.AsyncBaseTransport):
    """Answers what it is told to, in turn; the last again and again."""

    def __init__(self, *answers: Callable[[], httpx2.Response] | Exception | float) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, float):
            await asyncio.sleep(answer)
            return httpx2.Response(200, request=request)
        if isinstance(answer, Exception):
            raise answer
        return answer()


def good() -> httpx2.Response:
    return httpx2.Response(200, content=b"well")


def status(code: int) -> Callable[[], httpx2.Response]:
    return lambda: httpx2.Response(code)


async def ask(server: Server, *, again: bool, timeout_s: float = 0.2) -> bytes:
    outside = Outside(timeout_s=timeout_s, transport=server)
    try:
        answer = await outside.ask("POST", URL, body=b"x", harmless_again=again)
        return answer.body
    finally:
        await outside.close()


@pytest.mark.parametrize(
    "trouble",
    [status(500), status(503), status(429), httpx2.ConnectError("no"), httpx2.ReadError("no"), 5.0],
)
async def test_what_fails_is_tried_again_only_if_that_is_harmless(
    trouble: Callable[[], httpx2.Response] | Exception | float,
) -> None:
    server = Server(trouble, trouble, good)
    assert await ask(server, again=True) == b"well"
    assert server.asked == MOST_TRIES
    server = Server(trouble, good)
    with pytest.raises(ProviderUnavailable):
        await ask(server, again=False)
    assert server.asked == 1


async def test_it_gives_up_after_a_few_tries() -> None:
    server = Server(status(500))
    with pytest.raises(ProviderUnavailable):
        await ask(server, again=True)
    assert server.asked == MOST_TRIES


async def test_a_server_that_never_answers_is_not_waited_for() -> None:
    begun = asyncio.get_running_loop().time()
    with pytest.raises(ProviderUnavailable):
        await ask(Server(60.0), again=False, timeout_s=0.1)
    assert asyncio.get_running_loop().time() - begun < 5


async def test_an_answer_that_never_ends_is_cut_off() -> None:
    class Endless(httpx2.AsyncByteStream):
        sent = 0

        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                self.sent += 65536
                yield bytes(65536)

    stream = Endless()
    with pytest.raises(ProviderUnavailable):
        await ask(Server(lambda: httpx2.Response(200, stream=stream)), again=False, timeout_s=30)
    assert stream.sent <= MOST_BYTES + 2 * 65536


async def test_an_answer_that_drips_is_cut_off_in_all() -> None:
    class Dripping(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                yield b"."
                await asyncio.sleep(0.02)

    with pytest.raises(ProviderUnavailable):
        await ask(Server(lambda: httpx2.Response(200, stream=Dripping())), again=False)


@pytest.mark.parametrize("code", [302, 400, 401, 404, 422])
async def test_other_answers_are_given_as_they_are_and_never_followed(code: int) -> None:
    server = Server(lambda: httpx2.Response(code, headers={"Location": "https://evil.example/"}))
    outside = Outside(timeout_s=1, transport=server)
    answer = await outside.ask("GET", URL, harmless_again=True)
    assert (answer.status, answer.is_good, server.asked) == (code, False, 1)
    await outside.close()


async def test_an_error_tells_neither_path_nor_query() -> None:
    for trouble in (httpx2.ConnectError(URL), status(500)):
        with pytest.raises(ProviderUnavailable) as refused:
            await ask(Server(trouble), again=False)
        assert "secret-path" not in str(refused.value)
        assert "hidden" not in str(refused.value)
        assert refused.value.retry_after_s > 0


async def test_what_was_made_for_a_key_lasts() -> None:
    outside = Outside(timeout_s=1)
    made: list[int] = outside.kept("a", list)
    assert outside.kept("a", list) is made
    assert outside.kept("b", list) is not made
    await outside.close()
    await outside.close()
