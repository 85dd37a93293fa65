"""JSON that leaves no room for two readings: UTF-8, no duplicate keys, no NaN, no NUL, no lone surrogates, no abyss.

Whatever is wrong is `InvalidInput`, never an error of ours (AP-08).
"""

import json
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from fastapi import Request
from starlette.exceptions import HTTPException

from gateway.errors import InvalidInput

DEEPEST = 20

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class StrictRequest(Request):
    """A request whose body was read and whose JSON is read strictly."""

    def __init__(self, request: Request, body: bytes) -> None:
        super().__init__(request.scope, request.receive)
        self._body = body

    async def json(self) -> Any:
        """Return the body as JSON.  Raises HTTPException, the only kind that FastAPI hands on unchanged."""
        try:
            return loads(self._body)
        except InvalidInput as error:
            raise HTTPException(422, str(error)) from None


def loads(body: bytes) -> Any:
    """Read JSON.  Raises InvalidInput that says what is wrong."""
    try:
        value = json.loads(
            body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_finite
        )
    except UnicodeDecodeError:
        raise InvalidInput("The body is not UTF-8.") from None
    except RecursionError:
        raise InvalidInput("The body is nested too deeply.") from None
    except json.JSONDecodeError as error:
        raise InvalidInput(f"The body is not JSON: {error.msg} at character {error.pos}.") from None
    except ValueError:
        raise InvalidInput("The body holds a number that is too long.") from None
    _check(value)
    return value


def check_texts(texts: Iterable[str]) -> None:
    """Refuse text that no database can keep.  Raises InvalidInput."""
    if any(_UNSTORABLE.search(text) for text in texts):
        raise InvalidInput("Text may hold neither NUL nor half of a surrogate pair.")


def _check(value: Any) -> None:
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        check_texts(one for one in level if isinstance(one, str))
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return
    raise InvalidInput(f"The body is nested more than {DEEPEST} deep.")


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    return value if isinstance(value, list) else ()


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise InvalidInput("The body names a field twice.")
    return made


def _no_constant(_word: str) -> Any:
    raise InvalidInput("The body holds a number that JSON does not have.")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise InvalidInput("The body holds a number that is too large.")
    return number
