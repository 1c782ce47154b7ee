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
    ("RMSprop", {"lr": 0.1}),
    ("RMSprop", {"momentum": 0.9, "centered": True, "weight_decay": 0.1, "maximize": True}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 1}),
    ("Adadelta", {"lr": 3.0, "weight_decay": 0.1}),
    ("Adamax", {"lr": 0.1, "betas": (0.8, 0.9), "weight_decay": 0.1, "maximize": True}),
    ("NAdam", {"lr": 0.1, "weight_decay": 0.1}),
    ("NAdam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RAdam", {"lr": 0.1, "betas": (0.9, 0.8), "weight_decay": 0.1}),
    ("RAdam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("ASGD", {"lr": 0.1, "t0": 3, "weight_decay": 0.1, "lambd": 0.1}),
    ("Rprop", {"lr": 0.1, "step_sizes": (0.01, 0.2)}),
]
#: These take no complex parameters, or make steps whose rounding is not that of PyTorch.
OTHERS = [
    ("Adafactor", {"lr": 0.1, "weight_decay": 0.1}),
    ("Adafactor", {"eps": (1e-3, 0.1), "d": 2.0, "beta2_decay": -0.5, "maximize": True}),
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


@pytest.mark.parametrize("name, options", CONFIGS + OTHERS)
@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 2e-5), (np.float64, 1e-8)])
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

    names = [name for name in torch.optim.__all__ if name[0].isupper()]
    assert set(optim.__all__) >= set(names)
    for name in names:
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


def linear(impl, dtype=None):
    """A list of a matrix, a vector and a stack of matrices, with gradients."""
    draw = np.random.RandomState(0)
    shapes = (4, 3), (5,), (2, 3, 4), (2, 6)
    params = [impl.from_numpy(draw.randn(*s).astype(np.float32)).requires_grad_() for s in shapes]
    for p in params:
        p.grad = impl.from_numpy(draw.randn(*p.shape).astype(np.float32))
    return params


def test_adafactor_of_all_shapes():
    paths = []
    for impl in (tl, torch):
        params = linear(impl)
        optimizer = impl.optim.Adafactor(params)
        for _ in range(3):
            optimizer.step()
        state = optimizer.state_dict()["state"]
        tensors = [*params, *(t for own in state.values() for t in own.values())]
        paths.append([t.detach().numpy() for t in tensors])
    for a, b in zip(*paths):
        np.testing.assert_allclose(a, b, rtol=1e-5)


@pytest.mark.parametrize("options", [
    {}, {"nesterov": False, "adjust_lr_fn": "match_rms_adamw"}, {"ns_steps": 2, "momentum": 0.3},
])  # fmt: skip
def test_muon(options):
    paths = []
    for impl in (tl, torch):
        params = [p for p in linear(impl) if p.ndim == 2]
        optimizer = impl.optim.Muon(params, lr=0.1, **options)
        for _ in range(2):
            optimizer.step()
        paths.append([p.detach().numpy() for p in params])
    for a, b in zip(*paths):
        np.testing.assert_allclose(a, b, atol=0.002)  # bfloat16 rounds to 3 digits


@pytest.mark.parametrize("options", [
    {"lr": 0.5, "max_iter": 5, "history_size": 3}, {"line_search_fn": "strong_wolfe"},
    {"line_search_fn": "strong_wolfe", "max_eval": 3, "tolerance_change": 1e-3},
])  # fmt: skip
def test_lbfgs(options):
    steps = [training(impl, "LBFGS", options, np.float64) for impl in (tl, torch)]
    (ours, step), (theirs, torch_step) = steps
    for _ in range(2):
        for a, b in zip(step(), torch_step()):
            np.testing.assert_allclose(a, b, rtol=1e-5)
    states = [optimizer.state_dict()["state"][0] for optimizer in (ours, theirs)]
    assert states[0].keys() == states[1].keys()
    for name in ("n_iter", "func_evals"):
        assert states[0][name] == states[1][name]
    file = io.BytesIO()
    torch.save(theirs.state_dict(), file)
    file.seek(0)
    ours.load_state_dict(tl.load(file))
    for a, b in zip(step(), torch_step()):
        np.testing.assert_allclose(a, b, rtol=1e-4)


def test_lbfgs_of_rosenbrocks_valley():
    """A hard function: the line search brackets and narrows."""

    def run(impl):
        p = impl.tensor([-1.5, 2.0], dtype=impl.float64, requires_grad=True)
        optimizer = impl.optim.LBFGS([p], line_search_fn="strong_wolfe", max_iter=8)

        def closure():
            optimizer.zero_grad()
            loss = (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2
            loss.backward()
            return loss

        path = []
        for _ in range(6):
            loss = optimizer.step(closure).item()
            path += [*p.tolist(), loss, optimizer.state[p]["func_evals"]]
        return path

    paths = [run(impl) for impl in (tl, torch)]
    assert paths[0] == pytest.approx(paths[1], rel=1e-6, abs=1e-9)
    assert paths[0][-4:-2] == pytest.approx([1, 1], abs=1e-5)


REFUSED = [
    ("RMSprop", {"alpha": -1}), ("RMSprop", {"momentum": -1}), ("Adagrad", {"lr_decay": -1}),
    ("Adagrad", {"initial_accumulator_value": -1}), ("Adadelta", {"rho": 1.5}),
    ("Adamax", {"betas": (1.0, 0)}), ("NAdam", {"momentum_decay": -1}), ("RAdam", {"eps": -1}),
    ("ASGD", {"weight_decay": -1}), ("Rprop", {"etas": (1.0, 1.2)}), ("LBFGS", {"lr": -1}),
    ("Adafactor", {"lr": -1}), ("Adafactor", {"d": 0.5}), ("Adafactor", {"beta2_decay": 1.0}),
    ("Muon", {"momentum": -1}), ("Muon", {"adjust_lr_fn": "x"}), ("SparseAdam", {"lr": 0.0}),
    ("SparseAdam", {"betas": (0.0, 1.0)}),
]  # fmt: skip


@pytest.mark.parametrize("name, options", REFUSED)
def test_same_refusals(name, options):
    texts = []
    for impl in (tl, torch):
        with pytest.raises(ValueError) as caught:
            getattr(impl.optim, name)([impl.zeros(2, 2, requires_grad=True)], **options)
        texts.append(str(caught.value))
    assert texts[0] == texts[1]


def test_refusals_of_a_step():
    for impl in (tl, torch):
        p = impl.zeros(2, dtype=impl.complex64, requires_grad=True)
        p.grad = impl.ones(2, dtype=impl.complex64)
        with pytest.raises(RuntimeError, match="Adafactor does not support complex parameters"):
            impl.optim.Adafactor([p]).step()
        with pytest.raises(ValueError, match="Muon only supports 2D parameters"):
            impl.optim.Muon([p])
        with pytest.raises(ValueError, match=r"Complex params at indices \[\[0, 0\]\]"):
            impl.optim.SparseAdam([p])
        p = impl.zeros(2, requires_grad=True)
        p.grad = impl.ones(2)
        with pytest.raises(RuntimeError, match="SparseAdam does not support dense gradients"):
            impl.optim.SparseAdam([p]).step()
        with pytest.raises(ValueError, match="LBFGS doesn't support per-parameter options"):
            impl.optim.LBFGS([{"params": [p]}, {"params": [impl.ones(2, requires_grad=True)]}])


def test_swapping_parameters():
    for impl in (tl, torch):
        p, other = (impl.ones(2, requires_grad=True) for _ in range(2))
        optimizer = impl.optim.Adam([p], lr=0.1)
        p.grad, other.grad = impl.ones(2), impl.ones(2)
        optimizer.step()
        state = optimizer.state_dict()
        state["param_groups"][0]["lr"] = 0.5
        with impl.optim.swap_in_optimizer_params_and_state(optimizer, {"w": other}, state):
            optimizer.step()
        assert p.tolist() == pytest.approx([0.9, 0.9])
        assert other.tolist() == pytest.approx([0.5, 0.5])
        assert optimizer.param_groups[0]["lr"] == 0.1
        assert list(optimizer.state) == [p]
        with pytest.raises(RuntimeError, match="different number of parameter groups"):
            swap = impl.optim.swap_in_optimizer_params_and_state
            with swap(optimizer, {"w": other}, {**state, "param_groups": []}):
                pass
