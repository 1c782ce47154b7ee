"""Unidirectional recurrent layers: a whole sequence is one recorded operation."""

from __future__ import annotations

from typing import Any

from torchlite.core import overrides
from torchlite.core.tensor import Tensor
from torchlite.ops.core.op import declare
from torchlite.ops.core.promotion import cast
from torchlite.ops.layers.linear import linear
from torchlite.ops.math.arithmetic import add


def _rnn_rule(xp: Any, g: Any, needs: Any, h: Any, weight: Any, kept: Any, activation: str,
              out: Any) -> tuple:  # fmt: skip
    return *xp.rnn_backward(g, h, weight, kept, activation, out), None, None


def _lstm_rule(xp: Any, g: Any, needs: Any, x: Any, h: Any, c: Any, weight: Any, projection: Any,
               kept: Any, out0: Any, out1: Any) -> tuple:  # fmt: skip
    return *xp.lstm_backward(*g, x, h, c, weight, projection, kept, out0, out1), None


def _gru_rule(xp: Any, g: Any, needs: Any, x: Any, h: Any, weight: Any, bias: Any, kept: Any,
              out: Any) -> tuple:  # fmt: skip
    return *xp.gru_backward(g, x, h, weight, bias, kept, out), None


_rnn = declare("rnn", joint=_rnn_rule)
_lstm = declare("lstm", joint=_lstm_rule)
_gru = declare("gru", joint=_gru_rule)

ACTIVATIONS = {"RNN_TANH": "tanh", "RNN_RELU": "relu"}


def unroll(mode: str, input: Tensor, state: tuple[Tensor, ...], weights: dict[str, Any],
           kept: Tensor | None = None) -> tuple[Tensor, ...]:  # fmt: skip
    """Run over a sequence: the states after each step, one tensor (T, B, H) for each of `state`.

    Args:
        mode: "LSTM", "GRU", "RNN_TANH" or "RNN_RELU".
        input: (T, B, I), T at least 1.
        state: The initial states: h (B, H), with LSTM also c (B, H).
        weights: weight_ih (G * H, I), weight_hh (G * H, H), bias_ih, bias_hh (or None), and
            weight_hr (P, H) or None for LSTM.
        kept: Bool (T, B, 1) or None: where it is False, the states do not change.
    """
    kind = state[0].dtype  # autocast may return another from `linear`
    w, bias, bias_hh = weights["weight_hh"], weights["bias_ih"], weights["bias_hh"]
    if mode == "GRU":
        x = cast(linear(input, weights["weight_ih"], bias), kind)
        return (_gru(x, *state, w, bias_hh, kept),)
    if bias is not None:
        bias = add(bias, bias_hh)
    x = cast(linear(input, weights["weight_ih"], bias), kind)
    if mode == "LSTM":
        return _lstm(x, *state, w, weights.get("weight_hr"), kept)
    return (_rnn(x, *state, w, kept, ACTIVATIONS[mode]),)


def unroll_whole(*args: Any) -> tuple[Tensor, ...]:
    """`unroll`, all in lower precision under autocast, like PyTorch's LSTM and RNN layers."""
    return unroll(*args) if overrides.autocast is None else overrides.autocast(unroll, args, {})
