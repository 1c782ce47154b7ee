"""Pruning: parameters with masks that put elements to zero."""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any

from torchlite._tensor import Tensor
from torchlite.nn.utils.convert_parameters import parameters_to_vector
from torchlite.ops.creation import ones_like, zeros_like
from torchlite.ops.order import kthvalue, topk
from torchlite.ops.random import rand, rand_like


class BasePruningMethod(ABC):
    """Base of pruning methods; a subclass writes `compute_mask` and sets `PRUNING_TYPE`.

    It is a hook: before each forward the parameter is set to ``name_mask * name_orig``.
    """

    #: "unstructured", "structured" (with an attribute `dim`) or "global".
    PRUNING_TYPE: str
    _tensor_name: str

    def __call__(self, module: Any, inputs: Any) -> None:
        setattr(module, self._tensor_name, self.apply_mask(module))

    @abstractmethod
    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask of a tensor of importances `t`; within the mask so far, of the same shape."""

    def apply_mask(self, module: Any) -> Tensor:
        """The pruned parameter."""
        mask, original = (getattr(module, self._tensor_name + s) for s in ("_mask", "_orig"))
        return mask.to(dtype=original.dtype) * original

    @classmethod
    def apply(cls, module: Any, name: str, *args: Any, importance_scores: Tensor | None = None,
              **kwargs: Any) -> BasePruningMethod:  # fmt: skip
        """Prune a parameter; on top of the pruning so far, if there is any.

        Args:
            module: The module; it is changed.
            name: The parameter.
            *args, **kwargs: For the constructor of the method.
            importance_scores: What the mask is computed from. Default: the parameter.

        Raises: AssertionError if the scores are of another shape; then nothing is changed.
        """
        current, scores = getattr(module, name), importance_scores
        _check_scores(scores, current, f"parameter {name} of {module}")
        key = _find(module, name)
        before = None if key is None else module._forward_pre_hooks[key]
        method: Any = cls(*args, **kwargs)
        method._tensor_name = name
        if before is not None:
            container = before if isinstance(before, PruningContainer) else PruningContainer(before)
            mask = getattr(module, name + "_mask").detach().clone()
            mask = container._combined(method, current if scores is None else scores, mask)
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
        """`t` with the elements that the method prunes put to zero; `t` itself stays.

        Raises: AssertionError if the scores are of another shape.
        """
        _check_scores(importance_scores, t, "tensor t")
        mask = ones_like(t) if default_mask is None else default_mask
        scores = t if importance_scores is None else importance_scores
        return t * self.compute_mask(scores, default_mask=mask)

    def remove(self, module: Any) -> None:
        """Make the pruned parameter a usual one again; the zeros stay."""
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
        """Add a method. Raises: TypeError for what is none; ValueError for another parameter."""
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
        """The last method's mask, of what `default_mask` has left."""
        return self._combined(self._pruning_methods[-1], t, default_mask)

    @staticmethod
    def _combined(method: Any, t: Tensor, mask: Tensor) -> Tensor:
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


class Identity(BasePruningMethod):
    """Prunes nothing, but makes the mask."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask so far."""
        return default_mask

    @classmethod
    def apply(cls, module: Any, name: str) -> BasePruningMethod:  # type: ignore[override]
        """Make the mask of a parameter."""
        return super().apply(module, name)


class _Amount(BasePruningMethod):
    """A method that prunes a number of elements or slices, or a part of them."""

    def __init__(self, amount: float) -> None:
        if not isinstance(amount, numbers.Real):
            raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
        whole = isinstance(amount, numbers.Integral)
        if float(amount) < 0 or (not whole and amount > 1.0):
            raise ValueError(
                f"amount={amount} should either be a float in the range [0, 1] or a non-negative "
                "integer"
            )
        self.amount: Any = amount

    def _count(self, size: int) -> int:
        """How many of `size` to prune."""
        if not isinstance(self.amount, numbers.Integral):
            return round(float(self.amount) * size)
        if int(self.amount) > size:
            raise ValueError(
                f"amount={self.amount} should be smaller than the number of parameters to "
                f"prune={size}"
            )
        return int(self.amount)


class RandomUnstructured(_Amount):
    """Prunes elements at random."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """A mask with `amount` more zeros."""
        return _without(default_mask, rand_like, t, self._count(t.numel()), largest=True)

    @classmethod
    def apply(cls, module: Any, name: str, amount: float) -> BasePruningMethod:  # type: ignore[override]
        """Prune elements of a parameter."""
        return super().apply(module, name, amount=amount)


class L1Unstructured(_Amount):
    """Prunes the elements of least magnitude."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """A mask with `amount` more zeros."""
        return _without(default_mask, abs, t, self._count(t.numel()), largest=False)

    @classmethod
    def apply(cls, module: Any, name: str, amount: float,  # type: ignore[override]
              importance_scores: Tensor | None = None) -> BasePruningMethod:  # fmt: skip
        """Prune elements of a parameter."""
        return super().apply(module, name, amount=amount, importance_scores=importance_scores)


def _without(mask: Tensor, score: Any, t: Tensor, count: int, largest: bool) -> Tensor:
    """`mask` with zeros at the `count` elements of the largest or least scores."""
    flat = mask.clone().reshape(-1)
    if count:
        flat[topk(score(t.detach()).reshape(-1), count, largest=largest).indices] = 0
    return flat.view(mask.shape)


class _Structured(_Amount):
    PRUNING_TYPE = "structured"

    def __init__(self, amount: float, dim: int = -1) -> None:
        super().__init__(amount)
        self.dim = dim

    def _slices(self, t: Tensor) -> int:
        if t.ndim <= 1:
            raise ValueError(
                "Structured pruning can only be applied to multidimensional tensors. Found tensor "
                f"of shape {t.shape} with {t.ndim} dims"
            )
        if not -t.ndim <= self.dim < t.ndim:
            raise IndexError(f"Invalid index {self.dim} for tensor of size {t.shape}")
        return t.shape[self.dim]

    def _keep(self, t: Tensor, default_mask: Tensor, index: Tensor) -> Tensor:
        """`default_mask` of the slices at `index`, zero elsewhere."""
        mask = zeros_like(t)
        mask[(slice(None),) * (self.dim % t.ndim) + (index,)] = 1
        return mask * default_mask.to(dtype=mask.dtype)


class RandomStructured(_Structured):
    """Prunes slices along `dim` at random."""

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """A mask with `amount` slices of zeros."""
        size = self._slices(t)
        count = self._count(size)
        if not count:
            return default_mask
        chance = rand(size)
        return self._keep(t, default_mask, chance > kthvalue(chance, count).values)

    @classmethod
    def apply(cls, module: Any, name: str, amount: float,  # type: ignore[override]
              dim: int = -1) -> BasePruningMethod:  # fmt: skip
        """Prune slices of a parameter."""
        return super().apply(module, name, amount=amount, dim=dim)


class LnStructured(_Structured):
    """Prunes the slices along `dim` of least norm; `n` as `norm` takes it."""

    def __init__(self, amount: float, n: Any, dim: int = -1) -> None:
        super().__init__(amount, dim)
        self.n = n

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """A mask with `amount` slices of zeros."""
        size = self._slices(t)
        count = self._count(size)
        if not count:
            return default_mask
        others = [d for d in range(t.ndim) if d != self.dim % t.ndim]
        best = topk(t.detach().norm(self.n, others), size - count).indices
        return self._keep(t, default_mask, best)

    @classmethod
    def apply(cls, module: Any, name: str, amount: float, n: Any, dim: int,  # type: ignore[override]
              importance_scores: Tensor | None = None) -> BasePruningMethod:  # fmt: skip
        """Prune slices of a parameter."""
        return super().apply(
            module, name, amount=amount, n=n, dim=dim, importance_scores=importance_scores
        )


class CustomFromMask(BasePruningMethod):
    """Prunes by a mask that is given."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Tensor) -> None:
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Both masks. Raises: AssertionError for another shape."""
        if default_mask.shape != self.mask.shape:
            raise AssertionError(
                f"default_mask shape {default_mask.shape} must match self.mask shape "
                f"{self.mask.shape}"
            )
        return default_mask * self.mask.to(dtype=default_mask.dtype)

    @classmethod
    def apply(cls, module: Any, name: str, mask: Tensor) -> BasePruningMethod:  # type: ignore[override]
        """Prune a parameter by a mask."""
        return super().apply(module, name, mask=mask)


def identity(module: Any, name: str) -> Any:
    """Give the parameter `name` a mask of ones. Returns the module."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: Any, name: str, amount: float) -> Any:
    """Prune `amount` elements (a number, or a part in [0, 1]) at random. Returns the module."""
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(
    module: Any, name: str, amount: float, importance_scores: Tensor | None = None
) -> Any:
    """Prune the `amount` elements of least magnitude, or scores. Returns the module."""
    L1Unstructured.apply(module, name, amount, importance_scores)
    return module


def random_structured(module: Any, name: str, amount: float, dim: int) -> Any:
    """Prune `amount` slices along `dim` at random. Returns the module."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: Any, name: str, amount: float, n: Any, dim: int,
    importance_scores: Tensor | None = None,
) -> Any:  # fmt: skip
    """Prune the `amount` slices along `dim` of least `n`-norm. Returns the module."""
    LnStructured.apply(module, name, amount, n, dim, importance_scores)
    return module


def custom_from_mask(module: Any, name: str, mask: Tensor) -> Any:
    """Prune the elements where `mask` is 0. Returns the module."""
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(
    parameters: Iterable[tuple[Any, str]],
    pruning_method: Any,
    importance_scores: dict[tuple[Any, str], Tensor] | None = None,
    **kwargs: Any,
) -> None:
    """Prune several parameters together, as if they were one.

    Args:
        parameters: (module, name) pairs.
        pruning_method: An unstructured method, made with the further arguments.
        importance_scores: For some of the pairs, what to use in place of the parameter.

    Raises: TypeError for another type of method or argument.
    """
    if not isinstance(parameters, Iterable):
        raise TypeError("global_unstructured(): parameters is not an Iterable")
    scores = {} if importance_scores is None else importance_scores
    if not isinstance(scores, dict):
        raise TypeError("global_unstructured(): importance_scores must be of type dict")
    method = pruning_method(**kwargs)
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. Found method '
            f"{pruning_method} of type {method.PRUNING_TYPE}"
        )
    pairs = [(module, name, getattr(module, name)) for module, name in parameters]
    ranked = parameters_to_vector([scores.get((m, n), p).detach() for m, n, p in pairs])
    masks = [getattr(m, n + "_mask", None) for m, n, _ in pairs]
    mask = parameters_to_vector(
        [ones_like(p) if mask is None else mask for (_, _, p), mask in zip(pairs, masks)]
    )
    final, start = PruningContainer._combined(method, ranked, mask), 0
    for module, name, p in pairs:
        custom_from_mask(module, name, final[start : start + p.numel()].view_as(p))
        start += p.numel()


def remove(module: Any, name: str) -> Any:
    """Make a pruning permanent. Returns the module. Raises: ValueError if there is none."""
    key = _find(module, name)
    if key is None:
        raise ValueError(
            f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed"
        )
    module._forward_pre_hooks[key].remove(module)
    del module._forward_pre_hooks[key]
    return module


def is_pruned(module: Any) -> bool:
    """Whether a parameter here or below is pruned."""
    return any(
        isinstance(hook, BasePruningMethod)
        for part in module.modules()
        for hook in part._forward_pre_hooks.values()
    )


def _find(module: Any, name: str) -> int | None:
    """The number of the hook that prunes the parameter `name`."""
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            return key
    return None
