"""Composites for recurrent layers: a whole sequence in one call.

x (T, B, G * H) holds the input's contribution to each step, biases included; h (B, H) and c (B, H)
are the initial states; weight (G * H, H) multiplies the previous state. `kept` is None or bool
(T, B, 1): where it is False, that row of the batch keeps its state. Results hold the state after
each step, (T, B, H); from them, the gradient recomputes all gates with one product for all steps.

See `torchlite.backends.composites`.
"""

from __future__ import annotations

from typing import Any

from torchlite import dtypes
from torchlite.backends.spec import LAYER, composite

Array = Any
_FLOAT = (dtypes.FLOAT,)


class Recurrence:
    """Simple recurrent networks, long short-term memory, gated recurrent units."""

    @composite(LAYER, takes=_FLOAT, accumulates=True)
    def rnn(xp, x: Array, h: Array, weight: Array, kept: Array | None, activation: str) -> Array:
        """``h' = activation(x + h @ weight.T)``, activation "tanh" or "relu"."""
        function = getattr(xp, activation)
        turned, states = xp.permute(weight, (1, 0)), []
        for t in range(x.shape[0]):
            new = function(xp.add(_at(xp, x, t), xp.matmul(h, turned)))
            h = _choose(xp, kept, t, new, h)
            states.append(h)
        return xp.stack(states, 0)

    @composite(LAYER, takes=_FLOAT, results=3, accumulates=True)
    def rnn_backward(xp, g: Array, h: Array, weight: Array, kept: Array | None, activation: str,
                     out: Array) -> tuple:  # fmt: skip
        """Gradients of x, h and weight."""
        slope = getattr(xp, f"{activation}_backward")
        gh, steps = None, []
        for t in reversed(range(g.shape[0])):
            gh = _at(xp, g, t) if gh is None else xp.add(gh, _at(xp, g, t))
            new, held = _split(xp, kept, t, gh)
            step = slope(new, _at(xp, out, t))
            gh = _plus(xp, xp.matmul(step, weight), held)
            steps.append(step)
        gx = xp.stack(steps[::-1], 0)
        return gx, gh, _weight_gradient(xp, gx, _before(xp, h, out))

    @composite(LAYER, takes=_FLOAT, results=2, accumulates=True)
    def lstm(xp, x: Array, h: Array, c: Array, weight: Array, projection: Array | None,
             kept: Array | None) -> tuple[Array, Array]:  # fmt: skip
        """Gates i, f, g, o: ``c' = f * c + i * g``, ``h' = o * tanh(c')`` -> all h, all c.

        With a projection (P, H), ``h' = projection @ (o * tanh(c'))``, and h (B, P).
        """
        turned, states, cells = xp.permute(weight, (1, 0)), [], []
        last = None if projection is None else xp.permute(projection, (1, 0))
        for t in range(x.shape[0]):
            i, f, n, o = _lstm_gates(xp, xp.add(_at(xp, x, t), xp.matmul(h, turned)))
            cell = xp.add(xp.mul(f, c), xp.mul(i, n))
            new = xp.mul(o, xp.tanh(cell))
            new = new if last is None else xp.matmul(new, last)
            h, c = _choose(xp, kept, t, new, h), _choose(xp, kept, t, cell, c)
            states.append(h)
            cells.append(c)
        return xp.stack(states, 0), xp.stack(cells, 0)

    @composite(LAYER, takes=_FLOAT, results=5, accumulates=True)
    def lstm_backward(xp, g: Array, g_cells: Array, x: Array, h: Array, c: Array, weight: Array,
                      projection: Array | None, kept: Array | None, states: Array,
                      cells: Array) -> tuple:  # fmt: skip
        """Gradients of x, h, c, weight and projection."""
        h_before, c_before = _before(xp, h, states), _before(xp, c, cells)
        i, f, n, o = _lstm_gates(xp, xp.add(x, xp.linear(h_before, weight, None)))
        top = xp.tanh(cells)
        slopes = xp.concatenate([
            xp.mul(n, _sigmoid_slope(xp, i)), xp.mul(c_before, _sigmoid_slope(xp, f)),
            xp.mul(i, _tanh_slope(xp, n)), xp.mul(top, _sigmoid_slope(xp, o)),
        ], 2)  # fmt: skip
        to_cell = xp.mul(o, _tanh_slope(xp, top))
        gh = gc = None
        steps, news = [], []
        for t in reversed(range(x.shape[0])):
            new, held = _split(xp, kept, t, _plus(xp, _at(xp, g, t), gh))
            cell, held_cell = _split(xp, kept, t, _plus(xp, _at(xp, g_cells, t), gc))
            news.append(new)
            new = new if projection is None else xp.matmul(new, projection)
            cell = xp.add(cell, xp.mul(new, _at(xp, to_cell, t)))
            step = xp.mul(xp.concatenate([cell, cell, cell, new], 1), _at(xp, slopes, t))
            gh = _plus(xp, xp.matmul(step, weight), held)
            gc = _plus(xp, xp.mul(cell, _at(xp, f, t)), held_cell)
            steps.append(step)
        gx = xp.stack(steps[::-1], 0)
        gp = None
        if projection is not None:
            gp = _weight_gradient(xp, xp.stack(news[::-1], 0), xp.mul(o, top))
        return gx, gh, gc, _weight_gradient(xp, gx, h_before), gp

    @composite(LAYER, takes=_FLOAT, accumulates=True)
    def gru(xp, x: Array, h: Array, weight: Array, bias: Array | None,
            kept: Array | None) -> Array:  # fmt: skip
        """Gates r, z, n of x and ``y = weight @ h + bias``; ``n = tanh(x_n + r * y_n)``;
        ``h' = (1 - z) * n + z * h``."""
        states = []
        for t in range(x.shape[0]):
            _, z, n, _ = _gru_gates(xp, _at(xp, x, t), xp.linear(h, weight, bias))
            h = _choose(xp, kept, t, xp.add(n, xp.mul(z, xp.sub(h, n))), h)
            states.append(h)
        return xp.stack(states, 0)

    @composite(LAYER, takes=_FLOAT, results=4, accumulates=True)
    def gru_backward(xp, g: Array, x: Array, h: Array, weight: Array, bias: Array | None,
                     kept: Array | None, out: Array) -> tuple:  # fmt: skip
        """Gradients of x, h, weight and bias."""
        before = _before(xp, h, out)
        r, z, n, y = _gru_gates(xp, x, xp.linear(before, weight, bias))
        from_z = xp.mul(xp.sub(before, n), _sigmoid_slope(xp, z))
        from_n = xp.mul(xp.sub(1, z), _tanh_slope(xp, n))
        from_r = xp.mul(from_n, xp.mul(y, _sigmoid_slope(xp, r)))
        to_x = xp.concatenate([from_r, from_z, from_n], 2)
        to_y = xp.concatenate([from_r, from_z, xp.mul(from_n, r)], 2)
        gh, x_steps, y_steps = None, [], []
        for t in reversed(range(x.shape[0])):
            new, held = _split(xp, kept, t, _plus(xp, _at(xp, g, t), gh))
            wide = xp.concatenate([new, new, new], 1)
            step = xp.mul(wide, _at(xp, to_y, t))
            direct = _plus(xp, xp.mul(new, _at(xp, z, t)), held)
            gh = xp.add(xp.matmul(step, weight), direct)
            x_steps.append(xp.mul(wide, _at(xp, to_x, t)))
            y_steps.append(step)
        gx, gy = xp.stack(x_steps[::-1], 0), xp.stack(y_steps[::-1], 0)
        gb = None if bias is None else xp.sum(gy, (0, 1), False)
        return gx, gh, _weight_gradient(xp, gy, before), gb


def _at(xp: Any, x: Array, t: int) -> Array:
    return xp.getitem(x, (t,))


def _plus(xp: Any, a: Array, b: Array | None) -> Array:
    return a if b is None else xp.add(a, b)


def _choose(xp: Any, kept: Array | None, t: int, new: Array, old: Array) -> Array:
    return new if kept is None else xp.where(_at(xp, kept, t), new, old)


def _split(xp: Any, kept: Array | None, t: int, g: Array) -> tuple[Array, Array | None]:
    """The gradients of the new state and, for rows that keep theirs, of the old state."""
    if kept is None:
        return g, None
    mask = _at(xp, kept, t)
    return xp.where(mask, g, 0), xp.where(mask, 0, g)


def _before(xp: Any, first: Array, states: Array) -> Array:
    """The state before each step."""
    shifted = xp.getitem(states, (slice(0, states.shape[0] - 1),))
    return xp.concatenate([xp.reshape(first, (1, *first.shape)), shifted], 0)


def _weight_gradient(xp: Any, g: Array, x: Array) -> Array:
    """The gradient of a weight applied to x (T, B, I), given g (T, B, O) of the products."""
    rows = xp.reshape(g, (g.shape[0] * g.shape[1], g.shape[2]))
    return xp.matmul(xp.permute(rows, (1, 0)), xp.reshape(x, (rows.shape[0], x.shape[2])))


def _parts(xp: Any, x: Array, count: int) -> list[Array]:
    size = x.shape[-1] // count
    return [xp.getitem(x, (..., slice(k * size, (k + 1) * size))) for k in range(count)]


def _lstm_gates(xp: Any, gates: Array) -> tuple[Array, Array, Array, Array]:
    i, f, n, o = _parts(xp, gates, 4)
    return xp.sigmoid(i), xp.sigmoid(f), xp.tanh(n), xp.sigmoid(o)


def _gru_gates(xp: Any, x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
    """r, z, n, and the part of y that n takes."""
    (xr, xz, xn), (yr, yz, yn) = _parts(xp, x, 3), _parts(xp, y, 3)
    r = xp.sigmoid(xp.add(xr, yr))
    return r, xp.sigmoid(xp.add(xz, yz)), xp.tanh(xp.add(xn, xp.mul(r, yn))), yn


def _sigmoid_slope(xp: Any, s: Array) -> Array:
    return xp.mul(s, xp.sub(1, s))


def _tanh_slope(xp: Any, t: Array) -> Array:
    return xp.sub(1, xp.square(t))
