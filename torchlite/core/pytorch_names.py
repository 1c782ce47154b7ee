"""Where PyTorch's modules, and the names in them, are found in torchlite."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

#: PyTorch's modules -> ours; each entry covers its submodules.
ALIASES = {
    "torch": "torchlite",
    "torchvision": "torchlite.vision",
    "safetensors.torch": "torchlite.serialization.safetensors",
}
#: Our modules -> the PyTorch modules, separated by spaces, whose names they define.
_JOINED = {
    "torchlite": "_C._VariableFunctions functional",
    "torchlite.core.tensor": "utils.hooks",
    "torchlite.amp": "amp.autocast_mode amp.grad_scaler",
    "torchlite.autograd.anomaly": "autograd.anomaly_mode",
    "torchlite.autograd.profiler": "autograd.profiler_util",
    "torchlite.standins.cuda.amp": "cuda.amp.autocast_mode cuda.amp.grad_scaler",
    "torchlite.distributions": """
        distributions.chi2 distributions.continuous_bernoulli distributions.exp_family
        distributions.fishersnedecor distributions.generalized_pareto distributions.geometric
        distributions.gumbel distributions.half_cauchy distributions.half_normal
        distributions.inverse_gamma distributions.kumaraswamy distributions.lkj_cholesky
        distributions.log_normal distributions.logistic_normal
        distributions.lowrank_multivariate_normal distributions.multinomial
        distributions.negative_binomial distributions.one_hot_categorical distributions.pareto
        distributions.poisson distributions.relaxed_bernoulli distributions.relaxed_categorical
        distributions.weibull""",
    "torchlite.nn.functional": "_C._nn",
    "torchlite.ops.core.return_types": "return_types",
    "torchlite.namespaces.profiler": "profiler.profiler",
    "torchlite.utils.data": "utils.data._utils",
    "torchlite.utils.data.collate": "utils.data._utils.collate",
    "torchlite.utils.tensorboard": "utils.tensorboard.writer",
}
PLACES = {
    f"torch.{theirs}": ours for ours, names in _JOINED.items() for theirs in names.split()
}  # fmt: skip
#: Packages that are split into files differently than in PyTorch: a name may be in another file.
_CUT_OTHERWISE = (
    "torchlite.autograd", "torchlite.distributions", "torchlite.nn.modules", "torchlite.nn.utils",
    "torchlite.optim", "torchlite.optim.lr_scheduler", "torchlite.utils.data",
)  # fmt: skip


def our_name(name: str) -> str | None:
    """``"torchlite.nn"`` for ``"torch.nn"``; None for a module that is not PyTorch's."""
    if name in PLACES:
        return PLACES[name]
    for theirs, ours in ALIASES.items():
        if name == theirs or name.startswith(f"{theirs}."):
            return ours + name[len(theirs) :]
    return None


def of_package(module: str, name: str) -> Any:
    """The attribute `name` of the package of our `module`, if PyTorch splits it differently.

    Raises: AttributeError if there is none.
    """
    package = module.rpartition(".")[0]
    if package in _CUT_OTHERWISE:
        return getattr(importlib.import_module(package), name)
    raise AttributeError(f"module {module!r} has no attribute {name!r}")


def find(module: str, name: str) -> Any:
    """Our counterpart of a class or function in PyTorch's `module`; `name` may contain dots.

    Raises: ImportError or AttributeError if there is none.
    """
    ours = our_name(module)
    if ours is None:
        raise ImportError(f"{module!r} is not a PyTorch module")
    first, *rest = name.split(".")
    found = importlib.import_module(ours)
    value = getattr(found, first) if hasattr(found, first) else of_package(ours, first)
    for part in rest:
        value = getattr(value, part)
    return value
