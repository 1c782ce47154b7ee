"""Derivatives of functions of tensors: Jacobians, Hessians and products with them.

Results have no history unless `create_graph`. With `strict`, a result that does not depend on an
input is an error; otherwise its derivative is zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torchlite.autograd.backward import grad, start_anywhere
from torchlite.autograd.batched import for_each
from torchlite.autograd.grad_mode import enable_grad
from torchlite.core.tensor import Tensor
from torchlite.ops.creation.factories import eye, zeros_like
from torchlite.ops.shape.joining import stack
from torchlite.ops.shape.reshaping import reshape

Tensors = Any  # a tensor or a tuple of tensors


class _Run:
    """``func(*inputs)`` with inputs and outputs as tuples, and the conversion back."""

    def __init__(self, api: str, func: Callable, inputs: Tensors, create_graph: bool,
                 strict: bool) -> None:  # fmt: skip
        self.create_graph, self.strict = create_graph, strict
        self.several_inputs = isinstance(inputs, tuple)
        given = _tuple_of("inputs", api, inputs)
        self.inputs = tuple(
            x.view_as(x) if create_graph and x.requires_grad else x.detach().requires_grad_()
            for x in given
        )
        output = func(*self.inputs)
        self.several_outputs = isinstance(output, tuple)
        self.outputs = _tuple_of("outputs of the user-provided function", api, output)
        for i, y in enumerate(self.outputs):
            if strict and not y.requires_grad:
                raise RuntimeError(
                    f"Output {i} of the user-provided function does not require gradients. The "
                    "outputs must be computed in a differentiable manner from the input when "
                    "running in strict mode."
                )

    def gradients(self, outputs: Sequence[Tensor], inputs: Sequence[Tensor], starts: Any,
                  create_graph: bool, complaint: str) -> tuple[Tensor, ...]:  # fmt: skip
        """Like `autograd.grad`, but unused inputs get zeros, or raise if `strict`."""
        pairs = [(y, g) for y, g in zip(outputs, starts) if y.requires_grad]
        found: Sequence[Tensor | None] = (None,) * len(inputs)
        if pairs:
            ys, gs = zip(*pairs)
            found = grad(ys, inputs, gs, True, create_graph, allow_unused=True)
        if self.strict and any(g is None for g in found):
            missing = next(i for i, g in enumerate(found) if g is None)
            raise RuntimeError(f"{complaint} {missing}. This is not allowed in strict mode.")
        return tuple(zeros_like(x.detach()) if g is None else g for g, x in zip(found, inputs))

    def pull(self, starts: Sequence[Tensor | None], create_graph: bool) -> tuple[Tensor, ...]:
        """The gradients of the outputs with respect to the inputs."""
        complaint = "The output of the user-provided function is independent of input"
        return self.gradients(self.outputs, self.inputs, starts, create_graph, complaint)

    def push(self, tangents: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """The Jacobian times `tangents`, computed as the gradient of a gradient."""
        starts = tuple(start_anywhere(y) for y in self.outputs)
        return self.gradients(
            self.pull(starts, True), starts, tangents, self.create_graph,
            "The gradient with respect to the input is independent of entry",
        )  # fmt: skip

    def settled(self, tensors: Sequence[Tensor], several: bool) -> Any:
        """What the user receives: without history unless `create_graph`; a tuple if `several`."""
        kept = tuple(t if self.create_graph else t.detach() for t in tensors)
        return kept if several else kept[0]

    def output(self) -> Any:
        return self.settled(self.outputs, self.several_outputs)


def _tuple_of(name: str, api: str, value: Any) -> tuple[Tensor, ...]:
    """A tensor or tuple of tensors as a tuple; TypeError for anything else."""
    elements = value if isinstance(value, tuple) else (value,)
    for i, element in enumerate(elements):
        if not isinstance(element, Tensor):
            what = f"value at index {i}" if isinstance(value, tuple) else f"given {name}"
            raise TypeError(
                f"The {name} given to {api} must be either a Tensor or a tuple of Tensors but the "
                f"{what} has type {type(element)}."
            )
    return elements


def _direction(v: Any, like: Sequence[Tensor], api: str, reason: str) -> tuple[Tensor, ...]:
    """The vector `v` of a product, checked against the tensors `like`; None means 1."""
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise RuntimeError(
                f"The vector v can only be None if the {reason} a single Tensor with a single "
                "element."
            )
        return (zeros_like(like[0].detach()) + 1,)
    v = _tuple_of("v", api, v)
    if len(v) != len(like):
        raise RuntimeError(
            f"v is a tuple of invalid length: should be {len(like)} but got {len(v)}."
        )
    for i, (x, y) in enumerate(zip(v, like)):
        if x.shape != y.shape:
            head = f"Entry {i} in " if len(like) > 1 else ""
            raise RuntimeError(f"{head}v has invalid size: should be {y.shape} but got {x.shape}.")
    return v


@enable_grad()
def vjp(func: Callable, inputs: Tensors, v: Tensors | None = None, create_graph: bool = False,
        strict: bool = False) -> tuple[Any, Any]:  # fmt: skip
    """(``func(*inputs)``, `v` times the Jacobian), with `v` shaped like the first."""
    run = _Run("vjp", func, inputs, create_graph, strict)
    reason = "user-provided function returns"
    products = run.pull(_direction(v, run.outputs, "vjp", reason), create_graph)
    return run.output(), run.settled(products, run.several_inputs)


@enable_grad()
def jvp(func: Callable, inputs: Tensors, v: Tensors | None = None, create_graph: bool = False,
        strict: bool = False) -> tuple[Any, Any]:  # fmt: skip
    """(``func(*inputs)``, the Jacobian times `v`), with `v` shaped like `inputs`."""
    run = _Run("jvp", func, inputs, create_graph, strict)
    reason = "input to the user-provided function is"
    products = run.push(_direction(v, run.inputs, "jvp", reason))
    return run.output(), run.settled(products, run.several_outputs)


@enable_grad()
def jacobian(func: Callable, inputs: Tensors, create_graph: bool = False, strict: bool = False,
             vectorize: bool = False, strategy: str = "reverse-mode") -> Any:  # fmt: skip
    """The derivatives of each output with respect to each input: ``(*output, *input)``.

    With several inputs, a tuple of them; with several outputs, a tuple of those. `vectorize`: all
    rows in one pass, as by `torchlite.func.vmap`. `strategy` has no effect.

    Raises: AssertionError for an unknown strategy; RuntimeError for `strict` with `vectorize`.
    """
    if strict and vectorize:
        raise RuntimeError(
            "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not "
            "supported together. Please either set `strict=False` or `vectorize=False`."
        )
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your '
            'function has more outputs than inputs, "forward-mode" tends to be more performant. '
            'Otherwise, prefer to use "reverse-mode".'
        )
    run = _Run("jacobian", func, inputs, create_graph, strict)
    blocks = [_rows(run, k, vectorize) for k in range(len(run.outputs))]
    settled = tuple(run.settled(block, run.several_inputs) for block in blocks)
    return settled if run.several_outputs else settled[0]


def _rows(run: _Run, k: int, vectorize: bool) -> list[Tensor]:
    """The Jacobians of the k-th output with respect to each input."""
    y = run.outputs[k]
    complaint = f"Output {k} of the user-provided function is independent of input"

    def row(unit: Tensor) -> tuple[Tensor, ...]:
        return run.gradients((y,), run.inputs, (unit,), run.create_graph, complaint)

    if not y.numel():
        return [y.new_zeros((*y.shape, *x.shape)) for x in run.inputs]
    units = reshape(eye(y.numel(), dtype=y.dtype), (-1, *y.shape))
    columns: Any = for_each(row, units) if vectorize else map(stack, zip(*map(row, units)))
    return [reshape(c, (*y.shape, *x.shape)) for c, x in zip(columns, run.inputs)]


def _scalar(api: str, output: Any) -> Tensor:
    if not isinstance(output, Tensor):
        raise RuntimeError(f"The function given to {api} should return a single Tensor")
    if output.numel() != 1:
        raise RuntimeError(
            f"The Tensor returned by the function given to {api} should contain a single element"
        )
    return output


def hessian(func: Callable, inputs: Tensors, create_graph: bool = False, strict: bool = False,
            vectorize: bool = False,
            outer_jacobian_strategy: str = "reverse-mode") -> Any:  # fmt: skip
    """The second derivatives of a scalar function: ``(*input, *input)``, or a tuple of tuples.

    Raises: RuntimeError if `func` does not return a single element.
    """

    def gradient(*args: Tensor) -> Any:
        def checked(*own: Tensor) -> Tensor:
            return _scalar("hessian", func(*own)).reshape(())

        found = jacobian(checked, args, create_graph=True, strict=strict)
        return found if isinstance(inputs, tuple) else found[0]

    return jacobian(gradient, inputs, create_graph, strict, vectorize, outer_jacobian_strategy)


def _second(api: str, func: Callable, inputs: Tensors, v: Any, create_graph: bool,
            strict: bool) -> tuple[_Run, tuple[Tensor, ...], tuple[Tensor, ...]]:  # fmt: skip
    """The run of a scalar function, its differentiable gradient, and the checked vector."""
    run = _Run(api, func, inputs, create_graph, strict)
    _scalar(api, run.outputs[0] if not run.several_outputs else run.outputs)
    direction = _direction(v, run.inputs, api, "input to the user-provided function is")
    return run, run.pull((None,), True), direction


@enable_grad()
def vhp(func: Callable, inputs: Tensors, v: Tensors | None = None, create_graph: bool = False,
        strict: bool = False) -> tuple[Any, Any]:  # fmt: skip
    """(``func(*inputs)``, a scalar; `v` times the Hessian), with `v` shaped like `inputs`."""
    run, slope, direction = _second("vhp", func, inputs, v, create_graph, strict)
    products = run.gradients(
        slope, run.inputs, direction, create_graph,
        "The jacobian of the user-provided function is independent of input",
    )  # fmt: skip
    return run.output(), run.settled(products, run.several_inputs)


@enable_grad()
def hvp(func: Callable, inputs: Tensors, v: Tensors | None = None, create_graph: bool = False,
        strict: bool = False) -> tuple[Any, Any]:  # fmt: skip
    """Like `vhp`, but the Hessian times `v`: the same values, since a Hessian is symmetric."""
    run, slope, direction = _second("hvp", func, inputs, v, create_graph, strict)
    products = run.gradients(
        slope, run.inputs, direction, create_graph,
        "The hessian of the user-provided function is independent of entry",
    )  # fmt: skip
    return run.output(), run.settled(products, run.several_inputs)


__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]
