"""Codes from a shell: ``python -m qr mint``, ``parse TEXT``, ``svg CODE``, ``png CODE -o FILE``."""

from collections.abc import Callable
from typing import BinaryIO

import click

from qr import code as codes
from qr.errors import CodeError
from qr.poster import label
from qr.render import Symbol, png, svg, symbol

_OUT = click.option(
    "-o", "--out", type=click.File("wb"), default="-", help="Where to write; - is the output."
)


@click.group()
@click.option(
    "--base-url",
    default="http://localhost:8000",
    show_default=True,
    help="The address in front of /T/CODE.",
)
@click.pass_context
def main(context: click.Context, base_url: str) -> None:
    """Mint, read and draw codes."""
    try:
        codes.authority(base_url)
    except ValueError as error:
        raise click.BadParameter(f"{error}.", param_hint="--base-url") from error
    context.obj = base_url


@main.command()
@click.option("-n", "--number", type=click.IntRange(1, 1_000_000), default=1, show_default=True)
def mint(number: int) -> None:
    """Print new codes, one a line."""
    for _ in range(number):
        click.echo(str(codes.mint()))


@main.command()
@click.argument("payload")
@click.pass_obj
def parse(base_url: str, payload: str) -> None:
    """Print the code in PAYLOAD, an address or a typed code; status 1 if there is none."""
    click.echo(str(_parsed(payload, base_url)))


@main.command()
@click.argument("payload", metavar="CODE")
@click.pass_obj
def address(base_url: str, payload: str) -> None:
    """Print the address that the symbol of CODE holds."""
    click.echo(codes.address(_parsed(payload, base_url), base_url=base_url))


@main.command("svg")
@click.argument("payload", metavar="CODE")
@_OUT
@click.pass_obj
def write_svg(base_url: str, payload: str, out: BinaryIO) -> None:
    """Draw the bare symbol of CODE as SVG."""
    _draw(svg, payload, base_url, out)


@main.command("png")
@click.argument("payload", metavar="CODE")
@click.option("--scale", type=click.IntRange(1, 100), default=10, show_default=True)
@_OUT
@click.pass_obj
def write_png(base_url: str, payload: str, scale: int, out: BinaryIO) -> None:
    """Draw the bare symbol of CODE as PNG, SCALE pixels a module."""
    _draw(lambda drawn: png(drawn, scale=scale), payload, base_url, out)


@main.command("label")
@click.argument("payload", metavar="CODE")
@click.option("--title", default="", help="Of the thing.")
@click.option("--artist", default=None, help="Printed under the title.")
@_OUT
@click.pass_obj
def write_label(base_url: str, payload: str, title: str, artist: str | None, out: BinaryIO) -> None:
    """Print a label for CODE as PDF, A6 portrait."""
    code = _parsed(payload, base_url)
    drawn = symbol(codes.address(code, base_url=base_url))
    host = codes.authority(base_url)
    out.write(label(drawn, title=title, artist=artist, code_groups=code.grouped, host=host))


def _draw(picture: Callable[[Symbol], bytes], payload: str, base_url: str, out: BinaryIO) -> None:
    code = _parsed(payload, base_url)
    out.write(picture(symbol(codes.address(code, base_url=base_url))))


def _parsed(payload: str, base_url: str) -> codes.Code:
    try:
        return codes.parse(payload, base_url=base_url)
    except CodeError as error:
        raise click.ClickException(f"{error}.") from error


if __name__ == "__main__":
    main(prog_name="python -m qr")
