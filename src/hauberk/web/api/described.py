"""What is answered in the very octets that were stored: msgspec wrote them, and describes them too."""

from inspect import cleandoc
from typing import Any

from msgspec.json import schema_components

from hauberk.web.api.results import ResultInFull

(_result,), _components = schema_components((ResultInFull,), ref_template="#/components/schemas/{name}")

RESULT_IN_FULL: dict[int | str, dict[str, Any]] = {200: {"content": {"application/json": {"schema": _result}}}}
"""The response of an operation that answers with one."""

COMPONENTS: dict[str, Any] = {
    name: {**schema, "description": cleandoc(schema["description"])} if "description" in schema else schema
    for name, schema in _components.items()
}
"""Every type that a result in full is made of, by its name."""
