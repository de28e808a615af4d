"""The pages, and the table of their routes; each module has the name of its room in irl."""

from __future__ import annotations

from starlette.requests import Request, cookie_parser
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from api.pages import (
    account,
    buttons,
    charities,
    codes,
    deposits,
    flattrs,
    home,
    lookup,
    members,
    operating,
    passwords,
    payouts,
    pictures,
    reload,
    scans,
    settings,
    statements,
    subscriptions,
    templates,
    things,
    transparency,
    wallet,
)
from api.pages.page import spoken
from api.problems import Problem
from irl import language as languages

ROUTES: list[BaseRoute] = [
    # As printed, as typed, and with the slash that some readers put behind an address.
    *(
        Route(f"/{letter}/{{code}}{end}", codes.look, methods=["GET"])
        for letter in "tT"
        for end in ("", "/")
    ),
    *(Route(f"/{letter}/{{code}}", scans.give, methods=["POST"]) for letter in "tT"),
    Route("/t/{code}/visit", codes.visit, methods=["POST"]),
    Route("/t/{code}/report", codes.show_report, methods=["GET"]),
    Route("/t/{code}/report", codes.report, methods=["POST"]),
    Route("/reported", codes.reported, methods=["GET"]),
    Route("/scan", scans.show_scan, methods=["GET"]),
    Route("/scan", scans.scan, methods=["POST"]),
    Route("/", home.home, methods=["GET"]),
    Route("/language", home.speak, methods=["POST"]),
    Route("/static/{name}", home.static, methods=["GET"]),
    Route("/join", members.join, methods=["GET"]),
    Route("/join", members.ask, methods=["POST"]),
    Route("/join/sent", members.sent, methods=["GET"]),
    Route("/join/sent", members.resend, methods=["POST"]),
    Route("/verify", members.link, methods=["GET"]),
    Route("/verify", members.verify, methods=["POST"]),
    Route("/sign-in", members.show_sign_in, methods=["GET"]),
    Route("/sign-in", members.enter, methods=["POST"]),
    Route("/sign-in/passkey", members.enter_by_passkey, methods=["POST"]),
    Route("/sign-in/passkey/begin", members.begin_passkey, methods=["POST"]),
    Route("/sign-out", members.sign_out, methods=["POST"]),
    Route("/password", passwords.show_forgotten, methods=["GET"]),
    Route("/password", passwords.ask_link, methods=["POST"]),
    Route("/password/sent", passwords.sent, methods=["GET"]),
    Route("/password/new", passwords.link, methods=["GET"]),
    Route("/password/new", passwords.set_new, methods=["POST"]),
    Route("/account", account.mine, methods=["GET"]),
    Route("/account/password", account.show_password, methods=["GET"]),
    Route("/account/password", account.change_password, methods=["POST"]),
    Route("/account/passkeys", account.show_passkey, methods=["GET"]),
    Route("/account/passkeys", account.add_passkey, methods=["POST"]),
    Route("/account/passkeys/begin", account.begin_passkey, methods=["POST"]),
    Route("/account/passkeys/{id}/remove", account.remove_passkey, methods=["POST"]),
    Route("/account/devices/{id}/end", account.end_session, methods=["POST"]),
    Route("/account/everywhere", account.end_everywhere, methods=["POST"]),
    Route("/account/apps/{id}/revoke", account.revoke_token, methods=["POST"]),
    Route("/month", flattrs.my_month, methods=["GET"]),
    Route("/month", flattrs.set_budget, methods=["POST"]),
    Route("/flattrs/{id}/undo", flattrs.undo, methods=["POST"]),
    Route("/t/{code}/subscribe", subscriptions.begin, methods=["POST"]),
    Route("/subscriptions", subscriptions.mine, methods=["GET"]),
    Route("/subscriptions/{id}", subscriptions.change, methods=["POST"]),
    Route("/charity", charities.mine, methods=["GET"]),
    Route("/charity", charities.choose, methods=["POST"]),
    Route("/settings", settings.mine, methods=["GET"]),
    Route("/settings", settings.choose, methods=["POST"]),
    Route("/settings/export.json", settings.my_data, methods=["GET"]),
    Route("/settings/leave", settings.show_leaving, methods=["GET"]),
    Route("/settings/leave", settings.leave, methods=["POST"]),
    Route("/left", settings.left, methods=["GET"]),
    Route("/wallet", wallet.mine, methods=["GET"]),
    Route("/wallet", wallet.deposit, methods=["POST"]),
    Route("/wallet/reload", reload.want, methods=["POST"]),
    Route("/sandbox/checkout/{id}", wallet.till, methods=["GET"]),
    Route("/deposits/{id}", deposits.of, methods=["GET"]),
    Route("/deposits/{id}/pay", deposits.pay, methods=["POST"]),
    Route("/deposits/{id}/back", deposits.back, methods=["GET"]),
    Route("/deposits/{id}/look", deposits.look, methods=["POST"]),
    Route("/payouts", payouts.mine, methods=["GET"]),
    Route("/payouts", payouts.ask, methods=["POST"]),
    Route("/payouts/address", payouts.show_address, methods=["GET"]),
    Route("/payouts/address", payouts.set_address, methods=["POST"]),
    Route("/payouts/move", payouts.show_move, methods=["GET"]),
    Route("/payouts/move", payouts.move, methods=["POST"]),
    Route("/things", things.mine, methods=["GET"]),
    Route("/things", things.register, methods=["POST"]),
    Route("/things/{id}", things.of, methods=["GET"]),
    Route("/things/{id}", things.change, methods=["POST"]),
    Route("/things/{id}/delete", things.delete, methods=["POST"]),
    Route("/things/{id}/picture", pictures.put, methods=["POST"]),
    Route("/things/{id}/picture/drop", pictures.drop, methods=["POST"]),
    Route("/things/{id}/web", buttons.make, methods=["POST"]),
    Route("/things/{id}/button.svg", buttons.image, methods=["GET"]),
    Route("/things/{id}/codes", things.make_code, methods=["POST"]),
    Route("/things/{id}/codes/{code}/revoke", things.revoke_code, methods=["POST"]),
    Route("/pictures/{id}-small.webp", pictures.small, methods=["GET"]),
    Route("/pictures/{id}.webp", pictures.large, methods=["GET"]),
    Route("/look-up", lookup.look, methods=["GET"]),
    Route("/look-up", lookup.make, methods=["POST"]),
    Route("/transparency", transparency.look, methods=["GET"]),
    Route("/statements", statements.mine, methods=["GET"]),
    Route("/statements/{month}.json", statements.json, methods=["GET"]),
    Route("/statements/{month}.csv", statements.csv, methods=["GET"]),
    Route("/statements/{month}.pdf", statements.pdf, methods=["GET"]),
    Route("/statements/{month}", statements.of, methods=["GET"]),
    *operating.ROUTES,
]


async def problem(request: Request, problem: Problem) -> Response:
    """Show a problem to a person, in the language that the browser asks for."""
    sent = cookie_parser(request.scope["named"].get(b"cookie", b"").decode("latin-1"))
    shown = templates.show(
        "problem.html",
        language=languages.of(spoken(request.scope, sent)),
        here=request.url.path,
        status=problem.kind.status,
        me=None,
        problem=problem,
        is_get=request.method == "GET",
        request_id=request.scope["request_id"],
    )
    shown.headers.update(problem.headers)
    return shown
