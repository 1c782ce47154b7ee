"""Kernels: typed functions over a range of work, compiled on first use and shared among threads.

    @kernel(threshold=CHEAP, reassociate=True)
    def scale(x: Real, out: Real, lo: int, hi: int, factor: float) -> None:
        for i in range(lo, hi):
            out[i] = x[i] * factor

    scale(x, out, x.size, 2.0)  # a count of elements, rows ... in the place of lo and hi

The body sees whole row-major arrays, flattened, and does pieces lo..hi of the work. It computes the
same whatever range it gets: results do not depend on the number of threads. `Real` arrays share one
type, float32 or float64; each type is compiled when it first arrives.
"""

from __future__ import annotations

import functools
import inspect
import math
import os
import struct
import sys
from collections.abc import Callable
from typing import Annotated, Any, get_type_hints

import numba
import numpy as np
from numba import types

from torchlite_numba import codegen, launch

_REAL = "real"
Real = Annotated[Any, _REAL]
F32 = Annotated[Any, "float32"]
F64 = Annotated[Any, "float64"]
I64 = Annotated[Any, "int64"]
U32 = Annotated[Any, "uint32"]
Bool = Annotated[Any, "bool_"]

REALS = frozenset((np.dtype(np.float32), np.dtype(np.float64)))
kernels: list[Kernel] = []  #: all that are declared

# An array object starts with CPython's header, the address of its elements and their layout
# (NumPy's PyArrayObject), a bytes object ends with its bytes and a zero. Both are read through
# `id`: asking an array for its address takes longer than the rest of a launch.
_DATA = object.__basicsize__ // struct.calcsize("P")
_BYTES = bytes.__basicsize__ - 1

_SIGNATURE = types.void(
    types.CPointer(types.CPointer(types.voidptr)), types.CPointer(types.intp),
    types.CPointer(types.float64), types.intp, types.intp,
)  # fmt: skip

#: The C function: it finds its arguments in words of 8 bytes, which it reads in three ways.
_ADAPTER = """\
import numpy as np
from numba import carray


def kernel(objects, integers, floats, lo, hi):  # {name}
    {unpack}
    body({names})
"""

_LAUNCHER = """\
def launch({parameters}):
    {flatten}
    packed = _pack({words})
    address = _addresses.get({key}) or _compile({key})
    if {small}:
        _serial(address, id(packed) + _BYTES, count)
    else:
        _parallel(address, id(packed) + _BYTES, count)
"""


class Kernel:
    """A body with its types, options and compiled forms; to be called with arrays and numbers.

    It runs in several threads if its largest array has at least `threshold` elements.
    `reassociate`: sums may be vectorised.
    """

    def __init__(self, body: Any, name: str, threshold: float, reassociate: bool) -> None:
        self.body, self.name, self.threshold = body, name, threshold
        self.options = {"fastmath": {"reassoc"}} if reassociate else {}
        self.addresses: dict[np.dtype | None, int] = {}
        self._compiled: list[Any] = []  # what is freed with its object: addresses must stay valid
        self._launch: Callable[..., None] = self._first
        kernels.append(self)

    def __call__(self, *args: Any) -> None:
        """Run on `args`: those of the body, with one count in the place of `lo` and `hi`."""
        self._launch(*args)

    @functools.cached_property
    def _arguments(self) -> dict[str, Any]:
        """Name -> int, float or the name of the element type; neither lo nor hi."""
        hints = get_type_hints(self.body, include_extras=True)
        names = list(inspect.signature(self.body).parameters)
        return {
            name: getattr(hints[name], "__metadata__", [hints[name]])[0]
            for name in names if name not in ("lo", "hi")
        }  # fmt: skip

    @functools.cached_property
    def is_generic(self) -> bool:
        """Whether it is compiled for each type of `Real` arrays."""
        return _REAL in self._arguments.values()

    def compile(self, kind: np.dtype | None = None) -> int:
        """The address of the C function for `Real` arrays of type `kind`, if there are any."""
        kind = kind if self.is_generic else None
        if kind not in REALS and self.is_generic:
            raise TypeError(f"the kernel {self.name} takes float32 and float64, not {kind}")
        if kind not in self.addresses:
            if os.environ.get("TORCHLITE_DEBUG"):
                print(inspect.getsource(self.body), file=sys.stderr)
            function, cache = codegen.load(
                f"{self.name}_{kind}" if kind else self.name, self._adapter(kind), self.body,
                sorted(map(str, self.options.items())),
            )  # fmt: skip
            compiled = codegen.cached(
                numba.cfunc, function, _SIGNATURE, cache=cache, **self.options
            )
            self._compiled.append(compiled)
            self.addresses[kind] = compiled.address
        return self.addresses[kind]

    def _adapter(self, kind: np.dtype | None) -> str:
        """The source of the C function, which takes the arguments apart and calls the body."""
        lines, word = [], 0
        for name, what in self._arguments.items():
            if isinstance(what, str):
                element = kind if what == _REAL else what
                lines.append(
                    f"{name} = carray(objects[{word}][{_DATA}], integers[{word + 1}], np.{element})"
                )
                word += 2
            else:
                lines.append(f"{name} = {'integers' if what is int else 'floats'}[{word}]")
                word += 1
        names = ", ".join(inspect.signature(self.body).parameters)
        return _ADAPTER.format(name=self.name, unpack="\n    ".join(lines), names=names)

    def _first(self, *args: Any) -> None:
        """The first launch: make the function for those that follow."""
        self._launch = self._launcher()
        self._launch(*args)

    def _launcher(self) -> Callable[..., None]:
        arrays = [name for name, what in self._arguments.items() if isinstance(what, str)]
        numbers = [name for name in self._arguments if name not in arrays]
        words = [f"id({a}), _{a}" for a in arrays] + numbers
        codes = ["qq"] * len(arrays) + ["qd"[self._arguments[n] is float] for n in numbers]
        generic = [name for name in arrays if self._arguments[name] == _REAL]
        source = _LAUNCHER.format(
            parameters=", ".join([*arrays, "count", *numbers]),
            flatten="; ".join(f"{a} = {a}.ravel(); _{a} = {a}.size" for a in arrays),
            words=", ".join(words),
            key=f"{generic[0]}.dtype" if generic else "None",
            small=" and ".join(f"_{a} < _threshold" for a in arrays),
        )
        scope = {
            "_pack": struct.Struct("=" + "".join(codes)).pack, "_addresses": self.addresses,
            "_compile": self.compile, "_BYTES": _BYTES, "_threshold": self.threshold,
            "_serial": launch.serial(), "_parallel": launch.parallel,
        }  # fmt: skip
        return codegen.define("launch", source, scope)


def kernel(body: Any = None, *, name: str | None = None, threshold: float = math.inf,
           reassociate: bool = False) -> Any:  # fmt: skip
    """Declare a kernel: see `Kernel`. Without a threshold it runs in the calling thread."""
    if body is None:
        return lambda f: kernel(f, name=name, threshold=threshold, reassociate=reassociate)
    return Kernel(body, name or body.__name__.strip("_"), threshold, reassociate)


def helper(function: Any = None, **options: Any) -> Any:
    """Declare a function that kernels call; by default inlined, and multiply-adds may be fused."""
    if function is None:
        return lambda f: helper(f, **options)
    codegen.register(function)
    options = {"fastmath": {"contract"}, "forceinline": True, **options}
    return numba.njit(
        error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True, **options
    )(function)


def exact_helper(function: Any) -> Any:
    """A helper that rounds each operation and is inlined where LLVM thinks it pays."""
    return helper(function, fastmath=False, forceinline=False)


def inline(function: Any) -> Any:
    """Declare a helper that is compiled as part of each kernel, with its options."""
    return helper(function, inline="always", forceinline=False, fastmath=False)


@inline
def row_of(x: Any, i: int, width: int) -> Any:
    """Row `i` of a flat array of rows of length `width`."""
    return x[i * width : i * width + width]
