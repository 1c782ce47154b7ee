"""Spectral normalisation by a hook; see `parametrizations.spectral_norm` for its successor."""

from __future__ import annotations

from typing import Any, TypeVar

from torchlite.autograd.grad_mode import no_grad
from torchlite.core.tensor import Tensor
from torchlite.nn.modules.module import Module
from torchlite.nn.parameter import Parameter
from torchlite.nn.utils import parameter_hooks

M = TypeVar("M", bound=Module)


def unit(x: Tensor, eps: float) -> Tensor:
    """`x` divided by its norm, or by `eps` if that is greater."""
    return x / x.norm().clamp(min=eps)


def as_matrix(weight: Tensor, dim: int) -> Tensor:
    """`weight` as a matrix: `dim` first, the other dimensions flattened."""
    return weight.movedim(dim, 0).flatten(1)


def default_dim(module: Any) -> int:
    """The dimension of the outputs in the weight of `module`."""
    transposed = ("ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d")
    return int(any(kind.__name__ in transposed for kind in type(module).__mro__))


class SpectralNorm:
    """The hook: before each forward, divides the weight by its spectral norm.

    In training mode, the estimate of the norm is first refined by power iteration.
    """

    _version = 1

    def __init__(self, name: str = "weight", n_power_iterations: int = 1, dim: int = 0,
                 eps: float = 1e-12) -> None:  # fmt: skip
        if n_power_iterations <= 0:
            raise ValueError(
                "Expected n_power_iterations to be positive, but got "
                f"n_power_iterations={n_power_iterations}"
            )
        self.name, self.dim, self.eps = name, dim, eps
        self.n_power_iterations = n_power_iterations

    def compute_weight(self, module: Any, do_power_iteration: bool) -> Tensor:
        """The weight divided by its spectral norm."""
        weight, u, v = (getattr(module, self.name + suffix) for suffix in ("_orig", "_u", "_v"))
        matrix = as_matrix(weight, self.dim)
        if do_power_iteration:
            with no_grad():
                for _ in range(self.n_power_iterations):
                    v.copy_(unit(matrix.t().mv(u), self.eps))
                    u.copy_(unit(matrix.mv(v), self.eps))
                u, v = u.clone(), v.clone()  # a later forward overwrites the buffers
        return weight / u.dot(matrix.mv(v))

    @staticmethod
    def apply(module: Any, name: str, n_power_iterations: int, dim: int,
              eps: float) -> SpectralNorm:  # fmt: skip
        """Install a hook; arguments and errors as for `spectral_norm`."""
        if parameter_hooks.find(module, SpectralNorm, name) is not None:
            raise RuntimeError(
                f"Cannot register two spectral_norm hooks on the same parameter {name}"
            )
        hook, weight = SpectralNorm(name, n_power_iterations, dim, eps), module._parameters[name]
        if weight is None:
            raise ValueError(f"`SpectralNorm` cannot be applied as parameter `{name}` is None")
        height, width = as_matrix(weight.detach(), dim).shape
        u, v = (unit(weight.detach().new_empty(n).normal_(0, 1), eps) for n in (height, width))
        delattr(module, name)
        module.register_parameter(name + "_orig", weight)
        setattr(module, name, weight.data)
        module.register_buffer(name + "_u", u)
        module.register_buffer(name + "_v", v)
        module.register_forward_pre_hook(hook)
        return hook

    def remove(self, module: Any) -> None:
        """Make the weight a parameter again."""
        with no_grad():
            weight = self.compute_weight(module, do_power_iteration=False)
        for suffix in ("", "_u", "_v", "_orig"):
            delattr(module, self.name + suffix)
        module.register_parameter(self.name, Parameter(weight.detach()))

    def __call__(self, module: Any, inputs: Any) -> None:
        weight = self.compute_weight(module, do_power_iteration=module.training)
        setattr(module, self.name, weight)


def spectral_norm(module: M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12,
                  dim: int | None = None) -> M:  # fmt: skip
    """Divide a weight by its largest singular value, estimated by power iteration.

    Source: Miyato et al. 2018, https://arxiv.org/abs/1802.05957

    Args:
        module: The module; it is changed and returned.
        name: The parameter. Default: "weight".
        n_power_iterations: Power iterations per forward in training mode. Default: 1.
        eps: Lower bound on the norms divided by. Default: 1e-12.
        dim: The dimension of the outputs. Default: 1 for transposed convolutions, else 0.

    Raises: RuntimeError if the parameter is normalised already; ValueError if it is None or there
        are no iterations.
    """
    dim = default_dim(module) if dim is None else dim
    SpectralNorm.apply(module, name, n_power_iterations, dim, eps)
    return module


def remove_spectral_norm(module: M, name: str = "weight") -> M:
    """Undo `spectral_norm`; the weight keeps its value. Raises: ValueError if there is none."""
    missing = f"spectral_norm of '{name}' not found in {module}"
    parameter_hooks.remove(module, SpectralNorm, name, missing)
    return module


__all__ = ["SpectralNorm", "remove_spectral_norm", "spectral_norm"]
