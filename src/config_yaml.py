"""The text of a configuration, read as YAML whatever it holds: one line for what is wrong."""

from __future__ import annotations

from typing import Any

import yaml

# A configuration with every setting explained has some 10,000 characters.
_LONGEST = 100_000
# Sections, keys and values, aliases written out.
_MOST_NODES = 10_000
_DEEPEST = 20
_SHOWN = 40
# What libyaml says where PyYAML would reach Python's limit of recursion.
_TOO_DEEP = "nesting depth"
# Ten times as fast, where PyYAML was built with it, as its wheels are.
_FASTEST: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(text: str) -> Any:
    """Return what a text says, as plain values.

    Args:
        text: of one document; tags of other languages' objects are refused.

    Raises:
        ValueError: it is no YAML, is far larger than any configuration, has a key twice in one
            section or a key that is no word, or a value that is none of its kind. The message is
            one line.

    Example:
        >>> from nextims.config_yaml import read_yaml
        >>> read_yaml("data: {max_mz: 500}")
        {'data': {'max_mz': 500}}
        >>> read_yaml("data: [1}")
        Traceback (most recent call last):
        ValueError: line 1: did not find expected ',' or ']'
    """
    if len(text) > _LONGEST:
        raise ValueError(f"it has {len(text)} characters, expected up to {_LONGEST}")
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _check_size(node)
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        if _TOO_DEEP in (error.problem or ""):
            raise ValueError(f"sections are nested more than {_DEEPEST} deep") from error
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}: " if mark else ""
        raise ValueError(where + (error.problem or error.context or "damaged")) from error
    except yaml.YAMLError as error:  # a character that YAML does not allow
        raise ValueError(" ".join(str(error).split())) from error
    except RecursionError as error:
        raise ValueError(f"sections are nested more than {_DEEPEST} deep") from error


class _Loader(_FASTEST):
    """Refuses a key that stands twice in a section: YAML would silently take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        seen: set[str] = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if not isinstance(key, yaml.ScalarNode):
                raise _mistake("a key is no word", key)
            if key.value in seen:
                raise _mistake(f"the key {_short(key.value)} stands twice in one section", key)
            seen.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except yaml.YAMLError:
            raise
        except Exception as error:  # whatever PyYAML makes of a value that is none of its kind
            if isinstance(error, RecursionError) or not isinstance(node, yaml.ScalarNode):
                raise
            kind = node.tag.rpartition(":")[2]
            raise _mistake(f"{_short(node.value)!r} cannot be read as {kind}", node) from error


def _check_size(root: yaml.Node) -> None:
    """Check how much there is once aliases are written out, before anything writes them out."""
    sizes: dict[int, int] = {}
    above: set[int] = set()

    def size(node: yaml.Node, depth: int) -> int:
        if id(node) in above:
            raise _mistake("a section that holds itself", node)
        if depth > _DEEPEST:
            raise _mistake(f"sections are nested more than {_DEEPEST} deep", node)
        if id(node) not in sizes:
            above.add(id(node))
            inner = node.value if isinstance(node, yaml.CollectionNode) else []
            if isinstance(node, yaml.MappingNode):
                inner = [each for pair in inner for each in pair]
            sizes[id(node)] = 1 + sum(size(each, depth + 1) for each in inner)
            above.discard(id(node))
        if sizes[id(node)] > _MOST_NODES:
            raise _mistake(f"more than {_MOST_NODES} values", node)
        return sizes[id(node)]

    size(root, 0)


def _mistake(problem: str, node: yaml.Node) -> yaml.MarkedYAMLError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
