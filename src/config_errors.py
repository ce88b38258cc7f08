"""Mistakes in a configuration, in words: the key, what was found, what is allowed."""

from __future__ import annotations

import difflib
import re
import reprlib
from typing import Any

from pydantic import BaseModel, ConfigDict

_LONGEST_KEY = 60
# What was found may be a text of any length, or lists within lists.
_SHOWN = reprlib.Repr()
_SHOWN.maxstring = _SHOWN.maxother = 80
_SHOWN.maxlevel = 3
_FLOAT_WITHOUT_POINT = re.compile(r"[+-]?\d+[eE][+-]?\d+")


class Section(BaseModel):
    """Base of all sections: unknown keys are errors, types are not coerced, nothing is changed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def valid_keys(section: type[Section], prefix: str = "") -> list[str]:
    """Return every valid key with its full dotted path.

    Example:
        >>> from nextims.config import Config
        >>> from nextims.config_errors import valid_keys
        >>> "data.max_mz" in valid_keys(Config)
        True
    """
    keys = []
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            keys += valid_keys(field.annotation, f"{prefix}{name}.")
        else:
            keys.append(prefix + name)
    return keys


def explain(problem: dict[str, Any], root: type[Section]) -> str:
    """Turn one of pydantic's findings into a line for the user.

    Args:
        problem: as ``ValidationError.errors`` gives it.
        root: the section that was validated.
    """
    parts = [_in_line(str(part)) for part in problem["loc"]]
    key = ".".join(parts)
    found = problem["input"]
    shown = _SHOWN.repr(found)
    if problem["type"] == "extra_forbidden":
        nearest = _nearest_key(key, root)
        return f"{key}: unknown key (found {shown}); the nearest valid key is {nearest}"
    if problem["type"] == "value_error":
        return f"{key}: {problem['ctx']['error']}"
    hint = ""
    if isinstance(found, str) and _FLOAT_WITHOUT_POINT.fullmatch(found):
        hint = "; YAML reads this as a text: write the number with a point, as in 2.0e-3"
    return f"{key}: found {shown}; allowed: {_allowed(parts, root)} ({problem['msg']}){hint}"


def _in_line(key: str) -> str:
    return (key if key.isprintable() else ascii(key)[1:-1])[:_LONGEST_KEY]


def _nearest_key(key: str, root: type[Section]) -> str:
    candidates = valid_keys(root)
    candidates += sorted({name.rpartition(".")[0] for name in candidates if "." in name})
    same_section = [
        name for name in candidates if name.rpartition(".")[0] == key.rpartition(".")[0]
    ]
    for names in (same_section, candidates):
        if nearest := difflib.get_close_matches(key, names, n=1, cutoff=0.5):
            return nearest[0]
    last = key.rpartition(".")[2]
    return max(
        candidates,
        key=lambda name: difflib.SequenceMatcher(None, name.rpartition(".")[2], last).ratio(),
    )


def _allowed(parts: list[str], root: type[Section]) -> str:
    """Say what the key accepts, from the JSON schema of its section."""
    section = root
    for part in parts:
        field = section.model_fields.get(part)
        if field is None:
            break
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            section = field.annotation
            continue
        schema = section.model_json_schema()["properties"][part]
        if "enum" in schema:
            return "one of " + ", ".join(map(str, schema["enum"]))
        if "const" in schema:
            return f"only {schema['const']}"
        bounds = {
            "minimum": "from {}",
            "exclusiveMinimum": "above {}",
            "maximum": "to {}",
            "exclusiveMaximum": "below {}",
        }
        limits = [text.format(schema[name]) for name, text in bounds.items() if name in schema]
        return ", ".join([_type_name(schema), *limits])
    return "a section with the keys " + ", ".join(section.model_fields)


def _type_name(schema: dict[str, Any]) -> str:
    if schema.get("format") == "path":
        return "a path"
    names = {
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
        "array": "a list of two numbers",
    }
    return names.get(schema.get("type", ""), "a text")
