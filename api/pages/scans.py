"""Giving: by the button of a code's page, by a typed code, by a photo, by a shared photo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.responses import Response

import qr
from api import bodies, sightings
from api.bodies import Strict
from api.errors import FieldsRefused
from api.pages import cookies, forms
from api.pages.codes import code_of
from api.pages.forms import Form
from api.pages.page import Asked, forward, page
from irl.errors import Invalid, NotFound
from irl.giving import scans
from irl.giving.scans import Giver, Recorded, Scan
from irl.sentence import Sentence
from irl.things import placements
from irl.things.placements import Placement
from qr import Code

CODES_MOST: Final = 64
"""Codes in one form; a photo of a whole wall has fewer."""

_POCKETS: Final = frozenset({"pocketed", "pocket_full"})


class PhotoFields(Strict):
    """What comes with a photo; one that was shared from a phone's gallery comes alone."""

    nonce: str | None = None


@page()
async def give(asked: Asked) -> Response:
    """Flattr the thing of a code; for a visitor, put it into the pocket."""
    code = code_of(asked)
    form = await forms.read(asked)
    recorded = await _record(asked, [code], form.nonce())
    [outcome] = recorded.outcomes
    if outcome.outcome == "unknown_code":
        raise NotFound("This code is not known here.")
    if outcome.outcome in _POCKETS:
        return with_pocket(asked, recorded, asked.show("pocketed.html", outcome=outcome))
    return forward(f"/t/{code}?given")


@page()
async def show_scan(asked: Asked) -> Response:
    """Show the camera and the forms; codes in the address, which the camera saw, are offered."""
    seen = forms.Form(said=tuple(("code", text) for text in asked.queries("code")))
    if not seen.said:
        return _scan(asked, seen)
    try:
        return await _offer(asked, _of_typing(asked, seen))
    except forms.Refusals as trouble:
        return _scan(asked, seen.refused(trouble))


@page()
async def scan(asked: Asked) -> Response:
    """Flattr what a photo shows or what was typed; of several codes in a photo, ask which."""
    form = forms.NOTHING
    try:
        if bodies.is_form(asked.scope):
            codes, form = await _of_photo(asked)
            if len(codes) > 1 or _is_shared(asked, form):
                return await _offer(asked, codes)
        else:
            form = await forms.read(asked)
            codes = _of_typing(asked, form)
        recorded = await _record(asked, codes, form.nonce())
    except forms.Refusals as trouble:
        return _scan(asked, form.refused(trouble))
    shown = asked.show("scanned.html", outcomes=list(zip(codes, recorded.outcomes, strict=True)))
    return with_pocket(asked, recorded, shown)


async def hand_in(asked: Asked, handed_in: Sequence[Scan]) -> Recorded:
    """Record scans of whoever asks; a pocket that is not known any more is replaced by a new one."""
    giver = Giver(pocket=asked.pocket)
    if asked.holder is not None:
        giver = Giver(member_id=asked.holder.id)
    try:
        return await scans.record(asked.house, giver=giver, scans=handed_in, now=asked.now)
    except Invalid as trouble:
        if trouble.field != "pocket":
            raise
        return await scans.record(asked.house, giver=Giver(), scans=handed_in, now=asked.now)


def with_pocket(asked: Asked, recorded: Recorded, shown: Response) -> Response:
    """Have the browser keep the pocket that scans went into."""
    if recorded.pocket is not None:
        cookies.put_pocket(shown, recorded.pocket, house=asked.house)
    return shown


def _is_shared(asked: Asked, form: Form) -> bool:
    """Tell a photo that another app shared, which its holder has not said yes to here.

    It comes without our form's nonce, and browsers say that no page has sent it (Fetch Metadata,
    section 2.4; they send `none`). What another site's page sends never comes through the door.
    """
    from_nowhere = asked.scope["named"].get(b"sec-fetch-site") == b"none"
    return from_nowhere or not form.text("nonce")


async def _of_photo(asked: Asked) -> tuple[tuple[Code, ...], Form]:
    photo, said = await bodies.photo_form(asked.scope, asked.receive, PhotoFields)
    if not photo:
        raise FieldsRefused((("photo", "Please choose a photo, or type the code."),))
    codes = await sightings.codes_in(asked.reader, photo, base_url=asked.base_url)
    return codes, forms.filled(nonce=said.nonce)


def _of_typing(asked: Asked, form: Form) -> tuple[Code, ...]:
    typed = form.all("code")
    if not 1 <= len(typed) <= CODES_MOST:
        raise Invalid(
            Sentence("Between 1 and {most} codes are needed.", most=CODES_MOST), field="code"
        )
    try:
        return tuple(dict.fromkeys(qr.parse(one, base_url=asked.base_url) for one in typed))
    except qr.ForeignCode:
        raise Invalid("This code belongs to another house.", field="code") from None
    except qr.UnknownCode:
        raise Invalid(
            "This is not a code of ours, or a character of it was mistyped.", field="code"
        ) from None


async def _record(asked: Asked, codes: Sequence[Code], nonce: str) -> Recorded:
    """Record codes of one form; static/sw.js makes the same nonces when it cannot be sent."""
    return await hand_in(
        asked,
        [Scan(payload=code.text, nonce=f"{nonce[:60]}-{n}") for n, code in enumerate(codes)],
    )


async def _offer(asked: Asked, codes: Sequence[Code]) -> Response:
    """Ask before anything is given: one code has its page, of several some are ticked."""
    if len(codes) == 1:
        return forward(f"/t/{codes[0]}")
    found = [(code, await _placement(asked, code)) for code in codes[:CODES_MOST]]
    return asked.show("choose.html", codes=found, nonce=forms.new_nonce())


async def _placement(asked: Asked, code: Code) -> Placement | None:
    try:
        placement = await placements.by_code(asked.house, code)
    except NotFound:
        return None
    return None if placement.revoked else placement


def _scan(asked: Asked, form: Form) -> Response:
    return asked.show("scan.html", form=form, nonce=forms.new_nonce(), base_url=asked.base_url)
