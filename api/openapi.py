"""The OpenAPI 3.1 document of the table of routes, made from what each call says of itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema
from starlette.routing import BaseRoute, Route

from api import problems
from api.call import Call, Way
from api.health import VERSION

_REF: Final = "#/components/schemas/{model}"
_PART: Final = re.compile(r"{(\w+)}")
_MEDIA: Final[dict[Way, str]] = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "photo": "multipart/form-data",
}

PROBLEM_SCHEMA: Final = {
    "type": "object",
    "description": "What went wrong (RFC 9457); `type` is an address that explains it.",
    "required": ["type", "title", "status", "detail", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "field": {"type": ["string", "null"]},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {
                    "field": {"type": ["string", "null"]},
                    "detail": {"type": "string"},
                },
            },
        },
        "request_id": {"type": "string"},
    },
}


def document(routes: Iterable[BaseRoute], *, base_url: str) -> dict[str, Any]:
    """Describe all routes that lead to a `Call`."""
    described = [
        (route, route.endpoint)
        for route in routes
        if isinstance(route, Route) and isinstance(route.endpoint, Call)
    ]
    schemas = _Schemas([endpoint for _, endpoint in described])
    paths: dict[str, dict[str, Any]] = {}
    for route, endpoint in described:
        for method in sorted((route.methods or set()) - {"HEAD"}):
            operation = _operation(route, endpoint, method, schemas)
            paths.setdefault(route.path_format, {})[method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "flattr in real life",
            "version": VERSION,
            "description": "Thank the makers of what you stand before: one scan, one flattr.",
        },
        "servers": [{"url": base_url}],
        "paths": paths,
        "components": {
            "schemas": schemas.definitions | {"Problem": PROBLEM_SCHEMA},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


class _Schemas:
    """The shapes of all calls, as references into one set of definitions."""

    def __init__(self, calls: list[Call]) -> None:
        taken = {shape for call in calls for shape in call.takes.values()}
        inputs, definitions = models_json_schema(
            [(shape, "validation") for shape in sorted(taken, key=lambda shape: shape.__name__)],
            ref_template=_REF,
        )
        self.definitions: dict[str, Any] = definitions.get("$defs", {})
        self._inputs = {shape: schema for (shape, _), schema in inputs.items()}

    def input(self, shape: Any) -> dict[str, Any]:
        """Refer to the shape of a body."""
        return self._inputs[shape]

    def properties(self, shape: Any) -> tuple[dict[str, Any], list[str]]:
        """Give the fields of a shape and the names of those that are needed."""
        whole = self.definitions[shape.__name__]
        return whole["properties"], whole.get("required", [])

    def output(self, shape: Any) -> dict[str, Any]:
        """Describe the shape of an answer and refer to it."""
        schema = TypeAdapter(shape).json_schema(ref_template=_REF, mode="serialization")
        self.definitions |= schema.pop("$defs", {})
        if "title" not in schema:
            return schema
        self.definitions[schema["title"]] = schema
        return {"$ref": _REF.format(model=schema["title"])}


def _operation(route: Route, call: Call, method: str, schemas: _Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(route, method),
        "summary": (call.__doc__ or "").strip().partition("\n")[0],
        "tags": [call.__module__.rpartition(".")[2]],
        "responses": {
            str(call.status): _answer(call, schemas),
            "default": {
                "description": "A problem",
                "content": {
                    problems.MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}
                },
            },
        },
    }
    if call.scope is not None:
        operation["security"] = [{"token": [] if call.scope == "any" else [call.scope]}]
    if call.optional_scope is not None:
        operation["security"] = [{}, {"token": [call.optional_scope]}]
    if parameters := _parameters(route, call, schemas):
        operation["parameters"] = parameters
    if body := _body(call, schemas):
        operation["requestBody"] = body
    return operation


def _operation_id(route: Route, method: str) -> str:
    path = route.path_format.removeprefix("/api/v1")
    words = [word for word in re.split(r"\W+", path) if word]
    return "_".join([method.lower(), *words])


def _answer(call: Call, schemas: _Schemas) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": "It worked"}
    if call.media_type is not None:
        answer["content"] = {call.media_type: {}}
    elif call.answer is not None:
        answer["content"] = {"application/json": {"schema": schemas.output(call.answer)}}
    return answer


def _parameters(route: Route, call: Call, schemas: _Schemas) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PART.findall(route.path_format)
    ]
    if "query" in call.takes:
        fields, needed = schemas.properties(call.takes["query"])
        parameters += [
            {"name": name, "in": "query", "required": name in needed, "schema": schema}
            for name, schema in fields.items()
        ]
    return parameters


def _body(call: Call, schemas: _Schemas) -> dict[str, Any] | None:
    content: dict[str, Any] = {}
    for way, shape in call.takes.items():
        if way == "photo":
            fields, needed = schemas.properties(shape)
            photo = {"type": "string", "format": "binary", "contentMediaType": "image/*"}
            schema = {
                "type": "object",
                "properties": {"photo": photo, **fields},
                "required": ["photo", *needed],
                "additionalProperties": False,
            }
            content[_MEDIA[way]] = {"schema": schema}
        elif way != "query":
            content[_MEDIA[way]] = {"schema": schemas.input(shape)}
    return {"required": True, "content": content} if content else None
