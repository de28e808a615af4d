"""What only HTTP can get wrong, as one tree; the domain's own errors are in `irl.errors`.

::

    ApiError
    ├── BadJson             the body is no JSON, no UTF-8, or too deep
    ├── BadForm             the body is no form
    ├── BodyTooLarge        the body is larger than a call may send
    ├── PhotoTooLarge       the same for a photo
    ├── BodyTooSlow         the body came too slowly
    ├── MediaTypeRefused    the body is of another kind than this call takes
    ├── FieldsRefused       fields are missing, unknown or of a wrong type; `errors` names them all
    ├── ForeignOrigin       a browser sent this from a page of another site
    └── NoCodeInPhoto       the photo was read and shows no code
"""

from __future__ import annotations


class ApiError(Exception):
    """The root: one sentence for people, and the field it is about where there is one."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class BadJson(ApiError):
    """The body is no JSON, no UTF-8, or nested too deep."""


class BadForm(ApiError):
    """The body is not the form that it says it is."""


class BodyTooLarge(ApiError):
    """The body is larger than this call takes."""


class PhotoTooLarge(ApiError):
    """The body is larger than a photo may be."""


class BodyTooSlow(ApiError):
    """The body came so slowly that waiting on would let one sender hold a place for ever."""


class MediaTypeRefused(ApiError):
    """The body is of another kind than this call takes."""


class ForeignOrigin(ApiError):
    """A browser sent this from a page of another site."""


class NoCodeInPhoto(ApiError):
    """The photo was read and shows no code."""


class FieldsRefused(ApiError):
    """Fields are missing, unknown or of a wrong type; `errors` pairs each with a sentence."""

    def __init__(self, errors: tuple[tuple[str | None, str], ...]) -> None:
        field, message = errors[0]
        super().__init__(message, field=field)
        self.errors = errors
