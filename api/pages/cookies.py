"""The cookies: the session of a member, the pocket of a visitor, the language, a known device."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from irl.house import House
from irl.settings import Settings

POCKET: Final = "pocket"
LANGUAGE: Final = "language"

_YEAR_DAYS: Final = 365
_SIGN_IN: Final = "/sign-in"
_DAY_S: Final = 86_400


def session_name(settings: Settings) -> str:
    """Give the name of the session's cookie.

    With the prefix, browsers take it only over TLS, for this host and all of its paths
    (RFC 6265bis, section 4.1.3.2).
    """
    return "__Host-session" if _is_secure(settings) else "session"


def known_name(settings: Settings) -> str:
    """Give the name of the cookie that marks a known device; over TLS it is taken only there."""
    return "__Secure-known" if _is_secure(settings) else "known"


def put_session(response: Response, secret: str, *, house: House) -> None:
    """Have the browser keep a session."""
    _put(response, session_name(house.settings), secret, house, days=house.rules.session_days)


def put_pocket(response: Response, word: str, *, house: House) -> None:
    """Have the browser keep a pocket."""
    _put(response, POCKET, word, house, days=house.rules.pocket_days)


def put_language(response: Response, code: str, *, house: House) -> None:
    """Have the browser keep the language that a visitor chose."""
    _put(response, LANGUAGE, code, house, days=_YEAR_DAYS)


def put_known(response: Response, mark: str, *, house: House) -> None:
    """Have the browser keep that somebody signed in with it; only the sign-in page is told."""
    _put(response, known_name(house.settings), mark, house, days=_YEAR_DAYS, path=_SIGN_IN)


def drop(response: Response, name: str, *, house: House) -> None:
    """Have the browser forget a cookie."""
    _put(response, name, "", house, days=0)


def _put(
    response: Response, name: str, value: str, house: House, *, days: int, path: str = "/"
) -> None:
    response.set_cookie(
        name,
        value,
        max_age=days * _DAY_S,
        path=path,
        secure=_is_secure(house.settings),
        httponly=True,
        samesite="lax",
    )


def _is_secure(settings: Settings) -> bool:
    return settings.base_url.startswith("https:")
