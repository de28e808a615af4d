"""Scans: payloads or a photo handed in, each scan answered with its outcome."""

from __future__ import annotations

import secrets
from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

import qr
from api import bodies, sightings
from api.bodies import Moment, Strict
from api.call import Asked, call
from api.errors import NoCodeInPhoto
from api.v1.shapes import MomentText, MonthText, ScannedThingShape, scanned_shape
from irl import month
from irl.errors import NotFound
from irl.giving import scans
from irl.giving.scans import Giver, Outcome, Scan
from irl.things import placements
from irl.things.placements import Placement

Nonce = Annotated[str, Field(pattern=r"^[ -~]{1,64}$")]
Word = Annotated[str, Field(max_length=200)]


class NewScan(Strict):
    """One payload; the nonce makes sending it again harmless."""

    payload: str
    nonce: Nonce
    scanned_at: Moment | None = None


class NewScans(Strict):
    """1 to 500 payloads, for instance of a phone that was off line."""

    scans: Annotated[list[NewScan], Field(min_length=1, max_length=scans.MOST_SCANS)]
    pocket: Word | None = None


class PhotoFields(Strict):
    """What may come with a photo."""

    nonce: Nonce | None = None
    scanned_at: Moment | None = None
    pocket: Word | None = None


class OutcomeShape(TypedDict):
    """The answer to one scan; `opens_at` comes with the outcome not_open."""

    nonce: str | None
    payload: str
    outcome: str
    thing: ScannedThingShape | None
    month: MonthText | None
    flattr_id: str | None
    funded: bool | None
    opens_at: NotRequired[MomentText | None]


class RecordedShape(TypedDict):
    """The answers in the order sent; `pocket` is a visitor's word-code."""

    scans: list[OutcomeShape]
    pocket: NotRequired[str]


@call(takes={"json": NewScans, "photo": PhotoFields}, optional_scope="flattr", answer=RecordedShape)
async def hand_in(asked: Asked) -> RecordedShape:
    """Hand in scans as JSON, or a photo as a form; without a token they go into a pocket."""
    if bodies.is_form(asked.scope):
        photo, said = await bodies.photo_form(asked.scope, asked.receive, PhotoFields)
        return await of_photo(asked, photo, said)
    new = await bodies.json_body(asked.scope, asked.receive, NewScans)
    return await _record(
        asked,
        [
            Scan(payload=scan.payload, nonce=scan.nonce, scanned_at=scan.scanned_at)
            for scan in new.scans
        ],
        new.pocket,
    )


async def of_photo(asked: Asked, photo: bytes, said: PhotoFields) -> RecordedShape:
    """Read a photo; one code of ours is recorded at once, of several the caller chooses.

    Raises:
        NoCodeInPhoto: nothing was read in it.
        ScannerError: it was not read.
    """
    texts = [sighting.text for sighting in await asked.reader.read(photo)]
    if not texts:
        raise NoCodeInPhoto("No code was found in this photo.", field="photo")
    ours = sightings.ours(texts, base_url=asked.base_url)
    if len(ours) > 1:
        return RecordedShape(
            scans=[await _choice(asked, code, text) for code, text in ours.items()]
        )
    payload = next(iter(ours.values()), texts[0])
    nonce = said.nonce or secrets.token_hex(16)
    scan = Scan(payload=payload, nonce=nonce, scanned_at=said.scanned_at)
    return await _record(asked, [scan], said.pocket)


async def _record(asked: Asked, handed_in: list[Scan], pocket: str | None) -> RecordedShape:
    giver = Giver(token=asked.token, pocket=pocket)
    recorded = await scans.record(asked.house, giver=giver, scans=handed_in, now=asked.now)
    shape = RecordedShape(scans=[outcome_shape(outcome) for outcome in recorded.outcomes])
    if recorded.pocket is not None:
        shape["pocket"] = recorded.pocket
    return shape


def outcome_shape(outcome: Outcome) -> OutcomeShape:
    """Present an outcome."""
    shape = OutcomeShape(
        nonce=outcome.nonce,
        payload=outcome.payload,
        outcome=outcome.outcome,
        thing=None if outcome.thing is None else scanned_shape(outcome.thing),
        month=None if outcome.month is None else month.text(outcome.month),
        flattr_id=outcome.flattr_id,
        funded=outcome.funded,
    )
    if outcome.outcome == "not_open":
        shape["opens_at"] = None if outcome.opens_at is None else month.iso(outcome.opens_at)
    return shape


async def _choice(asked: Asked, code: qr.Code, payload: str) -> OutcomeShape:
    """Offer one of several codes, with its thing where there is one to give to."""
    try:
        placement: Placement | None = await placements.by_code(asked.house, code)
    except NotFound:
        placement = None
    thing = None if placement is None or placement.revoked else scanned_shape(placement.thing)
    return OutcomeShape(
        nonce=None,
        payload=payload,
        outcome="choose",
        thing=thing,
        month=None,
        flattr_id=None,
        funded=None,
    )
