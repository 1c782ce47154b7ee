"""`torchlite.autograd.functional` and batched gradients."""

import pytest

import torchlite as torch
from torchlite.autograd import functional


def numbers(*values, **options):
    return torch.tensor(values, dtype=torch.float64, **options)


X, Y = numbers(1.0, 2.0, 3.0), numbers(0.5, -1.0, 2.0)


def close(a, b):
    torch.testing.assert_close(a, b)


def test_jacobian_of_several_inputs_and_outputs():
    (a, b), (c, d) = functional.jacobian(lambda x, y: (x * y, x.sum()), (X, Y))
    close(a, torch.diag(Y))
    close(b, torch.diag(X))
    close(c, torch.ones(3, dtype=torch.float64))
    close(d, torch.zeros(3, dtype=torch.float64))


def test_hessian_of_a_cubic():
    close(functional.hessian(lambda x: (x**3).sum(), X), torch.diag(6 * X))
    (a, b), (c, d) = functional.hessian(lambda x, y: (x * x * y).sum(), (X, Y))
    close(a, torch.diag(2 * Y))
    close(b, torch.diag(2 * X))
    close(c, torch.diag(2 * X))
    close(d, torch.zeros(3, 3, dtype=torch.float64))


def test_products_agree_with_the_whole_matrices():
    def func(x):
        return torch.stack([x.sin().sum(), (x**2).sum()])

    jacobian = functional.jacobian(func, X)
    close(functional.jvp(func, X, Y)[1], jacobian @ Y)
    v = numbers(2.0, 3.0)
    close(functional.vjp(func, X, v)[1], v @ jacobian)

    def scalar(x):
        return (x.sin() * x.sum()).sum()

    hessian = functional.hessian(scalar, X)
    close(functional.hvp(scalar, X, Y)[1], hessian @ Y)
    close(functional.vhp(scalar, X, Y)[1], Y @ hessian)


def test_create_graph_lets_results_be_differentiated():
    x = X.clone().requires_grad_()
    jacobian = functional.jacobian(lambda x: x**3, x, create_graph=True)
    (g,) = torch.autograd.grad(jacobian.sum(), x)
    close(g, 6 * X)
    assert not functional.jacobian(lambda x: x**3, x).requires_grad
    assert torch.autograd.gradcheck(
        lambda x: functional.jvp(lambda z: z.exp() * z.sum(), x, Y, create_graph=True)[1], x
    )


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: functional.jacobian(lambda x: 3, X), TypeError, "must be either a Tensor"),
        (lambda: functional.hessian(lambda x: x, X), RuntimeError, "contain a single element"),
        (lambda: functional.vjp(lambda x: x, X), RuntimeError, "v can only be None"),
        (lambda: functional.jvp(lambda x: x, X, Y[:2]), RuntimeError, "v has invalid size"),
        (lambda: functional.jacobian(lambda x: Y, X, strict=True), RuntimeError, "not require"),
        (lambda: functional.jacobian(lambda x, y: x * 2, (X, Y), strict=True), RuntimeError,
         "Output 0 of the user-provided function is independent of input 1"),
        (lambda: functional.jacobian(lambda x: x, X, strategy="up"), AssertionError, "strategy"),
    ],
)  # fmt: skip
def test_bad_functions_and_vectors_are_refused(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_a_batch_of_gradients_at_once():
    x = X.clone().requires_grad_()
    (g,) = torch.autograd.grad(x * x, x, torch.eye(3, dtype=torch.float64), is_grads_batched=True)
    close(g, torch.diag(2 * X))
