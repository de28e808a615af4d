"""The child process: photos in, texts or pictures out, nothing else.

It is started by `scanner.child` with an empty environment. It limits itself first, then loads the
decoders and warms them up, takes all other rights away, says hello, and answers one photo after the
other until its input ends.
"""

import os
import sys
from collections.abc import Callable
from typing import BinaryIO

from scanner import landlock, limits, seccomp, wire
from scanner.drawn import Picture
from scanner.errors import PhotoRefused, PhotoTooHard
from scanner.guards import MAX_PHOTO_BYTES
from scanner.sighting import Look, Sighting

Read = Callable[[bytes, Look], tuple[Sighting, ...]]
Draw = Callable[[bytes], Picture]


def main(parent: int) -> None:
    """Serve the pool of the process `parent` by standard input and output."""
    sandbox = limits.confine()
    if limits.orphaned(parent):
        return
    # A library that prints would break the conversation: it prints to nowhere instead.
    out = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    # Only now, with the limits in force, come the libraries that are written in C.
    from scanner import decoders, drawing, reading, warming  # noqa: PLC0415

    decoders.use_one_thread()
    warming.warm_up(reading.read, drawing.draw)
    sandbox |= take_rights_away(out)
    say(out, wire.say_hello(wire.Hello(decoders=decoders.live(), sandbox=sandbox)))
    serve(sys.stdin.buffer, out, reading.read, drawing.draw)


def take_rights_away(out: BinaryIO) -> dict[str, bool]:
    """Keep nothing but to read from standard input, to write to `out`, and to compute, for good.

    Returns:
        By name, whether it holds.
    """
    # Landlock first: the filter would not let it in.
    return {
        "no_files": landlock.confine(),
        "few_system_calls": seccomp.confine(reads=0, writes=(1, 2, out.fileno())),
    }


def serve(photos: BinaryIO, out: BinaryIO, read: Read, draw: Draw) -> None:
    """Answer photos until there are no more."""
    while (question := next_question(photos)) is not None:
        limits.renew_processor_time()
        say(out, answer(*question, read, draw))


def next_question(photos: BinaryIO) -> tuple[bytes, int] | None:
    """Take a photo, and what is asked of it, from the stream; None at its end, or when it is torn."""
    size = int.from_bytes(photos.read(wire.LENGTH_BYTES))
    if not 1 < size <= 1 + MAX_PHOTO_BYTES:
        return None
    asked = photos.read(1)
    photo = photos.read(size - 1)
    return (photo, asked[0]) if len(photo) == size - 1 else None


def answer(photo: bytes, asked: int, read: Read, draw: Draw) -> bytes:
    """Read one photo, or draw it anew, and write the outcome for the wire."""
    try:
        if asked == wire.DRAW:
            return wire.say_picture(draw(photo))
        return wire.say_sightings(read(photo, Look(asked)))
    except PhotoRefused as refusal:
        return wire.say_refused(refusal.reason)
    except (PhotoTooHard, MemoryError):
        return wire.say_too_hard()


def say(out: BinaryIO, message: bytes) -> None:
    """Send one message at once."""
    out.write(message)
    out.flush()
