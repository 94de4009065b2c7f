"""ModelSpec -> the one text that stands for it in the keys of the cache: same model, same text, in every process."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import SupportsFloat

from pynn_annarchy.model.spec import ModelSpec


def canonical(spec: ModelSpec) -> str:
    """JSON of every field in declared order; numbers as exact hexadecimal. Nothing is parsed.

    Raises:
        TypeError: the specification holds something that is neither text nor a number.
    """
    return json.dumps(_plain(spec), ensure_ascii=True, separators=(",", ":"))


def _plain(value: object) -> object:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    match value:
        case Enum():
            return value.value
        case tuple() | list():
            return [_plain(item) for item in value]
        case bool() | str() | None:
            return value
        case SupportsFloat():
            return float(value).hex()
        case _:
            raise TypeError(f"{value!r} cannot be part of a ModelSpec")
