"""What answers look like, for the OpenAPI document: drawn from the views, so that both cannot differ."""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model

from gateway.web.api import samples


@cache
def shape(view: Any) -> type[BaseModel]:
    """Return the model of a view: each field is always there."""
    hints = get_type_hints(view)
    inner: dict[str, Any] = {f.name.rstrip("_"): (_kind(hints[f.name]), ...) for f in fields(view)}
    name = view.__name__.removesuffix("View")
    return create_model(
        name,
        __doc__=(view.__doc__ or "").partition("\n")[0],
        __config__=ConfigDict(json_schema_extra={"example": samples.of(name)}),
        **inner,
    )


@cache
def page(view: Any) -> type[BaseModel]:
    """Return the model of a list: some items, and the cursor of the next ones, null at the end."""
    item = shape(view)
    example: Any = {"items": [samples.of(item.__name__)], "next": None}
    made: type[BaseModel] = create_model(
        f"{item.__name__}Page",
        __config__=ConfigDict(json_schema_extra={"example": example}),
        items=(list[item], ...),  # type: ignore[valid-type]
        next=(str | None, ...),
    )
    return made


class Problem(BaseModel):
    """What went wrong (RFC 9457); `reason` is one word of a closed list."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "urn:case-gateway:reason:not-found",
                "title": "There is nothing with this id that you may see.",
                "status": 404,
                "detail": "There is nothing with this id that you may see.",
                "reason": "not-found",
            }
        }
    )

    type: str
    title: str
    status: int
    detail: str
    reason: str
    errors: list[dict[str, str]] = []


def _kind(hint: Any) -> Any:
    if is_dataclass(hint):
        described: Any = hint
        return shape(described)
    if get_origin(hint) is tuple:
        return list[_kind(get_args(hint)[0])]  # type: ignore[misc]
    if get_origin(hint) in (types.UnionType, Union):
        first, *rest = (_kind(one) for one in get_args(hint))
        for one in rest:
            first = first | one
        return first
    if get_origin(hint) is Mapping:
        return dict[str, Any]
    return hint if hint in (str, int, bool, float, datetime, type(None)) else Any
