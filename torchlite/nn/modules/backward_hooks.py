"""Running full backward hooks, by identity functions on a module's inputs and outputs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from torchlite.autograd import Function, is_grad_enabled
from torchlite.core.tensor import Tensor

_NO_INPUT_GRADIENT = (
    "Full backward hook is firing when gradients are computed with respect to module outputs since "
    "no inputs require gradients. See https://docs.pytorch.org/docs/main/generated/"
    "torch.nn.Module.html#torch.nn.Module.register_full_backward_hook for more details."
)


class _Gate(Function):
    """Passes tensors on unchanged; their gradients go through `visit` as one tuple."""

    @staticmethod
    def forward(ctx: Any, visit: Callable, *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.visit = visit
        ctx.set_materialize_grads(False)
        outputs = tuple(t.detach() for t in tensors)
        ctx.mark_non_differentiable(*[o for o, t in zip(outputs, tensors) if not t.requires_grad])
        return outputs

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple:
        return (None, *ctx.visit(grads))


class BackwardHook:
    """One call of a module with full backward (pre) hooks.

    The gradients of the outputs arrive first and are stored; once those of the inputs arrive,
    the hooks get both. Inputs and outputs that are not tensors have gradient None.
    """

    def __init__(self, module: Any, hooks: list[Callable], pre_hooks: list[Callable]) -> None:
        self.module, self.hooks, self.pre_hooks = module, hooks, pre_hooks
        self.grad_outputs: tuple | None = None
        self.input_places: list[int] | None = None
        self.output_places: list[int] | None = None
        self.n_inputs = self.n_outputs = 0

    def setup_inputs(self, args: tuple) -> tuple:
        """`args` with a gate on its tensors, if gradients are enabled."""
        self.n_inputs = len(args)
        args, self.input_places = _gate(self._input_gradients, args)
        return args

    def setup_output(self, result: Any) -> Any:
        """`result` (a tensor or a tuple) with a gate on its tensors."""
        outputs = result if isinstance(result, tuple) else (result,)
        if outputs is not result and not isinstance(result, Tensor):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of "
                f"Tensors but received {type(result)}",
                stacklevel=5,
            )
        self.n_outputs = len(outputs)
        outputs, self.output_places = _gate(self._output_gradients, outputs)
        return outputs if isinstance(result, tuple) else outputs[0]

    def _input_gradients(self, grads: tuple) -> Sequence[Any]:
        if self.grad_outputs is None:
            return grads  # they did not pass through the outputs: a double backward
        grad_outputs, self.grad_outputs = self.grad_outputs, None
        result = _spread(self.input_places or [], grads, self.n_inputs)
        for hook in self.hooks:
            replaced = hook(self.module, result, grad_outputs)
            if replaced is None:
                continue
            if len(replaced) != len(result):
                raise RuntimeError(
                    "Backward hook returned an invalid number of grad_input, "
                    f"got {len(replaced)}, but expected {len(result)}"
                )
            result = replaced
        return [result[place] for place in self.input_places or []]

    def _output_gradients(self, grads: tuple) -> Sequence[Any]:
        places = self.output_places or []
        outputs = self._after_pre_hooks(_spread(places, grads, self.n_outputs))
        self.grad_outputs = outputs
        if self.input_places is None:
            self._without_inputs(outputs)
        return [outputs[place] for place in places]

    def _after_pre_hooks(self, outputs: tuple) -> tuple:
        for hook in self.pre_hooks:
            replaced = hook(self.module, outputs)
            if replaced is None:
                continue
            if len(replaced) != self.n_outputs:
                raise RuntimeError(
                    "Backward pre hook returned an invalid number of grad_output, "
                    f"got {len(replaced)}, but expected {self.n_outputs}"
                )
            outputs = replaced
        return outputs

    def _without_inputs(self, outputs: tuple) -> None:
        """No input requires a gradient: the hooks run as soon as the outputs have theirs."""
        self.grad_outputs = None
        warnings.warn(_NO_INPUT_GRADIENT, stacklevel=5)
        for hook in self.hooks:
            replaced = hook(self.module, (None,) * self.n_inputs, outputs)
            if replaced is not None and any(grad is not None for grad in replaced):
                raise RuntimeError(
                    "Backward hook for Modules where no input requires "
                    "gradient should always return None or None for all gradients."
                )


def _gate(visit: Callable, values: tuple) -> tuple[tuple, list[int] | None]:
    """`values` with its tensors behind a gate, and their indices; None if none needs a gradient."""
    places = [i for i, value in enumerate(values) if isinstance(value, Tensor)]
    if not is_grad_enabled() or not any(values[i].requires_grad for i in places):
        return values, None
    gated = list(values)
    for place, tensor in zip(places, _Gate.apply(visit, *[values[i] for i in places])):
        gated[place] = tensor
    # a named tuple takes its fields as separate arguments
    return tuple(gated) if type(values) is tuple else type(values)(*gated), places


def _spread(places: Sequence[int], values: Sequence[Any], size: int) -> tuple:
    spread: list[Any] = [None] * size
    for place, value in zip(places, values):
        spread[place] = value
    return tuple(spread)
