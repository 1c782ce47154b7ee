"""One step of a recurrent layer."""

from __future__ import annotations

import math
from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.nn import init
from torchlite.nn.modules.module import Module
from torchlite.nn.parameter import Parameter
from torchlite.ops.creation.factories import empty, zeros
from torchlite.ops.layers.recurrent import unroll


class RNNCellBase(Module):
    """The parameters of a cell with `num_chunks` gates."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool, num_chunks: int,
                 device: Any = None, dtype: Any = None) -> None:  # fmt: skip
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        like = {"device": device, "dtype": dtype}
        gates = num_chunks * hidden_size
        self.weight_ih = Parameter(empty((gates, input_size), **like))
        self.weight_hh = Parameter(empty((gates, hidden_size), **like))
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, Parameter(empty(gates, **like)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters from U(-b, b), ``b = 1 / sqrt(hidden_size)``."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def extra_repr(self) -> str:
        """The sizes, and the options that differ from their defaults."""
        text = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        nonlinearity = self.__dict__.get("nonlinearity", "tanh")
        return text if nonlinearity == "tanh" else f"{text}, nonlinearity={nonlinearity}"

    def _step(self, mode: str, input: Tensor, state: tuple[Tensor, ...] | None,
              count: int = 1) -> tuple[Tensor, ...]:  # fmt: skip
        """The next states for `input` (B, I) or (I,); `state` None means zeros."""
        self._check_dims("input", input)
        batched = input.dim() == 2
        rows = input if batched else input.unsqueeze(0)
        if state is None:
            first = zeros(rows.shape[0], self.hidden_size, dtype=input.dtype)
            state = (first,) * count
        elif not batched:
            state = tuple(s.unsqueeze(0) for s in state)
        self._check_sizes(rows, state)
        results = unroll(mode, rows.unsqueeze(0), state, self._parameters)
        return tuple(s[0] if batched else s[0, 0] for s in results)

    def _check_dims(self, name: str, x: Tensor) -> None:
        if x.dim() not in (1, 2):
            raise ValueError(
                f"{type(self).__name__}: Expected {name} to be 1D or 2D, got {x.dim()}D instead"
            )

    def _check_sizes(self, input: Tensor, state: tuple[Tensor, ...]) -> None:
        if input.shape[1] != self.input_size:
            raise RuntimeError(
                f"input has inconsistent input_size: got {input.shape[1]} expected "
                f"{self.input_size}"
            )
        for i, s in enumerate(state):
            if s.dim() != 2 or s.shape[0] != input.shape[0]:
                raise RuntimeError(
                    f"Input batch size {input.shape[0]} doesn't match hidden{i} batch size "
                    f"{s.shape[0]}"
                )
            if s.shape[1] != self.hidden_size:
                raise RuntimeError(
                    f"hidden{i} has inconsistent hidden_size: got {s.shape[1]}, expected "
                    f"{self.hidden_size}"
                )


class RNNCell(RNNCellBase):
    """``h' = tanh(W_ih x + b_ih + W_hh h + b_hh)``, or relu, as `nonlinearity` says.

    Shape: (B, I), (B, H) -> (B, H); or without B. h is 0 by default.
    Raises: ValueError, RuntimeError (as PyTorch) for mismatched shapes.
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True,
                 nonlinearity: str = "tanh", device: Any = None,
                 dtype: Any = None) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """The next state."""
        if hx is not None:
            self._check_dims("hidden", hx)
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        mode = f"RNN_{self.nonlinearity.upper()}"
        return self._step(mode, input, None if hx is None else (hx,))[0]


class _GatedCell(RNNCellBase):
    _num_chunks: int

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None,
                 dtype: Any = None) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, bias, self._num_chunks, device, dtype)


class LSTMCell(_GatedCell):
    """One step of `LSTM`. Shape: (B, I), ((B, H), (B, H)) -> (B, H), (B, H); or without B."""

    _num_chunks = 4

    def forward(
        self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """The next h and c."""
        if hx is not None:
            for i, s in enumerate(hx):
                self._check_dims(f"hx[{i}]", s)
        state = None if hx is None else tuple(hx)
        return self._step("LSTM", input, state, 2)  # type: ignore[return-value]


class GRUCell(_GatedCell):
    """One step of `GRU`. Shape: (B, I), (B, H) -> (B, H); or without B."""

    _num_chunks = 3

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """The next state."""
        if hx is not None:
            self._check_dims("hidden", hx)
        return self._step("GRU", input, None if hx is None else (hx,))[0]

__all__ = ["GRUCell", "LSTMCell", "RNNCell", "RNNCellBase"]
