"""What the optimizers compute, against the formulas of their papers in plain Python."""

import math

import pytest

import torchlite as torch
from torchlite import optim
from torchlite.optim import SGD, Adam, AdamW

START, GRADIENTS = (1.0, -2.0, 0.5), ((0.1, -0.2, 0.3), (0.4, 0.0, -0.6), (-0.5, 0.7, 0.2))


def run(make, steps=3):
    """The parameter after `steps` steps along GRADIENTS."""
    p = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    optimizer = make([p])
    for g in GRADIENTS[:steps]:
        p.grad = torch.tensor(g, dtype=torch.float64)
        optimizer.step()
    return p.tolist()


def sgd(p, grads, lr, momentum=0, dampening=0, weight_decay=0, nesterov=False, sign=1):
    v = None
    for g in grads:
        g = sign * g + weight_decay * p
        v = g if v is None else momentum * v + (1 - dampening) * g
        p -= lr * (g + momentum * v if nesterov else v if momentum else g)
    return p


def adam(p, grads, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, decoupled=False,
         amsgrad=False, sign=1):  # fmt: skip
    m = v = top = 0.0
    for t, g in enumerate(grads, 1):
        g *= sign
        if decoupled:
            p *= 1 - lr * weight_decay
        else:
            g += weight_decay * p
        m, v = betas[0] * m + (1 - betas[0]) * g, betas[1] * v + (1 - betas[1]) * g * g
        top = max(top, v)
        second = (top if amsgrad else v) / (1 - betas[1] ** t)
        p -= lr * m / (1 - betas[0] ** t) / (math.sqrt(second) + eps)
    return p


def expected(rule, **options):
    return pytest.approx([rule(p, list(g), **options) for p, g in zip(START, zip(*GRADIENTS))])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"weight_decay": 0.1},
        {"momentum": 0.9},
        {"momentum": 0.9, "dampening": 0.5},
        {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
    ],
)
def test_sgd(options):
    assert run(lambda p: SGD(p, lr=0.1, **options)) == expected(sgd, lr=0.1, **options)
    climbing = run(lambda p: SGD(p, lr=0.1, maximize=True, **options))
    assert climbing == expected(sgd, lr=0.1, sign=-1, **options)


@pytest.mark.parametrize(
    "options", [{}, {"weight_decay": 0.1}, {"amsgrad": True}, {"betas": (0.5, 0.9), "eps": 0.01}]
)
def test_adam(options):
    assert run(lambda p: Adam(p, lr=0.1, **options)) == expected(adam, lr=0.1, **options)
    climbing = run(lambda p: Adam(p, lr=0.1, maximize=True, **options))
    assert climbing == expected(adam, lr=0.1, sign=-1, **options)


def test_adamw_decays_the_weights_apart_from_the_gradient():
    wanted = expected(adam, lr=0.1, weight_decay=0.01, decoupled=True)
    assert run(lambda p: AdamW(p, lr=0.1)) == wanted
    assert run(lambda p: Adam(p, 0.1, weight_decay=0.01, decoupled_weight_decay=True)) == wanted


@pytest.mark.parametrize("kind", [SGD, Adam])
@pytest.mark.parametrize("options", [{"foreach": True}, {"fused": True}, {"foreach": False}])
def test_the_choice_of_implementation_changes_nothing(kind, options):
    assert run(lambda p: kind(p, lr=0.1, **options)) == run(lambda p: kind(p, lr=0.1))


@pytest.mark.parametrize("kind", [SGD, Adam, AdamW])
def test_lr_may_be_a_tensor(kind):
    lr = torch.tensor(0.25, dtype=torch.float64)
    assert run(lambda p: kind(p, lr=lr)) == run(lambda p: kind(p, lr=0.25))


def test_betas_may_be_tensors():
    betas = torch.tensor(0.5), torch.tensor(0.75)
    assert run(lambda p: Adam(p, betas=betas)) == run(lambda p: Adam(p, betas=(0.5, 0.75)))


def test_parameters_that_start_later_count_their_own_steps():
    a, b = (torch.ones(2, requires_grad=True) for _ in range(2))
    optimizer = Adam([a, b], lr=0.1)
    a.grad = torch.ones(2)
    optimizer.step()
    assert b.tolist() == [1, 1]
    b.grad = torch.ones(2)
    optimizer.step()
    assert [optimizer.state[p]["step"].item() for p in (a, b)] == [2, 1]
    assert b.tolist() == pytest.approx([0.9, 0.9])
    assert a.tolist() == pytest.approx([0.8, 0.8])


def test_momentum_of_a_parameter_starts_with_its_first_gradient():
    a, b = (torch.ones(1, requires_grad=True) for _ in range(2))
    optimizer = SGD([a, b], lr=1, momentum=0.5, dampening=0.5)
    a.grad = torch.ones(1)
    optimizer.step()
    b.grad = torch.ones(1)
    optimizer.step()
    assert (a.item(), b.item()) == (-1.0, 0.0)  # 1 - 1 - (0.5 + 0.5), 1 - 1


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_a_step_counts_as_a_write_and_is_not_recorded(kind):
    p = torch.ones(2, requires_grad=True)
    loss = (p * p).sum()
    p.grad = torch.ones(2)
    kind([p]).step()
    assert p.is_leaf and p.requires_grad
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_a_differentiable_step_passes_gradients():
    lr = torch.tensor(0.1, requires_grad=True)
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    g = torch.tensor([3.0, 4.0], requires_grad=True)
    p = w.clone()
    p.grad = g
    SGD([p], lr=lr, differentiable=True).step()
    p.sum().backward()
    assert w.grad.tolist() == [1, 1]
    assert g.grad.tolist() == pytest.approx([-0.1, -0.1])
    assert lr.grad.item() == -7


def test_a_differentiable_adam_passes_gradients():
    w = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)

    def after(w):
        p = w.clone()
        p.grad = (w * w * w).clone()
        optimizer = Adam([p], lr=0.1, eps=0.1, weight_decay=0.1, differentiable=True)
        optimizer.step()
        return p.sum()

    (got,) = torch.autograd.grad(after(w), w)
    for i in range(2):
        d = torch.zeros(2, dtype=torch.float64)
        d[i] = 1e-6
        difference = (after(w.detach() + d) - after(w.detach() - d)).item() / 2e-6
        assert got[i].item() == pytest.approx(difference, rel=1e-6)


def test_a_differentiable_step_refuses_a_leaf():
    p = torch.ones(2, requires_grad=True)
    p.grad = torch.ones(2)
    with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
        SGD([p], differentiable=True).step()


def test_capturable_needs_an_accelerator():
    p = torch.ones(2, requires_grad=True)
    with pytest.raises(AssertionError, match="capturable=True"):
        Adam([p], capturable=True).step()


def test_momentum_decreases_a_least_squares_error_quickly():
    torch.manual_seed(0)
    x, w = torch.randn(64, 5), torch.zeros(5, requires_grad=True)
    y = x @ torch.tensor([1.0, -2.0, 3.0, 0.0, 0.5])
    optimizer = SGD([w], lr=0.1, momentum=0.9)

    def closure():
        optimizer.zero_grad()
        loss = ((x @ w - y) ** 2).mean()
        loss.backward()
        return loss

    losses = [optimizer.step(closure).item() for _ in range(100)]
    assert losses[-1] < 1e-4 * losses[0]


def test_sparse_adam_moves_nothing():
    p = torch.ones(2, requires_grad=True)
    optimizer = optim.SparseAdam([p])
    optimizer.step()
    p.grad = torch.ones(2)
    with pytest.raises(RuntimeError, match="please consider Adam instead"):
        optimizer.step()
    assert p.tolist() == [1, 1]
