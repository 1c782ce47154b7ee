"""Optimizers against PyTorch's: paths, state dicts, texts."""

import io

import numpy as np
import pytest

import torchlite as tl
from torchlite import optim

torch = pytest.importorskip("torch")

CONFIGS = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    ("SGD", {"lr": 1e-4, "momentum": 0.9, "nesterov": True, "maximize": True}),
    ("Adam", {"lr": 0.1}),
    ("Adam", {"lr": 0.1, "amsgrad": True, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.1, "betas": (0.5, 0.7), "maximize": True}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.3}),
    ("AdamW", {"lr": 0.1, "amsgrad": True}),
]


def training(impl, name, options, dtype=np.float32):
    """A function that makes one step on a fixed problem and returns the parameters."""
    draw = np.random.RandomState(0)
    x, y, *weights = (draw.randn(*s).astype(dtype) for s in ((16, 5), (16, 3), (5, 4), (4, 3)))
    x, y = impl.from_numpy(x), impl.from_numpy(y)
    params = [impl.from_numpy(w).requires_grad_() for w in weights]
    optimizer = getattr(impl.optim, name)(params, **options)

    def closure():
        optimizer.zero_grad()
        loss = ((x @ params[0] @ params[1] - y) ** 2).mean()
        loss.backward()
        return loss

    def step():
        optimizer.step(closure)
        return [p.detach().numpy().copy() for p in params]

    return optimizer, step


@pytest.mark.parametrize("name, options", CONFIGS)
@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 2e-5), (np.float64, 1e-12)])
def test_same_path(name, options, dtype, tolerance):
    _, ours = training(tl, name, options, dtype)
    _, theirs = training(torch, name, options, dtype)
    for _ in range(10):
        for a, b in zip(ours(), theirs()):
            assert a.dtype == b.dtype
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name, options", CONFIGS)
def test_same_text_and_layout_of_the_state(name, options):
    (ours, step), (theirs, torch_step) = (training(i, name, options) for i in (tl, torch))
    assert repr(ours) == repr(theirs)
    step(), torch_step()
    a, b = ours.state_dict(), theirs.state_dict()
    assert a["param_groups"] == b["param_groups"]
    assert list(a["param_groups"][0]) == list(b["param_groups"][0])
    assert {k: list(v) for k, v in a["state"].items()} == {
        k: list(v) for k, v in b["state"].items()
    }
    for k, state in b["state"].items():
        for name, value in state.items():
            assert str(a["state"][k][name].dtype) == str(value.dtype)
            assert a["state"][k][name].shape == value.shape


@pytest.mark.parametrize("name, options", CONFIGS)
def test_state_passes_through_files_in_both_directions(name, options):
    (ours, step), (theirs, torch_step) = (training(i, name, options) for i in (tl, torch))
    for _ in range(3):
        step(), torch_step()
    file = io.BytesIO()
    tl.save(ours.state_dict(), file)
    file.seek(0)
    theirs.load_state_dict(torch.load(file))
    file = io.BytesIO()
    torch.save(theirs.state_dict(), file)
    file.seek(0)
    ours.load_state_dict(tl.load(file))
    for a, b in zip(step(), torch_step()):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


def test_signatures_and_names():
    import inspect

    for name in ("SGD", "Adam", "AdamW"):
        ours = inspect.signature(getattr(optim, name)).parameters
        theirs = inspect.signature(getattr(torch.optim, name)).parameters
        assert [(p.name, p.kind, p.default) for p in ours.values()] == [
            (p.name, p.kind, p.default) for p in theirs.values()
        ]


@pytest.mark.parametrize("name, options", CONFIGS)
def test_complex_parameters(name, options):
    paths = []
    for impl in (tl, torch):
        params = [impl.ones(2, dtype=impl.complex64), impl.ones(3)]
        optimizer = getattr(impl.optim, name)([p.requires_grad_() for p in params], **options)
        for g in (1 + 2j, -0.5j, 3 - 1j):
            params[0].grad = impl.full((2,), g, dtype=impl.complex64)
            params[1].grad = impl.full((3,), g.real)
            optimizer.step()
        state = optimizer.state_dict()["state"].get(0, {})
        paths.append([t.tolist() for t in (*params, *state.values())])
    for a, b in zip(*paths):
        assert a == pytest.approx(b, rel=1e-5)
