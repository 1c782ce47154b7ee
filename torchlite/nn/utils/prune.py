"""Pruning: masks that set elements of parameters to zero."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.nn.utils import parameter_hooks
from torchlite.nn.utils.convert_parameters import parameters_to_vector
from torchlite.nn.utils.pruning import BasePruningMethod, PruningContainer
from torchlite.nn.utils.pruning_methods import (
    CustomFromMask,
    Identity,
    L1Unstructured,
    LnStructured,
    RandomStructured,
    RandomUnstructured,
)
from torchlite.ops.creation.factories import ones_like


def identity(module: Any, name: str) -> Any:
    """Give the parameter `name` a mask of ones. Returns the module."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: Any, name: str, amount: float) -> Any:
    """Prune `amount` elements (a count, or a fraction in [0, 1]) at random. Returns the module."""
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(
    module: Any, name: str, amount: float, importance_scores: Tensor | None = None
) -> Any:
    """Prune the `amount` elements with the smallest magnitudes, or scores. Returns the module."""
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
    """Prune the `amount` slices along `dim` with the smallest `n`-norms. Returns the module."""
    LnStructured.apply(module, name, amount, n, dim, importance_scores)
    return module


def custom_from_mask(module: Any, name: str, mask: Tensor) -> Any:
    """Prune the elements where `mask` is 0. Returns the module."""
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(parameters: Iterable[tuple[Any, str]], pruning_method: Any,
                        importance_scores: dict[tuple[Any, str], Tensor] | None = None,
                        **kwargs: Any) -> None:  # fmt: skip
    """Prune several parameters together, as if they were one.

    Args:
        parameters: (module, name) pairs.
        pruning_method: An unstructured method, constructed with the remaining arguments.
        importance_scores: For some of the pairs, scores to use instead of the parameter.

    Raises: TypeError for a method or an argument of another type.
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
    final, start = PruningContainer.combined(method, ranked, mask), 0
    for module, name, p in pairs:
        custom_from_mask(module, name, final[start : start + p.numel()].view_as(p))
        start += p.numel()


def remove(module: Any, name: str) -> Any:
    """Make pruning permanent. Returns the module. Raises: ValueError if there is none."""
    missing = (
        f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed"
    )
    parameter_hooks.remove(module, BasePruningMethod, name, missing, "_tensor_name")
    return module


def is_pruned(module: Any) -> bool:
    """Whether a parameter of `module` or of a submodule is pruned."""
    return any(
        isinstance(hook, BasePruningMethod)
        for part in module.modules()
        for hook in part._forward_pre_hooks.values()
    )


__all__ = [
    "BasePruningMethod", "CustomFromMask", "Identity", "L1Unstructured", "LnStructured",
    "PruningContainer", "RandomStructured", "RandomUnstructured", "custom_from_mask",
    "global_unstructured", "identity", "is_pruned", "l1_unstructured", "ln_structured",
    "random_structured", "random_unstructured", "remove",
]  # fmt: skip
