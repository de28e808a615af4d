"""Charities: the operator's list, and one's own choice."""

from __future__ import annotations

from typing_extensions import TypedDict

from api.bodies import Strict
from api.call import Asked, call
from irl.errors import Invalid
from irl.money import charities
from irl.money.charities import Charity


class CharityChoice(Strict):
    """The id of a charity, or null to leave it to the house."""

    charity: str | None


class CharityShape(TypedDict):
    """Receives the pot of an idle month."""

    id: str
    name: str
    url: str


class CharitiesShape(TypedDict):
    """Those that can be chosen; the first is the house's own choice."""

    charities: list[CharityShape]


class ChosenShape(TypedDict):
    """What one chose; null leaves it to the house."""

    charity: CharityShape | None


@call(answer=CharitiesShape)
async def listed(asked: Asked) -> CharitiesShape:
    """Get the charities that can be chosen; the first is the house's own choice."""
    found = await charities.listed(asked.house)
    return CharitiesShape(charities=[charity_shape(charity) for charity in found])


@call(scope="wallet", answer=ChosenShape)
async def mine(asked: Asked) -> ChosenShape:
    """Get the charity that one chose."""
    return await _chosen(asked)


@call(scope="wallet", body=CharityChoice, answer=ChosenShape)
async def choose(asked: Asked, choice: CharityChoice) -> ChosenShape:
    """Choose the charity for idle months, or leave it to the house with null."""
    await charities.choose(asked.house, asked.member.id, charity_id(choice.charity))
    return await _chosen(asked)


def charity_id(text: str | None) -> int | None:
    """Read the id of a charity.

    Raises:
        Invalid: it is none, with the field `charity`.
    """
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise Invalid("There is no such charity.", field="charity")
    return int(text)


def charity_shape(charity: Charity) -> CharityShape:
    """Present a charity."""
    return CharityShape(id=str(charity.id), name=charity.name, url=charity.url)


async def _chosen(asked: Asked) -> ChosenShape:
    found = await charities.chosen(asked.house, asked.member.id)
    return ChosenShape(charity=None if found is None else charity_shape(found))
