"""Schedulers against PyTorch's: rates, momenta, state dicts."""

import math

import pytest

import torchlite as tl

torch = pytest.importorskip("torch")


def half(epoch):
    return 0.5**epoch


SCHEDULERS = [
    ("LambdaLR", {"lr_lambda": half}),
    ("LambdaLR", {"lr_lambda": [half, lambda epoch: math.cos(epoch)]}),
    ("MultiplicativeLR", {"lr_lambda": lambda epoch: 0.9}),
    ("StepLR", {"step_size": 3}),
    ("MultiStepLR", {"milestones": [2, 5, 5], "gamma": 0.5}),
    ("ConstantLR", {"factor": 0.25, "total_iters": 4}),
    ("LinearLR", {"start_factor": 0.25, "end_factor": 0.75, "total_iters": 4}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("PolynomialLR", {"total_iters": 6, "power": 2.0}),
    ("CosineAnnealingLR", {"T_max": 4, "eta_min": 0.01}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 2, "eta_min": 0.01}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": [0.1, 0.2], "step_size_up": 3, "step_size_down": 2}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 2, "mode": "triangular2"}),
    (
        "CyclicLR",
        {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 2, "mode": "exp_range", "gamma": 0.9},
    ),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 2, "scale_fn": half}),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": 12}),
    ("OneCycleLR", {"max_lr": 0.5, "epochs": 3, "steps_per_epoch": 5, "three_phase": True}),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": 13, "anneal_strategy": "linear"}),
]
IDS = [f"{name}-{i}" for i, (name, _) in enumerate(SCHEDULERS)]


def made(impl, name, options, kind="SGD", **more):
    """An optimizer of two groups, and a scheduler of it."""
    params = [impl.zeros(2, requires_grad=True) for _ in range(2)]
    groups = [{"params": params[:1]}, {"params": params[1:], "lr": 0.3}]
    if kind == "SGD":
        more = {"momentum": 0.9, **more}
    optimizer = getattr(impl.optim, kind)(groups, lr=0.1, **more)
    return optimizer, getattr(impl.optim.lr_scheduler, name)(optimizer, **options)


def path(optimizer, scheduler, steps=11, arguments=()):
    """What each step makes of the rates and momenta."""
    seen = []
    for i in range(steps):
        groups = optimizer.param_groups
        momenta = [g["betas"][0] if "betas" in g else g["momentum"] for g in groups]
        rates = [float(lr) for lr in scheduler.get_last_lr()]
        assert rates == [float(g["lr"]) for g in groups]
        seen += rates + momenta
        optimizer.step()
        scheduler.step(*arguments[i : i + 1])
    return seen


@pytest.mark.parametrize("name, options", SCHEDULERS, ids=IDS)
@pytest.mark.parametrize("kind", ["SGD", "Adam"])
def test_same_rates(name, options, kind):
    ours, theirs = (path(*made(impl, name, options, kind)) for impl in (tl, torch))
    assert ours == pytest.approx(theirs, rel=1e-12)


@pytest.mark.parametrize("name, options", SCHEDULERS, ids=IDS)
def test_same_state_dict_and_going_on_from_it(name, options):
    (ours, mine), (theirs, other) = (made(impl, name, options) for impl in (tl, torch))
    path(ours, mine, 4), path(theirs, other, 4)
    a, b = mine.state_dict(), other.state_dict()
    b.pop("_scale_fn_ref", None)
    assert a.keys() == b.keys()
    optimizer, resumed = made(tl, name, options)
    resumed.load_state_dict(b)  # PyTorch's own
    optimizer.load_state_dict(ours.state_dict())
    assert path(optimizer, resumed, 6) == pytest.approx(path(theirs, other, 6), rel=1e-12)


CLOSED = ("StepLR", "MultiStepLR", "ConstantLR", "LinearLR", "ExponentialLR", "PolynomialLR",
          "CosineAnnealingLR")  # fmt: skip


@pytest.mark.filterwarnings("ignore:The epoch parameter:UserWarning")
@pytest.mark.parametrize("name, options", [s for s in SCHEDULERS if s[0] in CLOSED])
def test_same_rates_of_an_epoch(name, options):
    paths = [path(*made(impl, name, options), 4, (7, 2, 3)) for impl in (tl, torch)]
    assert paths[0] == pytest.approx(paths[1], rel=1e-12)


def test_warm_restarts_of_fractions():
    name, options = "CosineAnnealingWarmRestarts", {"T_0": 2, "T_mult": 3}
    epochs = [0.5, 1.9, 2.5, 7, 8.25, 30]
    paths = [path(*made(impl, name, options), 6, epochs) for impl in (tl, torch)]
    assert paths[0] == pytest.approx(paths[1], rel=1e-12)


@pytest.mark.parametrize("options", [
    {"patience": 1, "factor": 0.5}, {"mode": "max", "patience": 0, "cooldown": 2},
    {"threshold_mode": "abs", "threshold": 0.3, "patience": 0, "min_lr": [0.05, 0.001]},
    {"mode": "max", "threshold_mode": "abs", "threshold": 0.1, "patience": 1, "eps": 0.05},
])  # fmt: skip
def test_plateau(options):
    metrics = [1, 0.9, 0.95, 0.9, 0.8, 1.5, 1.6, 1.6, 0.1, 0.1, 0.1]
    results = []
    for impl in (tl, torch):
        optimizer, scheduler = made(impl, "ReduceLROnPlateau", options)
        results.append((path(optimizer, scheduler, 11, metrics), scheduler.state_dict()))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-12)
    assert results[0][1] == results[1][1]


def sequence(impl, optimizer):
    s = impl.optim.lr_scheduler
    parts = [s.ConstantLR(optimizer, 0.1, 2), s.ExponentialLR(optimizer, 0.9)]
    inner = s.SequentialLR(optimizer, parts, [3])
    return s.SequentialLR(optimizer, [inner, s.CosineAnnealingLR(optimizer, 4)], [6])


def chain(impl, optimizer):
    s = impl.optim.lr_scheduler
    return s.ChainedScheduler([s.ConstantLR(optimizer, 0.1, 2), s.ExponentialLR(optimizer, 0.9)])


@pytest.mark.filterwarnings("ignore:Detected call of:UserWarning")  # both warn, of the inner one
@pytest.mark.parametrize("combined", [sequence, chain])
def test_combined_schedulers(combined):
    results = []
    for impl in (tl, torch):
        params = [impl.zeros(2, requires_grad=True) for _ in range(2)]
        optimizer = impl.optim.SGD(params, lr=0.1)
        scheduler = combined(impl, optimizer)
        results.append((path(optimizer, scheduler), scheduler.state_dict()))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-12)
    assert results[0][1].keys() == results[1][1].keys()


@pytest.mark.parametrize("strategy", ["cos", "linear"])
@pytest.mark.parametrize("epochs", [0, 4])
def test_swalr(strategy, epochs):
    paths = []
    for impl in (tl, torch):
        optimizer = impl.optim.SGD([impl.zeros(2, requires_grad=True)], lr=0.1)
        make = impl.optim.swa_utils.SWALR
        scheduler = make(optimizer, 0.02, anneal_epochs=epochs, anneal_strategy=strategy)
        paths.append(path(optimizer, scheduler))
    assert paths[0] == pytest.approx(paths[1], rel=1e-9)


def test_a_rate_in_a_tensor_is_changed_in_place():
    results = []
    for impl in (tl, torch):
        lr = impl.tensor(0.1)
        optimizer = impl.optim.SGD([impl.zeros(2, requires_grad=True)], lr=lr)
        scheduler = impl.optim.lr_scheduler.LinearLR(optimizer)
        results.append(path(optimizer, scheduler))
        assert optimizer.param_groups[0]["lr"] is lr
    assert results[0] == pytest.approx(results[1], rel=1e-5)


REFUSED = [
    ("ConstantLR", {"factor": 2.0}), ("LinearLR", {"start_factor": 0.0}),
    ("LinearLR", {"end_factor": 2.0}), ("LambdaLR", {"lr_lambda": [half]}),
    ("MultiplicativeLR", {"lr_lambda": 3}), ("CosineAnnealingWarmRestarts", {"T_0": 0}),
    ("CosineAnnealingWarmRestarts", {"T_0": 1, "T_mult": 0}),
    ("CyclicLR", {"base_lr": 1, "max_lr": [1, 2, 3]}),
    ("CyclicLR", {"base_lr": 1, "max_lr": 2, "mode": "up"}),
    ("OneCycleLR", {"max_lr": 1}), ("OneCycleLR", {"max_lr": 1, "total_steps": 0}),
    ("OneCycleLR", {"max_lr": 1, "total_steps": 5, "anneal_strategy": "x"}),
    ("OneCycleLR", {"max_lr": 1, "total_steps": 5, "pct_start": 2.0}),
    ("ReduceLROnPlateau", {"factor": 1.0}), ("ReduceLROnPlateau", {"mode": "least"}),
    ("ReduceLROnPlateau", {"threshold_mode": "x"}), ("ReduceLROnPlateau", {"min_lr": [1]}),
    ("StepLR", {"step_size": 1, "last_epoch": 3}),
]  # fmt: skip


@pytest.mark.parametrize("name, options", REFUSED)
def test_same_refusals(name, options):
    errors = []
    for impl in (tl, torch):
        with pytest.raises(Exception) as caught:
            made(impl, name, options)
        errors.append(caught.value)
    assert type(errors[0]) is type(errors[1])
    first = [str(error).strip("'\"").split("\\n")[0].split("\n")[0] for error in errors]
    assert first[0] == first[1]
