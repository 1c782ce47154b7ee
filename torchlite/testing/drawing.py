"""Draws arguments for backend methods: by hypothesis, or by a fixed plan of corner cases."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

from torchlite.backends.protocol import Backend
from torchlite.backends.registry import get
from torchlite.dtypes import BOOL, COMPLEX, FLOAT, dtype, int64

Arguments = list[Any]
REFERENCE = get("numpy")
#: Method -> the function that draws its arguments.
TABLE: dict[str, Callable[[Draws], Arguments]] = {}
#: Large enough for parallel and blocked kernels.
LARGE = ((70_000,), (600, 450), (3, 1500), (1500, 3), (40, 50), (257,), (2, 33, 65))
SIZES = ("empty", "single", "small", "large")
SPECIALS = (math.nan, 0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, 60.0, -60.0)
LAYOUTS = ("plain", "transposed", "stepped", "offset", "broadcast")


def arguments(methods: str = "") -> Callable:
    """Register a function that draws the arguments of `methods`. Default: its own name."""

    def register(function: Callable[[Draws], Arguments]) -> Callable:
        for name in (methods or function.__name__).split():
            TABLE[name] = function
        return function

    return register


class Late:
    """An argument that is built separately for each backend."""

    def build(self, xp: Backend) -> Any:
        raise NotImplementedError


class Spread(Late):
    """An array: `layout` makes a view of a copy of `source`, a row-major reference array."""

    def __init__(self, source: Any, layout: Callable[[Any], Any]) -> None:
        self.source, self.layout = source, layout
        self.shape = layout(source).shape

    def build(self, xp: Any) -> Any:
        return xp.from_numpy(self.layout(self.source.copy()))

    def __repr__(self) -> str:
        seen = self.layout(self.source)
        return f"array(shape={seen.shape}, strides={seen.strides}, {seen.dtype}, {seen!r})"


def fixed(source: Any) -> Spread:
    """A row-major reference array, unchanged."""
    return Spread(source, lambda x: x)


class Generator(Late):
    """A random stream from a seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def build(self, xp: Backend) -> Any:
        return xp.generator(self.seed)

    def __repr__(self) -> str:
        return f"generator({self.seed})"


class Draws:
    """Draws arguments for `method`; `kinds` are the dtypes that both backends have.

    All choices come from `integer`, a function of the lowest and the highest integer to draw.
    """

    def __init__(self, integer: Callable[[int, int], int], kinds: list[dtype], method: str) -> None:
        self.integer, self.kinds, self.method = integer, kinds, method

    def one_of(self, *options: Any) -> Any:
        return options[self.integer(0, len(options) - 1)]

    def flag(self) -> bool:
        return self.one_of(False, True)

    def kind(self, *categories: int) -> dtype:
        """A dtype of one of `categories`."""
        return self.one_of(*[kind for kind in self.kinds if kind.category in categories])

    def shape(self, least: int = 0, smallest: int = 0, large: bool = True) -> tuple[int, ...]:
        """A shape of at least `least` dimensions, each at least `smallest` long."""
        if large and self.integer(0, 4) == 4:
            return self.large(least)
        return self.small(least, smallest)

    def large(self, least: int) -> tuple[int, ...]:
        return self.one_of(*[shape for shape in LARGE if len(shape) >= least])

    def small(self, least: int, smallest: int) -> tuple[int, ...]:
        count = self.integer(least, max(3, least))
        return tuple(self.integer(smallest, 4) for _ in range(count))

    def axis(self, shape: Sequence[int]) -> int:
        return self.integer(0, len(shape) - 1)

    def axes(self, shape: Sequence[int]) -> Any:
        """None, an int or a sorted tuple."""
        if not shape or self.integer(0, 2) == 0:
            return None
        if self.integer(0, 1):
            return self.axis(shape)
        return tuple(axis for axis in range(len(shape)) if self.flag()) or (self.axis(shape),)

    def broadcast(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """A shape that broadcasts to `shape`."""
        cut = self.integer(0, len(shape)) if self.integer(0, 2) == 0 else 0
        return tuple(self.one_of(n, n, n, 1) for n in shape[cut:])

    def layout(self, options: Sequence[str]) -> str:
        return self.one_of(*options)

    def array(self, shape: tuple[int, ...], kind: dtype, low: int = -5, high: int = 6,
              specials: bool = True, writable: bool = False) -> Spread:  # fmt: skip
        """Integers in ``[low, high)``, or normally distributed floats with NaN and infinity."""
        layout = self.layout(LAYOUTS[:-1] if writable else LAYOUTS)
        stored, view = _LAYOUTS[layout](shape, REFERENCE)
        source = self._values(math.prod(stored), kind, low, high, specials)
        return Spread(source.reshape(stored), view)

    def plain(self, kind: dtype, *shapes: tuple[int, ...]) -> list[Spread]:
        """Arrays without NaN and infinity."""
        return [self.array(shape, kind, specials=False) for shape in shapes]

    def with_axis(self, *categories: int, smallest: int = 0, specials: bool = True) -> tuple:
        """An array and one of its axes."""
        x = self.array(self.shape(1, smallest), self.kind(*categories), specials=specials)
        return x, self.axis(x.shape)

    def index(self, shape: tuple[int, ...], size: int) -> Spread:
        """int64 indices into a dimension of `size`."""
        return self.array(shape, int64, 0, size)

    def _values(self, count: int, kind: dtype, low: int, high: int, specials: bool) -> Any:
        xp, rng = REFERENCE, REFERENCE.generator(self.integer(0, 2**32 - 1))
        if kind.category == BOOL:
            return xp.random_integers(rng, (count,), kind, 0, 2)
        if kind.category < FLOAT:
            low = low if kind.is_signed else max(low, 0)
            return xp.random_integers(rng, (count,), kind, low, high)
        values = xp.random_normal(rng, (count,), kind.to_real(), 0.0, 2.0)
        if kind.category == COMPLEX:
            values = values + xp.random_normal(rng, (count,), kind.to_real(), 0.0, 2.0) * 1j
        elif specials and count:
            self.place_specials(values)
        return values

    def place_specials(self, values: Any) -> None:
        """Write some of `SPECIALS` into a 1-d array."""
        for _ in range(self.integer(0, 5)):
            values[self.integer(0, len(values) - 1)] = self.one_of(*SPECIALS)


class Corner(Draws):
    """The draws number `number` of a plan, the same in every run.

    The first array of `CORNERS` successive draws combines each size with each layout, with and
    without special values, and with each of up to four dtypes; more dtypes take turns. All other
    choices are pseudorandom.
    """

    def __init__(self, number: int, kinds: list[dtype], method: str) -> None:
        super().__init__(random.Random(f"{method} {number}").randint, kinds, method)
        self.turn, rest = divmod(number, len(SIZES) * len(LAYOUTS))
        self.place, self.size = rest // len(SIZES), SIZES[rest % len(SIZES)]
        self.number, self.first = number, True

    def kind(self, *categories: int) -> dtype:
        options = [kind for kind in self.kinds if kind.category in categories]
        return options[(self.number + self.turn) % len(options)]

    def shape(self, least: int = 0, smallest: int = 0, large: bool = True) -> tuple[int, ...]:
        if self.size == "large" and large:  # a transposed row is a row
            return self.large(max(least, 2 if LAYOUTS[self.place] == "transposed" else 1))
        if self.size == "single":
            return (1,) * self.integer(least, max(2, least))
        shape = self.small(max(least, self.size == "empty"), max(smallest, 1))
        if self.size == "empty" and smallest == 0:
            place = self.axis(shape)
            return (*shape[:place], 0, *shape[place + 1 :])
        return shape

    def layout(self, options: Sequence[str]) -> str:
        if not self.first:
            return super().layout(options)
        self.first = False
        return options[self.place % len(options)]

    def place_specials(self, values: Any) -> None:
        """All of them where there is room, at random places; otherwise they take turns."""
        if (self.turn + self.place) % 2:
            return
        for i in range(min(len(values), len(SPECIALS))):
            special = SPECIALS[(self.number + i) % len(SPECIALS)]
            values[self.integer(0, len(values) - 1)] = special


CORNERS = 4 * len(SIZES) * len(LAYOUTS)
#: The numbers of the plan's draws, small arrays first, so that a fault is shown by one of them.
PLAN = sorted(range(CORNERS), key=lambda number: number % len(SIZES))


def _plain(shape: tuple, xp: Backend) -> tuple:
    return shape, lambda x: x


def _transposed(shape: tuple, xp: Backend) -> tuple:
    return shape[::-1], lambda x: x.T


def _stepped(shape: tuple, xp: Backend) -> tuple:
    if not shape:
        return (3,), lambda x: x[1:2].reshape(())
    return (*shape[:-1], 2 * shape[-1]), lambda x: x[..., ::2]


def _offset(shape: tuple, xp: Backend) -> tuple:
    if not shape:
        return (2,), lambda x: x[1:].reshape(())
    return (shape[0] + 1, *shape[1:]), lambda x: x[1:]


def _broadcast(shape: tuple, xp: Backend) -> tuple:
    return (*shape[:-1], 1) if shape else shape, lambda x: xp.broadcast_to(x, shape)


_LAYOUTS = dict(zip(LAYOUTS, (_plain, _transposed, _stepped, _offset, _broadcast)))
