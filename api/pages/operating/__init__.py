"""The operator's pages, all under /house; `page(operators_only=True)` lets nobody else in."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from api.pages.operating import charities, invitations, mails, months, overview, payments, reports

ROUTES: list[BaseRoute] = [
    Route("/house", overview.look, methods=["GET"]),
    Route("/house/invitations", invitations.look, methods=["GET"]),
    Route("/house/invitations", invitations.make, methods=["POST"]),
    Route("/house/reports", reports.waiting, methods=["GET"]),
    Route("/house/reports/decided", reports.decided, methods=["GET"]),
    Route("/house/reports/{id}", reports.decide, methods=["POST"]),
    Route("/house/charities", charities.look, methods=["GET"]),
    Route("/house/charities", charities.add, methods=["POST"]),
    Route("/house/charities/{id}", charities.of, methods=["GET"]),
    Route("/house/charities/{id}/account", charities.set_account, methods=["POST"]),
    Route("/house/charities/{id}/payout", charities.pay_out, methods=["POST"]),
    Route("/house/charities/{id}/retire", charities.retire, methods=["POST"]),
    Route("/house/months", months.look, methods=["GET"]),
    Route("/house/months/{month}/close", months.close, methods=["POST"]),
    Route("/house/audit", months.audit, methods=["POST"]),
    Route("/house/mails", mails.look, methods=["GET"]),
    Route("/house/mails/{id}/again", mails.again, methods=["POST"]),
    Route("/house/mails/{id}/drop", mails.drop, methods=["POST"]),
    Route("/house/payments", payments.look, methods=["GET"]),
    Route("/house/payouts/{id}.xml", payments.payout_file, methods=["GET"]),
]
