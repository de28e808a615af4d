"""The one table of problems: what each error is called, which status it has, how it is titled.

Pages, API and files share this vocabulary. A problem's `type` is `/problems/<name>` (RFC 9457),
an address that explains it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

import irl.errors
import qr.errors
import scanner.errors
from api import errors
from irl.sentence import Sentence

MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the table; the name never changes once it was released."""

    name: str
    status: int
    title: str

    @property
    def sentence(self) -> Sentence:
        """The title as a sentence of its own."""
        return Sentence("{title}.", title=Sentence(self.title))


TABLE: Final[Mapping[type[Exception], Kind]] = MappingProxyType(
    {
        # The domain.
        irl.errors.Invalid: Kind("invalid", 422, "A value is not acceptable"),
        irl.errors.InvitationRefused: Kind(
            "invitation-refused", 422, "The invitation is missing, unknown or used"
        ),
        irl.errors.LinkRefused: Kind("link-refused", 422, "The link is unknown, used or too old"),
        irl.errors.PasswordRefused: Kind("password-refused", 403, "The password is not yours"),
        irl.errors.SignInRefused: Kind(
            "sign-in-refused", 401, "E-mail and password do not belong together"
        ),
        irl.errors.TokenRefused: Kind("token-refused", 401, "A valid token is needed"),
        irl.errors.ScopeMissing: Kind("scope-missing", 403, "The token is not for this"),
        irl.errors.OperatorOnly: Kind("operator-only", 403, "Only the operator may do this"),
        irl.errors.EventRefused: Kind("event-refused", 403, "This did not come from the provider"),
        irl.errors.NotFound: Kind("not-found", 404, "There is nothing here"),
        irl.errors.LeavingRefused: Kind("leaving-refused", 409, "You cannot leave now"),
        irl.errors.MonthNotOver: Kind("month-not-over", 409, "The month is not over yet"),
        irl.errors.MonthOutOfOrder: Kind(
            "month-out-of-order", 409, "An earlier month is still open"
        ),
        irl.errors.MonthClosed: Kind("month-closed", 409, "The month is closed for ever"),
        irl.errors.DepositDecided: Kind("deposit-decided", 409, "The deposit is decided already"),
        irl.errors.PaymentDiffers: Kind(
            "payment-differs", 409, "What was paid is not what was asked for"
        ),
        irl.errors.NotPayable: Kind("not-payable", 409, "There is not so much that can leave now"),
        irl.errors.NoPayoutAddress: Kind(
            "no-payout-address", 409, "A payout needs an address first"
        ),
        irl.errors.PayoutDecided: Kind("payout-decided", 409, "The payout is decided already"),
        irl.errors.AlreadySubscribed: Kind(
            "already-subscribed", 409, "There is a subscription of this already"
        ),
        irl.errors.SubscriptionEnded: Kind("subscription-ended", 409, "The subscription has ended"),
        irl.errors.SandboxOnly: Kind("sandbox-only", 409, "Only play money allows this"),
        irl.errors.NothingYet: Kind("nothing-yet", 409, "The month is not closed yet"),
        irl.errors.SettlerAtWork: Kind("settler-at-work", 409, "The month is being closed"),
        irl.errors.Throttled: Kind("throttled", 429, "Too many tries"),
        irl.errors.Unavailable: Kind("unavailable", 503, "Nothing can be recorded now"),
        irl.errors.ProviderUnavailable: Kind(
            "provider-unavailable", 503, "The provider of payments does not answer"
        ),
        # Codes and photos.
        qr.errors.ForeignCode: Kind("foreign-code", 422, "This is a code of another house"),
        qr.errors.UnknownCode: Kind("unknown-code", 422, "This is not a code of ours"),
        errors.NoCodeInPhoto: Kind("no-code-in-photo", 422, "The photo shows no code"),
        scanner.errors.PhotoRefused: Kind("photo-refused", 422, "The photo cannot be read"),
        scanner.errors.PhotoTooHard: Kind(
            "photo-too-hard", 422, "The photo takes too long to read"
        ),
        scanner.errors.ScannerBusy: Kind("scanner-busy", 503, "Too many photos are waiting"),
        scanner.errors.ScannerDown: Kind("scanner-down", 503, "Photos cannot be read now"),
        errors.PhotoTooLarge: Kind("photo-too-large", 413, "The photo is too large"),
        # HTTP.
        errors.FieldsRefused: Kind("invalid", 422, "A value is not acceptable"),
        errors.BadJson: Kind("bad-json", 400, "The body is not JSON"),
        errors.BadForm: Kind("bad-form", 400, "The body is not a form"),
        errors.BodyTooLarge: Kind("too-large", 413, "The body is too large"),
        errors.BodyTooSlow: Kind("too-slow", 408, "The body came too slowly"),
        errors.MediaTypeRefused: Kind("media-type", 415, "The body is of the wrong kind"),
        errors.ForeignOrigin: Kind("foreign-origin", 403, "Another site may not do this"),
        ClientDisconnect: Kind("cut-off", 400, "The request ended early"),
        Exception: Kind("internal", 500, "Something is wrong with the house"),
    }
)

_BY_STATUS: Final = MappingProxyType(
    {
        404: TABLE[irl.errors.NotFound],
        405: Kind("method-not-allowed", 405, "This address does not do that"),
    }
)
_BAD_REQUEST: Final = Kind("bad-request", 400, "The request cannot be understood")

_NOT_YOURS: Final = Sentence("This is not your fault. Please try again later.")

BY_NAME: Final[Mapping[str, Kind]] = MappingProxyType(
    {kind.name: kind for kind in (*TABLE.values(), *_BY_STATUS.values(), _BAD_REQUEST)}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What went wrong with one request: its kind, a sentence, and the fields at fault."""

    kind: Kind
    detail: str
    field: str | None = None
    errors: tuple[tuple[str | None, str], ...] = ()
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def document(self, request_id: str) -> dict[str, Any]:
        """Give the members of the problem document (RFC 9457, section 3)."""
        members: dict[str, Any] = {
            "type": f"/problems/{self.kind.name}",
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
        }
        if self.field is not None:
            members["field"] = self.field
        if self.errors:
            members["errors"] = [{"field": field, "detail": text} for field, text in self.errors]
        members["request_id"] = request_id
        return members


def of(trouble: Exception) -> Problem:
    """Give the problem of an exception; whatever is not in the table is a bug, and `internal`."""
    if isinstance(trouble, HTTPException):
        return _of_http(trouble)
    if isinstance(trouble, scanner.errors.PhotoRefused) and trouble.reason == "too_large":
        trouble = errors.PhotoTooLarge(str(trouble), field="photo")
    kind = next(TABLE[base] for base in type(trouble).__mro__ if base in TABLE)
    if kind.name == "internal":
        return Problem(kind=kind, detail=_NOT_YOURS)
    return Problem(
        kind=kind,
        detail=_said(trouble) or kind.title,
        field=_field_of(trouble),
        errors=trouble.errors if isinstance(trouble, errors.FieldsRefused) else (),
        headers=_headers_of(kind, trouble),
    )


def answer(problem: Problem, *, request_id: str) -> Response:
    """Give the answer as `application/problem+json`."""
    return Response(
        to_json(problem.document(request_id)),
        status_code=problem.kind.status,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **problem.headers},
    )


def _of_http(trouble: HTTPException) -> Problem:
    kind = _BY_STATUS.get(trouble.status_code, _BAD_REQUEST)
    headers = MappingProxyType(dict(trouble.headers or {}))
    return Problem(kind=kind, detail=kind.sentence, headers=headers)


def _said(trouble: Exception) -> str:
    """Give the message; ours can be a `Sentence`, which `str` would make plain English."""
    message = getattr(trouble, "message", None)
    return message if isinstance(message, str) else str(trouble)


def _field_of(trouble: Exception) -> str | None:
    if isinstance(trouble, scanner.errors.PhotoRefused):
        return "photo"
    field = getattr(trouble, "field", None)
    return field if isinstance(field, str) else None


def _headers_of(kind: Kind, trouble: Exception) -> Mapping[str, str]:
    headers = {}
    if kind.status == 401:
        # RFC 6750, section 3.
        headers["WWW-Authenticate"] = 'Bearer realm="flattr in real life"'
    if kind.status in {429, 503}:
        headers["Retry-After"] = str(getattr(trouble, "retry_after_s", 1))
    if kind.status in {408, 413}:
        headers["Connection"] = "close"  # the rest of the body is not waited for
    return MappingProxyType(headers)
