"""`torchlite.autograd.forward_ad`, custom functions in forward mode, and `gradcheck` of it."""

import gc

import pytest

import torchlite as torch
from torchlite.autograd import Function, forward_ad, gradcheck, gradgradcheck
from torchlite.func import jvp


def numbers(*values):
    return torch.tensor(values, dtype=torch.float64)


X, V = numbers(1.0, 2.0, 3.0), numbers(0.5, -1.0, 2.0)
close = torch.testing.assert_close


def test_tangents_go_along_inside_the_level_only():
    with forward_ad.dual_level() as number:
        assert number == 0
        dual = forward_ad.make_dual(X, V)
        out = dual.exp() * 2
        value, tangent = forward_ad.unpack_dual(out)
        close(value, X.exp() * 2)
        close(tangent, X.exp() * 2 * V)
        assert forward_ad.unpack_dual(X).tangent is None
        assert forward_ad.unpack_dual(out.detach()).tangent is None
        assert forward_ad.unpack_dual(forward_ad.make_dual(X, torch.ones_like(X))).tangent.all()
    assert forward_ad.unpack_dual(out).tangent is None
    close(out + dual, X.exp() * 2 + X)  # plain tensors now
    close(tangent, X.exp() * 2 * V)


def test_values_and_tangents_have_gradients_also_after_the_level():
    x, v, w = (t.clone().requires_grad_() for t in (X, V, X * V))
    with forward_ad.dual_level():
        out = (forward_ad.make_dual(x, v) * w).sin()
        tangent = forward_ad.unpack_dual(out).tangent
    expected = (x * w).cos() * w * v
    for found, by_hand in ((out, (x * w).sin()), (tangent, expected)):
        grads = torch.autograd.grad((found**2).sum(), (x, w), create_graph=True)
        wanted = torch.autograd.grad((by_hand**2).sum(), (x, w), create_graph=True)
        for g, h in zip(grads, wanted):
            close(g, h)
        close(torch.autograd.grad((grads[0] ** 2).sum(), x, retain_graph=True)[0],
              torch.autograd.grad((wanted[0] ** 2).sum(), x, retain_graph=True)[0])  # fmt: skip


def test_a_gradient_inside_the_level_has_a_tangent():
    with forward_ad.dual_level():
        x = forward_ad.make_dual(X.clone().requires_grad_(), V)
        (g,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
        close(forward_ad.unpack_dual(g).tangent, 6 * X * V)


def test_memory_is_freed_with_the_tensors():
    with forward_ad.dual_level():
        gc.collect()
        gc.disable()
        try:
            dual = forward_ad.make_dual(X, V)
            level = dual._data.level
            out = dual.sin().reshape(3, 1).expand(3, 2)
            del out, dual
            assert not level.alive
        finally:
            gc.enable()


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: forward_ad.make_dual(X, V[:2]), RuntimeError, "has a different size than"),
        (lambda: forward_ad.make_dual(torch.arange(3), V), ValueError, "Expected primal to be"),
        (lambda: forward_ad.make_dual(X, torch.arange(3)), ValueError, "Expected tangent to be"),
        (lambda: forward_ad.make_dual(forward_ad.make_dual(X, V), V), RuntimeError, "already has"),
        (forward_ad.enter_dual_level, RuntimeError, "Nested forward mode AD is not supported"),
        (lambda: forward_ad.exit_dual_level(level=3), RuntimeError, "not the last one"),
    ],
)
def test_what_does_not_fit_is_refused(call, error, text):
    with forward_ad.dual_level(), pytest.raises(error, match=text):
        call()


def test_outside_of_a_level():
    with pytest.raises(RuntimeError, match="no level exists"):
        forward_ad.make_dual(X, V)
    with pytest.raises(RuntimeError, match="Dual level must be a positive number"):
        forward_ad.exit_dual_level()
    assert forward_ad.unpack_dual(X) == (X, None)


class Steep(Function):
    """The sine of each element, and the operand; all derivatives ten times too great."""

    @staticmethod
    def forward(ctx, x, scale):
        out = x.sin() * scale
        ctx.save_for_backward(x)
        ctx.save_for_forward(x, out)
        ctx.scale = scale
        return out, x.argmax()

    @staticmethod
    def backward(ctx, g, _):
        (x,) = ctx.saved_tensors
        return g * x.cos() * ctx.scale * 10, None

    @staticmethod
    def jvp(ctx, tangent, scale):
        x, out = ctx.saved_tensors
        assert scale is None
        assert out.shape == x.shape
        return tangent * x.cos() * ctx.scale * 10, None


def test_a_custom_function_tells_its_own_tangent():
    def steep(x):
        return Steep.apply(x, 2)[0]

    close(jvp(steep, (X,), (V,)), (X.sin() * 2, X.cos() * 20 * V))
    twice = jvp(lambda y: jvp(steep, (y,), (V,))[1], (X,), (V,))[1]
    close(twice, -X.sin() * 20 * V * V)
    slope = jvp(torch.func.grad(lambda x: steep(x).sum()), (X,), (V,))[1]
    close(slope, -X.sin() * 20 * V)
    by_tangent = torch.func.grad(lambda v: jvp(steep, (X,), (v,))[1].sum())(V)
    close(by_tangent, X.cos() * 20)


def custom(jvp_rule, forward=lambda ctx, x, *rest: x * 2):
    rules = {"forward": forward, "backward": lambda ctx, g: g * 2, "jvp": jvp_rule}
    kind = type("Custom", (Function,), {k: staticmethod(v) for k, v in rules.items() if v})
    return kind.apply


def test_inputs_without_a_tangent_bring_zeros_or_none():
    seen = []

    def rule(ctx, *tangents):
        seen.append([t if t is None else t.tolist() for t in tangents])
        return tangents[0]

    def no_zeros(ctx, x, *rest):
        ctx.set_materialize_grads(False)
        return x * 2

    jvp(lambda x: custom(rule)(x, X, 3, torch.arange(2)), (X,), (V,))
    jvp(lambda x: custom(rule, no_zeros)(x, X), (X,), (V,))
    assert seen == [[V.tolist(), [0, 0, 0], None, None], [V.tolist(), None]]


def test_a_write_in_place_by_a_custom_function():
    def doubles(ctx, x):
        ctx.mark_dirty(x)
        return x.mul_(2)

    def program(x):
        y = x * 1
        view = y[:2]
        custom(lambda ctx, t: t * 2, doubles)(y)
        return view

    close(jvp(program, (X,), (V,)), (X[:2] * 2, V[:2] * 2))


@pytest.mark.parametrize(
    ("rule", "error", "text"),
    [
        (None, NotImplementedError, "You must implement the jvp function"),
        (lambda ctx, t: (t, t), RuntimeError, r"expected 1 but got 2"),
        (lambda ctx, t: 3, RuntimeError, r"expected Variable or None \(got int\)"),
        (lambda ctx, t: t[:2], RuntimeError, "has a different size than"),
    ],
)
def test_bad_rules_of_custom_functions(rule, error, text):
    with pytest.raises(error, match=text):
        jvp(custom(rule), (X,), (V,))


def test_gradcheck_of_forward_mode():
    x = X.clone().requires_grad_()
    z = (X * (1 + 2j)).requires_grad_()

    def both(x, z):
        return x.exp() * z, z.abs(), z.angle()

    for fast in (False, True):
        assert gradcheck(both, (x, z), check_forward_ad=True, fast_mode=fast)
    assert gradgradcheck(both, (x, z), check_fwd_over_rev=True)
    wrong = custom(lambda ctx, t: t * 3)
    assert gradcheck(wrong, x)
    with pytest.raises(RuntimeError, match="computed with forward mode mismatch for output 0"):
        gradcheck(wrong, x, check_forward_ad=True)
