"""Subscriptions: one flattr at the start of each of the next months."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlencode

from typing_extensions import TypedDict

import qr
from api.bodies import Strict
from api.call import Asked, call
from api.v1.shapes import AddressText, MomentText, MonthText, ScannedThingShape, scanned_shape
from irl import month
from irl.errors import NotFound
from irl.giving import subscriptions
from irl.giving.subscriptions import Subscription


class NewSubscription(Strict):
    """What to subscribe to, by its code or, once it was flattred this month, by its id."""

    code: str | None = None
    thing: str | None = None
    months: int


class SubscriptionChange(Strict):
    """What it is to be from now on."""

    state: Literal["running", "paused"]


class Further(Strict):
    """Where a page of the list begins."""

    after: str | None = None


class SubscriptionShape(TypedDict):
    """A subscription; `last_month` is the last for which it gives."""

    id: str
    thing: ScannedThingShape
    code: str
    state: str
    months: int
    months_left: int
    last_month: MonthText
    created_at: MomentText


class SubscriptionsShape(TypedDict):
    """One's subscriptions, newest first; `next` is the address of the following page, or null."""

    subscriptions: list[SubscriptionShape]
    next: AddressText | None


@call(scope="flattr", body=NewSubscription, answer=SubscriptionShape, status=201)
async def begin(asked: Asked, new: NewSubscription) -> SubscriptionShape:
    """Subscribe to a thing for the next 3, 6 or 12 months."""
    begun = await subscriptions.begin(
        asked.house,
        asked.member.id,
        code=None if new.code is None else _code(new.code, asked.base_url),
        thing_id=new.thing,
        months=new.months,
        now=asked.now,
    )
    return subscription_shape(begun)


@call(scope="flattr", query=Further, answer=SubscriptionsShape)
async def mine(asked: Asked, wanted: Further) -> SubscriptionsShape:
    """Get one's own subscriptions, those that ended too."""
    found = await subscriptions.mine(
        asked.house, asked.member.id, after=wanted.after, now=asked.now
    )
    following = urlencode({"after": found.next})
    return SubscriptionsShape(
        subscriptions=[subscription_shape(one) for one in found.subscriptions],
        next=f"{asked.base_url}/api/v1/me/subscriptions?{following}" if found.next else None,
    )


@call(scope="flattr", answer=SubscriptionShape)
async def of(asked: Asked) -> SubscriptionShape:
    """Get a subscription of one's own."""
    return subscription_shape(
        await subscriptions.of(asked.house, asked.member.id, asked.part("id"), now=asked.now)
    )


@call(scope="flattr", body=SubscriptionChange, answer=SubscriptionShape)
async def change(asked: Asked, wish: SubscriptionChange) -> SubscriptionShape:
    """Pause a subscription, or let it run again."""
    changed = await subscriptions.change(
        asked.house, asked.member.id, asked.part("id"), wish.state, now=asked.now
    )
    return subscription_shape(changed)


@call(scope="flattr", status=204)
async def end(asked: Asked) -> None:
    """End a subscription; what it gave stands."""
    await subscriptions.change(
        asked.house, asked.member.id, asked.part("id"), "ended", now=asked.now
    )


def subscription_shape(subscription: Subscription) -> SubscriptionShape:
    """Present a subscription."""
    return SubscriptionShape(
        id=subscription.id,
        thing=scanned_shape(subscription.thing),
        code=subscription.code.text,
        state=subscription.state,
        months=subscription.months,
        months_left=subscription.months_left,
        last_month=month.text(subscription.last_month),
        created_at=month.iso(subscription.created_at),
    )


def _code(text: str, base_url: str) -> qr.Code:
    try:
        return qr.parse(text, base_url=base_url)
    except qr.CodeError:
        raise NotFound("There is no such code.", field="code") from None
