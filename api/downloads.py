"""Files to keep, the same for calls and pages."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from api import statement_pdf
from irl import month
from irl.settlement import statements
from irl.settlement.statements import Statement
from qr import code


def statement_csv(statement: Statement) -> Response:
    """Answer with a statement as CSV."""
    return _file(statements.as_csv(statement), statement, "csv", media_type="text/csv")


async def statement_paper(statement: Statement, *, nickname: str, base_url: str) -> Response:
    """Answer with a statement as PDF; it is drawn in a thread, since many rows take a while."""
    made = await asyncio.to_thread(
        statement_pdf.made, statement, nickname=nickname, host=code.authority(base_url)
    )
    return _file(made, statement, "pdf", media_type="application/pdf")


def _file(content: str | bytes, statement: Statement, end: str, *, media_type: str) -> Response:
    name = f"statement-{month.text(statement.month)}.{end}"
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    return Response(content, media_type=media_type, headers=headers)
