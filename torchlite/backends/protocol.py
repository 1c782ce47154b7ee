"""The contract of a backend: primitives that it must provide, on its type of array.

The caller of a primitive has already promoted dtypes, checked shapes and made every dimension
argument non-negative: a backend holds kernels and nothing else. An *array* may be of any type with
``shape`` (a tuple), ``ndim``, ``size`` and a hashable ``dtype`` registered with
`torchlite.dtypes.register`. In a binary primitive, either operand may be a Python scalar, which
takes the other's dtype (it is known to fit); shapes broadcast. A 0-d result may be a scalar of the
array library: `asarray` makes an array of it. Results are new arrays or views; only methods of kind
`UPDATE` modify their operands.

`torchlite.backends.primitives` lists the primitives, `torchlite.backends.composites` the methods
with a default body: `Backend` lacks only the primitives. `SPECS` describes all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from torchlite.backends import primitives  # noqa: F401  fills SPECS
from torchlite.backends.composites import Composites
from torchlite.backends.spec import SPECS, Spec
from torchlite.errors import BackendError

Array = Any


class Backend(Composites):
    """Base class of every backend; it is registered as `name`."""

    name: str = "abstract"
    #: The backend's array type: results of any other type go through `asarray`.
    array_type: type = object

    if TYPE_CHECKING:  # the primitives, attached below

        def __getattr__(self, name: str) -> Any: ...

    def get_num_threads(self) -> int:
        """The number of threads that kernels use. Default: 1."""
        return 1

    def set_num_threads(self, n: int) -> None:
        """Let kernels use `n` threads. Default: do nothing, as there is only one."""


def _missing(spec: Spec) -> Callable:
    def primitive(self: Backend, *args: Any, **kwargs: Any) -> Array:
        raise BackendError(
            f"backend {self.name!r} lacks the primitive {spec.name}({spec.signature})"
        )

    primitive.__name__ = spec.name
    primitive.__doc__ = f"``{spec.name}({spec.signature})``: {spec.meaning}."
    primitive.is_missing = True  # type: ignore[attr-defined]
    return primitive


for _spec in SPECS.values():
    if not _spec.is_composite:
        setattr(Backend, _spec.name, _missing(_spec))

__all__ = ["SPECS", "Array", "Backend"]
