"""The API's description as something to read: operations and types out of the OpenAPI document, with an example each."""

import json
from dataclasses import dataclass
from typing import Any, cast

from hauberk.web.api.openapi import TAGS, Object

_METHODS = ("get", "put", "post", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Kind:
    """The kind of a value in words; `target` is the type of ours that it leads to, empty for plain ones."""

    words: str
    target: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """A parameter, or a field of a type. `where` is path, query, header, or empty for a field."""

    name: str
    where: str
    required: bool
    kind: Kind
    about: str
    default: str


@dataclass(frozen=True, slots=True)
class Answer:
    status: str
    about: str
    media: tuple[str, ...]
    kind: Kind | None


@dataclass(frozen=True, slots=True)
class Operation:
    """`takes` are the media types of its body, and `body` the body's type; `example` is a command line."""

    id: str
    method: str
    path: str
    title: str
    about: tuple[str, ...]
    scope: str
    items: tuple[Item, ...]
    takes: tuple[str, ...]
    body: Kind | None
    answers: tuple[Answer, ...]
    problems: tuple[str, ...]
    example: str


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    about: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Type:
    name: str
    about: str
    fields: tuple[Item, ...]
    example: str


@dataclass(frozen=True, slots=True)
class Reference:
    groups: tuple[Group, ...]
    types: tuple[Type, ...]


def reference(described: Object, server: str) -> Reference:
    """`server` is the address that examples call."""
    schemas = cast("dict[str, Object]", described["components"]["schemas"])
    operations = [
        (operation["tags"][0], _operation(method, path, operation, schemas, server))
        for path, found in cast("dict[str, dict[str, Object]]", described["paths"]).items()
        for method, operation in found.items()
        if method in _METHODS
    ]
    groups = (Group(name, about, tuple(one for tag, one in operations if tag == name)) for name, about in TAGS)
    return Reference(tuple(groups), tuple(_type(name, schema, schemas) for name, schema in sorted(schemas.items())))


def _operation(method: str, path: str, operation: Object, schemas: dict[str, Object], server: str) -> Operation:
    content: Object = operation.get("requestBody", {}).get("content", {})
    body = next((one["schema"] for one in content.values()), None)
    scopes = [
        scope for one in cast("list[dict[str, list[str]]]", operation.get("security", [])) for found in one.values() for scope in found
    ]
    paragraphs = [text for text in str(operation.get("description", "")).split("\n\n") if not text.startswith("Scope:")]
    responses = cast("dict[str, Object]", operation["responses"])
    return Operation(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        title=operation["summary"],
        about=tuple(paragraphs),
        scope=scopes[0] if scopes else "",
        items=tuple(map(_parameter, operation.get("parameters", []))),
        takes=tuple(content),
        body=None if body is None else kind_of(body),
        answers=tuple(_answer(status, found) for status, found in responses.items() if int(status) < 400),
        problems=tuple(status for status in responses if int(status) >= 400),
        example=_command(method, server + path, content, schemas),
    )


def _parameter(parameter: Object) -> Item:
    schema: Object = parameter["schema"]
    about = parameter.get("description") or schema.get("description", "")
    return Item(parameter["name"], parameter["in"], parameter.get("required", False), kind_of(schema), about, _default(schema))


def _answer(status: str, found: Object) -> Answer:
    content: Object = found.get("content", {})
    schema = next((one.get("schema") for one in content.values()), None)
    return Answer(status, found.get("description", ""), tuple(content), kind_of(schema) if schema else None)


def _type(name: str, schema: Object, schemas: dict[str, Object]) -> Type:
    wanted: list[str] = schema.get("required", [])
    properties = cast("dict[str, Object]", schema.get("properties", {}))
    fields = (Item(one, "", one in wanted, kind_of(of), of.get("description", ""), _default(of)) for one, of in properties.items())
    shown = json.dumps(example_of(schema, schemas), indent=2, ensure_ascii=False) if properties else ""
    return Type(name, schema.get("description", ""), tuple(fields), shown)


def kind_of(schema: Object) -> Kind:
    """What a schema says of a value, in words."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return Kind(name, name)
    if "anyOf" in schema:
        parts = [kind_of(one) for one in schema["anyOf"]]
        return Kind(" or ".join(part.words for part in parts), next((part.target for part in parts if part.target), ""))
    if "enum" in schema:
        return Kind(" or ".join(map(str, schema["enum"])))
    if schema.get("type") == "array":
        inner = kind_of(schema.get("items", {}))
        return Kind(f"list of {inner.words}", inner.target)
    limits = [f"{words} {schema[key]}" for key, words in _LIMITS if key in schema and abs(float(schema[key])) < 2**53]
    return Kind(", ".join([str(schema.get("format") or schema.get("type") or "anything"), *limits]))


_LIMITS = (("minimum", "from"), ("maximum", "to"), ("minLength", "at least"), ("maxLength", "at most"))


def _default(schema: Object) -> str:
    return "" if schema.get("default") in (None, "", [], ()) else json.dumps(schema["default"])


def example_of(schema: Object, schemas: dict[str, Object], depth: int = 0) -> Any:
    """A value that fits the schema, made of its own examples."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return {} if depth > 3 else example_of(schemas[name], schemas, depth + 1)
    if schema.get("examples"):
        return schema["examples"][0]
    match schema:
        case {"anyOf": [first, *_]} | {"allOf": [first, *_]}:
            return example_of(first, schemas, depth)
        case {"enum": [first, *_]}:
            return first
        case {"properties": _}:
            fields = cast("dict[str, Object]", schema["properties"])
            return {name: example_of(of, schemas, depth + 1) for name, of in fields.items()}
        case {"type": "array"}:
            return [] if depth > 3 else [example_of(schema.get("items", {}), schemas, depth + 1)]
        case _:
            return schema.get("default", _PLAIN.get(str(schema.get("format") or schema.get("type")), "…"))


_PLAIN = {
    "integer": 42,
    "number": 0.5,
    "boolean": True,
    "date-time": "2026-11-22T02:40:00Z",
    "duration": "P7D",
    "uri": "https://example.com",
}


def _command(method: str, url: str, content: Object, schemas: dict[str, Object]) -> str:
    """The call with curl."""
    parts = ["curl", *([] if method == "get" else ["-X", method.upper()]), '-H "Authorization: Bearer $TOKEN"']
    if "application/json" in content:
        body = example_of(content["application/json"]["schema"], schemas)
        parts += ["-H 'Content-Type: application/json'", "-d", f"'{json.dumps(body, ensure_ascii=False)}'"]
    elif content:
        parts += ["-F file=@report.pdf"]
    return " ".join([*parts, url.replace("{name}", "example.com").replace("{id}", "42").replace("{check}", "dmarc.policy-enforced")])
