"""Ready parametrizations: weights of norm 1, with lengths apart, or orthogonal."""

from __future__ import annotations

from typing import Any

from torchlite.autograd.grad_mode import no_grad
from torchlite.core.tensor import Tensor
from torchlite.dtypes import finfo
from torchlite.linalg.factors import geqrf, householder_product, qr
from torchlite.linalg.solvers import solve
from torchlite.nn.modules.module import Module
from torchlite.nn.utils import parametrize
from torchlite.nn.utils.spectral_norm import as_matrix, default_dim, unit
from torchlite.nn.utils.weight_norm import scaled_to
from torchlite.ops.creation.factories import eye, zeros_like
from torchlite.ops.creation.random import randn
from torchlite.ops.linalg.matrix_functions import matrix_exp
from torchlite.ops.reduce.norms import norm_except_dim
from torchlite.ops.shape.joining import cat

_MAPS = ("matrix_exp", "cayley", "householder")


class _Orthogonal(Module):
    """An orthogonal matrix from any; with `use_trivialization`, times a `base` that may be set."""

    base: Tensor | None

    def __init__(self, weight: Tensor, orthogonal_map: str, use_trivialization: bool) -> None:
        super().__init__()
        if weight.is_complex() and orthogonal_map == "householder":
            raise ValueError("The householder parametrization does not support complex tensors.")
        self.shape, self.orthogonal_map = weight.shape, orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, x: Tensor) -> Tensor:
        wide = x.shape[-2] < x.shape[-1]
        x = x.mT if wide else x
        q = self._reflected(x) if self.orthogonal_map == "householder" else self._rotated(x)
        q = self.base @ q if hasattr(self, "base") else q
        return q.mT if wide else q

    def _rotated(self, x: Tensor) -> Tensor:
        """A rotation that a skew matrix, of the lower triangle, generates."""
        n, k = x.shape[-2:]
        x = x.tril()
        if n != k:
            x = cat([x, x.new_zeros(n, n - k).expand(*x.shape[:-2], -1, -1)], -1)
        skew = x - x.mH
        if self.orthogonal_map == "matrix_exp":
            q = matrix_exp(skew)
        else:
            one = eye(n, dtype=skew.dtype)
            q = solve(one - 0.5 * skew, one + 0.5 * skew)
        return q[..., :k]

    def _reflected(self, x: Tensor) -> Tensor:
        """A product of reflections along the columns below the diagonal; its signs are kept."""
        below = x.tril(diagonal=-1)
        tau = 2.0 / (1.0 + (below * below).sum(dim=-2))
        signs = x.detach().diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)
        return householder_product(below, tau) * signs

    @no_grad()
    def right_inverse(self, q: Tensor) -> Tensor:
        """What gives the orthogonal matrix `q`; with a base, that is set to about q."""
        if q.shape != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of "
                f"shape {q.shape}."
            )
        wide = q.shape[-2] < q.shape[-1]
        tall = q.mT if wide else q
        if hasattr(self, "base"):
            self.base = _completed(tall)
            start = zeros_like(q)
            start.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
            return start
        if self.orthogonal_map != "householder":
            raise NotImplementedError(
                "It is not possible to assign to the matrix exponential or the Cayley "
                "parametrizations when use_trivialization=False."
            )
        a, tau = geqrf(tall)
        signs = a.diagonal(dim1=-2, dim2=-1)
        signs.copy_(signs.sign() * (1 - 2 * (tau == 0.0).to(a.dtype)))
        return a.mT if wide else a


def _completed(q: Tensor) -> Tensor:
    """A square orthogonal matrix that starts with the columns of the tall `q`, made orthogonal."""
    n, k = q.shape[-2:]
    if n == k and _is_orthogonal(q):
        return q.clone()
    if n != k:
        q = cat([q, randn(*q.shape[:-2], n, n - k, dtype=q.dtype)], -1)
    square, r = qr(q)
    return square * r.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)


def _is_orthogonal(q: Tensor) -> bool:
    n = q.shape[-1]
    difference = q.mH @ q - eye(n, dtype=q.dtype)
    eps = 10 * n * finfo(q.dtype).eps
    return bool((difference.abs() <= eps).all())




def orthogonal(
    module: Module,
    name: str = "weight",
    orthogonal_map: str | None = None,
    *,
    use_trivialization: bool = True,
) -> Module:
    """Keep matrices orthogonal; of more rows than columns, the columns, else the rows.

    Source: Lezcano-Casado 2019, https://arxiv.org/abs/1909.09501

    Args:
        module: The module; it is changed and returned.
        name: A parameter or buffer (*, m, n). Default: "weight".
        orthogonal_map: "matrix_exp", "cayley" or "householder". Default: the first of square or
            complex matrices, else the last.
        use_trivialization: Learn relative to a base, so that the matrix can be assigned to.

    Raises: ValueError for an unknown map, or what is no matrix.
    """
    weight = _tensor_of(module, name)
    if weight.ndim < 2:
        raise ValueError(
            "Expected a matrix or batch of matrices. Got a tensor of "
            f"{weight.ndim} dimensions."
        )
    if orthogonal_map is None:
        square = weight.shape[-2] == weight.shape[-1]
        orthogonal_map = "matrix_exp" if square or weight.is_complex() else "householder"
    if orthogonal_map not in _MAPS:
        raise ValueError(
            'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: '
            f"{orthogonal_map}"
        )
    chain = _Orthogonal(weight, orthogonal_map, use_trivialization)
    return parametrize.register_parametrization(module, name, chain, unsafe=True)


class _WeightNorm(Module):
    def __init__(self, dim: int | None) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return scaled_to(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return norm_except_dim(weight, 2, self.dim), weight


def weight_norm(module: Module, name: str = "weight", dim: int = 0) -> Module:
    """Learn the length and the direction of a weight apart, as ``original0`` and ``original1``.

    State dicts of `torchlite.nn.utils.weight_norm` can be loaded.
    Source: Salimans and Kingma 2016, https://arxiv.org/abs/1602.07868

    Args:
        module: The module; it is changed and returned.
        name: The parameter. Default: "weight".
        dim: The dimension whose slices have a length each; None for one of all. Default: 0.
    """
    parametrize.register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def rename(state_dict: dict[str, Any], prefix: str, *others: Any) -> None:
        old = [f"{prefix}{name}_{part}" for part in "gv"]
        if all(key in state_dict for key in old):
            for i, key in enumerate(old):
                state_dict[f"{prefix}parametrizations.{name}.original{i}"] = state_dict.pop(key)

    module._register_load_state_dict_pre_hook(rename)
    return module


class _SpectralNorm(Module):
    _u: Tensor
    _v: Tensor

    def __init__(self, weight: Tensor, n_power_iterations: int, dim: int, eps: float) -> None:
        super().__init__()
        ndim = weight.ndim
        if not -ndim <= dim < ndim:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [-{ndim}, {ndim - 1}] but got "
                f"{dim})"
            )
        if n_power_iterations <= 0:
            raise ValueError(
                "Expected n_power_iterations to be positive, but got "
                f"n_power_iterations={n_power_iterations}"
            )
        self.dim, self.eps = dim % ndim, eps
        if ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = as_matrix(weight.detach(), self.dim)
            u, v = (matrix.new_empty(n).normal_(0, 1) for n in matrix.shape)
            self.register_buffer("_u", unit(u, eps))
            self.register_buffer("_v", unit(v, eps))
            self._improve(matrix, 15)

    @no_grad()
    def _improve(self, matrix: Tensor, iterations: int) -> None:
        for _ in range(iterations):
            self._u.copy_(unit(matrix.mv(self._v), self.eps))
            self._v.copy_(unit(matrix.H.mv(self._u), self.eps))

    def forward(self, weight: Tensor) -> Tensor:
        if weight.ndim == 1:
            return unit(weight, self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            self._improve(matrix, self.n_power_iterations)
        u, v = self._u.clone(), self._v.clone()  # a later forward writes the buffers
        return weight / (u.conj() * matrix.mv(v)).sum()

    def right_inverse(self, value: Tensor) -> Tensor:
        return value  # any matrix may be assigned; it is normalised when it is read


def spectral_norm(
    module: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Module:
    """Divide a weight by its greatest singular value, which is estimated by power iteration.

    Source: Miyato et al. 2018, https://arxiv.org/abs/1802.05957

    Args:
        module: The module; it is changed and returned.
        name: A parameter or buffer. Default: "weight".
        n_power_iterations: Improvements of the estimate each use in training. Default: 1.
        eps: The least norm that is divided by. Default: 1e-12.
        dim: The dimension of the outputs. Default: 1 of transposed convolutions, else 0.

    Raises: ValueError if there is no such tensor, or no iterations; IndexError for `dim`.
    """
    weight = _tensor_of(module, name)
    dim = default_dim(module) if dim is None else dim
    chain = _SpectralNorm(weight, n_power_iterations, dim, eps)
    return parametrize.register_parametrization(module, name, chain)


def _tensor_of(module: Module, name: str) -> Tensor:
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    return weight


__all__ = ["orthogonal", "spectral_norm", "weight_norm"]
