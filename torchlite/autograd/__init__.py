"""Automatic differentiation: graph traversal, its switches, custom functions."""

import importlib
from typing import TYPE_CHECKING, Any

from torchlite.autograd.anomaly import detect_anomaly, set_detect_anomaly
from torchlite.autograd.backward import backward, grad
from torchlite.autograd.function import Function
from torchlite.autograd.grad_mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)
from torchlite.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from torchlite.autograd.nested_function import NestedIOFunction
from torchlite.autograd.variable import (
    Variable,
    enforce_grad_layout_policy,
    set_multithreading_enabled,
)

if TYPE_CHECKING:
    from torchlite.autograd import forward_ad, functional, graph, profiler

__all__ = [
    "Function", "GradcheckError", "backward", "enable_grad", "grad", "gradcheck", "gradgradcheck",
    "inference_mode", "is_grad_enabled", "no_grad", "set_grad_enabled",
    "NestedIOFunction", "Variable", "detect_anomaly", "enforce_grad_layout_policy", "forward_ad",
    "functional", "graph", "profiler", "set_detect_anomaly", "set_multithreading_enabled",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import on first use the modules that many programs do not need."""
    if name not in ("forward_ad", "functional", "graph", "profiler"):
        raise AttributeError(f"module 'torchlite.autograd' has no attribute {name!r}")
    return importlib.import_module(f"torchlite.autograd.{name}")
