"""What can leave: members' revenue and what charities were given, by month and payable day.

A portion is what one month brought an account under one payable day: one transfer of the
settlement, and nothing ever adds to it. What a leaver gave a charity is one portion for each lot
of the leaver's, named by minus the lot's number where the others have their month. What left is noted beside it: a payout, a move to funds, or
a reversed deposit takes so much of this portion and no other. What a returned payout took is there
again. So a portion is never below zero, and the audit computes each anew.

What belongs to things that the operator hid is held until that is decided. Receipts know a thing's
month and not its payable days, so of a month's portions the earliest are held: the rest can leave
without any doubt.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal, NamedTuple

from irl import month as months
from irl.db import Connection, ForRows
from irl.house import House
from irl.money import ledger
from irl.money.ledger import Account
from irl.money.micros import Micros
from irl.month import Day, Month
from irl.schema import NOT_SETTLED

PART_UNIT: Final = 100_000_000
"""The part of a settlement's transfer is owner * 10^8 + yyyymmdd."""

Why = Literal["payout", "move", "reversal"]

_KINDS: Final = {2: "share", 6: "charity"}
"""The settlement's transfers to an account, by its kind."""

# A returned payout took nothing.
_STANDING: Final = """revenue_draws d LEFT JOIN payouts p ON d.kind = 'payout' AND p.id = d.subject
  AND p.state = 'returned'"""
_CAME: Final = ForRows(
    """SELECT t.subject AS month, t.payable_on, t.amount_micros
       FROM given CROSS JOIN months m JOIN transfers t ON t.kind = given.kind
         AND t.subject = m.month AND t.part BETWEEN given.least AND given.most""",
    {"kind": "text", "least": "number", "most": "number"},
)
_LEFT: Final = ForRows(
    f"""SELECT d.month, d.payable_on, sum(d.amount_micros) AS micros
        FROM given CROSS JOIN {_STANDING}
        WHERE d.account = given.account AND p.id IS NULL GROUP BY d.month, d.payable_on""",  # noqa: S608
    {"account": "number"},
)
_HELD: Final = ForRows(
    """SELECT r.month, sum(r.amount_micros) AS micros
       FROM given CROSS JOIN months m JOIN receipts r ON r.month = m.month
         AND r.maker_id = given.maker_id JOIN things t ON t.id = r.thing_id
       WHERE t.hidden_at IS NOT NULL GROUP BY r.month""",
    {"maker_id": "number"},
)
_OF_LEAVERS: Final = ForRows(
    f"""SELECT -t.subject AS month, t.payable_on, t.amount_micros
        FROM given CROSS JOIN transfers t
        WHERE {NOT_SETTLED} AND t.credit_account = given.account AND t.kind = 'leaving'""",  # noqa: S608
    {"account": "number"},
)
_CAME_TO: Final = ForRows(
    """SELECT t.credit_account AS account, given.sign * t.subject AS month, t.payable_on,
         t.amount_micros
       FROM given CROSS JOIN transfers t WHERE t.kind = given.kind AND t.subject = given.month
         AND t.part = given.part""",
    {"kind": "text", "month": "number", "part": "number", "sign": "number"},
)
_LEFT_FROM: Final = ForRows(
    f"""SELECT d.account, d.month, d.payable_on, sum(d.amount_micros) AS micros
        FROM given CROSS JOIN {_STANDING}
        WHERE d.account = given.account AND d.month = given.month
          AND d.payable_on = given.payable_on AND p.id IS NULL
        GROUP BY d.account, d.month, d.payable_on""",  # noqa: S608
    {"account": "number", "month": "number", "payable_on": "number"},
)
_DRAW: Final = ForRows(
    """INSERT INTO revenue_draws (account, month, payable_on, kind, subject, amount_micros)
       SELECT account, month, payable_on, kind, subject, micros FROM given WHERE true""",
    {
        "account": "number",
        "month": "number",
        "payable_on": "number",
        "kind": "text",
        "subject": "number",
        "micros": "number",
    },
)


class Key(NamedTuple):
    """Names a portion."""

    account: Account
    month: Month
    """Or minus the number of a lot that a leaver gave."""
    payable_on: Day


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """What is there of one month and payable day, or what is taken of it; in micros."""

    key: Key
    micros: Micros
    held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDay:
    """What can be paid out from a day on, beside what can be before."""

    payable_on: Day
    amount_micros: Micros


@dataclass(frozen=True, slots=True, kw_only=True)
class Revenue:
    """A member's revenue as it stands; amounts in micro-euros."""

    revenue_micros: Micros
    payable_micros: Micros
    """What can be paid out today, whole cents or not."""
    held_micros: Micros
    """Of things that the operator hid; it stays until that is decided."""
    later: tuple[OnDay, ...]
    """What can be paid out later, and from when."""


async def of(house: House, member_id: int, *, now: datetime) -> Revenue:
    """Give what a member has received and not taken out, and from when it can be paid out."""
    async with house.db.snapshot() as connection:
        found = await portions(connection, ledger.revenue(member_id))
    later: dict[Day, int] = defaultdict(int)
    for portion in found:
        if not portion.held and portion.key.payable_on > months.to_day(now):
            later[portion.key.payable_on] += portion.micros
    return Revenue(
        revenue_micros=_sum(found),
        payable_micros=_sum(payable(found, on=months.to_day(now))),
        held_micros=_sum([portion for portion in found if portion.held]),
        later=tuple(
            OnDay(payable_on=day, amount_micros=Micros(micros))
            for day, micros in sorted(later.items())
        ),
    )


async def hold(connection: Connection, accounts: Sequence[Account]) -> None:
    """Let nobody else take from these accounts until the transaction ends; locks in their order.

    SQLite has one writer at a time and needs no lock.
    """
    if connection.engine == "sqlite":
        return
    for kind, table in ((2, "members"), (6, "charities")):
        owners = [account // 8 for account in accounts if account % 8 == kind]
        await connection.run(
            f"SELECT id FROM {table} WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE",  # noqa: S608
            (owners,),
        )


async def portions(connection: Connection, account: Account) -> list[Portion]:
    """Give what is left in an account's portions, the oldest payable day first."""
    owner, kind = divmod(account, 8)
    span = [_KINDS[kind], owner * PART_UNIT, (owner + 1) * PART_UNIT - 1]
    came = await connection.all(_CAME, rows=[span])
    if kind == 6:
        came += await connection.all(_OF_LEAVERS, rows=[[account]])
    left = {(row["month"], row["payable_on"]): row["amount_micros"] for row in came}
    for row in await connection.all(_LEFT, rows=[[account]]):
        left[row["month"], row["payable_on"]] -= int(row["micros"])
    assert all(micros >= 0 for micros in left.values()), "no portion is below zero"
    found = [
        Portion(key=Key(account, Month(month), Day(day)), micros=Micros(micros))
        for (month, day), micros in left.items()
        if micros
    ]
    found.sort(key=lambda portion: (portion.key.payable_on, portion.key.month))
    return await _with_held(connection, found, owner) if kind == 2 else found


async def _with_held(
    connection: Connection, found: Sequence[Portion], maker_id: int
) -> list[Portion]:
    """Mark what is held; a portion that is held in part becomes two."""
    rows = await connection.all(_HELD, rows=[[maker_id]])
    to_hold = {row["month"]: int(row["micros"]) for row in rows}
    marked = []
    for portion in found:
        held = min(portion.micros, to_hold.get(portion.key.month, 0))
        if held:
            to_hold[portion.key.month] -= held
            marked.append(replace(portion, micros=Micros(held), held=True))
        if portion.micros > held:
            marked.append(replace(portion, micros=Micros(portion.micros - held)))
    return marked


def payable(found: Sequence[Portion], *, on: Day | None = None) -> list[Portion]:
    """Keep what is not held and, if a day is given, can be paid out on it."""
    return [
        portion
        for portion in found
        if not portion.held and (on is None or portion.key.payable_on <= on)
    ]


def take(found: Sequence[Portion], amount: int) -> list[Portion]:
    """Take an amount out of portions, in their order; give what each gives.

    Raises:
        AssertionError: they hold less.
    """
    taken = []
    for portion in found:
        micros = min(portion.micros, amount)
        if micros:
            taken.append(replace(portion, micros=Micros(micros)))
        amount -= micros
    assert amount == 0, "more is taken than there is"
    return taken


async def left_of(connection: Connection, keys: Sequence[Key]) -> dict[Key, int]:
    """Give what is left in these portions, held or not; in micros."""
    came = await connection.all(
        _CAME_TO,
        rows=[
            [
                _KINDS[key.account % 8] if key.month > 0 else "leaving",
                abs(key.month),
                key.account // 8 * PART_UNIT + key.payable_on,
                1 if key.month > 0 else -1,
            ]
            for key in keys
        ],
    )
    left = {
        Key(Account(row["account"]), Month(row["month"]), Day(row["payable_on"])): int(
            row["amount_micros"]
        )
        for row in came
    }
    for row in await connection.all(_LEFT_FROM, rows=[list(key) for key in keys]):
        left[Key(row["account"], row["month"], row["payable_on"])] -= int(row["micros"])
    assert set(left) == set(keys), "each portion came by a transfer"
    assert all(micros >= 0 for micros in left.values()), "no portion is below zero"
    return left


async def draw(
    connection: Connection, taken: Sequence[Portion], *, kind: Why, subject: int
) -> None:
    """Note what was taken, for what; `subject` is the number of the payout, move or deposit."""
    rows = [[*portion.key, kind, subject, portion.micros] for portion in taken]
    await connection.all(_DRAW, rows=rows)


def _sum(found: Sequence[Portion]) -> Micros:
    return Micros(sum(portion.micros for portion in found))
