"""The properties of each backend method, stated once and read by everything that needs them.

A `Spec` describes a primitive (declared in `torchlite.backends.primitives`) or a composite
where its default body is, with `composite`). Gradient recording, forward mode, batching, bfloat16,
the conformance suite and `describe` all derive their behavior from it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torchlite.dtypes import BOOL, COMPLEX, FLOAT, INTEGER

ELEMENTWISE = "elementwise"  # each element of the result depends on one element of each operand
REDUCTION = "reduction"  # along an axis, which disappears or has size 1
SCAN = "scan"  # along an axis, whose size is kept: running sums, sorting, softmax
VIEW = "view"  # the memory of the first operand, where possible
MOVEMENT = "movement"  # elements copied to other positions: flip, concatenate, gather
PRODUCT = "product"  # sums of products: matmul, linear
WINDOW = "window"  # sliding windows over images (N, C, *S)
MATRIX = "matrix"  # functions of the last two axes
LAYER = "layer"  # normalizations, recurrent layers, losses
TRANSFORM = "transform"  # Fourier transforms
RANDOM = "random"  # draws from a generator
CREATION = "creation"  # new arrays
UPDATE = "update"  # writes to its operands: copyto, optimizer steps
QUERY = "query"  # returns Python objects, not arrays

NUMBERS = (INTEGER, FLOAT, COMPLEX)
ANY = (BOOL, INTEGER, FLOAT, COMPLEX)
#: Kinds that copy elements unchanged, whatever their dtype.
_COPYING = (VIEW, MOVEMENT, CREATION)


@dataclass(frozen=True)
class Spec:
    """The properties of one method; positions count its parameters from 0."""

    name: str
    parameters: tuple[str, ...]
    operands: tuple[int, ...]  # the parameters that are arrays, or lists of arrays
    kind: str
    meaning: str
    takes: tuple[int, ...] = ANY  # dtype categories
    results: int = 1  # the number of arrays it returns
    axis: int | None = None  # the parameter naming its axes: int, tuple, or None for all
    linear: tuple[int, ...] = ()  # operands in which it is jointly linear
    bilinear: tuple[int, ...] = ()  # operands in each of which it is linear; "bias" is added
    broadcasts: bool = False  # whether the operands broadcast, or their leading axes if MATRIX
    batched: bool = False  # whether leading axes that all operands share are batch axes
    view: bool = False  # whether the result may share the memory of the first operand
    exact: bool = False  # whether elements are only copied, so that any dtype works
    accumulates: bool = False  # whether rounding errors grow with the number of elements
    determined: bool = True  # whether the operands determine the result (QR's signs are arbitrary)
    holomorphic: bool = True  # whether gradient rules for real operands hold for complex ones
    is_composite: bool = False  # whether it has a default body

    @property
    def signature(self) -> str:
        """The parameters, as written in a call."""
        return ", ".join(self.parameters)


#: Every method of the protocol by name.
SPECS: dict[str, Spec] = {}


def primitives(kind: str, signature: str, facts: dict[str, Any] | None = None,
               **meanings: str | tuple[str, dict[str, Any]]) -> None:  # fmt: skip
    """Declare primitives of one kind and signature; operands precede the semicolon.

    `facts`: fields of `Spec` that all of them share; a pair (meaning, facts) adds fields for one.
    Operands and the axis parameter are given by name.
    """
    before, _, after = signature.partition(";")
    arrays = _words(before)
    parameters = arrays + _words(after)
    if arrays[:1] == ["rng"]:  # random numbers: the generator comes first and is not an array
        arrays = arrays[1:]
    for name, entry in meanings.items():
        meaning, own = entry if isinstance(entry, tuple) else (entry, {})
        _add(name, kind, parameters, arrays, meaning, {**(facts or {}), **own})


def composite(kind: str, **facts: Any) -> Callable:
    """Declare the decorated default body; parameters annotated as arrays are operands."""

    def declare(body: Callable) -> Callable:
        code = body.__code__
        parameters = list(code.co_varnames[1 : code.co_argcount])
        arrays = [p for p in parameters if "Array" in str(body.__annotations__.get(p))]
        meaning = (body.__doc__ or f"gradient of `{body.__name__[:-9]}`.").split("\n")[0]
        known = {**facts, "is_composite": True}
        _add(body.__name__, kind, parameters, arrays, meaning.rstrip("."), known)
        return body

    return declare


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _add(name: str, kind: str, parameters: Sequence[str], operands: Sequence[str], meaning: str,
         facts: dict[str, Any]) -> None:  # fmt: skip
    place = parameters.index
    known = dict(facts)
    for fact in ("linear", "bilinear"):
        known[fact] = tuple(map(place, _words(known.get(fact, ""))))
    if "axis" in known:
        known["axis"] = place(known["axis"])
    known.setdefault("exact", kind in _COPYING)
    known.setdefault("view", kind == VIEW)
    known.setdefault("batched", kind == MATRIX)
    known.setdefault("results", 0 if kind in (QUERY, UPDATE) else 1)
    known.setdefault("broadcasts", kind == ELEMENTWISE and len(operands) > 1)
    SPECS[name] = Spec(name, tuple(parameters), tuple(map(place, operands)), kind, meaning, **known)
