"""The further optimizers: all go down, all pass gradients, states are whole after errors."""

import pytest

import torchlite as torch
from torchlite import optim

RATES = {
    "ASGD": 0.05, "Adadelta": 20.0, "Adafactor": 0.3, "Adagrad": 0.5, "Adam": 0.1, "AdamW": 0.1,
    "Adamax": 0.1, "LBFGS": 0.5, "Muon": 0.1, "NAdam": 0.1, "RAdam": 0.3, "RMSprop": 0.05,
    "Rprop": 0.1, "SGD": 0.05,
}  # fmt: skip


def test_every_optimizer_is_in_the_table():
    kinds = {name for name in optim.__all__ if isinstance(getattr(optim, name), type)}
    assert kinds - {"Optimizer", "SparseAdam"} == set(RATES)


@pytest.mark.parametrize("name", RATES)
def test_they_fit_a_line(name):
    torch.manual_seed(0)
    x, w = torch.randn(64, 3), torch.ones(3, 1, requires_grad=True)
    y = x @ torch.tensor([[1.0], [-2.0], [0.5]])
    options = {"weight_decay": 0} if name == "Muon" else {}
    optimizer = getattr(optim, name)([w], lr=RATES[name], **options)

    def closure():
        optimizer.zero_grad()
        loss = ((x @ w - y) ** 2).mean()
        loss.backward()
        return loss

    losses = [optimizer.step(closure).item() for _ in range(60)]
    assert min(losses[-5:]) < 0.1 * losses[0]


DIFFERENTIABLE = ("ASGD", "Adadelta", "Adagrad", "Adamax", "NAdam", "RAdam", "RMSprop", "Rprop")


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_a_differentiable_step_passes_gradients(name):
    w = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    kind = getattr(optim, name)

    def after(w):
        p = w.clone()
        p.grad = (w * w * w).clone()
        kind([p], lr=0.1, differentiable=True).step()
        return p.sum()

    (got,) = torch.autograd.grad(after(w), w)
    for i in range(2):
        d = torch.zeros(2, dtype=torch.float64)
        d[i] = 1e-5
        difference = (after(w.detach() + d) - after(w.detach() - d)).item() / 2e-5
        assert got[i].item() == pytest.approx(difference, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_parameters_that_start_later_are_as_if_alone(name):
    def train(starts):
        params = [torch.ones(2, requires_grad=True) for _ in starts]
        optimizer = getattr(optim, name)(params, lr=0.1)
        for step in range(4):
            for p, start in zip(params, starts):
                p.grad = torch.full((2,), 0.5) if step >= start else None
            optimizer.step()
        return params

    together = train([0, 2])
    for p, start in zip(together, [0, 2]):
        assert p.tolist() == train([start])[0].tolist()
