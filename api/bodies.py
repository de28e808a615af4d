"""What a request says, checked: JSON bodies, forms with a photo, query parameters."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from api.errors import BadForm, BadJson, FieldsRefused, MediaTypeRefused, PhotoTooLarge
from irl.sentence import Sentence

M = TypeVar("M", bound=BaseModel)

ERRORS_MOST: Final = 20
"""Fields at fault that one answer names."""

_QUERY_MOST: Final = 10
_FORM_FIELDS_MOST: Final = 8
_FORM_FIELD_BYTES: Final = 8 * 1024

# RFC 3339, section 5.6; an offset is needed.
_RFC_3339: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


class Strict(BaseModel):
    """A body from outside: nothing is converted, nothing unknown is let through."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class NoFields(Strict):
    """Nothing comes with a photo."""


def _moment(value: object) -> object:
    if isinstance(value, str):
        if _RFC_3339.fullmatch(value) is None:
            raise ValueError("a date and time with an offset is needed, as in RFC 3339")
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except OverflowError as trouble:
            raise ValueError("this moment is out of range") from trouble
    return value


Moment = Annotated[
    datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""A moment with an offset, as in RFC 3339; given in UTC."""

Micros = Annotated[int, Field(ge=-(10**15), le=10**15)]
"""Micro-euros within what a 64-bit column and a browser's number hold; the house knows better."""


async def json_body(scope: Scope, receive: Receive, model: type[M]) -> M:
    """Read the body as JSON of this shape.

    Raises:
        MediaTypeRefused: it does not say that it is JSON.
        BadJson: it is none.
        FieldsRefused: it has another shape.
    """
    if _media_type(scope) != b"application/json":
        raise MediaTypeRefused("Send the body as application/json.")
    raw = await whole(receive)
    try:
        return model.model_validate_json(raw)
    except ValidationError as trouble:
        raise _translated(trouble) from None


async def whole(receive: Receive) -> bytes:
    """Read the whole body; the door has set its bounds."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        body: bytes = message.get("body", b"")
        return body
    parts = [message.get("body", b"")]
    while message.get("more_body", False):
        message = await receive()
        parts.append(message.get("body", b""))
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return b"".join(parts)


def is_form(scope: Scope) -> bool:
    """Tell whether the body says that it is a form with files (RFC 7578)."""
    return _media_type(scope) == b"multipart/form-data"


def is_plain_form(scope: Scope) -> bool:
    """Tell whether the body says that it is a form without files."""
    return _media_type(scope) == b"application/x-www-form-urlencoded"


async def photo_form(
    scope: Scope, receive: Receive, model: type[M], *, most: int | None = None
) -> tuple[bytes, M]:
    """Read a form with the file `photo` and the fields of `model`; nothing touches the disk.

    Args:
        scope: of the request.
        receive: of the request.
        model: the shape of the fields beside the photo.
        most: bytes of the whole body; None leaves it at the door's bounds.

    Raises:
        BadForm: it is none.
        PhotoTooLarge: it is larger than `most`.
        FieldsRefused: the photo is missing, or fields have another shape.
    """
    parser = _InMemory(
        Headers(scope=scope),
        _stream(receive, most),
        max_files=1,
        max_fields=_FORM_FIELDS_MOST,
        max_part_size=_FORM_FIELD_BYTES,
    )
    try:
        form = await parser.parse()
        photo = form.get("photo")
        if not isinstance(photo, UploadFile):
            raise FieldsRefused((("photo", "A photo is needed, sent as a file."),))
        fields = [(name, value) for name, value in form.multi_items() if value is not photo]
        return await photo.read(), validated(fields, model)
    except (MultiPartException, UnicodeError) as trouble:
        raise BadForm("The form cannot be read.") from trouble
    finally:
        parser.close()


async def text_form(scope: Scope, receive: Receive, model: type[M]) -> M:
    """Read a form without files (application/x-www-form-urlencoded).

    Raises:
        MediaTypeRefused: it is another body.
        BadForm: it cannot be read.
        FieldsRefused: fields have another shape.
    """
    if not is_plain_form(scope):
        raise MediaTypeRefused("Send the body as application/x-www-form-urlencoded.")
    return validated(_pairs(await whole(receive), most=_FORM_FIELDS_MOST), model)


def query(scope: Scope, model: type[M]) -> M:
    """Read the query parameters.

    Raises:
        BadForm: they cannot be read.
        FieldsRefused: one is unknown, given twice, or of another shape.
    """
    return validated(_pairs(scope["query_string"], most=_QUERY_MOST), model)


def validated(fields: Sequence[tuple[str, object]], model: type[M]) -> M:
    """Check named values, each given at most once.

    Raises:
        FieldsRefused: one is unknown, given twice, or of another shape.
    """
    values: dict[str, object] = {}
    for name, value in fields:
        if name in values:
            raise FieldsRefused(((name, Sentence("{field} is given twice.", field=name)),))
        values[name] = value
    try:
        return model.model_validate(values)
    except ValidationError as trouble:
        raise _translated(trouble) from None


class _InMemory(MultiPartParser):
    """Keeps a photo as the pieces that came. The door has bounded the body: never a file on disk."""

    def on_headers_finished(self) -> None:
        super().on_headers_finished()
        if file := self._current_part.file:
            file.file = _Pieces()

    def close(self) -> None:
        # Also those of a form that ended in the middle, which is no error for the parser.
        for file in self._files_to_close_on_error:
            file.close()


class _Pieces(io.BytesIO):
    """A file that is put together once, when it is read, and not grown megabyte by megabyte."""

    _rolled = False  # what tells Starlette that no thread is needed

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def write(self, piece: Any, /) -> int:
        self._pieces.append(piece)
        return len(piece)

    def read(self, _size: int | None = -1, /) -> bytes:
        return b"".join(self._pieces)


async def _stream(receive: Receive, most: int | None) -> AsyncGenerator[bytes, None]:
    more, taken = True, 0
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        more = message.get("more_body", False)
        part = message.get("body", b"")
        taken += len(part)
        if most is not None and taken > most:
            raise PhotoTooLarge(
                Sentence("At most {most} KiB are taken here.", most=most // 1024), field="photo"
            )
        yield part


def _media_type(scope: Scope) -> bytes:
    said: bytes = scope["named"].get(b"content-type", b"")
    return said.partition(b";")[0].strip().lower()


def _pairs(raw: bytes, *, most: int) -> list[tuple[str, object]]:
    try:
        return list(
            parse_qsl(
                raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=most
            )
        )
    except ValueError as trouble:
        raise BadForm("The form or query cannot be read.") from trouble


def _translated(trouble: ValidationError) -> BadJson | FieldsRefused:
    found = trouble.errors(include_url=False, include_context=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        return BadJson(f"{found[0]['msg']}.")
    errors = []
    for error in found[:ERRORS_MOST]:
        field = ".".join(str(part) for part in error["loc"]) or None
        said = error["msg"].removeprefix("Value error, ")
        errors.append((field, f"{field}: {said}." if field else f"{said}."))
    return FieldsRefused(tuple(errors))
