"""What the operator does now and then: the schema, invitations, the role, mail, charities."""

from __future__ import annotations

import click

from irl import migrations, outbox, settings
from irl.cli.command import NOT_CLEAN, REFUSED, end, in_house, now
from irl.errors import Unavailable
from irl.house import House
from irl.members import invitations, operators
from irl.money import charities
from irl.settings import SettingsRefused


@click.command()
@click.option(
    "--check", is_flag=True, help="Change nothing; say whether the schema is as it should be."
)
def migrate(*, check: bool) -> None:
    """Bring the database to the newest schema."""
    try:
        url = settings.load().database_url
        if not check:
            migrations.upgrade(url)
        drift = migrations.drifts(url)
    except (SettingsRefused, Unavailable) as trouble:
        end(str(trouble), REFUSED)
    if drift is not None:
        end(drift, NOT_CLEAN)


@click.command()
@click.option("-n", "count", type=click.IntRange(1, 10_000), default=1, help="How many.")
def invite(count: int) -> None:
    """Make invitations and print their codes, one a line."""
    for code in in_house(lambda house: invitations.issue(house, count, now=now())):
        click.echo(code)


@click.command()
@click.argument("email")
@click.option("--no", "dismiss", is_flag=True, help="Take the role away instead.")
def operator(email: str, *, dismiss: bool) -> None:
    """Make the member with this EMAIL an operator, who sees the pages under /house."""

    async def work(house: House) -> str:
        if dismiss:
            return await operators.dismiss(house, email)
        return await operators.appoint(house, email, now=now())

    nickname = in_house(work)
    click.echo(f"{nickname} is {'no' if dismiss else 'an'} operator")


@click.command()
def mail() -> None:
    """Send the mails that wait in the outbox, and say of those that are left why they are."""

    async def work(house: House) -> tuple[int, dict[str, int]]:
        sent = await outbox.send_waiting(house, now=now())
        return sent, await outbox.left(house)

    sent, left = in_house(work)
    click.echo(f"{sent} sent")
    for what, count in left.items():
        click.echo(f"{count} {what}")


@click.command()
@click.argument("name")
@click.argument("url", default="")
@click.option("--retire", is_flag=True, help="Take it off the list instead.")
@click.option("--holder", default="", help="The holder of its bank account, for payouts.")
@click.option("--iban", default="", help="The IBAN of its bank account, for payouts.")
def charity(name: str, url: str, *, retire: bool, holder: str, iban: str) -> None:
    """Add a charity that members can choose; the first one is the house's own.

    With --holder and --iban it gets a bank account; a charity that is listed under this NAME
    already is not added again, and gets this account from now on. With --retire the charity of
    this NAME can no longer be chosen; who chose it gives to the house's.
    """
    account = (holder, iban) if holder or iban else None

    async def work(house: House) -> charities.Charity:
        if retire:
            return await charities.retire(house, name, now=now())
        return await charities.enter(house, name=name, url=url, account=account, now=now())

    entered = in_house(work)
    click.echo(f"{entered.id} {entered.name}")
