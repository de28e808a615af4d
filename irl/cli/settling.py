"""`irl settle`, `irl audit` and `irl recompute`: a month is closed, and everything computed again."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from irl import month as months
from irl.cli.command import NOT_CLEAN, REFUSED, end, in_house, now
from irl.errors import Unavailable
from irl.house import House
from irl.settlement import audit as auditing
from irl.settlement import audits, runner, transparency
from irl.settlement import recompute as recomputing


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


@click.command()
def audit() -> None:
    """Compute the ledger anew and compare. Exit code 0: clean. 1: not, with each finding."""

    async def work(house: House) -> list[str]:
        findings = await auditing.audit(house)
        try:
            await audits.keep(house, findings, now=now())
        except Unavailable as trouble:  # what was found is told all the same
            click.echo(f"irl: {trouble.message}", err=True)
        return findings

    findings = in_house(work)
    for finding in findings:
        click.echo(finding)
    if findings:
        sys.exit(NOT_CLEAN)
    click.echo("clean")


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
