"""The few statements of a scan, each for many scans at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import bindparam, select

from irl import month as months
from irl.db import Connection, ForRows
from irl.month import Month
from irl.schema import nonces as kept_nonces

Key = tuple[int, int, int]
"""Month, member and thing of a flattr."""

_FLATTR_SCOPE: Final = 1

_BY_TOKEN: Final = ForRows(
    """SELECT given.n, m.id, m.seal, m.budget_micros, t.scopes, b.balance_micros
       FROM given CROSS JOIN tokens t CROSS JOIN members m
       LEFT JOIN balances b ON b.account = m.id * 8 + 1
       WHERE t.token_hash = given.token_hash AND m.id = t.member_id AND m.left_at IS NULL""",
    {"token_hash": "text"},
)
_BY_ID: Final = ForRows(
    """SELECT given.n, m.id, m.seal, m.budget_micros, 1 AS scopes, b.balance_micros
       FROM given CROSS JOIN members m LEFT JOIN balances b ON b.account = m.id * 8 + 1
       WHERE m.id = given.member_id AND m.left_at IS NULL""",
    {"member_id": "number"},
)
_PLACEMENTS: Final = ForRows(
    """SELECT p.id, p.code, p.thing_id, p.opens_at, p.closes_at, t.public_id, t.title, t.artist,
         t.maker_id, m.nickname,
         coalesce(p.revoked_at, p.hidden_at, t.deleted_at, t.hidden_at) AS over_at
       FROM given CROSS JOIN placements p CROSS JOIN things t CROSS JOIN members m
       WHERE p.code = given.code AND t.id = p.thing_id AND m.id = t.maker_id""",
    {"code": "number"},
)
_NONCES: Final = ForRows(
    """SELECT k.holder, k.nonce, k.payload_hash, k.outcome, k.month, k.funded
       FROM given CROSS JOIN nonces k WHERE k.holder = given.holder AND k.nonce = given.nonce""",
    {"holder": "number", "nonce": "text"},
)
_REMEMBER: Final = ForRows(
    """INSERT INTO nonces
         (holder, nonce, payload_hash, outcome, placement_id, month, funded, kept_at)
       SELECT holder, nonce, payload_hash, outcome, placement_id, month, funded, kept_at
       FROM given WHERE true""",
    {
        "holder": "number",
        "nonce": "text",
        "payload_hash": "number",
        "outcome": "text",
        "placement_id": "number",
        "month": "number",
        "funded": "number",
        "kept_at": "number",
    },
)
_OLD: Final = (
    select(kept_nonces.c.holder, kept_nonces.c.nonce)
    .where(kept_nonces.c.kept_at < bindparam("before"))
    .limit(5_000)
)
_FORGET: Final = ForRows(
    "DELETE FROM nonces WHERE (holder, nonce) IN (SELECT holder, nonce FROM given)",
    {"holder": "number", "nonce": "text"},
)
_GIVE: Final = ForRows(
    """INSERT INTO flattrs (month, member_id, thing_id, placement_id, given_at)
       SELECT month, member_id, thing_id, placement_id, given_at FROM given
       WHERE true ON CONFLICT DO NOTHING RETURNING month, member_id, thing_id, placement_id""",
    {
        "month": "number",
        "member_id": "number",
        "thing_id": "number",
        "placement_id": "number",
        "given_at": "number",
    },
)
_COUNT: Final = ForRows(
    """INSERT INTO placement_months (placement_id, month, flattrs)
       SELECT placement_id, month, flattrs FROM given WHERE true
       ON CONFLICT (placement_id, month)
       DO UPDATE SET flattrs = placement_months.flattrs + excluded.flattrs""",
    {"placement_id": "number", "month": "number", "flattrs": "number"},
)
_COUNT_DAYS: Final = ForRows(
    """INSERT INTO placement_days (placement_id, day_on, flattrs)
       SELECT placement_id, day_on, flattrs FROM given WHERE true
       ON CONFLICT (placement_id, day_on)
       DO UPDATE SET flattrs = placement_days.flattrs + excluded.flattrs""",
    {"placement_id": "number", "day_on": "number", "flattrs": "number"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A giver, with what tells whether a flattr is funded."""

    member_id: int
    seal: str
    budget_micros: int | None
    funds_micros: int
    may_give: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPlacement:
    """A placement and its thing, as a scan needs them."""

    id: int
    thing_id: int
    public_id: str
    title: str
    artist: str
    maker_id: int
    maker: str
    opens_at: datetime | None
    closes_at: datetime | None
    revoked: bool

    def open_at(self, moment: datetime) -> bool:
        """Tell whether flattrs count at this moment."""
        after = self.opens_at is None or moment >= self.opens_at
        return after and (self.closes_at is None or moment < self.closes_at)

    def refusal(
        self, *, giver: int, moment: datetime
    ) -> Literal["revoked_code", "not_open", "own_thing"] | None:
        """Give why this member cannot flattr here at this moment, the first that fits, or None."""
        if self.revoked:
            return "revoked_code"
        if not self.open_at(moment):
            return "not_open"
        return "own_thing" if self.maker_id == giver else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What was answered to a nonce."""

    payload_hash: int
    outcome: Any
    month: Month | None
    funded: bool | None


async def holders(
    connection: Connection, asked: Sequence[tuple[str | None, int | None]]
) -> list[Holder | None]:
    """Give the giver of each (token hash, member id), or None where there is none."""
    found: dict[int, Holder] = {}
    by_token = [(n, token) for n, (token, _) in enumerate(asked) if token is not None]
    by_id = [(n, member) for n, (token, member) in enumerate(asked) if token is None and member]
    for statement, wanted in ((_BY_TOKEN, by_token), (_BY_ID, by_id)):
        if not wanted:
            continue
        for row in await connection.all(statement, rows=[[value] for _, value in wanted]):
            found[wanted[row["n"]][0]] = Holder(
                member_id=row["id"],
                seal=row["seal"],
                budget_micros=row["budget_micros"],
                funds_micros=row["balance_micros"] or 0,
                may_give=bool(row["scopes"] & _FLATTR_SCOPE),
            )
    return [found.get(n) for n in range(len(asked))]


async def placements(connection: Connection, codes: Sequence[int]) -> dict[int, FoundPlacement]:
    """Give the placement of each issued code."""
    if not codes:
        return {}
    rows = await connection.all(_PLACEMENTS, rows=[[code] for code in codes])
    return {
        row["code"]: FoundPlacement(
            id=row["id"],
            thing_id=row["thing_id"],
            public_id=row["public_id"],
            title=row["title"],
            artist=row["artist"],
            maker_id=row["maker_id"],
            maker=row["nickname"],
            opens_at=None if row["opens_at"] is None else months.from_instant(row["opens_at"]),
            closes_at=None if row["closes_at"] is None else months.from_instant(row["closes_at"]),
            revoked=row["over_at"] is not None,
        )
        for row in rows
    }


async def nonces(
    connection: Connection, asked: Sequence[tuple[int, str]]
) -> dict[tuple[int, str], Kept]:
    """Give what was answered to the nonces that were seen before."""
    if not asked:
        return {}
    return {
        (row["holder"], row["nonce"]): Kept(
            payload_hash=row["payload_hash"],
            outcome=row["outcome"],
            month=row["month"],
            funded=None if row["funded"] is None else bool(row["funded"]),
        )
        for row in await connection.all(_NONCES, rows=asked)
    }


async def remember(connection: Connection, kept: Sequence[tuple[Any, ...]], *, at: int) -> None:
    """Keep what was answered to each nonce; sorted, so that no two transactions cross."""
    if kept:
        await connection.all(
            _REMEMBER, rows=[[*row, at] for row in sorted(kept, key=_holder_nonce)]
        )


async def old(connection: Connection, *, before: int) -> list[tuple[int, str]]:
    """Give some of the nonces kept before an instant."""
    rows = await connection.all(_OLD, before=before)
    return [(row["holder"], row["nonce"]) for row in rows]


async def forget(connection: Connection, *, old: Sequence[tuple[int, str]]) -> None:
    """Forget nonces."""
    await connection.all(_FORGET, rows=old)


async def give(
    connection: Connection, rows: Sequence[tuple[int, int, int, int]], *, at: int
) -> set[Key]:
    """Insert flattrs (month, member, thing, placement); give the keys of those that are new."""
    if not rows:
        return set()
    landed = await connection.all(_GIVE, rows=[[*row, at] for row in sorted(rows)])
    given = [(row["placement_id"], row["month"]) for row in landed]
    await count(connection, given, 1, at=at)
    return {(row["month"], row["member_id"], row["thing_id"]) for row in landed}


async def count(
    connection: Connection, given: Sequence[tuple[int, int]], by: Literal[1, -1], *, at: int
) -> None:
    """Add to or take from the counts of placements: by month, and by the day they were given on.

    Args:
        connection: of the transaction that gives or undoes.
        given: the placement and the month of each flattr.
        by: 1 for those that are given, -1 for those that are undone.
        at: the instant at which they were given.
    """
    if not given:
        return
    by_month = Counter(given)
    by_day = Counter(placement for placement, _ in given)
    day = months.to_day(months.from_instant(at))
    # In the order of their keys, so that no two transactions wait for each other.
    await connection.all(_COUNT, rows=[[*key, by * n] for key, n in sorted(by_month.items())])
    await connection.all(_COUNT_DAYS, rows=[[p, day, by * n] for p, n in sorted(by_day.items())])


def _holder_nonce(row: tuple[Any, ...]) -> tuple[int, str]:
    return row[0], row[1]
