"""A fake PayPal: OAuth, Orders v2, captures, refunds and signed webhooks, over real HTTP."""

from __future__ import annotations

import base64
import json
import secrets
import uuid
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from tests.fakes.certificates import Chain
from tests.fakes.pages import page
from tests.fakes.posting import Told
from tests.fakes.provider import Provider

CLIENT, SECRET = "fake-client", "fake-secret"
MERCHANT, WEBHOOK = "FAKEMERCHANT1", "WH-FAKE-1"
CERTIFICATE = "/v1/notifications/certs/CERT-360caa42-fca2a594-fake"
CENT = Decimal("0.01")

REPORT_HEADER = (
    '"Date","Time","TimeZone","Name","Type","Status","Currency","Gross","Fee","Net",'
    '"From Email Address","To Email Address","Transaction ID","Reference Txn ID",'
    '"Invoice Number","Custom Number","Balance","Balance Impact"'
)

Json = dict[str, Any]


def fee_of(amount: str) -> str:
    """Give what PayPal keeps: 2.49 % and 35 cents, rounded to cents."""
    kept = Decimal(amount) * Decimal("0.0249") + Decimal("0.35")
    return str(kept.quantize(CENT, ROUND_HALF_UP))


@dataclass
class Order:
    """An order, its one purchase unit, and what became of it."""

    id: str
    asked: Json
    status: str = "PAYER_ACTION_REQUIRED"
    card_fails: bool = False
    capture: Json | None = None
    refunds: list[Json] = field(default_factory=list)

    @property
    def unit(self) -> Json:
        unit: Json = self.asked["purchase_units"][0]
        return unit

    @property
    def context(self) -> Json:
        context: Json = self.asked["payment_source"]["paypal"]["experience_context"]
        return context


@dataclass
class PayPal(Provider):
    """The fake's state; `hook` is set once the ports are known."""

    chain: Chain = field(default_factory=Chain.make)
    hook: str = ""
    orders: dict[str, Order] = field(default_factory=dict)
    done: dict[str, Json] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)

    @property
    def routes(self) -> list[BaseRoute]:
        return [
            Route("/v1/oauth2/token", self.token, methods=["POST"]),
            Route("/v2/checkout/orders", self.create, methods=["POST"]),
            Route("/v2/checkout/orders/{id}", self.order, methods=["GET"]),
            Route("/v2/checkout/orders/{id}/capture", self.take, methods=["POST"]),
            Route(CERTIFICATE, self.certificate, methods=["GET"]),
            Route("/checkoutnow", self.pay_page, methods=["GET"]),
            Route("/checkoutnow/{decision}", self.decide, methods=["POST"]),
            Route("/merchant", self.merchant_page, methods=["GET"]),
            Route("/report.csv", self.report, methods=["GET"]),
            Route("/merchant/{what}", self.take_back, methods=["POST"]),
        ]

    # --- what programs ask ---

    def is_known(self, request: Request) -> bool:
        """Whether a request has a token of ours."""
        return request.headers.get("authorization", "").removeprefix("Bearer ") in self.tokens

    async def token(self, request: Request) -> Response:
        who = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        form = await request.form()
        if request.headers.get("authorization") != f"Basic {who}":
            return JSONResponse({"error": "invalid_client"}, 401)
        if form.get("grant_type") != "client_credentials":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        token = secrets.token_urlsafe(30)
        self.tokens.add(token)
        return JSONResponse(
            {"access_token": token, "token_type": "Bearer", "app_id": "APP-1", "expires_in": 32400}
        )

    async def create(self, request: Request) -> Response:
        if not self.is_known(request):
            return refused(401, "AUTHENTICATION_FAILURE")
        key = request.headers.get("paypal-request-id", "")
        if key in self.done:
            return JSONResponse(self.shown(self.orders[self.done[key]["order"]]), 200)
        asked = json.loads(await request.body())
        unit = asked["purchase_units"][0]
        if asked["intent"] != "CAPTURE" or Decimal(unit["amount"]["value"]) <= 0:
            return refused(422, "UNPROCESSABLE_ENTITY")
        if any(one.unit["invoice_id"] == unit["invoice_id"] for one in self.orders.values()):
            return refused(422, "DUPLICATE_INVOICE_ID")
        order = Order(secrets.token_hex(8).upper() + "X", asked)
        self.orders[order.id] = order
        if key:
            self.done[key] = {"order": order.id}
        return JSONResponse(self.shown(order), 200)

    async def order(self, request: Request) -> Response:
        if not self.is_known(request):
            return refused(401, "AUTHENTICATION_FAILURE")
        order = self.orders.get(request.path_params["id"])
        return JSONResponse(self.shown(order)) if order else refused(404, "RESOURCE_NOT_FOUND")

    async def take(self, request: Request) -> Response:
        if not self.is_known(request):
            return refused(401, "AUTHENTICATION_FAILURE")
        order = self.orders.get(request.path_params["id"])
        key = request.headers.get("paypal-request-id", "")
        if order is None:
            return refused(404, "RESOURCE_NOT_FOUND")
        if key in self.done:
            return JSONResponse(self.shown(order), 200)
        issue = self.why_not(order)
        if issue is not None:
            return refused(422, issue)
        self.captured(order)
        if key:
            self.done[key] = {"order": order.id}
        self.tell("PAYMENT.CAPTURE.COMPLETED", self.capture_resource(order))
        return JSONResponse(self.shown(order), 201)

    def why_not(self, order: Order) -> str | None:
        """Say why an order cannot be captured."""
        if order.capture is not None:
            return "ORDER_ALREADY_CAPTURED"
        if order.status != "APPROVED":
            return "ORDER_NOT_APPROVED"
        if order.card_fails:
            order.status = "PAYER_ACTION_REQUIRED"
            return "INSTRUMENT_DECLINED"
        return None

    async def certificate(self, _: Request) -> Response:
        return Response(self.chain.sent, media_type="application/x-pem-file")

    # --- what people click ---

    async def pay_page(self, request: Request) -> Response:
        order = self.orders.get(request.query_params.get("token", ""))
        if order is None or order.capture is not None:
            return page("Fake PayPal", ["This payment is over."], [])
        amount = order.unit["amount"]
        return page(
            "Fake PayPal",
            [f"Pay {amount['value']} {amount['currency_code']}? No real money moves."],
            [
                ("/checkoutnow/approve", "Approve", order.id),
                ("/checkoutnow/card-fails", "Approve, but the card fails", order.id),
                ("/checkoutnow/cancel", "Cancel", order.id),
            ],
        )

    async def decide(self, request: Request) -> Response:
        order = self.orders[str((await request.form())["id"])]
        decision = request.path_params["decision"]
        if decision == "cancel":
            return RedirectResponse(f"{order.context['cancel_url']}?token={order.id}", 303)
        order.status = "APPROVED"
        order.card_fails = decision == "card-fails"
        self.tell("CHECKOUT.ORDER.APPROVED", self.shown(order), resource_type="checkout-order")
        back = f"{order.context['return_url']}?token={order.id}&PayerID=FAKEPAYER1"
        return RedirectResponse(back, 303)

    async def merchant_page(self, _: Request) -> Response:
        taken = [order for order in self.orders.values() if order.capture and not order.refunds]
        lines = [f"{order.unit['amount']['value']} EUR, order {order.id}" for order in taken]
        buttons = [
            (f"/merchant/{what}", f"{text} {order.id}", order.id)
            for order in taken
            for what, text in (("refund", "Refund"), ("reverse", "Charge back"))
        ]
        return page("Fake PayPal of the merchant", lines or ["Nothing was paid yet."], buttons)

    async def take_back(self, request: Request) -> Response:
        order = self.orders[str((await request.form())["id"])]
        what = request.path_params["what"]
        amount = order.unit["amount"]["value"]
        event = {"refund": "REFUNDED", "reverse": "REVERSED"}[what]
        resource = self.refund_resource(order, amount)
        order.refunds.append(resource)
        assert order.capture is not None
        order.capture["status"] = "REFUNDED"
        self.tell(f"PAYMENT.CAPTURE.{event}", resource, resource_type="refund")
        return RedirectResponse("/merchant", 303)

    async def report(self, _: Request) -> Response:
        return Response("\ufeff" + self.report_text(), media_type="text/csv")

    def report_text(self) -> str:
        """Write the activity report, newest first, as PayPal does."""
        rows = []
        for order in self.orders.values():
            if order.capture is None:
                continue
            kept = order.capture["seller_receivable_breakdown"]["paypal_fee"]["value"]
            name, about = order.capture["id"], order.unit["custom_id"]
            rows.append(_row("Express Checkout Payment", order.unit, kept, name, about, ""))
            for refund in order.refunds:
                unit = {"amount": {"value": f"-{refund['amount']['value']}"}}
                rows.append(_row("Payment Refund", unit, "0.00", refund["id"], about, name))
        return "\r\n".join([REPORT_HEADER, *reversed(rows), ""])

    # --- what it shows ---

    def captured(self, order: Order) -> None:
        """Take the money of an order."""
        amount = order.unit["amount"]
        kept = fee_of(amount["value"])
        order.status = "COMPLETED"
        order.capture = {
            "id": secrets.token_hex(8).upper() + "C",
            "status": "COMPLETED",
            "amount": amount,
            "final_capture": True,
            "custom_id": order.unit["custom_id"],
            "invoice_id": order.unit["invoice_id"],
            "seller_receivable_breakdown": {
                "gross_amount": amount,
                "paypal_fee": {"currency_code": amount["currency_code"], "value": kept},
                "net_amount": {
                    "currency_code": amount["currency_code"],
                    "value": str(Decimal(amount["value"]) - Decimal(kept)),
                },
            },
            "create_time": _now(),
            "update_time": _now(),
        }

    def shown(self, order: Order) -> Json:
        """Show an order as PayPal does."""
        unit = {**order.unit, "payee": self.payee()}
        if order.capture is not None:
            unit["payments"] = {"captures": [order.capture], "refunds": order.refunds}
        return {
            "id": order.id,
            "intent": "CAPTURE",
            "status": order.status,
            "purchase_units": [unit],
            "links": [
                {
                    "rel": "payer-action",
                    "method": "GET",
                    "href": f"{self.url}/checkoutnow?token={order.id}",
                },
                {
                    "rel": "self",
                    "method": "GET",
                    "href": f"{self.url}/v2/checkout/orders/{order.id}",
                },
            ],
        }

    def payee(self) -> Json:
        """Show who is paid."""
        return {"email_address": "house@fake.example", "merchant_id": MERCHANT}

    def capture_resource(self, order: Order) -> Json:
        """Show a capture as in a webhook."""
        assert order.capture is not None
        return {
            **order.capture,
            "payee": self.payee(),
            "supplementary_data": {"related_ids": {"order_id": order.id}},
        }

    def refund_resource(self, order: Order, amount: str) -> Json:
        """Show a refund as in a webhook."""
        assert order.capture is not None
        money = {"currency_code": order.unit["amount"]["currency_code"], "value": amount}
        return {
            "id": secrets.token_hex(8).upper() + "R",
            "status": "COMPLETED",
            "amount": money,
            "custom_id": order.unit["custom_id"],
            "invoice_id": order.unit["invoice_id"],
            "seller_payable_breakdown": {"gross_amount": money, "total_refunded_amount": money},
            "links": [
                {
                    "rel": "up",
                    "method": "GET",
                    "href": f"{self.url}/v2/payments/captures/{order.capture['id']}",
                }
            ],
        }

    # --- what it tells ---

    def event(self, kind: str, resource: Json, *, resource_type: str = "capture") -> Json:
        """Make the body of a webhook."""
        return {
            "id": f"WH-{secrets.token_hex(8).upper()}",
            "event_version": "1.0",
            "resource_version": "2.0",
            "create_time": _now(),
            "resource_type": resource_type,
            "event_type": kind,
            "summary": "A fake event",
            "resource": resource,
        }

    def signed(
        self, body: bytes, *, webhook: str = WEBHOOK, chain: Chain | None = None
    ) -> dict[str, str]:
        """Give the headers of a webhook."""
        name, at = str(uuid.uuid4()), _now()
        message = f"{name}|{at}|{webhook}|{zlib.crc32(body)}".encode()
        return {
            "content-type": "application/json",
            "paypal-transmission-id": name,
            "paypal-transmission-time": at,
            "paypal-transmission-sig": base64.b64encode(
                (chain or self.chain).sign(message)
            ).decode(),
            "paypal-cert-url": f"{self.url}{CERTIFICATE}",
            "paypal-auth-algo": "SHA256withRSA",
        }

    def tell(self, kind: str, resource: Json, *, resource_type: str = "capture") -> None:
        """Tell the house, until it has heard."""
        body = json.dumps(self.event(kind, resource, resource_type=resource_type)).encode()
        self.posting.tell(Told(self.hook, lambda: (self.signed(body), body)))


def refused(status: int, issue: str) -> Response:
    """Refuse as PayPal does."""
    said = {"name": issue, "message": "Refused.", "details": [{"issue": issue}]}
    return JSONResponse(said, status)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _row(kind: str, unit: Json, kept: str, *names: str) -> str:
    name, about, related = names
    gross = Decimal(unit["amount"]["value"])
    fee = -Decimal(kept)
    cells = ["23/11/2026", "12:00:00", "UTC", "Payer", kind, "Completed", "EUR"]
    cells += [f"{gross:,.2f}", f"{fee:,.2f}", f"{gross + fee:,.2f}", "", "", name, related]
    cells += [about, about, "0.00", "Debit" if gross < 0 else "Credit"]
    return ",".join(f'"{cell}"' for cell in cells)
