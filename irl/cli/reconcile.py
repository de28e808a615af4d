"""`irl reconcile`: a provider's own report beside the ledger."""

from __future__ import annotations

import csv
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import click

from irl.cli.command import NOT_CLEAN, in_house, now
from irl.errors import Invalid
from irl.house import House
from irl.money import micros, reconciling
from irl.money.payments import report
from irl.money.payments.paypal import report as paypal_report
from irl.money.payments.report import Line
from irl.money.payments.skrill import report as skrill_report
from irl.money.reconciling import Compared
from irl.sentence import Sentence

_REPORTS: Final = {"paypal": paypal_report.understand, "skrill": skrill_report.understand}
_DAY: Final = click.DateTime(formats=["%Y-%m-%d"])


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--from", "since", type=_DAY, help="Deposits booked from this day on must be in it.")
@click.option("--until", type=_DAY, help="... up to this day, in UTC. Without: all.")
@click.option("--book-commissions", is_flag=True, help="Book those that only the report tells of.")
@click.option("--charge", "charges", metavar="ID", multiple=True, help="Book it as a charge.")
@click.option("--moved", metavar="ID", multiple=True, help="Book it as moved from or to the bank.")
def reconcile(
    file: Path,
    *,
    since: datetime | None,
    until: datetime | None,
    book_commissions: bool,
    charges: tuple[str, ...],
    moved: tuple[str, ...],
) -> None:
    """Compare FILE, a report of PayPal or Skrill as CSV, with the ledger.

    ID is the provider's own id of a line about nothing that the house knows: what the provider
    charged (or gave back), or money that you moved between it and the bank. Both may be repeated.

    Exit code 0: both are equal. 1: they are not, with each difference. 2: it cannot be read.
    """
    first = (since or datetime(1970, 1, 1)).replace(tzinfo=UTC)  # noqa: DTZ001 - it gets one
    last = until.replace(tzinfo=UTC) + timedelta(days=1) if until else now() + timedelta(days=1)

    async def work(house: House) -> Compared:
        provider, lines = _read(file)
        return await reconciling.reconcile(
            house,
            provider,
            lines,
            period=(first, last),
            book=book_commissions,
            charges=charges,
            moved=moved,
            now=now(),
        )

    found = in_house(work)
    _say(found)
    if found.findings:
        sys.exit(NOT_CLEAN)
    click.echo("equal")


def _read(file: Path) -> tuple[str, list[Line]]:
    """Read a report, and give whose it is by its columns."""
    if file.stat().st_size > report.MOST_BYTES:
        raise Invalid(
            Sentence("A report has at most {most} bytes.", most=report.MOST_BYTES), field="file"
        )
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            header = next(csv.reader([text.readline(report.LINE_MOST)]), [])
            names = [name.strip() for name in header]
            for provider, understand in _REPORTS.items():
                if understand(names) is not None:
                    text.seek(0)
                    return provider, list(report.lines(text, understand))
    except (UnicodeDecodeError, csv.Error) as trouble:
        raise Invalid("The file is not CSV in UTF-8.", field="file") from trouble
    raise Invalid("This is no report of PayPal or Skrill with all its columns.", field="file")


def _say(found: Compared) -> None:
    for finding in found.findings:
        click.echo(finding)
    if found.booked:
        click.echo(f"{found.booked} commissions booked")
    if found.lines_booked:
        click.echo(f"{found.lines_booked} lines booked")
    click.echo(
        f"{found.lines} lines about {found.payments} payments:"
        f" {micros.text(found.report_micros)} EUR in the report,"
        f" {micros.text(found.ledger_micros)} EUR in the ledger"
    )
