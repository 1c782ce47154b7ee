"""`torchlite.func`: derivatives of functions, nested at will."""

import pytest

import torchlite as torch
from torchlite import func


def numbers(*values, **options):
    return torch.tensor(values, dtype=torch.float64, **options)


X, Y = numbers(1.0, 2.0, 3.0), numbers(0.5, -1.0, 2.0)


def close(a, b):
    torch.testing.assert_close(a, b)
    assert not a.requires_grad


def test_grad_of_positions_and_trees():
    close(func.grad(lambda x: (x**3).sum())(X), 3 * X**2)
    first, second = func.grad(lambda x, y: (x * y).sum(), argnums=(0, 1))(X, Y)
    close(first, Y)
    close(second, X)
    found = func.grad(lambda p: (p["a"] * p["b"][0]).sum())({"a": X, "b": [Y]})
    close(found["a"], Y)
    close(found["b"][0], X)
    (gradient, (value, extra)) = func.grad_and_value(lambda x: (x.sum(), x + 1), has_aux=True)(X)
    close(gradient, torch.ones(3, dtype=torch.float64))
    close(value, X.sum())
    close(extra, X + 1)


def test_grad_nests_and_sees_what_the_function_closes_over():
    close(func.grad(func.grad(torch.sin))(X[0]), -X[0].sin())
    close(func.grad(lambda x: func.grad(lambda y: (x * y**2).sum())(x).sum())(X), 4 * X)
    w = X.clone().requires_grad_()
    result = func.grad(lambda x: (w * x**2).sum())(Y)
    assert result.requires_grad
    (g,) = torch.autograd.grad(result.sum(), w)
    close(g, 2 * Y)
    with torch.no_grad():
        assert not func.grad(lambda x: (w * x**2).sum())(Y).requires_grad


def test_a_function_may_write_to_its_argument():
    def overwrites(x):
        x = x * 1
        x.mul_(2)
        return (x**2).sum()

    close(func.grad(overwrites)(X), 8 * X)
    given = X.clone()
    close(func.grad(lambda x: x.mul_(2).sum())(given), torch.full((3,), 2.0, dtype=torch.float64))


def test_products_with_the_jacobian_from_both_sides():
    output, pullback = func.vjp(lambda x, y: (x * y, x.sum()), X, Y)
    close(output[0], X * Y)
    first, second = pullback((Y, numbers(2.0)[0]))
    close(first, Y * Y + 2)
    close(second, X * Y)
    close(pullback((Y, numbers(0.0)[0]))[0], Y * Y)  # as often as one likes
    output, tangent = func.jvp(lambda x: x.exp() * 2, (X,), (Y,))
    close(tangent, 2 * X.exp() * Y)
    close(func.jvp(lambda x: Y, (X,), (Y,))[1], torch.zeros(3, dtype=torch.float64))
    output, push = func.linearize(lambda x: x.sin(), X)
    close(push(Y), X.cos() * Y)


def test_jacobians_by_rows_by_columns_and_twice():
    def f(x, y):
        return (x * y).cumsum(0), y.sum()

    for jac in (func.jacrev, func.jacfwd):
        (a, b), (c, d) = jac(f, argnums=(0, 1))(X, Y)
        close(a, Y.expand(3, 3).tril())
        close(b, X.expand(3, 3).tril())
        close(c, torch.zeros(3, dtype=torch.float64))
        close(d, torch.ones(3, dtype=torch.float64))
    cubic = lambda x: (x**3).sum() * x[0]  # noqa: E731
    expected = func.jacrev(func.jacrev(cubic))(X)
    close(func.hessian(cubic)(X), expected)
    close(func.jacfwd(func.jacfwd(cubic))(X), expected)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: func.grad(lambda x: x)(X), "Expected f.* to return a scalar Tensor"),
        (lambda: func.grad(lambda x: 3)(X), "to return a Tensor"),
        (lambda: func.grad(lambda x: x.sum(), argnums=1)(X), "Got argnum=1, but only 1"),
        (lambda: func.grad(lambda x: (x * 1.0).sum())(torch.arange(3)), "floating point"),
        (lambda: func.jvp(torch.sin, X, X), "Expected primals to be a tuple"),
        (lambda: func.jvp(torch.sin, (X,), (X, X)), "same python structure"),
        (lambda: func.jvp(lambda x: Y, (X,), (X,), strict=True), "independent of the inputs"),
        (lambda: func.vjp(torch.sin, X)[1]((X, X)), "Expected pytree structure of cotangents"),
    ],
)
def test_bad_calls_are_refused(call, text):
    with pytest.raises(RuntimeError, match=text):
        call()
