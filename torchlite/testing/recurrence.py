"""Arguments for recurrent layers: short sequences of states."""

from __future__ import annotations

from torchlite import dtypes
from torchlite.testing.drawing import REFERENCE, Arguments, Draws, Spread, arguments, fixed


def _results(method: str, args: Arguments) -> list[Spread]:
    """The states that the reference computes, which the gradient takes."""
    seen = [x.layout(x.source) if isinstance(x, Spread) else x for x in args]
    found = getattr(REFERENCE, method)(*seen)
    return [fixed(x) for x in (found if isinstance(found, tuple) else (found,))]


def _sequence(d: Draws, gates: int, width: int = 0) -> tuple:
    """x (T, B, G * H), h (B, P), weight (G * H, P), mask of active rows; P is `width` or H."""
    steps, batch, size = (d.integer(1, 3) for _ in range(3))
    kind, width = d.one_of(dtypes.float32, dtypes.float64), width or size
    shapes = (steps, batch, gates * size), (batch, width), (gates * size, width)
    kept = d.one_of(d.array((steps, batch, 1), dtypes.bool_), None)
    return *d.plain(kind, *shapes), kept, size, kind


@arguments()
def rnn(d: Draws) -> Arguments:
    x, h, weight, kept, _, _ = _sequence(d, 1)
    return [x, h, weight, kept, d.one_of("tanh", "relu")]


@arguments()
def rnn_backward(d: Draws) -> Arguments:
    args = rnn(d)
    (out,) = _results("rnn", args)
    return [*d.plain(dtypes.of(out.source), out.shape), *args[1:], out]


@arguments()
def lstm(d: Draws) -> Arguments:
    width = d.integer(0, 2)
    x, h, weight, kept, size, kind = _sequence(d, 4, width)
    c, projection = d.plain(kind, (h.shape[0], size), (width, size))
    return [x, h, c, weight, projection if width else None, kept]


@arguments()
def lstm_backward(d: Draws) -> Arguments:
    args = lstm(d)
    states, cells = _results("lstm", args)
    return [*d.plain(dtypes.of(cells.source), states.shape, cells.shape), *args, states, cells]


@arguments()
def gru(d: Draws) -> Arguments:
    x, h, weight, kept, size, kind = _sequence(d, 3)
    return [x, h, weight, d.one_of(*d.plain(kind, (3 * size,)), None), kept]


@arguments()
def gru_backward(d: Draws) -> Arguments:
    args = gru(d)
    (out,) = _results("gru", args)
    return [*d.plain(dtypes.of(out.source), out.shape), *args, out]
