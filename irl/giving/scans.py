"""Scans: payloads handed in by a person or an app, each answered with an outcome.

Many requests are recorded in one transaction with a few statements for all of them, and answered
after its commit. Nothing here trusts the sender: a payload becomes a code by `qr.parse` or it does
not, and the same nonce gives the same answer again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Literal

from irl import calendar
from irl import month as months
from irl.calendar import Calendar
from irl.db import CLOSING_LOCK, Connection
from irl.errors import IrlError, ScopeMissing, TokenRefused
from irl.giving import pockets, pots, scans_sql
from irl.giving.flattrs import flattr_id
from irl.house import House
from irl.month import Month
from irl.secret import hashed
from qr.code import parse
from qr.errors import CodeError, ForeignCode

MOST_SCANS: Final = 500
NONCE_MOST: Final = 64

OutcomeName = Literal[
    "nonce_reused",
    "foreign_code",
    "unknown_code",
    "revoked_code",
    "not_open",
    "pocketed",
    "pocket_full",
    "own_thing",
    "already_flattred",
    "flattred",
    "choose",
]
"""Every outcome of a scan, in the order in which they are tried; `choose` is a photo's."""

_GIVEN: Final = frozenset({"flattred", "already_flattred"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One payload handed in; `scanned_at` is the sender's claim, or None for now."""

    payload: str
    nonce: str
    scanned_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Giver:
    """Who hands in: a token's holder, a member (from a session), or a visitor with a pocket."""

    token: str | None = None
    member_id: int | None = None
    pocket: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedThing:
    """What an answer says of the thing."""

    id: str
    title: str
    artist: str
    maker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The answer to one scan."""

    nonce: str
    payload: str
    outcome: OutcomeName
    thing: ScannedThing | None = None
    month: Month | None = None
    flattr_id: str | None = None
    funded: bool | None = None
    opens_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The answers to a request's scans, in their order; `pocket` is a visitor's word-code."""

    outcomes: tuple[Outcome, ...]
    pocket: str | None = None


@dataclass(slots=True, eq=False)
class _Handed:
    """One scan on its way through the transaction."""

    scan: Scan
    code: int | None  # None: no code of ours
    refused: Literal["foreign_code", "unknown_code"] | None
    payload_hash: int
    holder: int = 0
    seal: str = ""
    placement: scans_sql.FoundPlacement | None = None
    name: OutcomeName | None = None
    month: Month | None = None
    funded: bool | None = None
    fresh: bool = True
    same_as: _Handed | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Request:
    house: House
    giver: Giver
    handed: list[_Handed]
    now: datetime


async def record(house: House, *, giver: Giver, scans: Sequence[Scan], now: datetime) -> Recorded:
    """Record 1 to 500 scans of one sender; nothing is recorded unless all are answered.

    Raises:
        TokenRefused, ScopeMissing: the token is not good for giving.
        Invalid: the pocket is unknown, with the field `pocket`.
        Unavailable: the database cannot be written now.
    """
    assert 1 <= len(scans) <= MOST_SCANS
    handed = [_handed(scan, house.settings.base_url) for scan in scans]
    answer = await house.db.write_together(_record, _Request(house, giver, handed, now))
    if isinstance(answer, IrlError):
        raise answer
    return answer


def _handed(scan: Scan, base_url: str) -> _Handed:
    payload = scan.payload
    digest = hashlib.blake2b(payload.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    payload_hash = int.from_bytes(digest, "big", signed=True)
    try:
        return _Handed(scan, parse(payload, base_url=base_url).number, None, payload_hash)
    except ForeignCode:
        return _Handed(scan, None, "foreign_code", payload_hash)
    except CodeError:
        return _Handed(scan, None, "unknown_code", payload_hash)


async def _record(connection: Connection, requests: list[_Request]) -> list[Recorded | IrlError]:
    """Answer all requests that wait, in one transaction."""
    await connection.lock(CLOSING_LOCK, shared=True)
    now = max(request.now for request in requests)
    house = requests[0].house
    look = await calendar.look(connection, now=now)
    holders = await scans_sql.holders(connection, [_asked(r.giver) for r in requests])
    members, answers = _sorted(requests, holders)
    await _find(connection, [handed for request in requests for handed in request.handed])
    given = [handed for request in members for handed in request.handed]
    await _recall(connection, given)
    for handed in given:
        if handed.fresh and handed.name is None:
            _decide(handed, look, house)
    funded = await pots.funded(connection, list(members.values()), look=look)
    await _give(connection, given, funded, now)
    await _remember(connection, given, now)
    for request in requests:
        if request in members:
            answers[request] = Recorded(outcomes=tuple(map(_outcome, request.handed)))
        elif request not in answers:
            answers[request] = await _pocket(connection, request, look)
    return [answers[request] for request in requests]


def _sorted(
    requests: list[_Request], holders: list[scans_sql.Holder | None]
) -> tuple[dict[_Request, scans_sql.Holder], dict[_Request, Recorded | IrlError]]:
    """Tell the requests of members from those that are refused; what is in neither is a visitor's."""
    members: dict[_Request, scans_sql.Holder] = {}
    refused: dict[_Request, Recorded | IrlError] = {}
    for request, holder in zip(requests, holders, strict=True):
        if request.giver.token is None and request.giver.member_id is None:
            continue
        if holder is None:
            refused[request] = TokenRefused("This token is not known or was revoked.")
        elif not holder.may_give:
            refused[request] = ScopeMissing("This call needs a token with the scope flattr.")
        else:
            members[request] = holder
            for handed in request.handed:
                handed.holder, handed.seal = holder.member_id, holder.seal
    return members, refused


def _asked(giver: Giver) -> tuple[str | None, int | None]:
    return (None if giver.token is None else hashed(giver.token)), giver.member_id


async def _find(connection: Connection, all_handed: Iterable[_Handed]) -> None:
    """Look up the placements of all codes at once; what was not issued is an unknown code."""
    all_handed = list(all_handed)
    codes = {handed.code for handed in all_handed if handed.code is not None}
    found = await scans_sql.placements(connection, sorted(codes))
    for handed in all_handed:
        if handed.code is not None:
            handed.placement = found.get(handed.code)
        if handed.placement is None:
            handed.refused = handed.refused or "unknown_code"


async def _recall(connection: Connection, given: list[_Handed]) -> None:
    """Give what was answered to a nonce before; of two equal nonces now, the first leads."""
    first: dict[tuple[int, str], _Handed] = {}
    for handed in given:
        leader = first.setdefault((handed.holder, handed.scan.nonce), handed)
        if leader is not handed:
            handed.fresh = False
            if leader.payload_hash == handed.payload_hash:
                handed.same_as = leader
            else:
                handed.name = "nonce_reused"
    for (holder, nonce), kept in (await scans_sql.nonces(connection, list(first))).items():
        handed = first[holder, nonce]
        handed.fresh = False
        if kept.payload_hash != handed.payload_hash:
            handed.name, handed.placement = "nonce_reused", None
        else:
            handed.name = kept.outcome
            handed.month, handed.funded = kept.month, kept.funded


def _decide(handed: _Handed, look: Calendar, house: House) -> None:
    """Decide all that needs no further look: what is left without a name is to be given."""
    placement = handed.placement
    if placement is None:
        handed.name = handed.refused
        return
    month = look.month_of_scan(
        handed.scan.scanned_at,
        late_days=house.rules.late_scan_days,
        ahead_min=house.rules.clock_ahead_minutes,
    )
    # A pocket's holder is below zero, so nothing is a visitor's own.
    moment = _moment(handed.scan, look.now, house)
    handed.name = placement.refusal(giver=handed.holder, moment=moment)
    if handed.name is None:
        handed.month = month


def _moment(scan: Scan, now: datetime, house: House) -> datetime:
    """Give when a scan was made, as far as the sender is believed."""
    if scan.scanned_at is None:
        return now
    age_s = (now - scan.scanned_at).total_seconds()
    believed = -house.rules.clock_ahead_minutes * 60 <= age_s <= house.rules.late_scan_days * 86_400
    return scan.scanned_at if believed else now


async def _give(
    connection: Connection,
    given: list[_Handed],
    funded: dict[int, pots.Funded],
    now: datetime,
) -> None:
    """Give what is left: one flattr a member, thing and month, whoever else asks at once."""
    open_ones = [h for h in given if h.name is None and h.same_as is None]
    rows = []
    for handed in open_ones:
        assert handed.placement is not None
        assert handed.month is not None
        rows.append((handed.month, handed.holder, handed.placement.thing_id, handed.placement.id))
    new = await scans_sql.give(connection, rows, at=months.to_instant(now))
    for handed, row in zip(open_ones, rows, strict=True):
        key = row[:3]
        handed.name = "flattred" if key in new else "already_flattred"
        new.discard(key)
        handed.funded = funded[handed.holder].in_month(row[0])


async def _remember(connection: Connection, given: list[_Handed], now: datetime) -> None:
    kept = [
        (
            h.holder,
            h.scan.nonce,
            h.payload_hash,
            h.name,
            h.placement and h.placement.id,
            h.month,
            None if h.funded is None else int(h.funded),
        )
        for h in given
        if h.fresh
    ]
    await scans_sql.remember(connection, kept, at=months.to_instant(now))


async def _pocket(connection: Connection, request: _Request, look: Calendar) -> Recorded | IrlError:
    """Put a visitor's scans into the pocket, a new one if there is none yet."""
    try:
        pocket = await pockets.opened(
            connection, request.giver.pocket, house=request.house, now=request.now
        )
    except IrlError as refused:
        return refused
    for handed in request.handed:
        handed.holder = -(pocket.id or 0)
    await _recall(connection, request.handed)
    for handed in request.handed:
        if handed.name is None and handed.same_as is None:
            _decide(handed, look, request.house)
            if handed.name is None:
                await _put(connection, pocket, handed, request)
    if pocket.id is not None:
        for handed in request.handed:
            handed.holder = -pocket.id
        await _remember(connection, request.handed, request.now)
    return Recorded(outcomes=tuple(map(_outcome, request.handed)), pocket=pocket.word)


async def _put(
    connection: Connection, pocket: pockets.Open, handed: _Handed, request: _Request
) -> None:
    assert handed.placement is not None
    handed.month = None
    fits = await pockets.put(
        connection,
        pocket,
        thing_id=handed.placement.thing_id,
        placement_id=handed.placement.id,
        house=request.house,
        now=request.now,
    )
    handed.name = "pocketed" if fits else "pocket_full"


def _outcome(handed: _Handed) -> Outcome:
    if handed.same_as is not None:
        handed = handed.same_as
    assert handed.name is not None
    placement, nonce, payload = handed.placement, handed.scan.nonce, handed.scan.payload
    if placement is None or handed.name == "nonce_reused":
        return Outcome(nonce=nonce, payload=payload, outcome=handed.name)
    thing = ScannedThing(
        id=placement.public_id,
        title=placement.title,
        artist=placement.artist,
        maker=placement.maker,
    )
    if handed.name not in _GIVEN or handed.month is None:
        opens_at = placement.opens_at if handed.name == "not_open" else None
        return Outcome(
            nonce=nonce, payload=payload, outcome=handed.name, thing=thing, opens_at=opens_at
        )
    return Outcome(
        nonce=nonce,
        payload=payload,
        outcome=handed.name,
        thing=thing,
        month=handed.month,
        flattr_id=flattr_id(handed.seal, handed.month, thing.id),
        funded=handed.funded,
    )


async def forget_old(house: House, *, now: datetime) -> None:
    """Forget what was answered to nonces past their days, a few at a time."""
    before = months.to_instant(now - timedelta(days=house.rules.nonce_days))
    while True:
        # Looking for them may take long and holds up nobody; writing is short.
        async with house.db.reading() as connection:
            old = await scans_sql.old(connection, before=before)
        if not old:
            return
        await house.db.write(partial(scans_sql.forget, old=old))
