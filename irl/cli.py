"""The command line of the domain: everything that needs no web server."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import click

from irl import duties, migrations, outbox, settings
from irl import month as months
from irl.command import NOT_CLEAN, REFUSED, end, in_house, now
from irl.errors import Unavailable
from irl.house import House
from irl.members import invitations
from irl.money import charities
from irl.payout_commands import payouts
from irl.reconcile_command import reconcile
from irl.settings import SettingsRefused
from irl.settlement import audit, runner, transparency
from irl.settlement import recompute as recomputing


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
@click.argument("month")
@click.option("--early", is_flag=True, help="Before the month has ended; only with play money.")
def settle(month: str, *, early: bool) -> None:
    """Close MONTH, for instance 2026-11: divide every budget over its flattrs, once.

    Exit code 0: settled, also when it was already. 2: refused, with why. 75: another settler is
    at work.
    """

    async def work(house: House) -> runner.Settled:
        settled = await runner.settle(house, months.parse(month), early=early, now=now())
        await transparency.keep(house)
        return settled

    settled = in_house(work)
    click.echo(f"{month} was closed already" if settled.already else f"{month} is closed")


@click.command("audit")
def audit_ledger() -> None:
    """Compute the ledger anew and compare. Exit code 0: clean. 1: not, with each finding."""
    findings = in_house(audit.audit)
    for finding in findings:
        click.echo(finding)
    if findings:
        sys.exit(NOT_CLEAN)
    click.echo("clean")


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


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
def recompute(files: tuple[Path, ...]) -> None:
    """Compute statements again, each FILE the JSON of one or a folder of them, without the house.

    Exit code 0: clean. 1: not, with each finding. 2: a file cannot be read, or is no statement.
    """
    try:
        findings = recomputing.compared(files)
    except recomputing.Unreadable as trouble:
        end(str(trouble), REFUSED)
    for finding in findings:
        click.echo(finding)
    if findings:
        sys.exit(NOT_CLEAN)
    click.echo("clean")


@click.command()
def clock() -> None:
    """Send mail, give for subscriptions, warn, forget what is old and close months, until stopped."""

    async def work(house: House) -> None:
        stopped = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, stopped.set)
        await duties.keep_all(house, stopped)

    in_house(work)


COMMANDS: tuple[click.Command, ...] = (
    migrate,
    invite,
    settle,
    audit_ledger,
    mail,
    charity,
    payouts,
    reconcile,
    recompute,
    clock,
)
"""The commands of the domain; `api.cli` adds those that need the web or the scanner."""
