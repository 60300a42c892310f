"""An extension of Griffe, by which signatures show what defaults are: `draws: int = 20`, not `= DRAWS`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from griffe import Attribute, Class, Expr, ExprName, Extension, Function, Module, Parameter


class Defaults(Extension):
    def on_package(self, *, pkg: Module, **_: Any) -> None:
        for thing in inside(pkg):
            if isinstance(thing, Attribute):
                thing.value = plain(thing.value, pkg)
            else:
                for parameter in with_defaults(thing):
                    parameter.default = plain(parameter.default, pkg)


def inside(place: Module | Class) -> Iterator[Attribute | Function]:
    """Functions, methods and the fields of classes, however deep. What is imported is met at its home."""
    for member in place.members.values():
        if isinstance(member, Module | Class):
            yield from inside(member)
        elif isinstance(member, Function) or (isinstance(member, Attribute) and isinstance(place, Class)):
            yield member


def with_defaults(function: Function) -> list[Parameter]:
    return [parameter for parameter in function.parameters if isinstance(parameter.default, Expr)]


def plain(value: str | Expr | None, package: Module) -> str | Expr | None:
    """The number or text that a constant of the package stands for; anything else as it is."""
    inside_package = f"{package.path}."
    while isinstance(value, ExprName) and value.canonical_path.startswith(inside_package):
        try:
            constant = package[value.canonical_path.removeprefix(inside_package)]
        except KeyError:
            break
        if not isinstance(constant, Attribute) or constant.value is None:
            break
        value = constant.value
    return value
