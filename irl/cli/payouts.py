"""`irl payouts`: what the operator does about payouts; one line a payout, amounts in euros."""

from __future__ import annotations

from pathlib import Path

import click

from irl.cli.command import in_house, now
from irl.errors import PayoutDecided
from irl.house import House
from irl.money import micros, payout_files, sending
from irl.money import payouts as verbs
from irl.money.payout_files import PayoutFile


@click.group("payouts")
def payouts() -> None:
    """Send what members asked for, and say what became of it."""


@payouts.command("list")
def list_undecided() -> None:
    """Print the payouts that are neither paid nor returned, oldest first."""
    for payout in in_house(verbs.undecided):
        click.echo(
            f"{payout.id} {payout.state} {micros.text(payout.amount_micros)} EUR {payout.method}"
            f" {payout.address} {payout.holder}{f' ({payout.trouble})' if payout.trouble else ''}"
        )


@payouts.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export(file: Path) -> None:
    """Write all payouts by SEPA that wait into FILE, for the bank (pain.001.001.09).

    It is stored and never made again: when nothing new waits, FILE becomes the latest one once
    more, the same to the last byte.
    """
    made = in_house(lambda house: payout_files.export(house, now=now()))
    _write(file, made)
    click.echo(f"{_line(made)}{'' if made.is_new else ', made before: nothing new waits'}")


@payouts.command()
@click.argument("file_id")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def again(file_id: str, file: Path) -> None:
    """Write the stored file FILE_ID into FILE once more."""
    made = in_house(lambda house: payout_files.of(house, file_id))
    _write(file, made)
    click.echo(_line(made))


@payouts.command()
@click.argument("file_or_payout_id")
def paid(file_or_payout_id: str) -> None:
    """Say that a payout arrived, or all of a file that did not come back."""

    async def work(house: House) -> list[str]:
        ids = await payout_files.inside(house, file_or_payout_id)
        told = []
        for each in ids:
            try:
                is_new = await verbs.paid(house, each, now=now())
                told.append(f"{each} {'paid' if is_new else 'was paid already'}")
            except PayoutDecided as refused:
                if ids == (file_or_payout_id,):
                    raise
                told.append(f"{each} left as it is: {refused.message}")
        return told

    for line in in_house(work):
        click.echo(line)


@payouts.command()
@click.argument("payout_id")
@click.option("--why", default="the bank sent it back", help="Told to the member.")
def returned(payout_id: str, why: str) -> None:
    """Say that a payout came back, or will never be sent: it can be asked for again."""
    is_new = in_house(lambda house: verbs.returned(house, payout_id, why=why, now=now()))
    click.echo(f"{payout_id} {'returned' if is_new else 'was returned already'}")


@payouts.command()
@click.argument("charity_id", type=click.IntRange(1, 2**62))
def charity(charity_id: int) -> None:
    """Ask for all that a charity can be paid out now; it goes into the next file."""
    asked = in_house(lambda house: verbs.ask_for_charity(house, charity_id, now=now()))
    click.echo(f"{asked.id} requested {micros.text(asked.amount_micros)} EUR to {asked.holder}")


@payouts.command()
def send() -> None:
    """Send what waits for PayPal and Skrill, and ask what became of what was sent."""
    sent = in_house(lambda house: sending.send_waiting(house, now=now()))
    click.echo(f"{sent.sent} sent, {sent.paid} paid, {sent.returned} returned")


def _write(file: Path, made: PayoutFile) -> None:
    try:
        file.write_text(made.body, encoding="utf-8")
    except OSError as trouble:
        # The file is stored: nothing is lost, and the same command writes it again.
        raise click.ClickException(f"{file} cannot be written: {trouble}") from trouble


def _line(made: PayoutFile) -> str:
    return f"{made.id}: {made.payouts} payouts, {micros.text(made.amount_micros)} EUR"
