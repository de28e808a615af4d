"""Text from outside: normalised once, bounded, without characters that lie about themselves. Pure."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

from irl.errors import Invalid
from irl.sentence import Sentence

# Bidirectional overrides and isolates (Unicode TR 9, table 2) can make a title read as another.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_INVISIBLE = frozenset("\u200b\u2060\ufeff\u00ad\u180e")
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}", re.ASCII)
_TAG_SEPARATORS = re.compile(r"[\s,]+")


def line(text: str, *, field: str, least: int = 1, most: int) -> str:
    """Check one line of text: NFC, outer spaces dropped, `least` to `most` characters.

    Raises:
        Invalid: naming `field`: too short, too long, or with control, bidirectional or invisible
            characters, or with nothing to see.
    """
    if len(text) > 4 * most + 16:
        raise Invalid(Sentence("At most {most} characters are allowed.", most=most), field=field)
    text = unicodedata.normalize("NFC", text).strip()
    _refuse(text, field=field, allowed="")
    # Joiners and marks are parts of letters and emoji, and nothing by themselves.
    if text and all(unicodedata.category(character)[0] in "CMZ" for character in text):
        raise Invalid("There is nothing to see in this text.", field=field)
    return _bounded(text, field=field, least=least, most=most)


def paragraphs(text: str, *, field: str, most: int) -> str:
    """Check text of several lines: as `line`, with newlines and tabs allowed; may be empty.

    Raises:
        Invalid: naming `field`.
    """
    if len(text) > 4 * most + 16:
        raise Invalid(Sentence("At most {most} characters are allowed.", most=most), field=field)
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
    _refuse(text, field=field, allowed="\n\t")
    return _bounded(text, field=field, least=0, most=most)


def web_address(text: str, *, field: str) -> str:
    """Check a web address that people may click: http or https, a host, no log-in, at most 500.

    Raises:
        Invalid: naming `field`.
    """
    text = line(text, field=field, most=500)
    try:
        parts = urlsplit(text)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or "@" in parts.netloc or any(c.isspace() or c in '<>"\\' for c in text):
        raise Invalid("A web address starts with https:// or http:// and a host name.", field=field)
    return text


def spellings(text: str, *, field: str) -> tuple[str, ...]:
    """Give the ways in which a web address that somebody types may have been written before.

    With and without a slash at its end, http or https; one without either is taken too.

    Raises:
        Invalid: naming `field`, as `web_address`.
    """
    text = line(text, field=field, most=500)
    text = web_address(text if "://" in text else f"https://{text}", field=field)
    rest = text.partition("://")[2]
    host, slash, path = rest.partition("/")
    bare = f"{host.lower()}{slash}{path}".rstrip("/")
    ways = {f"{scheme}://{bare}{end}" for scheme in ("http", "https") for end in ("", "/")}
    return tuple(sorted(ways | {text}))


def language(text: str, *, field: str) -> str:
    """Check a language tag in the shape of BCP 47, for instance `fr` or `de-CH`.

    Raises:
        Invalid: naming `field`.
    """
    if _LANGUAGE.fullmatch(text) is None:
        raise Invalid("A language is a tag such as en, fr or de-CH.", field=field)
    return text


def tag(text: str, *, field: str) -> str:
    """Check one tag: a line of 1 to 40 characters without spaces or commas, in lower case.

    Raises:
        Invalid: naming `field`.
    """
    text = line(text, field=field, most=40).casefold()
    if _TAG_SEPARATORS.search(text):
        raise Invalid("A tag is one word, without spaces or commas.", field=field)
    return text


def _refuse(text: str, *, field: str, allowed: str) -> None:
    for character in text:
        if character in allowed:
            continue
        if (
            character in _BIDI
            or character in _INVISIBLE
            or unicodedata.category(character) in _REFUSED_CATEGORIES
        ):
            code = f"U+{ord(character):04X}"
            raise Invalid(
                Sentence("The character {code} is not allowed here.", code=code), field=field
            )


def _bounded(text: str, *, field: str, least: int, most: int) -> str:
    if not least <= len(text) <= most:
        raise Invalid(
            Sentence("Between {least} and {most} characters are needed.", least=least, most=most),
            field=field,
        )
    return text
