"""The contract of a backend: primitives that it must provide, on arrays of its own type.

Whoever calls a primitive has already promoted the dtypes, checked the shapes and made every
dimension non-negative: a backend holds kernels and nothing else. An *array* is whatever the backend
likes, as long as it has ``shape`` (a tuple), ``ndim``, ``size`` and a hashable ``dtype`` registered
with `torchlite.dtypes.register`. Where two arrays meet, either may be a Python number, which takes
the dtype of the other (it is known to fit); shapes broadcast. A result with no dimensions may be a
scalar of the array library: `asarray` makes an array of it. Results are new arrays or views; no
method changes its operands, except those of kind `UPDATE`.

`torchlite.backends.primitives` lists the primitives, `torchlite.backends.composites` the methods
that have a default body: `Backend` is complete but for the primitives. `SPECS` describes all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from torchlite.backends import primitives  # noqa: F401  it fills SPECS
from torchlite.backends.composites import Composites
from torchlite.backends.spec import SPECS, Spec
from torchlite.errors import BackendError

Array = Any


class Backend(Composites):
    """Base of every backend; `name` is the one it is registered under."""

    name: str = "abstract"
    #: The type of its arrays: a result of another type goes through `asarray`.
    array_type: type = object

    if TYPE_CHECKING:  # the primitives, attached below

        def __getattr__(self, name: str) -> Any: ...

    def get_num_threads(self) -> int:
        """The number of threads that kernels use. Default: 1."""
        return 1

    def set_num_threads(self, n: int) -> None:
        """Let kernels use `n` threads. Default: nothing, there is one."""


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
