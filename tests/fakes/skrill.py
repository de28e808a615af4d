"""A fake Skrill: prepare, a page to pay on, status posts, and the merchant's query."""

from __future__ import annotations

import hashlib
import itertools
import secrets
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from tests.fakes.pages import page
from tests.fakes.posting import Told
from tests.fakes.provider import Provider

EMAIL, MERCHANT = "house@fake.example", "4637827"
SECRET, PASSWORD = "fakeword", "fake password"

Fields = dict[str, str]


REPORT_HEADER = (
    "ID,Time (CET),Type,Transaction Details,[-] EUR,[+] EUR,Status,Balance,Reference,"
    "Amount Sent,Currency sent,More Information,"
    "ID of the corresponding Skrill transaction,Payment Type"
)


def fee_of(amount: str) -> str:
    """Give what Skrill keeps: 1.9 % and 29 cents, rounded to cents."""
    kept = Decimal(amount) * Decimal("0.019") + Decimal("0.29")
    return str(kept.quantize(Decimal("0.01"), ROUND_HALF_UP))


def _row(number: str, kind: str, change: str, about: str, related: str) -> str:
    out, into = (change.removeprefix("-"), "") if change.startswith("-") else ("", change)
    cells = [number, "23 Nov 26 13:00", kind, "payer@fake.example", out, into, "processed", "0.00"]
    return ",".join([*cells, about, "", "", "", related, "WLT"])


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@dataclass
class Payment:
    """A prepared payment and its status; None until the member has decided."""

    sid: str
    asked: Fields
    number: str
    status: str | None = None


@dataclass
class Skrill(Provider):
    """The fake's state."""

    payments: dict[str, Payment] = field(default_factory=dict)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(5585262))

    @property
    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", self.prepare, methods=["POST"]),
            Route("/", self.pay_page, methods=["GET"]),
            Route("/pay/{decision}", self.decide, methods=["POST"]),
            Route("/merchant", self.merchant_page, methods=["GET"]),
            Route("/report.csv", self.report, methods=["GET"]),
            Route("/merchant/chargeback", self.charge_back, methods=["POST"]),
            Route("/app/query.pl", self.query, methods=["POST"]),
        ]

    async def prepare(self, request: Request) -> Response:
        asked = {name: str(value) for name, value in (await request.form()).items()}
        if asked.get("prepare_only") != "1" or asked.get("pay_to_email") != EMAIL:
            return PlainTextResponse("BAD_REQUEST", 400)
        sid = secrets.token_hex(16)
        self.payments[sid] = Payment(sid, asked, str(next(self.numbers)))
        return PlainTextResponse(sid)

    async def query(self, request: Request) -> Response:
        asked = await request.form()
        if (asked.get("email"), asked.get("password")) != (EMAIL, md5(PASSWORD)):
            return PlainTextResponse("401\t\tCannot login")
        wanted = [
            payment
            for payment in self.payments.values()
            if payment.asked["transaction_id"] == asked.get("trn_id") and payment.status
        ]
        if not wanted:
            return PlainTextResponse(f"403\t\tTransaction not found: {asked.get('trn_id')}")
        return PlainTextResponse(f"200\t\tOK\n{urlencode(self.status_fields(wanted[-1]))}")

    async def pay_page(self, request: Request) -> Response:
        payment = self.payments.get(request.query_params.get("sid", ""))
        if payment is None or payment.status is not None:
            return page("Fake Skrill", ["This payment is over."], [])
        return page(
            "Fake Skrill",
            [f"Pay {payment.asked['amount']} {payment.asked['currency']}? No real money moves."],
            [
                ("/pay/2", "Pay", payment.sid),
                ("/pay/0", "Pay by a slow bank transfer", payment.sid),
                ("/pay/-2", "Pay, but the card fails", payment.sid),
                ("/pay/-1", "Cancel", payment.sid),
            ],
        )

    async def decide(self, request: Request) -> Response:
        payment = self.payments[str((await request.form())["id"])]
        status = request.path_params["decision"]
        if status == "-1":
            return RedirectResponse(payment.asked["cancel_url"], 303)
        payment.status = status
        self.tell(payment)
        return RedirectResponse(
            f"{payment.asked['return_url']}?transaction_id={payment.asked['transaction_id']}", 303
        )

    async def report(self, _: Request) -> Response:
        return Response(self.report_text(), media_type="text/csv")

    def report_text(self) -> str:
        """Write the account history: each fee is a line of its own."""
        rows = []
        for payment in self.payments.values():
            if payment.status not in {"2", "-3"}:
                continue
            about, name = payment.asked["transaction_id"], payment.number
            rows.append(_row(name, "Receive Money", payment.asked["amount"], about, ""))
            kept = fee_of(payment.asked["amount"])
            rows.append(_row(f"{name}1", "Receive Money Fee", f"-{kept}", "", name))
            if payment.status == "-3":
                back = f"-{payment.asked['amount']}"
                rows.append(_row(f"{name}2", "Chargeback", back, "", name))
        return "\n".join([REPORT_HEADER, *reversed(rows), ""])

    async def merchant_page(self, _: Request) -> Response:
        paid = [payment for payment in self.payments.values() if payment.status == "2"]
        return page(
            "Fake Skrill of the merchant",
            [f"{one.asked['amount']} EUR, transaction {one.number}" for one in paid]
            or ["Nothing was paid yet."],
            [("/merchant/chargeback", f"Charge back {one.number}", one.sid) for one in paid],
        )

    async def charge_back(self, request: Request) -> Response:
        payment = self.payments[str((await request.form())["id"])]
        payment.status = "-3"
        self.tell(payment)
        return RedirectResponse("/merchant", 303)

    def status_fields(self, payment: Payment, *, secret: str = SECRET, **other: str) -> Fields:
        """Give the fields of a status post, signed; `other` values are signed too."""
        fields = {
            "pay_to_email": EMAIL,
            "pay_from_email": "payer@fake.example",
            "merchant_id": MERCHANT,
            "transaction_id": payment.asked["transaction_id"],
            "mb_transaction_id": payment.number,
            "mb_amount": payment.asked["amount"].rstrip("0").rstrip("."),
            "mb_currency": payment.asked["currency"],
            "amount": payment.asked["amount"],
            "currency": payment.asked["currency"],
            "status": payment.status or "0",
        } | other
        signed = "".join(
            (
                fields["merchant_id"],
                fields["transaction_id"],
                md5(secret).upper(),
                fields["mb_amount"],
                fields["mb_currency"],
                fields["status"],
            )
        )
        return fields | {
            "md5sig": md5(signed).upper(),
            "sha2sig": hashlib.sha256(signed.encode()).hexdigest().upper(),
        }

    def tell(self, payment: Payment) -> None:
        """Tell the house, until it has heard."""
        body = urlencode(self.status_fields(payment)).encode()
        headers = {"content-type": "application/x-www-form-urlencoded"}
        self.posting.tell(Told(payment.asked["status_url"], lambda: (headers, body)))
