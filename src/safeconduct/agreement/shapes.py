"""What is wrong with the shape of a text, said with line, clause and way out.

`msgspec` finds that a part does not fit the shapes of `model`; this turns its complaint into one
that a drafter can act on.
"""

import re
from typing import NoReturn

from msgspec import inspect

from safeconduct.agreement.model import AgreementText, did_you_mean
from safeconduct.agreement.notation import complaint
from safeconduct.kernel.yamltext import Path, Tree

_AT = re.compile(r" - at `(?:key in )?\$?([^`]*)`$")
_STEP = re.compile(r"\.([A-Za-z_]+)|\[(\d+|\.\.\.)\]")


def explain(tree: Tree, message: str) -> NoReturn:
    """Turn a complaint about shape into one that names line, clause and way out."""
    at = _AT.search(message)
    what = _AT.sub("", message)
    path: Path = ()
    for name, index in _STEP.findall(at[1] if at else ""):
        if index == "...":
            break
        path = (*path, name) if name else (*path, int(index))
    why, do = "", ""
    unknown = re.search(r"unknown field `(.*)`", what)
    missing = re.search(r"missing required field `(.*)`", what)
    typed = re.search(r"Expected `(.*)`, got `(.*)`", what)
    if unknown is not None:
        what, why = f"the key {unknown[1]!r} is unknown here", "nothing would execute it"
        do = did_you_mean(unknown[1], _keys(path) or ("no other key",))
        path = (*path, unknown[1])
    elif missing is not None:
        what, why = f"the key {missing[1]!r} is missing", "nothing is assumed in an agreement"
        do = "add it"
    elif typed is not None:
        names = {
            "str": "a text",
            "int": "a whole number",
            "bool": "true or false",
            "array": "a list",
            "object": "a mapping",
            "null": "null",
        }
        wanted = " or ".join(names.get(part, part) for part in typed[1].split(" | "))
        got = names.get(typed[2], typed[2])
        where = next((str(part) for part in reversed(path) if isinstance(part, str)), "the text")
        what = f"{where} is {got}"
        do = f"write {wanted}" + (", in quotes" if typed[1].startswith("str") else "")
    elif what.startswith("Invalid enum value"):
        where = next((str(part) for part in reversed(path) if isinstance(part, str)), "the text")
        choices = _choices(path)
        what = (
            f"{where} may not be {what.removeprefix('Invalid enum value ').replace('`', chr(39))}"
        )
        do = f"choose one of {', '.join(choices)}" if choices else ""
    raise complaint(tree.value, path, tree.line(path), what, why=why, do=do)


def _type_at(path: Path) -> list[inspect.Type]:
    """The types that may stand at a path, by walking the shapes."""
    here: list[inspect.Type] = [inspect.type_info(AgreementText)]
    for part in path:
        after: list[inspect.Type] = []
        for kind in here:
            if isinstance(kind, inspect.StructType):
                after += [field.type for field in kind.fields if field.encode_name == part]
            elif isinstance(kind, inspect.VarTupleType):
                after.append(kind.item_type)
            elif isinstance(kind, inspect.DictType):
                after.append(kind.value_type)
        here = [one for kind in after for one in _alternatives(kind)]
    return here


def _alternatives(kind: inspect.Type) -> list[inspect.Type]:
    return list(kind.types) if isinstance(kind, inspect.UnionType) else [kind]


def _keys(path: Path) -> tuple[str, ...]:
    return tuple(
        field.encode_name
        for kind in _type_at(path)
        if isinstance(kind, inspect.StructType)
        for field in kind.fields
    )


def _choices(path: Path) -> tuple[str, ...]:
    return tuple(
        str(value)
        for kind in _type_at(path)
        if isinstance(kind, inspect.LiteralType)
        for value in kind.values
    )
