"""Statements: one's own accounts of closed months."""

from __future__ import annotations

from functools import partial

from starlette.responses import Response

from api import downloads, ledger_words
from api.pages.page import Asked, page
from irl import month as months
from irl.errors import Invalid, NotFound
from irl.settlement import document, statements
from irl.settlement.statement import RULE, Statement


@page(members_only=True)
async def mine(asked: Asked) -> Response:
    """Show the closed months, each with what was given and received in it."""
    found = await statements.listed(asked.house, asked.member.id)
    return asked.show("statements.html", months=found)


@page(members_only=True)
async def of(asked: Asked) -> Response:
    """Show what was given and received in a closed month, with how the pot was divided."""
    statement = await _statement(asked)
    return asked.show(
        "statement.html",
        statement=statement,
        rule=asked.speaks.says(RULE),
        digest=document.of(statement)["hash"],
        words=partial(ledger_words.of, speaks=asked.speaks),
        is_quiet=ledger_words.is_quiet,
    )


@page(members_only=True)
async def json(asked: Asked) -> Response:
    """Hand out the same as JSON, which `irl recompute` checks."""
    return downloads.statement_json(await _statement(asked))


@page(members_only=True)
async def csv(asked: Asked) -> Response:
    """Hand out the same as CSV."""
    return downloads.statement_csv(await _statement(asked))


@page(members_only=True)
async def pdf(asked: Asked) -> Response:
    """Hand out the same as PDF."""
    return await downloads.statement_paper(
        await _statement(asked),
        nickname=asked.member.nickname,
        base_url=asked.base_url,
        speaks=asked.speaks,
    )


async def _statement(asked: Asked) -> Statement:
    try:
        month = months.parse(asked.part("month"))
    except Invalid:
        raise NotFound("There is no such month.") from None
    return await statements.of(asked.house, asked.member.id, month, now=asked.now)
