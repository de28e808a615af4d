"""GET /healthz: what is live."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from pydantic_core import to_json
from starlette.responses import Response

from api.state import Request
from irl.errors import Unavailable


def _version() -> str:
    try:
        return version("flattr-irl")
    except PackageNotFoundError:  # run from a folder that was not installed
        return "unknown"


VERSION: Final = _version()


async def healthz(request: Request) -> Response:
    """Tell which parts are live; 503 when scans or photos cannot be served."""
    state = request.state
    scanner = state["reader"].health()
    database = await _database(request)
    is_well = database["reachable"] and scanner["ready"] > 0 and any(scanner["decoders"].values())
    document = {
        "status": "ok" if is_well else "unwell",
        "version": VERSION,
        "database": database,
        "decoders": scanner["decoders"],
        "sandbox": scanner["sandbox"],
        "workers": {
            name: scanner[name] for name in ("workers", "ready", "busy", "waiting", "restarts")
        },
    }
    return Response(
        to_json(document),
        status_code=200 if is_well else 503,
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


async def _database(request: Request) -> dict[str, Any]:
    db = request.state["house"].db
    try:
        async with db.reading() as connection:
            reachable = bool(await connection.run("SELECT 1"))
    except (Unavailable, OSError):
        reachable = False
    return {"engine": db.engine, "reachable": reachable}
