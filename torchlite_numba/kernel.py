"""Kernels: typed functions over a range of work, compiled on first use and shared among threads.

    @kernel(threshold=CHEAP, reassociate=True)
    def scale(x: Real, out: Real, lo: int, hi: int, factor: float) -> None:
        x, out = x[lo:hi], out[lo:hi]  # LLVM vectorises loops from 0 on
        for i in range(out.size):
            out[i] = x[i] * factor

    scale.launch(x, out, x.size, 2.0)  # the amount of work replaces lo and hi

The body receives whole arrays, flattened, and does the part lo..hi of the work: of the elements
here, elsewhere of rows. It must not matter how the work is split, so that no result depends on the
number of threads. `Real` arrays share one type, float32 or float64; the kernel is compiled for each
when it first arrives.

The caller ensures that types and sizes fit, and that arrays to be written are row-major: others are
copied first, so whatever is written to them is lost.
"""

from __future__ import annotations

import functools
import inspect
import os
import struct
import sys
import textwrap
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
kernels: list[Kernel] = []  #: every kernel that is declared

_SIGNATURE = types.void(
    types.CPointer(types.voidptr), types.CPointer(types.intp),
    types.CPointer(types.float64), types.intp, types.intp,
)  # fmt: skip

#: The C function. Its arguments are words of 8 bytes, which three pointers read as three types.
_ADAPTER = """\
import numpy as np
from numba import carray


def kernel(addresses, integers, floats, lo, hi):  # {name}
    {unpack}
    body({names})
"""

_LAUNCHER = """\
def launch({parameters}):
    arrays = (_ndarray, {arrays})
    packed = _pack({numbers})
    address = _addresses.get({kind}) or _compile({kind})
    refused = _serial(address, id(arrays), id(packed), count, _threshold)
    if refused:
        _again(refused, address, arrays, packed, count, _threshold)
"""


class Kernel:
    """A body with its types, options and compiled forms.

    It runs in several threads once its largest array has `threshold` elements. If `reassociate` is
    true, sums may be computed in another order, and so vectorised.
    """

    def __init__(self, body: Any, name: str, threshold: int, reassociate: bool) -> None:
        self.body, self.name, self.threshold = body, name, threshold
        self.options = {"fastmath": {"reassoc"}} if reassociate else {}
        self.addresses: dict[np.dtype | None, int] = {}  # of compiled forms, by the type of `Real`
        self._compiled: list[Any] = []  # kept alive, or their addresses would become invalid
        self._names = list(inspect.signature(body).parameters)
        self.launch: Callable[..., None] = self._first
        kernels.append(self)

    @functools.cached_property
    def _arrays(self) -> dict[str, str]:
        """Name -> name of the element type."""
        hints = get_type_hints(self.body, include_extras=True).items()
        return {name: hint.__metadata__[0] for name, hint in hints if hasattr(hint, "__metadata__")}

    @functools.cached_property
    def _numbers(self) -> dict[str, type]:
        """Name -> int or float, without lo and hi."""
        hints, others = get_type_hints(self.body), ("lo", "hi", *self._arrays)
        return {name: hints[name] for name in self._names if name not in others}

    @functools.cached_property
    def is_generic(self) -> bool:
        """Whether it is compiled for each type of `Real` arrays."""
        return _REAL in self._arrays.values()

    def compile(self, kind: np.dtype | None = None) -> int:
        """The address of the C function for `Real` arrays of type `kind`, if there are any."""
        kind = kind if self.is_generic else None
        if kind not in REALS and self.is_generic:
            raise TypeError(f"the kernel {self.name} takes float32 and float64, not {kind}")
        if kind not in self.addresses:
            if os.environ.get("TORCHLITE_DEBUG"):
                source = textwrap.dedent(inspect.getsource(self.body))
                print(f"# {self.name}, {kind or 'one type only'}\n{source}", file=sys.stderr)
            name = f"{self.name}_{kind}" if kind else self.name
            compiled = codegen.compile_kernel(
                name, self._adapter(kind), self.body, _SIGNATURE, **self.options
            )
            self._compiled.append(compiled)
            self.addresses[kind] = compiled.address
        return self.addresses[kind]

    def _adapter(self, kind: np.dtype | None) -> str:
        """The source of the C function, which unpacks the arguments and calls the body."""
        lines = []
        for i, (name, element) in enumerate(self._arrays.items()):
            array = f"addresses[{2 * i}], integers[{2 * i + 1}]"
            lines.append(f"{name} = carray({array}, np.{kind if element == _REAL else element})")
        for i, (name, what) in enumerate(self._numbers.items(), 2 * len(self._arrays)):
            lines.append(f"{name} = {'integers' if what is int else 'floats'}[{i}]")
        return _ADAPTER.format(
            name=self.name, unpack="\n    ".join(lines), names=", ".join(self._names)
        )

    def _first(self, *args: Any) -> None:
        """The first launch makes the function for all others."""
        self.launch = self._launcher()
        self.launch(*args)

    def _launcher(self) -> Callable[..., None]:
        """The Python function that packs the arguments for a driver.

        The driver itself fills in the addresses and sizes of the arrays, ahead of the numbers.
        """
        generic = [name for name, element in self._arrays.items() if element == _REAL]
        source = _LAUNCHER.format(
            parameters=", ".join(self._names).replace("lo, hi", "count"),
            arrays=", ".join(self._arrays), numbers=", ".join(self._numbers),
            kind=f"{generic[-1]}.dtype" if generic else "None",
        )  # fmt: skip
        codes = "".join("q" if what is int else "d" for what in self._numbers.values())
        scope = {
            "_pack": struct.Struct(f"={16 * len(self._arrays)}x{codes}").pack,
            "_addresses": self.addresses, "_compile": self.compile, "_threshold": self.threshold,
            "_ndarray": np.ndarray, "_serial": launch.serial(), "_again": launch.again,
        }  # fmt: skip
        return codegen.define("launch", source, scope)


def kernel(body: Any = None, *, name: str | None = None, threshold: int = sys.maxsize,
           reassociate: bool = False) -> Any:  # fmt: skip
    """Declare a kernel, see `Kernel`; without a threshold it always runs in the calling thread."""
    if body is None:
        return lambda f: kernel(f, name=name, threshold=threshold, reassociate=reassociate)
    return Kernel(body, name or body.__name__.strip("_"), threshold, reassociate)


def helper(function: Any, **options: Any) -> Any:
    """Declare a function for kernels to call: inlined, its multiplications and additions fused."""
    codegen.register(function.__code__.co_filename)
    options = {"fastmath": {"contract"}, "forceinline": True, **options}
    return numba.njit(
        error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True, **options
    )(function)


def exact(function: Any) -> Any:
    """Declare a helper that rounds after each operation and is inlined only if LLVM sees fit."""
    return helper(function, fastmath=False, forceinline=False)


def inline(function: Any) -> Any:
    """Declare a helper that is compiled as part of each kernel, with the options of the kernel."""
    return helper(function, inline="always", forceinline=False, fastmath=False)


@inline
def row_of(x: Any, i: int, width: int) -> Any:
    """Row `i` of a flat array of rows of length `width`."""
    return x[i * width : i * width + width]
