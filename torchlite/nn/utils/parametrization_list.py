"""The parametrizations of one tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlite.autograd.grad_mode import no_grad
from torchlite.core.tensor import Tensor
from torchlite.nn.modules.container import ModuleList
from torchlite.nn.modules.module import Module
from torchlite.nn.parameter import Parameter


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, applied in order, and the tensors they start from.

    Those are ``original``, or ``original0``, ``original1``, ... if the first one's `right_inverse`
    returns several tensors; they are parameters if the tensor was one.

    Args:
        modules: One or more parametrizations.
        original: The tensor.
        unsafe: Allow them to change its dtype or shape. Default: False.

    Raises: ValueError without modules, or for results of another type, dtype or shape.
    """

    original: Tensor

    def __init__(
        self, modules: Sequence[Module], original: Tensor | Parameter, unsafe: bool = False
    ) -> None:
        if len(modules) == 0:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        kind, shape = original.dtype, original.shape
        start = _start(modules, original)
        self.is_tensor = isinstance(start, Tensor)
        self.ntensors = 1 if self.is_tensor else len(start)
        if self.is_tensor:
            if start.dtype != kind:
                raise ValueError(
                    "When `right_inverse` outputs one tensor, it may not change the dtype.\n"
                    f"original.dtype: {kind}\nright_inverse(original).dtype: {start.dtype}"
                )
            original.data = start.data
            register(self, "original", original)
        else:
            for i, part in enumerate(start):
                if isinstance(original, Parameter):
                    part = Parameter(part, original.requires_grad)
                register(self, f"original{i}", part.requires_grad_(original.requires_grad))
        if not unsafe:
            check_same(self(), kind, shape)

    def right_inverse(self, value: Tensor) -> None:
        """Set the original tensors so that the parametrizations yield `value`.

        Raises: RuntimeError if one of them has no `right_inverse`; ValueError for results of
            another type, number or dtype; nothing is changed then.
        """
        with no_grad():
            for module in reversed(self):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        f"parametrization {type(module).__name__} does not implement right_inverse."
                    )
                value = module.right_inverse(value)
        new = [value] if self.is_tensor else value
        if self.is_tensor and not isinstance(value, Tensor):
            raise ValueError(f"`right_inverse` should return a tensor. Got {type(value).__name__}")
        if not isinstance(new, Sequence):
            raise ValueError(
                f"'right_inverse' must return a sequence of tensors. Got {type(value).__name__}."
            )
        old = self._originals()
        if len(new) != len(old):
            raise ValueError(
                "'right_inverse' must return a sequence of tensors of length "
                f"{len(old)}. Got a sequence of length {len(new)}."
            )
        for i, (a, b) in enumerate(zip(old, new)):
            _check_part(i, a, b)
        for a, b in zip(old, new):
            a.data = b.data

    def _originals(self) -> list[Tensor]:
        if self.is_tensor:
            return [self.original]
        return [getattr(self, f"original{i}") for i in range(self.ntensors)]

    def forward(self) -> Tensor:
        """The parametrized tensor."""
        first, *others = self
        x = first(*self._originals())
        for module in others:
            x = module(x)
        return x


def _start(modules: Sequence[Module], original: Tensor) -> Any:
    """What the parametrizations must start from to yield `original`, if they have inverses."""
    start: Any = original
    with no_grad():
        for module in reversed(list(modules)):
            try:
                start = getattr(module, "right_inverse", lambda x: x)(start)
            except NotImplementedError:  # no inverse: the tensor is passed on unchanged
                continue
    parts = [start] if isinstance(start, Tensor) else start
    if not isinstance(parts, Sequence) or not all(isinstance(part, Tensor) for part in parts):
        raise ValueError(
            "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got "
            f"{type(start).__name__}"
        )
    return start


def _check_part(i: int, old: Tensor, new: Any) -> None:
    if not isinstance(new, Tensor):
        raise ValueError(
            f"'right_inverse' must return a sequence of tensors. Got element {i} of type "
            f"{type(new).__name__}."
        )
    if old.dtype != new.dtype:
        raise ValueError(
            f"Tensor {i} returned by `right_inverse` has dtype {new.dtype} while `original{i}` has "
            f"dtype {old.dtype}"
        )


def check_same(x: Any, kind: Any, shape: Any) -> None:
    """Reject a parametrized tensor of another type, dtype or shape."""
    if not isinstance(x, Tensor):
        raise ValueError(f"A parametrization must return a tensor. Got {type(x).__name__}.")
    for what, old, new in (("dtype", kind, x.dtype), ("shape", shape, x.shape)):
        if old != new:
            raise ValueError(
                f"Registering a parametrization may not change the {what} of the tensor, unless "
                f"`unsafe` flag is enabled.\nunparametrized {what}: {old}\n"
                f"parametrized {what}: {new}"
            )


def register(module: Module, name: str, tensor: Tensor) -> None:
    """Register `tensor` in `module`: as a parameter if it is a `Parameter`, else as a buffer."""
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)
