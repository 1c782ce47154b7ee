"""Modules as functions of their parameters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.nn.modules.batchnorm import _BatchNorm
from torchlite.nn.modules.module import Module
from torchlite.ops.shape.joining import stack


def functional_call(module: Module,
                    parameter_and_buffer_dicts: dict[str, Tensor] | Sequence[dict[str, Tensor]],
                    args: Any = None, kwargs: dict[str, Any] | None = None, *,
                    tie_weights: bool = True, strict: bool = False) -> Any:  # fmt: skip
    """Call `module` with other parameters and buffers; gradients flow to these.

    Args:
        parameter_and_buffer_dicts: Tensors by name, e.g. ``"layer.weight"``; or several such dicts
            without common names. For absent names the module's own tensors are used.
        args: A tuple of arguments, or a single argument.
        tie_weights: A tensor that the module has under several names is replaced under all.
        strict: All names must be given.
    Raises: KeyError for names not in the module; ValueError for names given twice; RuntimeError
        for missing or unexpected names if `strict`.
    """
    given = _merged(parameter_and_buffer_dicts)
    own = {**dict(module.named_parameters(remove_duplicate=False)),
           **dict(module.named_buffers(remove_duplicate=False))}  # fmt: skip
    _check_names(given, own, strict)
    if tie_weights:
        given = _tied(given, own)
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    with _replaced(module, given):
        return module(*args, **(kwargs or {}))


def _merged(dicts: Any) -> dict[str, Tensor]:
    if isinstance(dicts, dict):
        return dict(dicts)
    if not isinstance(dicts, (tuple, list)) or not all(isinstance(d, dict) for d in dicts):
        raise ValueError(
            f"Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got "
            f"{type(dicts)}"
        )
    merged: dict[str, Tensor] = {}
    for each in dicts:
        repeated = sorted(merged.keys() & each.keys())
        if repeated:
            raise ValueError(f"{repeated[0]} appears twice in parameter_and_buffer_dicts")
        merged.update(each)
    return merged


def _check_names(given: dict, own: dict, strict: bool) -> None:
    unexpected, missing = sorted(given.keys() - own.keys()), sorted(own.keys() - given.keys())
    if strict and (unexpected or missing):
        problems = [f"Unexpected key(s): {', '.join(unexpected)}."] if unexpected else []
        problems += [f"Missing key(s): {', '.join(missing)}."] if missing else []
        raise RuntimeError(f"Error(s) in reparametrizing: {' '.join(problems)}")
    if unexpected:
        raise KeyError(f"the module has no parameter or buffer {unexpected[0]!r}")


def _tied(given: dict, own: dict) -> dict:
    names: dict[int, list[str]] = {}
    for name, tensor in own.items():
        names.setdefault(id(tensor), []).append(name)
    result = dict(given)
    for name, value in given.items():
        for other in names[id(own[name])]:
            if given.get(other, value) is not value:
                raise ValueError(
                    f"functional_call got multiple values for keys {sorted((name, other))}, which "
                    "are tied. Consider using tie_weights=False"
                )
            result[other] = value
    return result


@contextmanager
def _replaced(module: Module, given: dict[str, Tensor]) -> Iterator[None]:
    """Inside the block, the module has the given tensors under these names."""
    places = []
    for name, value in given.items():
        prefix, _, last = name.rpartition(".")
        owner = module.get_submodule(prefix)
        slot: Any = owner._parameters if last in owner._parameters else owner._buffers
        places.append((slot, last, slot[last]))
        slot[last] = value
    try:
        yield
    finally:
        for slot, last, before in reversed(places):
            slot[last] = before


def stack_module_state(models: Sequence[Module]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The parameters and buffers of several models of one class, stacked along a new dimension 0.

    Raises: RuntimeError if there are none, or they differ in class or training mode.
    """
    models = list(models)
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if any(m.training != models[0].training for m in models):
        raise RuntimeError(
            "stack_module_state: Expected all models to have the same training/eval mode."
        )
    if any(type(m) is not type(models[0]) for m in models):
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")
    states: list[Any] = [[dict(m.named_parameters()), dict(m.named_buffers())] for m in models]
    params, buffers = (
        {name: _stacked([state[k][name] for state in states]) for name in states[0][k]}
        for k in (0, 1)
    )
    return params, buffers


def _stacked(tensors: list[Tensor]) -> Tensor:
    joined = stack([t.detach() for t in tensors])
    return joined.requires_grad_(tensors[0].requires_grad)


def replace_all_batch_norm_modules_(root: Module) -> Module:
    """Remove the running statistics of the batch norms in `root`, in place; returns `root`.

    In training they would be updated in memory that all examples of `vmap` share. Without them
    the layers normalise by the batch in evaluation too.
    """
    for module in root.modules():
        if isinstance(module, _BatchNorm) and module.track_running_stats:
            module.running_mean = module.running_var = module.num_batches_tracked = None
            module.track_running_stats = False
    return root


__all__ = ["functional_call", "replace_all_batch_norm_modules_", "stack_module_state"]
