"""Room rule: which single changes of a source file there are, and how one is put in force.

Functions are changed in place (their code object is replaced), so that whoever imported them runs
the mutant; a table or a constant of a module is made again and bound anew wherever it was
imported; the default of a field is changed where its class keeps it.
"""

import ast
import copy
import gc
import inspect
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: the place of a node in `ast.walk`, and which of its changes it is."""

    path: Path
    place: int
    change: int
    line: int
    last: int  # the last line of its statement: coverage may file it under any of them
    what: str


def mutants(path: Path) -> Iterator[Mutant]:
    """Every change that is tried in a file, in order."""
    tree = ast.parse(path.read_text("utf-8"))
    skipped = {one for node in ast.walk(tree) if _is_skipped(node) for one in ast.walk(node)}
    for place, node in enumerate(ast.walk(tree)):
        if node not in skipped:
            for change, what in enumerate(_changes(node)):
                line = getattr(node, "lineno", 0)
                yield Mutant(path, place, change, line, getattr(node, "end_lineno", line), what)


def apply(mutant: Mutant, module: ModuleType) -> None:
    """Put the change in force in this process, for good."""
    tree = ast.parse(mutant.path.read_text("utf-8"))
    node = list(ast.walk(tree))[mutant.place]
    owner = next(one for one in tree.body if node in set(ast.walk(one)))
    _change(node, mutant.change)
    ast.fix_missing_locations(tree)
    if isinstance(owner, ast.ClassDef):
        field = next(one for one in owner.body if node in set(ast.walk(one)))
        if isinstance(field, ast.AnnAssign):
            _change_default(field, getattr(module, owner.name), module)
            return
    if isinstance(owner, ast.FunctionDef | ast.ClassDef):
        _replace_code(compile(tree, str(mutant.path), "exec"), module)
        return
    _run_again(owner, tree.body[tree.body.index(owner) + 1 :], module)


def _run_again(owner: ast.stmt, later: list[ast.stmt], module: ModuleType) -> None:
    """A table or a constant, made again, and what is made of it; who imported the old has the new.

    The limit of a name is in force when the pattern for names has been made again.
    """
    before = dict(vars(module))
    made: set[str] = set()
    for one in (owner, *later):
        if one is owner or (isinstance(one, ast.Assign | ast.AnnAssign) and made & _names(one)):
            code = compile(ast.Module([one], []), str(module.__file__), "exec")
            exec(code, vars(module))  # noqa: S102  # our own source, changed by a sign
            made |= _names(one, ast.Store)
    for name in [one for one in before if before[one] is not vars(module)[one]]:
        for other in list(sys.modules.values()):
            if other is not module and vars(other).get(name) is before[name]:
                setattr(other, name, vars(module)[name])


def _names(statement: ast.stmt, context: type[ast.expr_context] = ast.Load) -> set[str]:
    found = (one for one in ast.walk(statement) if isinstance(one, ast.Name))
    return {one.id for one in found if isinstance(one.ctx, context)}


def _change_default(field: ast.AnnAssign, owner: Any, module: ModuleType) -> None:
    """What a dataclass gives a field that is not named, when made and when read from a row."""
    assert isinstance(field.target, ast.Name), "a field has a name"
    assert field.value is not None, "a field without a default has nothing to change"
    assert is_dataclass(owner), "a class of values is a dataclass"
    expression = compile(ast.Expression(field.value), str(module.__file__), "eval")
    value, name = eval(expression, vars(module)), field.target.id  # noqa: S307  # as above
    initial = vars(owner)["__init__"]
    defaulted = [
        one.name
        for one in inspect.signature(initial).parameters.values()
        if one.default is not inspect.Parameter.empty
    ]
    defaults = list(initial.__defaults__ or ())
    defaults[defaulted.index(name)] = value
    initial.__defaults__ = tuple(defaults)
    owner.__dataclass_fields__[name].default = value


def _replace_code(code: CodeType, module: ModuleType) -> None:
    made = {one.co_qualname: one for one in _codes(code)}
    for value in list(vars(module).values()):
        members = vars(value).values() if isinstance(value, type) else (value,)
        for member in members:
            function = member.fget if isinstance(member, property) else member
            if isinstance(function, FunctionType) and function.__module__ == module.__name__:
                new = made.get(function.__code__.co_qualname)
                if new is not None and new.co_freevars == function.__code__.co_freevars:
                    function.__code__ = new
    # What a function made when the module was imported lives on in its tables.
    inner = Counter(one.co_qualname for one in _codes(code) if "<locals>" in one.co_qualname)
    for value in gc.get_objects():
        if isinstance(value, FunctionType) and value.__module__ == module.__name__:
            new = made.get(value.__code__.co_qualname)
            if new is not None and inner[new.co_qualname] == 1:
                value.__code__ = new


def _codes(code: CodeType) -> Iterator[CodeType]:
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield one
            yield from _codes(one)


def _is_skipped(node: ast.AST) -> bool:
    """What no test can see: imports, declarations, and assertions of our own faults."""
    if isinstance(node, ast.Import | ast.ImportFrom | ast.Assert | ast.arguments):
        return True
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in ("dataclass", "field")
    return isinstance(node, ast.AnnAssign) and node.value is None


def _changes(node: ast.AST) -> list[str]:
    match node:
        case ast.Compare(ops=operators):
            return [_swapped(one) for one in operators]
        case ast.BinOp(op=operator) | ast.BoolOp(op=operator):
            return [_swapped(operator)] if type(operator) in SWAPS else []
        case ast.UnaryOp(op=ast.Not()):
            return ["not x -> x"]
        case ast.UnaryOp(op=ast.USub()):
            return ["-x -> x"]
        case ast.IfExp() | ast.If() | ast.While():
            return ["condition negated"]
        case ast.Constant(value=bool(value)):
            return [f"{value} -> {not value}"]
        case ast.Constant(value=int(value)):
            return [f"{value} -> {value + 1}"]
        case ast.Name(id=("min" | "max" | "any" | "all") as name):
            return [f"{name} -> {NAMES[name]}"]
        case ast.Call(func=ast.Name(id="replace"), keywords=[_, *_] as given):
            return [f"replace without {one.arg}" for one in given]
        case _:
            return []


def _swapped(operator: ast.AST) -> str:
    return f"{type(operator).__name__} -> {SWAPS[type(operator)].__name__}"


def _change(node: ast.AST, change: int) -> None:
    match node:
        case ast.Compare():
            node.ops[change] = SWAPS[type(node.ops[change])]()  # type: ignore[call-overload]  # like for like
        case ast.BinOp() | ast.BoolOp():
            node.op = SWAPS[type(node.op)]()  # type: ignore[assignment]  # like for like
        case ast.UnaryOp(op=ast.Not()):
            node.operand = ast.UnaryOp(ast.Not(), copy.copy(node.operand))
        case ast.UnaryOp():
            node.op = ast.UAdd()
        case ast.IfExp() | ast.If() | ast.While():
            node.test = ast.UnaryOp(ast.Not(), node.test)
        case ast.Constant(value=bool()):
            node.value = not node.value
        case ast.Constant(value=int(value)):
            node.value = value + 1
        case ast.Name():
            node.id = NAMES[node.id]
        case ast.Call():
            del node.keywords[change]
        case _:
            raise AssertionError("what was offered can be done")
