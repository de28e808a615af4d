"""Forms: what was typed, kept and shown again beside what is wrong with it."""

from __future__ import annotations

import dataclasses
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl

from api import bodies, call, problems
from api.errors import ApiError, BadForm, MediaTypeRefused
from irl.errors import Conflict, Invalid, SignInRefused, Throttled
from irl.language import Language
from irl.sentence import Sentence
from qr import CodeError
from scanner.errors import ScannerError

Refusals: Final = (Invalid, SignInRefused, Throttled, Conflict, ApiError, CodeError, ScannerError)
"""What a person can mend, so that the form is shown again."""

_FIELDS_MOST: Final = 256
_NONCE: Final = re.compile(r"[!-~]{1,64}", re.ASCII)
_SECRET: Final = frozenset({"password", "new_password", "credential"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What was typed, and what is wrong with it: beside a field, or above the form."""

    said: tuple[tuple[str, str], ...] = ()
    errors: Mapping[str, str] = field(default_factory=dict)
    above: str = ""
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Give what was typed into a field; nothing where there is no such field.

        Raises:
            BadForm: it came twice, which no form of ours sends.
        """
        values = self.all(name)
        if len(values) > 1:
            raise BadForm(Sentence("{field} is given twice.", field=name), field=name)
        return values[0] if values else ""

    def all(self, name: str) -> list[str]:
        """Give all values of a field, for instance of ticked boxes."""
        return [value for key, value in self.said if key == name]

    def typed(self, name: str) -> str:
        """Give what to show in a field again; never a password."""
        return "" if name in _SECRET else next(iter(self.all(name)), "")

    def wrong(self, name: str) -> str:
        """Give what is wrong with a field, or nothing."""
        return self.errors.get(name, "")

    def moment(self, name: str) -> datetime | None:
        """Read a date and time that was typed as UTC, or None where the field was left empty.

        Raises:
            Invalid: it is none.
        """
        text = self.text(name)
        try:
            return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
        except ValueError:
            raise Invalid("Write date and time as 2026-11-30T18:00.", field=name) from None

    def said_in(self, speaks: Language) -> Form:
        """Give the form with what is wrong in a language."""
        if not self.errors and not self.above:
            return self
        errors = {name: speaks.says(text) for name, text in self.errors.items()}
        return dataclasses.replace(self, errors=errors, above=speaks.says(self.above))

    def nonce(self) -> str:
        """Give the form's own id, so that sending it twice is harmless.

        Raises:
            BadForm: it is missing or no nonce.
        """
        text = self.text("nonce")
        if _NONCE.fullmatch(text) is None:
            raise BadForm("The form is not complete; please load the page again.")
        return text

    def over(self, **values: str) -> Form:
        """Give the form over these values: they show in fields that were not sent."""
        return dataclasses.replace(self, said=(*self.said, *values.items()))

    def refused(self, trouble: Exception) -> Form:
        """Give the form with what is wrong; pages ask in euros, so `amount_micros` is `amount`."""
        problem = problems.of(trouble)
        text = problem.kind.sentence if isinstance(trouble, CodeError) else problem.detail
        name = (problem.field or "").removesuffix("_micros")
        is_shown = any(key == name for key, _ in self.said)
        return dataclasses.replace(
            self,
            errors={name: text} if is_shown else {},
            above="" if is_shown else text,
            status=problem.kind.status,
            headers=problem.headers,
        )


NOTHING: Final = Form()


def filled(**values: str | None) -> Form:
    """Make a form that is filled in already; what is None is left empty."""
    return Form(said=tuple((name, value or "") for name, value in values.items()))


def new_nonce() -> str:
    """Make a nonce for a form that is about to be shown."""
    return secrets.token_urlsafe(12)


async def read(asked: call.Asked) -> Form:
    """Read a form without files.

    Raises:
        MediaTypeRefused: it is another body.
        BadForm: it cannot be read.
    """
    if not bodies.is_plain_form(asked.scope):
        raise MediaTypeRefused("Send the body as application/x-www-form-urlencoded.")
    raw = await bodies.whole(asked.receive)
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_FIELDS_MOST,
        )
    except ValueError as trouble:
        raise BadForm("The form cannot be read.") from trouble
    return Form(said=tuple(pairs))
