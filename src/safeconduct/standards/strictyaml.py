"""YAML in which a standard is written, read so that two readers cannot differ."""

from typing import Any

import yaml

from safeconduct.kernel.errors import Malformed

MAX_DEPTH = 8
"""Twice what a standard needs; bounds the recursion below."""

MAX_TEXT = 1_000_000
"""Largest file of standards in characters; an agreement's seventy rules take about 60,000."""


class Lines(dict[str, Any]):
    """A mapping that remembers the line of each key, so that errors can name it."""

    lines: dict[str, int]


def read_yaml(text: str) -> Any:
    """The value of a text: mappings with their lines, lists, texts, whole numbers, true, false.

    Raises:
        Malformed: line and why; anchors, tags, floats, dates as keys, doubled keys, deep nesting.
    """
    if len(text) > MAX_TEXT:
        raise Malformed(f"the file is longer than {MAX_TEXT} characters", do="part it into several")
    try:
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            row = event.start_mark.line + 1 if event.start_mark is not None else 0
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise Malformed(
                    f"line {row}: an anchor or alias",
                    why="a standard must be readable where it stands",
                    do="write the value out",
                )
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:  # before the parser goes on: its time grows with depth squared
                raise Malformed(f"line {row}: nested too deeply", why="a standard has four levels")
            if getattr(event, "tag", None):
                raise Malformed(f"line {row}: a tag", do="leave it out")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1} column {mark.column + 1}: " if mark else ""
        why = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        raise Malformed(f"{line}the file is not YAML", why=str(why)) from error
    return None if node is None else _value(node)


def _value(node: yaml.Node) -> Any:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        out = Lines()
        out.lines = {}
        for key_node, value_node in node.value:
            row = key_node.start_mark.line + 1
            key = key_node.value
            if not isinstance(key_node, yaml.ScalarNode) or not isinstance(key, str):
                raise Malformed(f"line {row}: a key is not a text")
            if key in out:
                raise Malformed(f"line {row}: the key {key!r} stands twice", do="keep one of them")
            out[key] = _value(value_node)
            out.lines[key] = value_node.start_mark.line + 1
        return out
    if isinstance(node, yaml.SequenceNode):
        return [_value(item) for item in node.value]
    return _scalar(node.tag.rpartition(":")[2], str(node.value), line)


def _scalar(kind: str, text: str, line: int) -> Any:
    if kind in ("str", "timestamp"):
        return text
    if kind == "bool":
        if text not in ("true", "false"):
            do = "write true or false, or put it in quotes"
            raise Malformed(f"line {line}: {text!r} is neither true nor false", do=do)
        return text == "true"
    if kind == "int" and len(text) < 16 and (text == "0" or text.lstrip("-")[:1] in "123456789"):
        try:
            return int(text)
        except ValueError:
            pass
    why = "a number with a point loses digits: 7.10 would become 7.1" if kind == "float" else ""
    raise Malformed(f"line {line}: {text!r} is not a text or whole number", why=why, do="quote it")
