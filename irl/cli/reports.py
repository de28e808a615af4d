"""`irl reports`: what people reported, and what the operator decides; one line a report."""

from __future__ import annotations

import click

from irl.cli.command import in_house, now
from irl.things import reports as verbs


@click.group("reports")
def reports() -> None:
    """Decide what people reported."""


@reports.command("list")
@click.option("--hiding", is_flag=True, help="Those decided to hide something instead.")
def list_reports(*, hiding: bool) -> None:
    """Print the reports that wait for a decision, oldest first, at most 200."""
    for report in in_house(verbs.hiding if hiding else verbs.waiting):
        about = "a code of" if report.is_about_code else "the thing"
        said = f": {' '.join(report.text.split())}" if report.text else ""
        click.echo(f"{report.id} {about} {report.thing_id} {report.title} {report.reason}{said}")


@reports.command()
@click.argument("report_id", type=int)
def hide(report_id: int) -> None:
    """Hide what the report is about: scans are refused, open flattrs void, its revenue held."""
    in_house(lambda house: verbs.decide(house, report_id, "hide", now=now()))
    click.echo(f"{report_id} hide")


@reports.command()
@click.argument("report_id", type=int)
def keep(report_id: int) -> None:
    """Keep what the report is about; what was hidden for it alone is shown again."""
    in_house(lambda house: verbs.decide(house, report_id, "keep", now=now()))
    click.echo(f"{report_id} keep")
