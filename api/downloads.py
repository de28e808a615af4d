"""Files to keep, the same for calls and pages."""

from __future__ import annotations

import asyncio
import json

from starlette.responses import Response

from api import statement_pdf
from irl import month
from irl.language import Language
from irl.money.payout_files import PayoutFile
from irl.settlement import document, sheet
from irl.settlement.statement import Statement
from qr import code


def statement_csv(statement: Statement) -> Response:
    """Answer with a statement as CSV."""
    return _file(sheet.of(statement), statement, "csv", media_type="text/csv")


def statement_json(statement: Statement) -> Response:
    """Answer with a statement as JSON, as a file that `irl recompute` checks."""
    written = json.dumps(document.of(statement), ensure_ascii=False, indent=1)
    return _file(written + "\n", statement, "json", media_type="application/json")


async def statement_paper(
    statement: Statement, *, nickname: str, base_url: str, speaks: Language
) -> Response:
    """Answer with a statement as PDF; it is drawn in a thread, since many rows take a while."""
    made = await asyncio.to_thread(
        statement_pdf.made,
        statement,
        nickname=nickname,
        host=code.authority(base_url),
        speaks=speaks,
    )
    return _file(made, statement, "pdf", media_type="application/pdf")


def payout_file(made: PayoutFile) -> Response:
    """Answer with a payment file for the bank."""
    return _named(made.body, f"payouts-{made.id}.xml", media_type="application/xml")


def _file(content: str | bytes, statement: Statement, end: str, *, media_type: str) -> Response:
    name = f"statement-{month.text(statement.month)}.{end}"
    return _named(content, name, media_type=media_type)


def _named(content: str | bytes, name: str, *, media_type: str) -> Response:
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    return Response(content, media_type=media_type, headers=headers)
