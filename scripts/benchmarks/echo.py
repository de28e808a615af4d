"""The baseline: a bare Starlette application that reads JSON and answers JSON, nothing else."""

from __future__ import annotations

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


async def echo(request: Request) -> JSONResponse:
    """Answer with what was sent, in a body of the size that a scan's answer has."""
    said = await request.json()
    return JSONResponse({"echo": said, "filled": "x" * request.app.state.filled})


async def page(_: Request) -> JSONResponse:
    """Answer a GET."""
    return JSONResponse({"hello": "world"})


app = Starlette(
    routes=[
        Route("/api/v1/scans", echo, methods=["POST"]),
        Route("/", page),
    ]
)
app.state.filled = 150

if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        log_level="warning",
        server_header=False,
    )
