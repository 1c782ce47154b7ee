"""`backward` and `grad`: check what the user asked for, then walk the graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlite import dtypes
from torchlite._tensor import Tensor, wrap
from torchlite.autograd.engine import Walk, edge_of, reaching
from torchlite.autograd.grad_mode import set_grad_enabled
from torchlite.backends.registry import local
from torchlite.ops.joining import stack


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Accumulate into ``.grad`` of the leaves the gradient of ``sum(tensors * grad_tensors)``.

    Args:
        grad_tensors: One for each of `tensors`, of its shape; may be None for scalars.
        retain_graph: Keep the graph for another backward. Default: `create_graph`.
        create_graph: Record the gradient's own computation.
        inputs: Accumulate into these leaves only. Default: all.
    Raises: RuntimeError if a tensor does not require grad, is not a scalar and has no gradient
        given, or its graph was already freed.
    """
    roots = _roots(_as_tuple(tensors), grad_tensors, create_graph)
    keep = create_graph if retain_graph is None else retain_graph
    if inputs is None:
        Walk(keep, create_graph).run(roots)
        return
    inputs = _as_tuple(inputs)
    if not inputs:
        raise RuntimeError("'inputs' argument to backward() cannot be empty.")
    inputs = tuple(dict.fromkeys(inputs))
    found, walk = _gradients(roots, inputs, keep, create_graph), Walk(keep, create_graph)
    with set_grad_enabled(create_graph):
        for tensor, g in zip(inputs, found):
            if g is not None:
                walk.accumulate(tensor, g if create_graph else g._data, True)


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of ``sum(outputs * grad_outputs)`` with respect to `inputs`.

    Args: as `backward`, and
        allow_unused: None instead of an error for inputs that were not used.
            Default: `materialize_grads`.
        materialize_grads: Zeros instead of None for them.
    """
    if is_grads_batched:
        options = {"create_graph": create_graph, "allow_unused": allow_unused,
                   "materialize_grads": materialize_grads}  # fmt: skip
        return _batched(outputs, inputs, grad_outputs, options)
    inputs = _as_tuple(inputs)
    if allow_unused is None:
        allow_unused = materialize_grads
    for tensor in inputs:
        if not tensor.requires_grad:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
    roots = _roots(_as_tuple(outputs), grad_outputs, create_graph)
    keep = create_graph if retain_graph is None else retain_graph
    grads = _gradients(roots, inputs, keep, create_graph)
    unused = [i for i, g in enumerate(grads) if g is None]
    if unused and not allow_unused:
        raise RuntimeError(
            f"The differentiated Tensor at index {unused[0]} appears to not have been used in the "
            "graph. Set allow_unused=True if this is the desired behavior."
        )
    if materialize_grads:
        grads = [x * 0 if g is None else g for g, x in zip(grads, (t.detach() for t in inputs))]
    return tuple(grads)


def _batched(outputs: Any, inputs: Any, starts: Any, options: dict) -> tuple[Tensor | None, ...]:
    """`grad` once for each slice of the gradients given, the results stacked; the graph is kept."""
    starts = _as_tuple(starts)
    rows = [
        grad(outputs, inputs, [None if g is None else g[i] for g in starts], True, **options)
        for i in range(next(len(g) for g in starts if g is not None))
    ]
    columns = zip(*rows)
    return tuple(None if column[0] is None else stack(column) for column in columns)


def _as_tuple(tensors: Tensor | Sequence[Tensor]) -> tuple[Tensor, ...]:
    return (tensors,) if isinstance(tensors, Tensor) else tuple(tensors)


def _roots(tensors: tuple[Tensor, ...], given: Any, create: bool) -> list:
    """[(edge, gradient)] to start from: arrays, or tensors if the walk is to be recorded."""
    if given is None:
        given = (None,) * len(tensors)
    elif isinstance(given, Tensor):
        given = (given,)
    if len(given) != len(tensors):
        raise RuntimeError(f"got {len(tensors)} tensors and {len(given)} gradients")
    roots = []
    for i, (tensor, g) in enumerate(zip(tensors, given)):
        edge = edge_of(tensor)
        if not tensor._needs_grad:
            raise RuntimeError(
                f"element {i} of tensors does not require grad and does not have a grad_fn"
            )
        g = _start(tensor, i, g)
        roots.append((edge, g if create else g._data))
    return roots


def _start(tensor: Tensor, i: int, g: Tensor | None) -> Tensor:
    if g is None:
        if tensor._data.size != 1:
            raise RuntimeError(
                "grad can be implicitly created only for scalar outputs\n"
                f"The output has shape {list(tensor.shape)}: reduce it (for example with .sum()), "
                "or pass a gradient of that shape."
            )
        if dtypes.of(tensor._data).category != dtypes.FLOAT:
            raise RuntimeError(
                "grad can be implicitly created only for real scalar outputs but got "
                f"torch.{tensor.dtype.name}"
            )
        xp = local.mode.xp
        return wrap(xp.full(tensor._data.shape, 1, dtypes.of(tensor._data)))
    if g._data.shape != tensor._data.shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[{i}] has a shape of {g.shape} and output[{i}] has a "
            f"shape of {tensor.shape}."
        )
    return g if g.dtype is tensor.dtype else g.to(tensor.dtype)


def _gradients(roots: list, inputs: tuple[Tensor, ...], keep: bool, create: bool) -> list:
    """The gradient of each of `inputs` as a tensor, or None where none arrives."""
    edges = [edge_of(tensor) for tensor in inputs]
    captures: dict[Any, list] = {edge: [] for edge in edges}
    needed = reaching([edge for edge, _ in roots], set(edges))
    Walk(keep, create, captures, needed).run(roots)
    xp = local.mode.xp
    found = {edge: got[0] for edge, got in captures.items() if got}
    if not create:
        found = {edge: wrap(xp.copy(xp.asarray(g))) for edge, g in found.items()}
    return [found.get(edge) for edge in edges]
