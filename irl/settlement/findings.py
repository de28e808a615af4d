"""What is wrong with one statement, computed again from what its own document says.

Each check is a function that names what does not fit. docs/statements.md says the same in words,
for those who would rather write their own. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

from pydantic import ValidationError

from irl import month as months
from irl.money import ledger
from irl.money.shares import mix, shares
from irl.month import Day, Month
from irl.settlement import document
from irl.settlement.core import HIDDEN, OWN_THING, PART_UNIT
from irl.settlement.shape import AccountShape, MovementShape, StatementShape
from irl.settlement.statement import RULE_NAME

MOST: Final = 20
"""Findings of one statement; the first few say what is wrong."""

_SIGNS: Final = {
    "deposit": 1,
    "pot": -1,
    "leaving": -1,
    "share": 1,
    "reversal_funds": -1,
    "reversal_share": -1,
    "payout_request": -1,
    "payout_return": 1,
}


def of(found: dict[str, Any]) -> list[str]:
    """Compute a document again; give what is wrong with it, at best nothing."""
    version = found.get("version")
    if version != document.VERSION or type(version) is not int:
        return [f"version {ascii(version)[:20]}: only {document.VERSION} is known here"]
    try:
        said = StatementShape.model_validate(found)
    except ValidationError as trouble:
        return [
            f"{'.'.join(ascii(part)[:40].strip(chr(39)) for part in each['loc'])}: {ascii(each['msg'])[1:-1]}"
            for each in trouble.errors(include_url=False, include_input=False)[:MOST]
        ]
    wrong: list[str] = []
    for check in (_times, _pot, _idle, _shares, _received, _deposits, _reversals, _moves):
        wrong += check(said)
    for name, account in (("funds", said.funds), ("revenue", said.revenue)):
        wrong += [f"{name}: {each}" for each in _account(said, account)]
    return [*_hash(found, said), *wrong][:MOST]


def _hash(found: dict[str, Any], said: StatementShape) -> Iterator[str]:
    try:
        made = document.digest(found)
    except UnicodeEncodeError:
        yield "half a surrogate pair, which UTF-8 cannot write"
        return
    if made != said.hash:
        yield f"the hash of what is written here is {made}"


def _month(said: StatementShape) -> Month:
    return months.parse(said.month)


def _times(said: StatementShape) -> Iterator[str]:
    month = _month(said)
    if said.given.rounding.month != month:
        yield "rounding: another month"
    if said.given.rounding.member != said.member:
        yield "rounding: another member"
    if said.given.rounding.rule != RULE_NAME:
        yield f"rounding: the only rule known here is {RULE_NAME}"
    if not said.early and said.ends_at != max(months.iso(months.end(month)), said.begins_at):
        yield "ends_at: not the month's end, and not closed early"
    if said.ends_at < months.iso(months.start(month)):
        yield "ends_at: before the month began"
    if not said.begins_at <= said.ends_at <= said.closed_at:
        yield "begins_at, ends_at, closed_at: not in their order"


def _pot(said: StatementShape) -> Iterator[str]:
    given, valid = said.given, _valid(said)
    if given.rounding.odd_micros != (given.pot_micros % valid if valid else 0):
        yield "odd_micros: not what remains of the pot"
    divides = given.pot_micros > 0 or (valid > 0 and given.budget_micros is not None)
    if divides != (given.funds_micros is not None):
        yield "funds_micros: told exactly when there was something to divide"
    if given.funds_micros is None:
        if given.taken_back_micros:
            yield "taken_back_micros: from no funds"
        return
    if given.pot_micros != min(given.budget_micros or 0, given.funds_micros):
        yield "pot: not the smaller of budget and funds"
    before = said.funds.closing_micros + given.pot_micros
    if given.funds_micros + given.taken_back_micros != before:
        yield "funds_micros and taken_back_micros: not what was there before the pot"


def _idle(said: StatementShape) -> Iterator[str]:
    given, valid = said.given, _valid(said)
    if given.charity_id is None and not valid and given.pot_micros:
        yield "pot: nobody to give it to"
    if given.charity_id is not None and (valid or not given.pot_micros):
        yield "charity: only the pot of an idle month goes there"
    if (given.charity_id is None) != (given.charity is None):
        yield "charity: a number without a name, or a name without a number"


def _valid(said: StatementShape) -> int:
    return sum(share.void is None for share in said.given.shares)


def _shares(said: StatementShape) -> Iterator[str]:
    given, month = said.given.shares, _month(said)
    valid = [share for share in given if share.void is None]
    due = shares(month, said.member, said.given.pot_micros, [share.number for share in valid])
    for share, micros in zip(valid, due, strict=True):
        if share.share_micros != micros:
            yield f"thing {share.thing.id}: its share is {micros}"
    for share in given:
        if share.void is not None and share.share_micros:
            yield f"thing {share.thing.id}: void, and yet a share"
        if share.void not in {None, OWN_THING, HIDDEN}:
            yield f"thing {share.thing.id}: void for no known reason"
        if int(share.mix, 16) != mix(month, said.member, share.number):
            yield f"thing {share.thing.id}: its mix is {mix(month, said.member, share.number):016x}"
    for name, values in (
        ("number", [str(share.number) for share in given]),
        ("id", [share.thing.id for share in given]),
        ("id", [receipt.thing.id for receipt in said.received.things]),
    ):
        for value in _twice(values):
            yield f"two things of one {name}: {value}"
    if [(s.given_at, s.number) for s in given] != sorted((s.given_at, s.number) for s in given):
        yield "shares: not in the order in which they were given"


def _received(said: StatementShape) -> Iterator[str]:
    received = said.received
    if sum(receipt.amount_micros for receipt in received.things) != received.total_micros:
        yield "received: the things do not come to the total"
    if sum(payable.amount_micros for payable in received.payable) != received.total_micros:
        yield "received: what can be paid out does not come to the total"
    due = {}
    for payable in received.payable:
        part = said.member * PART_UNIT + _day(payable.payable_on)
        due[f"share/{_month(said)}/{part}"] = payable.amount_micros
    moved = {one.key: one.amount_micros for one in said.revenue.movements if one.kind == "share"}
    if due != moved or len(due) != len(received.payable):
        yield "received: revenue got something else"


def _day(text: str) -> Day:
    return Day(int(text.replace("-", "")))


def _account(said: StatementShape, account: AccountShape) -> Iterator[str]:
    moved = account.movements
    if account.opening_micros + sum(one.amount_micros for one in moved) != account.closing_micros:
        yield "before and what moved do not come to what is there after"
    for one in moved:
        if one.key.partition("/")[0] != one.kind:
            yield f"{one.key}: its kind is another"
        if one.amount_micros * _SIGNS.get(one.kind, one.amount_micros) <= 0:
            yield f"{one.key}: nothing, or the wrong way"
        if not _is_in_time(said, one):
            yield f"{one.key}: not of this month"
    for key in _twice([one.key for one in moved]):
        yield f"{key}: twice"
    if any(first.at > second.at for first, second in pairwise(moved)):
        yield "not in the order of time"


def _is_in_time(said: StatementShape, one: MovementShape) -> bool:
    if one.kind in {"pot", "share"}:
        return one.at == said.closed_at
    # The house's first month holds what was before it, if anything was.
    return one.at < said.ends_at and (said.previous is None or said.begins_at <= one.at)


def _deposits(said: StatementShape) -> Iterator[str]:
    booked = {o.key: o.amount_micros for o in said.funds.movements if o.kind == "deposit"}
    if booked != {each.key: each.net_micros for each in said.deposits}:
        yield "deposits: funds got something else"
    for deposit in said.deposits:
        if deposit.fee_micros + deposit.net_micros != deposit.amount_micros:
            yield f"deposit {deposit.id}: fee and net do not come to its amount"
    for each in _twice([deposit.id for deposit in said.deposits]):
        yield f"deposit {each}: twice"


def _reversals(said: StatementShape) -> Iterator[str]:
    for each in _twice([back.deposit for back in said.reversals]):
        yield f"deposit {each}: reversed twice"
    if any(not said.begins_at <= each.at < said.ends_at for each in said.reversals):
        yield "reversals: not of this month"
    told = Counter(each.at for each in said.reversals)
    told.subtract(one.at for one in said.funds.movements if one.kind == "reversal_funds")
    if any(count < 0 for count in told.values()):
        yield "reversals: funds gave back for one that is not told"
    for kind, account, number in (
        ("reversal_funds", said.funds, ledger.funds(said.member)),
        ("reversal_share", said.revenue, ledger.revenue(said.member)),
    ):
        for one in account.movements:
            if one.kind == kind and not one.key.endswith(f"/{number}"):
                yield f"{one.key}: another's account"


def _moves(said: StatementShape) -> Iterator[str]:
    """Compare what leaves one account for another, or for a pot."""
    funds, pot = said.funds.movements, said.given.pot_micros
    pots = {one.key: -one.amount_micros for one in funds if one.kind == "pot"}
    if pots != ({f"pot/{_month(said)}/{said.member}": pot} if pot else {}):
        yield "funds: the pot did not leave them"
    came = {one.key: one.amount_micros for one in funds if one.kind == "move"}
    if came != {o.key: -o.amount_micros for o in said.revenue.movements if o.kind == "move"}:
        yield "moves: not the same in funds and in revenue"


def _twice(values: Sequence[str]) -> list[str]:
    return [value for value, count in Counter(values).items() if count > 1]
