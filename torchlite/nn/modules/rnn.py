"""Recurrent layers: simple ones, LSTM and GRU. Their cells are in `rnn_cells`."""

from __future__ import annotations

import math
from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.nn import functional as F
from torchlite.nn import init
from torchlite.nn.modules.module import Module
from torchlite.nn.modules.rnn_checks import check_dropout, check_sizes
from torchlite.nn.parameter import Parameter
from torchlite.ops.creation.factories import arange, empty, zeros
from torchlite.ops.layers.recurrent import unroll, unroll_whole
from torchlite.ops.shape.joining import cat, stack

GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


class RNNBase(Module):
    """Layers of one kind, each in one or two directions; see `RNN`, `LSTM` and `GRU`."""

    def __init__(self, mode: str, input_size: int, hidden_size: int, num_layers: int = 1,
                 bias: bool = True, batch_first: bool = False, dropout: float = 0.0,
                 bidirectional: bool = False, proj_size: int = 0, device: Any = None,
                 dtype: Any = None) -> None:  # fmt: skip
        super().__init__()
        check_dropout(dropout, num_layers)
        check_sizes(input_size, hidden_size, num_layers, proj_size, bias, batch_first)
        if mode not in GATES:
            raise ValueError(f"Unrecognized RNN mode: {mode}")
        self.mode, self.input_size, self.hidden_size = mode, input_size, hidden_size
        self.num_layers, self.bias, self.batch_first = num_layers, bias, batch_first
        self.dropout, self.bidirectional = float(dropout), bidirectional
        self.proj_size = proj_size
        for layer in range(num_layers):
            for suffix in self._suffixes(layer):
                self._add_direction(layer, suffix, {"device": device, "dtype": dtype})
        self.reset_parameters()

    def _suffixes(self, layer: int) -> list[str]:
        """The suffixes of a layer's parameter names, one per direction."""
        return [f"_l{layer}", f"_l{layer}_reverse"][: 1 + self.bidirectional]

    def _add_direction(self, layer: int, suffix: str, like: dict) -> None:
        gates = GATES[self.mode] * self.hidden_size
        state = self.proj_size or self.hidden_size
        width = self.input_size if layer == 0 else state * (1 + self.bidirectional)
        shapes: dict[str, tuple] = {"weight_ih": (gates, width), "weight_hh": (gates, state)}
        if self.bias:
            shapes |= {"bias_ih": (gates,), "bias_hh": (gates,)}
        if self.proj_size:
            shapes["weight_hr"] = (self.proj_size, self.hidden_size)
        for name, shape in shapes.items():
            self.register_parameter(name + suffix, Parameter(empty(shape, **like)))

    def reset_parameters(self) -> None:
        """Draw all parameters from U(-b, b), ``b = 1 / sqrt(hidden_size)``."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def flatten_parameters(self) -> None:
        """Does nothing: parameters need not be contiguous here."""

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters, in one list for each layer and direction."""
        suffixes = [s for layer in range(self.num_layers) for s in self._suffixes(layer)]
        return [[p for n, p in self.named_parameters() if n.split("_l")[-1] == s[2:]]
                for s in suffixes]  # fmt: skip

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """The states of the last layer after each step, and the final states of all layers.

        Args:
            input: (T, B, I), (B, T, I) if batch_first, (T, I), or a packed sequence.
            hx: The initial states (layers * directions, B, H), or without B; a pair for LSTM.
                Default: 0.
        """
        if hasattr(input, "batch_sizes"):
            return self._packed(input, hx)
        if input.dim() not in (2, 3):
            raise ValueError(
                f"{_kind(self)}: Expected input to be 2D or 3D, got {input.dim()}D tensor instead"
            )
        batched = input.dim() == 3
        state = self._given_state(hx, batched)
        if not batched:
            input = input.unsqueeze(1)
        elif self.batch_first:
            input = input.transpose(0, 1)
        state = self._checked(input, input.dim(), state, input.size(1))
        out, state = self._run(input, state, None)
        if not batched:
            return out.squeeze(1), self._result(tuple(s.squeeze(1) for s in state))
        return (out.transpose(0, 1) if self.batch_first else out), self._result(state)

    def _packed(self, packed: Any, hx: Any) -> tuple[Any, Any]:
        """Like `forward`: pad, run with the states of finished sequences frozen, and repack."""
        data, sizes, order, back = packed
        state = None if hx is None else self._given_state(hx, True)
        if state is not None and order is not None:
            state = tuple(s.index_select(1, order) for s in state)
        batch = int(sizes[0])
        state = self._checked(data, data.dim() + 1, state, batch)
        kept = arange(batch) < sizes.unsqueeze(1)  # (T, B)
        place = (kept.reshape(-1).cumsum(0) - 1).clamp(0)
        padded = data.index_select(0, place).reshape(*kept.shape, data.shape[-1])
        out, state = self._run(padded, state, kept.unsqueeze(-1))
        if back is not None:
            state = tuple(s.index_select(1, back) for s in state)
        return type(packed)(out[kept], sizes, order, back), self._result(state)

    def _run(self, x: Tensor, state: tuple[Tensor, ...], kept: Tensor | None) -> tuple[Tensor, Any]:
        """All layers over x (T, B, I): the output, and the final states, stacked."""
        last, index = [], 0
        for layer in range(self.num_layers):
            outputs = []
            for suffix in self._suffixes(layer):
                first = tuple(s[index] for s in state)
                out, end = self._direction(x, first, suffix, kept)
                outputs.append(out)
                last.append(end)
                index += 1
            x = outputs[0] if len(outputs) == 1 else cat(outputs, -1)
            if self.dropout and layer < self.num_layers - 1:
                x = F.dropout(x, self.dropout, self.training)
        return x, tuple(stack(parts) for parts in zip(*last))

    def _direction(self, x: Tensor, first: tuple[Tensor, ...], suffix: str,
                   kept: Tensor | None) -> tuple[Tensor, list[Tensor]]:  # fmt: skip
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
        weights = {name: self._parameters.get(name + suffix) for name in names}
        run = unroll if self.mode == "GRU" else unroll_whole
        if not suffix.endswith("_reverse"):
            states = run(self.mode, x, first, weights, kept)
            return states[0], [s[-1] for s in states]
        back = None if kept is None else kept.flip(0)
        states = run(self.mode, x.flip(0), first, weights, back)
        return states[0].flip(0), [s[-1] for s in states]

    # --- states --------------------------------------------------------------------------------

    def _given_state(self, hx: Any, batched: bool) -> tuple[Tensor, ...] | None:
        """The initial states as a tuple with a batch dimension, or None."""
        if hx is None:
            return None
        expected = 3 if batched else 2
        for s in self._as_tuple(hx):
            if s.dim() != expected:
                raise RuntimeError(self._wrong_dims(hx, batched, expected))
        return tuple(s if batched else s.unsqueeze(1) for s in self._as_tuple(hx))

    def _wrong_dims(self, hx: Any, batched: bool, expected: int) -> str:
        kind = "batched 3-D" if batched else "unbatched 2-D"
        return f"For {kind} input, hx should also be {expected}-D but got {hx.dim()}-D tensor"

    def _as_tuple(self, hx: Any) -> tuple[Tensor, ...]:
        return (hx,)

    def _result(self, state: tuple[Tensor, ...]) -> Any:
        return state[0]

    def _checked(self, input: Tensor, dims: int, state: Any, batch: int) -> tuple[Tensor, ...]:
        """The initial states, zeros if None. Raises as PyTorch for mismatched sizes and dtypes."""
        weight = self.weight_ih_l0
        if input.dtype is not weight.dtype:
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({weight.dtype}). "
                f"Convert input: input.to({weight.dtype}), or convert model: "
                f"model.to({input.dtype})"
            )
        if dims != 3:
            raise RuntimeError(f"input must have 3 dimensions, got {dims}")
        if input.size(-1) != self.input_size:
            raise RuntimeError(
                "input.size(-1) must be equal to input_size. "
                f"Expected {self.input_size}, got {input.size(-1)}"
            )
        if input.size(0) == 0:
            raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
        shapes = self._state_shapes(batch)
        if state is None:
            return tuple(zeros(shape, dtype=input.dtype) for shape in shapes)
        for name, s, shape in zip(self._state_names, state, shapes):
            if tuple(s.shape) != shape:
                raise RuntimeError(f"Expected {name} size {shape}, got {list(s.size())}")
        return state

    _state_names: tuple[str, ...] = ("hidden",)

    def _state_shapes(self, batch: int) -> list[tuple[int, int, int]]:
        count = self.num_layers * (1 + self.bidirectional)
        widths = (self.proj_size or self.hidden_size, self.hidden_size)
        return [(count, batch, width) for width in widths[: len(self._state_names)]]

    def extra_repr(self) -> str:
        """The sizes, and the options that differ from their defaults."""
        options = {"proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False,
                   "dropout": 0, "bidirectional": False}  # fmt: skip
        changed = [f"{n}={getattr(self, n)}" for n, v in options.items() if getattr(self, n) != v]
        return ", ".join([f"{self.input_size}, {self.hidden_size}", *changed])


class RNN(RNNBase):
    """``h' = tanh(W_ih x + b_ih + W_hh h + b_hh)`` for each step of a sequence.

    Source: Elman 1990, Finding structure in time.

    Args:
        input_size: Width I of the input.
        hidden_size: Width H of the state.
        num_layers: Number of layers; each reads the states of the one before. Default: 1.
        nonlinearity: "tanh" or "relu". Default: "tanh".
        bias: Whether there are b_ih and b_hh. Default: True.
        batch_first: Whether the input is (B, T, I), not (T, B, I). Default: False.
        dropout: Probability, for the states between layers in training. Default: 0.
        bidirectional: Whether a second set of weights reads the sequence backwards. Default: False.

    Shape: (T, B, I) -> (T, B, H * directions), (layers * directions, B, H); or all without B.
    Raises: ValueError, RuntimeError (as PyTorch) for mismatched sizes.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        if len(args) > 3:
            self.nonlinearity = args[3]
            args = args[:3] + args[4:]
        else:
            self.nonlinearity = kwargs.pop("nonlinearity", "tanh")
        if self.nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                f"Unknown nonlinearity '{self.nonlinearity}'. Select from 'tanh' or 'relu'."
            )
        nonlinearity = self.nonlinearity
        super().__init__(f"RNN_{nonlinearity.upper()}", *args, **kwargs)
        self.nonlinearity = nonlinearity


class LSTM(RNNBase):
    """Long short-term memory: gates i, f, g, o; ``c' = f * c + i * g``; ``h' = o * tanh(c')``.

    Source: Hochreiter and Schmidhuber 1997; with `proj_size`, Sak et al. 2014,
    https://arxiv.org/abs/1402.1128. Arguments as for `RNN` (no nonlinearity), and `proj_size`: the
    width P to which h is projected; 0 for none.

    Shape: (T, B, I) -> (T, B, H * directions), (h, c), each (layers * directions, B, H).
    """

    _state_names = ("hidden[0]", "hidden[1]")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)

    def _as_tuple(self, hx: Any) -> tuple[Tensor, ...]:
        return tuple(hx)

    def _result(self, state: tuple[Tensor, ...]) -> Any:
        return state

    def _wrong_dims(self, hx: Any, batched: bool, expected: int) -> str:
        kind = "batched 3-D" if batched else "unbatched 2-D"
        return (
            f"For {kind} input, hx and cx should also be {expected}-D but got "
            f"({hx[0].dim()}-D, {hx[1].dim()}-D) tensors"
        )


class GRU(RNNBase):
    """Gated recurrent units: gates r, z, n; ``h' = (1 - z) * n + z * h``.

    Source: Cho et al. 2014, https://arxiv.org/abs/1406.1078
    Arguments and shape as for `RNN` (no nonlinearity).
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        super().__init__("GRU", *args, **kwargs)


def _kind(module: RNNBase) -> str:
    return module.mode.split("_")[0]

__all__ = ["GRU", "LSTM", "RNN", "RNNBase"]
