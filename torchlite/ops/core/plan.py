"""What a recorded primitive saves, derived from the parameter names of its gradient rules."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

VALUE, SHAPE, DTYPE, OUT = range(4)  # what is saved of a value


class Plan:
    """What a primitive saves and computes, for one set of operands that need a gradient."""

    __slots__ = (
        "primitive", "positions", "slots", "values_only", "values", "rules", "joint", "needs",
        "needs_all",
    )  # fmt: skip

    def __init__(self, primitive: Any, mask: int) -> None:
        self.primitive = primitive
        self.positions = [i for i in primitive.operands if mask & 1 << i]
        self.needs = tuple(bool(mask & 1 << i) for i in primitive.operands)
        self.slots: list[tuple[int, int]] = []
        self.needs_all = all(self.needs)
        self.joint: Callable | None = primitive.joint  # takes all that is kept, in order
        self.rules: list[tuple[Callable, list[int]]] = []
        if primitive.joint is not None:
            self._picks(primitive.joint, 3)
        else:
            named = [primitive.rules[primitive.parameters[i]] for i in self.positions]
            self.rules = [(rule, self._picks(rule, 2)) for rule in named if rule is not None]
        self.values_only = all(kind == VALUE for kind, _ in self.slots)
        self.values = [i for kind, i in self.slots if kind == VALUE]

    def _picks(self, rule: Callable, skipped: int) -> list[int]:
        """The indices in `slots` of the parameters of `rule` after (xp, g) or (xp, g, needs)."""
        picks = []
        for name in list(inspect.signature(rule).parameters)[skipped:]:
            slot = self._slot(name)
            if slot not in self.slots:
                self.slots.append(slot)
            picks.append(self.slots.index(slot))
        return picks

    def _slot(self, name: str) -> tuple[int, int]:
        parameters = self.primitive.parameters
        if name == "out" or (name[:3] == "out" and name[3:].isdigit()):
            return OUT, int(name[3:] or 0)
        if name.endswith("_shape") and name[:-6] in parameters:
            return SHAPE, parameters.index(name[:-6])
        if name.endswith("_dtype") and name[:-6] in parameters:
            return DTYPE, parameters.index(name[:-6])
        return VALUE, parameters.index(name)
