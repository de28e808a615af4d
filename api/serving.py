"""Serving: uvicorn with our settings, checked before anything is opened."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import signal
import sys
import threading
from ipaddress import ip_network
from typing import Any, Final

import uvicorn

import irl.house
from api import app, logs
from irl import migrations, settings
from irl.errors import Unavailable
from irl.settings import Settings, SettingsRefused

_GRACE_S: Final = 10
"""Seconds that requests under way have when the server is asked to stop."""
_WORKER_S: Final = 60
"""Seconds after which one of several workers that is silent is replaced. It is silent while it
starts; uvicorn's 5 seconds are too few for that on a busy machine, and none ever came up."""


def serve(house_settings: Settings) -> None:
    """Serve until the process is asked to stop.

    Raises:
        SettingsRefused: a setting is bad.
        Unavailable: the database cannot be opened, or is not migrated.
    """
    checked = options(house_settings)
    check_ready(house_settings)
    logs.to_stderr()
    if house_settings.workers == 1:
        uvicorn.Server(uvicorn.Config(from_environment(), **checked)).run()
    else:
        uvicorn.run("api.serving:from_environment", factory=True, **checked)


def from_environment() -> Any:
    """Make the application of the environment's settings, in each process that serves."""
    _end_with_parent()
    logs.to_stderr()
    made = app.create(settings.load(), log=logs.AccessLog(sys.stderr))
    spare_collector()
    return made


def spare_collector() -> None:
    """Keep the garbage collector from what lives as long as the process, and let it come rarely.

    A request makes many short-lived objects and hardly a cycle.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _end_with_parent() -> None:
    """Let one of several workers stop when the process that minds them was killed.

    It would go on serving, and keep the port from those that are started next.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="irl parent", daemon=True).start()


def check_ready(house_settings: Settings) -> None:
    """Look at the house once, so that what is missing is said in one line and not by a server.

    Raises:
        SettingsRefused: the rules cannot be read.
        Unavailable: the database cannot be opened, or is not migrated.
    """

    async def look() -> None:
        async with irl.house.opened(house_settings):
            pass

    asyncio.run(look())
    if migrations.drifts(house_settings.database_url) is not None:
        raise Unavailable("The database does not have the newest schema; run: irl migrate")


def options(house_settings: Settings) -> dict[str, Any]:
    """Give uvicorn's options.

    Raises:
        SettingsRefused: several workers on SQLite, or proxies that are no networks.
    """
    if house_settings.workers > 1 and house_settings.database_url.startswith("sqlite"):
        raise SettingsRefused("IRL_WORKERS: SQLite has one writer; several workers need PostgreSQL")
    proxies = [word.strip() for word in house_settings.trusted_proxies.split(",") if word.strip()]
    for proxy in proxies:
        _check_network(proxy)
    return {
        "host": "0.0.0.0",  # noqa: S104 - a service; the firewall or the proxy decides who comes
        "port": house_settings.port,
        "workers": house_settings.workers,
        "loop": "auto",  # uvloop where there is one
        "http": "httptools",
        "ws": "none",
        "lifespan": "on",
        "access_log": False,
        "log_config": None,
        "server_header": False,
        # Never "*", which believes an address that the client wrote.
        "proxy_headers": bool(proxies),
        "forwarded_allow_ips": proxies,
        "timeout_graceful_shutdown": _GRACE_S,
        "timeout_worker_healthcheck": _WORKER_S,
    }


def _check_network(text: str) -> None:
    try:
        ip_network(text)
    except ValueError:
        raise SettingsRefused(
            f"IRL_TRUSTED_PROXIES: {text} is no address or network, such as 10.0.0.0/8"
        ) from None
