"""The service as it runs, with a reader of photos that has no processes: scans by code need none."""

from __future__ import annotations

import os
import sys

import uvicorn

from api import app, logs, serving
from irl import settings
from scanner import Health, Look, Picture, Sighting


class NoReader:
    """Reads nothing."""

    async def read(self, photo: bytes, *, look: Look = Look.PHOTO) -> tuple[Sighting, ...]:
        raise NotImplementedError

    async def picture(self, photo: bytes) -> Picture:
        raise NotImplementedError

    def health(self) -> Health:
        raise NotImplementedError


if __name__ == "__main__":
    logs.to_stderr()
    made = app.create(settings.load(), reader=NoReader(), log=logs.AccessLog(sys.stderr))
    serving.spare_collector()
    uvicorn.run(
        made,
        port=int(os.environ["PORT"]),
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
    )
