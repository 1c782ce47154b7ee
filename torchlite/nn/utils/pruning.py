"""The base class of pruning methods, and a container for several on one parameter."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.nn.utils.parameter_hooks import find
from torchlite.ops.creation.factories import ones_like


class BasePruningMethod(ABC):
    """Base of pruning methods; a subclass defines `compute_mask` and sets `PRUNING_TYPE`.

    It is a hook: before each forward the parameter is set to ``name_mask * name_orig``.
    """

    #: "unstructured", "structured" (with an attribute `dim`) or "global".
    PRUNING_TYPE: str
    _tensor_name: str

    def __call__(self, module: Any, inputs: Any) -> None:
        setattr(module, self._tensor_name, self.apply_mask(module))

    @abstractmethod
    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask for importances `t`, restricted to the mask so far, which has the same shape."""

    def apply_mask(self, module: Any) -> Tensor:
        """The pruned parameter."""
        mask, original = (getattr(module, self._tensor_name + s) for s in ("_mask", "_orig"))
        return mask.to(dtype=original.dtype) * original

    @classmethod
    def apply(cls, module: Any, name: str, *args: Any, importance_scores: Tensor | None = None,
              **kwargs: Any) -> BasePruningMethod:  # fmt: skip
        """Prune a parameter, on top of any previous pruning.

        Args:
            module: The module; it is changed.
            name: The parameter.
            *args, **kwargs: For the constructor of the method.
            importance_scores: What the mask is computed from. Default: the parameter.

        Raises: AssertionError if the scores have another shape; nothing is changed then.
        """
        current, scores = getattr(module, name), importance_scores
        _check_scores(scores, current, f"parameter {name} of {module}")
        key = find(module, BasePruningMethod, name, "_tensor_name")
        before = None if key is None else module._forward_pre_hooks[key]
        method: Any = cls(*args, **kwargs)
        method._tensor_name = name
        if before is not None:
            container = before if isinstance(before, PruningContainer) else PruningContainer(before)
            mask = getattr(module, name + "_mask").detach().clone()
            mask = container.combined(method, current if scores is None else scores, mask)
            container.add_pruning_method(method)
            del module._forward_pre_hooks[key]
            method = container
        else:
            mask = method.compute_mask(
                current if scores is None else scores, default_mask=ones_like(current)
            )
            del module._parameters[name]
            module.register_parameter(name + "_orig", current)
        module.register_buffer(name + "_mask", mask.detach())
        setattr(module, name, method.apply_mask(module))
        module.register_forward_pre_hook(method)
        return method

    def prune(self, t: Tensor, default_mask: Tensor | None = None,
              importance_scores: Tensor | None = None) -> Tensor:  # fmt: skip
        """A copy of `t` with the pruned elements set to zero.

        Raises: AssertionError if the scores have another shape.
        """
        _check_scores(importance_scores, t, "tensor t")
        mask = ones_like(t) if default_mask is None else default_mask
        scores = t if importance_scores is None else importance_scores
        return t * self.compute_mask(scores, default_mask=mask)

    def remove(self, module: Any) -> None:
        """Turn the pruned parameter back into an ordinary one; the zeros stay."""
        name, weight = self._tensor_name, self.apply_mask(module)
        delattr(module, name)
        original = module._parameters.pop(name + "_orig")
        del module._buffers[name + "_mask"]
        original.data = weight.data
        setattr(module, name, original)


def _check_scores(scores: Tensor | None, of: Tensor, what: str) -> None:
    if scores is not None and scores.shape != of.shape:
        raise AssertionError(
            f"importance_scores should have the same shape as {what}, got {scores.shape} vs "
            f"{of.shape}"
        )


class PruningContainer(BasePruningMethod):
    """Several methods on one parameter, each within the mask of those before."""

    def __init__(self, *args: BasePruningMethod) -> None:
        self._pruning_methods: tuple[BasePruningMethod, ...] = ()
        if args:
            self._tensor_name = args[0]._tensor_name
        for method in args:
            self.add_pruning_method(method)

    def add_pruning_method(self, method: Any) -> None:
        """Add a method. Raises: TypeError if it is not one; ValueError if on another parameter."""
        if not isinstance(method, BasePruningMethod):
            raise TypeError(f"{type(method)} is not a BasePruningMethod subclass")
        if self._tensor_name != method._tensor_name:
            raise ValueError(
                "Can only add pruning methods acting on the parameter named "
                f"'{self._tensor_name}' to PruningContainer {self}. Found "
                f"'{method._tensor_name}'"
            )
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Iterator[BasePruningMethod]:
        return iter(self._pruning_methods)

    def __getitem__(self, idx: int) -> BasePruningMethod:
        return self._pruning_methods[idx]

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The last method's mask, applied to what `default_mask` leaves."""
        return self.combined(self._pruning_methods[-1], t, default_mask)

    @staticmethod
    def combined(method: Any, t: Tensor, mask: Tensor) -> Tensor:
        """The mask of `method`, applied to what `mask` leaves."""
        left: Any = ...  # what the method sees of the tensor
        if method.PRUNING_TYPE == "unstructured":
            left = mask == 1
        elif method.PRUNING_TYPE == "structured":
            dim = method.dim + t.ndim if method.dim < 0 else method.dim
            if not 0 <= dim < t.ndim:
                raise IndexError(f"Index is out of bounds for tensor with dimensions {t.ndim}")
            kept = mask.sum(dim=[d for d in range(t.ndim) if d != dim]) != 0
            left = (*[slice(None)] * dim, kept)
        elif method.PRUNING_TYPE != "global":
            raise ValueError(f"Unrecognized PRUNING_TYPE {method.PRUNING_TYPE}")
        new = mask.to(dtype=t.dtype, copy=True)
        new[left] = method.compute_mask(t.detach()[left], default_mask=mask[left]).to(new.dtype)
        return new
