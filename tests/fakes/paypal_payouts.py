"""The Payouts part of the fake PayPal: batches, each sender_batch_id taken once."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from tests.fakes.pages import page
from tests.fakes.paypal import PayPal

Json = dict[str, Any]
FEE = "0.35"
EVENTS = {"SUCCESS": "SUCCEEDED", "FAILED": "FAILED", "RETURNED": "RETURNED"}


@dataclass
class Payouts:
    """Batches by PayPal's own name; `status` is what their items become when they are looked at."""

    paypal: PayPal
    batches: dict[str, Json] = field(default_factory=dict)
    status: str = "SUCCESS"
    refusal: tuple[int, str] | None = None

    @property
    def routes(self) -> list[BaseRoute]:
        return [
            Route("/v1/payments/payouts", self.create, methods=["POST"]),
            Route("/v1/payments/payouts/{id}", self.show, methods=["GET"]),
            Route("/payouts", self.payouts_page, methods=["GET"]),
            Route("/payouts/{status}", self.decide, methods=["POST"]),
        ]

    def paid(self) -> dict[str, Decimal]:
        """Give what was paid out, by sender_item_id: the sum of all batches."""
        found: dict[str, Decimal] = {}
        for batch in self.batches.values():
            for item in batch["items"]:
                asked = item["payout_item"]
                name, value = asked["sender_item_id"], Decimal(asked["amount"]["value"])
                found[name] = found.get(name, Decimal(0)) + value
        return found

    async def create(self, request: Request) -> Response:
        if not self.paypal.is_known(request):
            return JSONResponse({"name": "AUTHENTICATION_FAILURE"}, 401)
        asked = json.loads(await request.body())
        if self.refusal is not None:
            status, name = self.refusal
            return JSONResponse({"name": name, "details": [{"issue": "refused"}]}, status)
        sender_batch_id = asked["sender_batch_header"]["sender_batch_id"]
        for name, batch in self.batches.items():
            if batch["sender_batch_header"]["sender_batch_id"] == sender_batch_id:
                return self.known(name)
        name = secrets.token_hex(7).upper()[:13]
        items = [
            {
                "payout_item_id": secrets.token_hex(7).upper()[:13],
                "transaction_status": "PENDING",
                "payout_batch_id": name,
                "payout_item": {"recipient_type": "EMAIL", **item},
            }
            for item in asked["items"]
        ]
        header = asked["sender_batch_header"]
        self.batches[name] = {"sender_batch_header": header, "items": items}
        return JSONResponse({"batch_header": self.header(name, "PENDING")}, 201)

    def known(self, name: str) -> Response:
        """Refuse a sender_batch_id that was used, with a link to its batch."""
        link = {
            "href": f"{self.paypal.url}/v1/payments/payouts/{name}",
            "rel": "self",
            "method": "GET",
        }
        issue = "Batch with given sender_batch_id already exists"
        detail = {"field": "SENDER_BATCH_ID", "location": "body", "issue": issue}
        said = {"name": "USER_BUSINESS_ERROR", "details": [detail], "links": [link]}
        return JSONResponse(said, 400)

    async def show(self, request: Request) -> Response:
        if not self.paypal.is_known(request):
            return JSONResponse({"name": "AUTHENTICATION_FAILURE"}, 401)
        name = request.path_params["id"]
        if name not in self.batches:
            return JSONResponse({"name": "RESOURCE_NOT_FOUND"}, 404)
        items = self.batches[name]["items"]
        for item in items:
            if item["transaction_status"] == "PENDING":
                self.become(item, self.status)
        return JSONResponse({"batch_header": self.header(name, "SUCCESS"), "items": items})

    def header(self, name: str, status: str) -> Json:
        """Show a batch's header."""
        return {
            "payout_batch_id": name,
            "batch_status": status,
            "sender_batch_header": self.batches[name]["sender_batch_header"],
        }

    def become(self, item: Json, status: str) -> None:
        """Let an item come to its end."""
        item["transaction_status"] = status
        if status == "SUCCESS":
            item["transaction_id"] = secrets.token_hex(8).upper() + "T"
            item["payout_item_fee"] = {"currency": "EUR", "value": FEE}

    async def payouts_page(self, _: Request) -> Response:
        items = [item for batch in self.batches.values() for item in batch["items"]]
        waiting = [item for item in items if item["transaction_status"] == "PENDING"]
        return page(
            "Fake PayPal: payouts",
            [
                f"{item['payout_item']['amount']['value']} EUR to"
                f" {item['payout_item']['receiver']}: {item['transaction_status']}"
                for item in items
            ]
            or ["Nothing was paid out yet."],
            [
                (f"/payouts/{status}", f"{status} {item['payout_item_id']}", item["payout_item_id"])
                for item in waiting
                for status in EVENTS
            ],
        )

    async def decide(self, request: Request) -> Response:
        wanted = str((await request.form())["id"])
        for batch in self.batches.values():
            for item in batch["items"]:
                if item["payout_item_id"] == wanted:
                    status = request.path_params["status"]
                    self.become(item, status)
                    kind = f"PAYMENT.PAYOUTS-ITEM.{EVENTS[status]}"
                    self.paypal.tell(kind, item, resource_type="payouts_item")
        return RedirectResponse("/payouts", 303)
