"""The path of one euro through the house, in figures of each closed month, and never about a person.

Which month a transfer belongs to is said in `irl.settlement.movements`; a closed month's figures
never change, so each is computed once and kept. What is withheld, and why nobody can compute it:

1. A flow (deposited, fee, commission, given, to charity, paid out) is withheld if it is the money
   of one to four members. For what was given that is the smaller of givers and makers. Deposits and
   their fee are withheld together, since the one tells the other.
2. A balance is the balance before, and what came in less what went out. So whoever knows two
   balances knows the sum of all flows between them that are not told: the withheld ones, and those
   that never are (revenue moved to funds, what reversals took). Funds and revenue are told, both or
   neither, only when behind those untold flows since the last time there is nobody, or at least
   five members: for funds, for revenue, and for the two together, in which what was given and what
   was moved cancel out. All else that can be added up from the table contains one of these three.
3. Figures of different months are of different transfers, so no difference between months is of
   fewer members than one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import select

from irl import month as months
from irl.db import Connection, ForRows, Row
from irl.house import House
from irl.money.micros import Micros
from irl.month import Month
from irl.schema import NOT_SETTLED, month_figures
from irl.settlement import movements
from irl.settlement.movements import Span

FEWEST: Final = 5
"""Members behind a figure; with fewer it is withheld."""

_MOST_MONTHS: Final = 120
"""Closed months that are told, the latest."""

FLOWS: Final = ("deposited", "fee", "commission", "given", "charity", "paid_out")
BALANCES: Final = ("funds", "revenue")

_OF_FUNDS: Final = frozenset(
    {
        *("deposited", "fee", "given", "charity", "moved"),
        *("back_from_funds", "other_from_funds", "other_to_funds"),
    }
)
_OF_REVENUE: Final = frozenset(
    {
        *("given", "paid_out", "moved"),
        *("back_from_revenue", "other_from_revenue", "other_to_revenue"),
    }
)
_UNTOLD: Final = (_OF_FUNDS | _OF_REVENUE) - frozenset(FLOWS)
_EQUATIONS: Final = (_OF_FUNDS, _OF_REVENUE, _OF_FUNDS ^ _OF_REVENUE)

_COLUMNS: Final[dict[str, Literal["number", "text"]]] = {
    "month": "number",
    "begins_at": "number",
    "ends_at": "number",
}


def _of_transfers(what: str, where: str, *, deposit: bool = False) -> str:
    joined = "JOIN deposits d ON d.id = t.subject" if deposit else ""
    return f"""SELECT {what} FROM given CROSS JOIN transfers t {joined}
        WHERE {NOT_SETTLED.replace("kind", "t.kind")} AND t.posted_at >= given.begins_at
          AND t.posted_at < given.ends_at AND {where}"""  # noqa: S608 - our own words


_DEBTOR: Final = "t.amount_micros AS micros, t.debit_account / 8 AS person"
_CREDITOR: Final = "t.amount_micros AS micros, t.credit_account / 8 AS person"
_DEPOSITOR: Final = "t.amount_micros AS micros, d.member_id AS person"

# Each flow is rows of micros and a person; where two kinds of persons stand behind it, it has two
# such, with the micros in the first.
_ROWS: Final[dict[str, tuple[str, ...]]] = {
    "deposited": (
        _of_transfers(
            "d.amount_micros AS micros, d.member_id AS person", "t.kind = 'deposit'", deposit=True
        ),
    ),
    "fee": (_of_transfers(_DEPOSITOR, "t.kind = 'fee'", deposit=True),),
    "commission": (_of_transfers(_DEPOSITOR, "t.kind = 'commission'", deposit=True),),
    "given": (
        """SELECT pot_micros AS micros, member_id AS person FROM given CROSS JOIN pots p
           WHERE p.month = given.month AND p.charity_id IS NULL""",
        """SELECT amount_micros AS micros, maker_id AS person FROM given CROSS JOIN receipts r
           WHERE r.month = given.month AND r.amount_micros > 0""",
    ),
    "charity": (
        """SELECT pot_micros AS micros, member_id AS person FROM given CROSS JOIN pots p
           WHERE p.month = given.month AND p.charity_id IS NOT NULL""",
    ),
    "paid_out": (
        _of_transfers(
            """CASE t.debit_account % 8 WHEN 2 THEN t.amount_micros ELSE -t.amount_micros END
                 AS micros,
               CASE t.debit_account % 8 WHEN 2 THEN t.debit_account ELSE t.credit_account END / 8
                 AS person""",
            """(t.debit_account % 8 = 2 AND t.credit_account % 8 = 7
                OR t.credit_account % 8 = 2 AND t.debit_account % 8 IN (3, 7))""",
        ),
    ),
    "moved": (_of_transfers(_DEBTOR, "t.debit_account % 8 = 2 AND t.credit_account % 8 = 1"),),
    "back_from_funds": (
        _of_transfers(_DEBTOR, "t.debit_account % 8 = 1 AND t.credit_account % 8 = 3"),
    ),
    "back_from_revenue": (
        _of_transfers(_DEBTOR, "t.debit_account % 8 = 2 AND t.credit_account % 8 = 3"),
        _of_transfers(_DEPOSITOR, "t.kind = 'reversal_share'", deposit=True),
    ),
    "other_from_funds": (
        _of_transfers(_DEBTOR, "t.debit_account % 8 = 1 AND t.credit_account % 8 <> 3"),
    ),
    "other_to_funds": (
        _of_transfers(_CREDITOR, "t.credit_account % 8 = 1 AND t.debit_account % 8 NOT IN (2, 3)"),
    ),
    "other_from_revenue": (
        _of_transfers(_DEBTOR, "t.debit_account % 8 = 2 AND t.credit_account % 8 NOT IN (1, 3, 7)"),
    ),
    "other_to_revenue": (
        _of_transfers(_CREDITOR, "t.credit_account % 8 = 2 AND t.debit_account % 8 NOT IN (3, 7)"),
    ),
}

_AMOUNTS: Final = {
    name: ForRows(
        f"SELECT CAST(coalesce(sum(micros), 0) AS bigint) AS micros FROM ({sides[0]}) AS flow",  # noqa: S608
        _COLUMNS,
    )
    for name, sides in _ROWS.items()
    if name in FLOWS
}
_PEOPLE: Final = {
    name: tuple(
        ForRows(f"SELECT DISTINCT person FROM ({side}) AS flow LIMIT {FEWEST}", _COLUMNS)  # noqa: S608
        for side in sides
    )
    for name, sides in _ROWS.items()
}


def _balance(kind: int, settled_later: str) -> ForRows:
    """Ask for all of one kind of account at a month's end: as it is now, less what came later."""
    later = f"""FROM given CROSS JOIN transfers t
        WHERE {NOT_SETTLED.replace("kind", "t.kind")} AND t.posted_at >= given.ends_at"""
    return ForRows(
        f"""SELECT CAST(coalesce(sum(micros), 0) AS bigint) AS micros FROM (
              SELECT balance_micros AS micros FROM balances WHERE account % 8 = {kind}
              UNION ALL SELECT t.amount_micros {later} AND t.debit_account % 8 = {kind}
              UNION ALL SELECT -t.amount_micros {later} AND t.credit_account % 8 = {kind}
              UNION ALL {settled_later}) AS each""",  # noqa: S608
        _COLUMNS,
    )


_BALANCES: Final = {
    "funds": _balance(
        1, "SELECT p.pot_micros FROM given CROSS JOIN pots p WHERE p.month > given.month"
    ),
    "revenue": _balance(
        2, "SELECT -r.amount_micros FROM given CROSS JOIN receipts r WHERE r.month > given.month"
    ),
}
_KEEP: Final = ForRows(
    """INSERT INTO month_figures (month, name, amount_micros)
       SELECT month, name, micros FROM given WHERE true ON CONFLICT DO NOTHING""",
    {"month": "number", "name": "text", "micros": "number"},
)
_KEPT: Final = select(month_figures).order_by(month_figures.c.month.desc())
_LATEST: Final = _KEPT.limit(_MOST_MONTHS * len(FLOWS + BALANCES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A closed month for everybody's eyes, in micro-euros; None is withheld.

    Attributes:
        month: the month.
        deposited: what members paid in, with the fee.
        fee: the house's part of it.
        commission: what payment providers kept; paid out of the fee, as far as it goes.
        given: to makers.
        charity: pots of idle months.
        paid_out: revenue that makers asked to be paid, less what came back.
        funds: what was still there to give after the month's shares were dealt out.
        revenue: what makers had received and not yet taken out.
    """

    month: Month
    deposited: Micros | None
    fee: Micros | None
    commission: Micros | None
    given: Micros | None
    charity: Micros | None
    paid_out: Micros | None
    funds: Micros | None
    revenue: Micros | None


async def published(house: House) -> tuple[Figures, ...]:
    """Give the kept figures of closed months, the latest first, at most 120."""
    async with house.db.reading() as connection:
        return _figures(await connection.all(_LATEST))


async def keep(house: House) -> None:
    """Compute the figures of months that were closed since, in order, and keep them for ever."""
    async with house.db.snapshot() as connection:
        kept = {each.month: each for each in _figures(await connection.all(_KEPT))}
        made = await _all(connection, kept)
    rows: list[list[object]] = [
        [month, name, getattr(figures, name)]
        for month, figures in made.items()
        if month not in kept
        for name in (*FLOWS, *BALANCES)
    ]
    if rows:
        await house.db.write(lambda connection: connection.all(_KEEP, rows=rows))


async def changed(connection: Connection) -> list[str]:
    """Compute all kept figures again; say which months are not what they were."""
    kept = _figures(await connection.all(_KEPT))
    again = await _all(connection, {}) if kept else {}
    return [
        f"{months.text(each.month)}: the figures for everybody are not what they were"
        for each in kept
        if again.get(each.month) != each
    ]


async def _all(connection: Connection, kept: dict[Month, Figures]) -> dict[Month, Figures]:
    """Give the figures of all closed months; those that are known are not computed again."""
    closed = await movements.spans(connection)
    found = dict(kept)
    for place, span in enumerate(closed):
        if span.month not in found:
            made = await _made(connection, closed[: place + 1], found)
            found[span.month] = Figures(month=span.month, **made)
    return found


def _figures(rows: Iterable[Row]) -> tuple[Figures, ...]:
    by_month: dict[Month, dict[str, Micros | None]] = {}
    for row in rows:
        by_month.setdefault(Month(row["month"]), {})[row["name"]] = row["amount_micros"]
    return tuple(Figures(month=month, **figures) for month, figures in by_month.items())


async def _made(
    connection: Connection, closed: Sequence[Span], kept: dict[Month, Figures]
) -> dict[str, Micros | None]:
    """Compute the last of these months; those before it are known."""
    key = _key(closed[-1])
    found: dict[str, Micros | None] = {}
    for name in FLOWS:
        people = await _people(connection, name, closed[-1])
        amount = await connection.value(_AMOUNTS[name], rows=[key])
        found[name] = None if 0 < len(people) < FEWEST else Micros(amount)
    if found["deposited"] is None or found["fee"] is None:
        found["deposited"] = found["fee"] = None
    untold = [(closed[-1], _untold(found))]
    for span in reversed(closed[:-1]):
        if kept[span.month].funds is not None:
            break
        flows = {name: getattr(kept[span.month], name) for name in FLOWS}
        untold.append((span, _untold(flows)))
    can_be_told = await _hides_enough(connection, untold)
    for name, question in _BALANCES.items():
        amount = await connection.value(question, rows=[key])
        found[name] = Micros(amount) if can_be_told else None
    return found


def _untold(flows: dict[str, Micros | None]) -> frozenset[str]:
    return _UNTOLD | {name for name, amount in flows.items() if amount is None}


async def _hides_enough(
    connection: Connection, untold: Sequence[tuple[Span, frozenset[str]]]
) -> bool:
    """Tell whether no equation shows the untold flows of one to four members."""
    behind: list[set[int]] = [set() for _ in _EQUATIONS]
    for span, names in untold:
        for name in names:
            people = await _people(connection, name, span)
            for place, equation in enumerate(_EQUATIONS):
                if name in equation:
                    behind[place] |= people
    return all(not members or len(members) >= FEWEST for members in behind)


async def _people(connection: Connection, name: str, span: Span) -> set[int]:
    """Give the members behind a flow, of the side on which there are fewer; at most five."""
    sides = [
        {row["person"] for row in await connection.all(question, rows=[_key(span)])}
        for question in _PEOPLE[name]
    ]
    return min(sides, key=len)


def _key(span: Span) -> list[int]:
    return [span.month, span.begins_at, span.ends_at]
