"""The send-money part of the fake Skrill: a transfer is prepared, then executed once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from decimal import Decimal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tests.fakes.skrill import EMAIL, PASSWORD, Payment, Skrill, md5

XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass
class SendMoney:
    """Prepared and executed transfers, by session."""

    skrill: Skrill
    prepared: dict[str, dict[str, str]] = field(default_factory=dict)
    executed: dict[str, Payment] = field(default_factory=dict)
    status: str = "2"
    refusals: dict[str, str] = field(default_factory=dict)
    """What to refuse an action with, for instance `{"transfer": "BALANCE_NOT_ENOUGH"}`."""

    @property
    def routes(self) -> list[BaseRoute]:
        return [Route("/app/pay.pl", self.act, methods=["POST"])]

    def paid(self) -> dict[str, Decimal]:
        """Give what was sent, by frn_trn_id: the sum of all transfers."""
        found: dict[str, Decimal] = {}
        for payment in self.executed.values():
            name = payment.asked["transaction_id"]
            found[name] = found.get(name, Decimal(0)) + Decimal(payment.asked["amount"])
        return found

    async def act(self, request: Request) -> Response:
        asked = {name: str(value) for name, value in (await request.form()).items()}
        if (asked.get("email"), asked.get("password")) != (EMAIL, md5(PASSWORD)):
            return self.error("CANNOT_LOGIN")
        action = asked.get("action", "")
        if action in self.refusals:
            return self.error(self.refusals[action])
        if action == "prepare":
            sid = secrets.token_hex(16)
            self.prepared[sid] = asked
            return self.answer(f"<sid>{sid}</sid>")
        if action == "transfer":
            return self.transfer(asked.get("sid", ""))
        return self.error("INVALID_OR_MISSING_ACTION")

    def transfer(self, sid: str) -> Response:
        """Execute a prepared transfer, once."""
        if sid in self.executed:
            return self.error("ALREADY_EXECUTED")
        if sid not in self.prepared:
            return self.error("SESSION_EXPIRED")
        asked = self.prepared[sid]
        payment = Payment(
            sid, asked | {"transaction_id": asked["frn_trn_id"]}, str(next(self.skrill.numbers))
        )
        payment.status = self.status
        self.executed[sid] = payment
        self.skrill.payments[sid] = payment  # the merchant's query knows it too
        return self.answer(
            f"<transaction><amount>{asked['amount']}</amount><currency>EUR</currency>"
            f"<id>{payment.number}</id><status>{payment.status}</status>"
            "<status_msg>processed</status_msg></transaction>"
        )

    def error(self, message: str) -> Response:
        """Refuse as Skrill does."""
        return self.answer(f"<error><error_msg>{message}</error_msg></error>")

    def answer(self, inside: str) -> Response:
        """Wrap an answer."""
        return Response(f"{XML}<response>{inside}</response>", media_type="text/xml")
