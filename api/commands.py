"""`irl serve` and `irl demo`: the commands that need the web."""

from __future__ import annotations

import asyncio

import click

import scanner
from api import demo as demo_house
from api import serving
from irl import settings
from irl.cli.command import REFUSED, end
from irl.errors import Unavailable
from irl.settings import SettingsRefused


@click.command()
def serve() -> None:
    """Serve pages and API in the foreground, on PORT."""
    try:
        serving.serve(settings.load())
    except (SettingsRefused, Unavailable, scanner.ScannerDown) as refused:
        end(str(refused), REFUSED)


@click.command()
@click.option("--if-empty", is_flag=True, help="Do nothing when the database is not empty.")
def demo(*, if_empty: bool) -> None:
    """Fill an empty database with a small gallery, and print its logins and pages."""
    try:
        wanted = settings.load()
        serving.check_ready(wanted)
        lines = asyncio.run(demo_house.fill(wanted))
    except demo_house.NotEmpty as refused:
        if if_empty:
            return
        end(str(refused), REFUSED)
    except (SettingsRefused, Unavailable) as refused:
        end(str(refused), REFUSED)
    else:
        click.echo("\n".join(lines))
