"""Both fakes on ports of their own, in a thread of this process."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import uvicorn

from tests.fakes import paypal as paypals
from tests.fakes import skrill as skrills
from tests.fakes.mischief import Mischief
from tests.fakes.paypal import PayPal
from tests.fakes.paypal_payouts import Payouts
from tests.fakes.skrill import Skrill
from tests.fakes.skrill_payouts import SendMoney

T = TypeVar("T")
START_S = 20


@dataclass
class Fakes:
    """A fake PayPal and a fake Skrill, and the settings by which a house finds them."""

    paypal: PayPal
    skrill: Skrill
    paypal_app: Mischief
    skrill_app: Mischief
    folder: Path
    payouts: Payouts
    send_money: SendMoney
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "IRL_PAYPAL_URL": self.paypal.url,
            "IRL_PAYPAL_CLIENT": paypals.CLIENT,
            "IRL_PAYPAL_SECRET": paypals.SECRET,
            "IRL_PAYPAL_MERCHANT": paypals.MERCHANT,
            "IRL_PAYPAL_WEBHOOK": paypals.WEBHOOK,
            "IRL_PAYPAL_CERT_ORIGINS": self.paypal.url,
            "IRL_PAYPAL_ROOTS": str(self.folder / "roots.pem"),
            "IRL_SKRILL_URL": self.skrill.url,
            "IRL_SKRILL_API_URL": self.skrill.url,
            "IRL_SKRILL_EMAIL": skrills.EMAIL,
            "IRL_SKRILL_MERCHANT": skrills.MERCHANT,
            "IRL_SKRILL_SECRET": skrills.SECRET,
            "IRL_SKRILL_PASSWORD": skrills.PASSWORD,
        }

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something in the fakes' own loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)


def _listening(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    return listener


@contextmanager
def running(folder: Path, *, house: str, ports: tuple[int, int] = (0, 0)) -> Iterator[Fakes]:
    """Run both fakes until the block ends; `house` is the address of the service they serve."""
    listeners = [_listening(port) for port in ports]
    urls = [f"http://localhost:{one.getsockname()[1]}" for one in listeners]
    paypal = PayPal(url=urls[0], hook=f"{house}/hooks/paypal")
    skrill = Skrill(url=urls[1])
    payouts, send_money = Payouts(paypal), SendMoney(skrill)
    paypal.more_routes += payouts.routes
    skrill.more_routes += send_money.routes
    (folder / "roots.pem").write_bytes(paypal.chain.roots)
    fakes = Fakes(paypal, skrill, paypal.app(), skrill.app(), folder, payouts, send_money)
    servers = [
        uvicorn.Server(
            uvicorn.Config(
                app, log_level="critical", lifespan="on", timeout_graceful_shutdown=1, ws="none"
            )
        )
        for app in (fakes.paypal_app, fakes.skrill_app)
    ]

    async def serve() -> None:
        await asyncio.gather(
            *(server.serve([one]) for server, one in zip(servers, listeners, strict=True))
        )

    def work() -> None:
        asyncio.set_event_loop(fakes.loop)
        fakes.loop.run_until_complete(serve())

    thread = threading.Thread(target=work, name="fakes", daemon=True)
    thread.start()
    until = time.monotonic() + START_S
    while not all(server.started for server in servers):
        assert time.monotonic() < until, "the fakes did not start"
        time.sleep(0.01)
    try:
        yield fakes
    finally:
        for server in servers:
            server.should_exit = True
        thread.join(10)
        fakes.loop.close()
        for one in listeners:
            one.close()
