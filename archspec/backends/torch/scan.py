"""Questions about a body's syntax that emission asks before it writes anything."""

from collections.abc import Iterator
from typing import Any

from archspec import pycode as py
from archspec.syntax import ast

_SPANS = frozenset({"span", "name_span", "selector_span", "path_span"})


def children(node: Any) -> Iterator[Any]:
    """The nodes directly below `node`."""
    if isinstance(node, tuple):
        yield from node
    elif isinstance(node, ast.Node):
        for field in node.__dataclass_fields__:
            if field not in _SPANS:
                yield getattr(node, field)


def pattern(name: ast.Name | ast.Template) -> str:
    """A name with `*` for each interpolation: `enc*`."""
    if isinstance(name, ast.Name):
        return name.id
    return "".join(part if isinstance(part, str) else "*" for part in name.parts)


def value_names(node: Any) -> set[str]:
    """Patterns of the names read in expressions below `node` (labels and targets aside)."""
    found: set[str] = set()
    stack = [node]
    while stack:
        item = stack.pop()
        match item:
            case ast.Tie() | ast.Init():
                continue
            case ast.Name() | ast.Template():
                found.add(pattern(item))
                stack.extend(p for p in getattr(item, "parts", ()) if not isinstance(p, str))
            case ast.Attribute(value=value, name=name):
                found.add(pattern(name))
                stack.append(value)
            case ast.Call(func=func, args=args, keywords=keywords):
                if not isinstance(func, ast.Name):
                    stack.append(func)
                stack.extend(args)
                stack.extend(k.value for k in keywords)
            case ast.Flow(stages=stages):
                stack.extend(stages)
            case ast.Stage(core=core):
                stack.append(core)
            case _:
                stack.extend(children(item))
    return found


def defined_names(node: Any) -> set[str]:
    """Patterns of the labels, targets, params and named outputs below `node`."""
    found: set[str] = set()
    stack = [node]
    while stack:
        item = stack.pop()
        match item:
            case ast.Flow(targets=targets, stages=stages):
                found |= {pattern(t) for t in targets}
                stack.extend(stages)
            case ast.Stage(label=label, core=core):
                if label is not None:
                    found.add(pattern(label))
                stack.append(core)
            case ast.Tensor(name=name):
                found.add(pattern(name))
            case ast.Input(name=name):
                found.add(name)
            case _:
                stack.extend(children(item))
    return found


def definitions(node: Any, name: str) -> int:
    """How often a name is given to a value, layer or input below `node`."""
    count = 0
    stack = [node]
    while stack:
        item = stack.pop()
        match item:
            case ast.Flow(targets=targets):
                count += sum(pattern(t) == name for t in targets)
            case ast.Stage(label=label):
                count += label is not None and pattern(label) == name
            case ast.Tensor(name=own):
                count += pattern(own) == name
            case ast.Input(name=text):
                count += text == name
            case _:
                pass
        stack.extend(children(item))
    return count


def stages_in(node: Any) -> Iterator[ast.Stage]:
    """All stages below `node`, groups and loops included."""
    stack = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, ast.Stage):
            yield item
        stack.extend(children(item))


def contains(node: Any, wanted: Any) -> bool:
    """Whether `wanted` is `node` itself or below it, by identity."""
    stack = [node]
    while stack:
        item = stack.pop()
        if item is wanted:
            return True
        stack.extend(children(item))
    return False


def reads(body: tuple[py.Stmt, ...]) -> set[str]:
    """The names that emitted statements read, assigned there or not."""
    return set().union(*(py.names_used(statement) for statement in body))
