"""The OpenAPI 3.1 document of the API, made from its operations. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

import earwitness
from earwitness.web.api import values
from earwitness.web.api.operation import Nothing, Operation

_REFERENCE = "#/components/schemas/{name}"
_REASONS: Mapping[int, str] = {
    400: "It could not be understood",
    401: "The site asks for its password",
    404: "There is no such thing",
    409: "It was started elsewhere, or changed meanwhile",
    413: "It is too long",
    415: "The body is not JSON",
    422: "It makes no sense here",
    429: "Too much at once",
    503: "It cannot be had at the moment",
}


def document(operations: Sequence[Operation]) -> dict[str, Any]:
    """The whole document."""
    kinds = _kinds(operations)
    schemas, components = msgspec.json.schema_components(kinds, ref_template=_REFERENCE)
    schema_of = dict(zip(map(str, kinds), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        told = _operation(operation, schema_of, components)
        paths.setdefault(operation.path, {})[operation.method.lower()] = told
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Earwitness",
            "version": earwitness.__version__,
            "description": "Everything that the pages of `earwitness serve` do. The events of a "
            "run are streamed at /api/runs/{run}/events as server-sent events.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"password": {"type": "http", "scheme": "basic"}},
        },
        "security": [{}, {"password": []}],
    }


def _kinds(operations: Sequence[Operation]) -> list[Any]:
    kinds: list[Any] = [values.Error]
    for operation in operations:
        kinds += [kind for kind in (operation.query, operation.body, operation.gives) if kind]
    return list({str(kind): kind for kind in kinds}.values())


def _operation(
    operation: Operation, schema_of: Mapping[str, Any], components: Mapping[str, Any]
) -> dict[str, Any]:
    answers: dict[str, Any] = {str(operation.status): _answer(operation, schema_of)}
    for status in sorted({400, 401, *operation.refuses}):
        error = {"application/json": {"schema": schema_of[str(values.Error)]}}
        answers[str(status)] = {"description": _REASONS[status], "content": error}
    told: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [*_path(operation), *_query(operation, schema_of, components)],
        "responses": answers,
    }
    if operation.body is not None:
        sent = {"application/json": {"schema": schema_of[str(operation.body)]}}
        told["requestBody"] = {"required": True, "content": sent}
    return told


def _answer(operation: Operation, schema_of: Mapping[str, Any]) -> dict[str, Any]:
    schema = {"type": "object"} if operation.gives is None else schema_of[str(operation.gives)]
    return {
        "description": operation.summary,
        "content": {"application/json": {"schema": schema}},
    }


def _path(operation: Operation) -> list[dict[str, Any]]:
    names = re.findall(r"\{(\w+)", operation.path)
    schema = {"type": "string", "minLength": 1}
    return [{"name": n, "in": "path", "required": True, "schema": schema} for n in names]


def _query(
    operation: Operation, schema_of: Mapping[str, Any], components: Mapping[str, Any]
) -> list[dict[str, Any]]:
    if operation.query is Nothing:
        return []
    name = schema_of[str(operation.query)]["$ref"].rpartition("/")[2]
    schema = components[name]
    required = schema.get("required", [])
    return [
        {"name": field, "in": "query", "required": field in required, "schema": kind}
        for field, kind in schema["properties"].items()
    ]
