"""A few eigenvalues and eigenvectors of symmetric matrices."""

from __future__ import annotations

from typing import Any

from torchlite import linalg
from torchlite.core.tensor import Tensor
from torchlite.ops.math.arithmetic import add, mul
from torchlite.ops.shape.rearranging import flip


def lobpcg(A: Tensor, k: int | None = None, B: Tensor | None = None, X: Tensor | None = None,
           n: int | None = None, iK: Tensor | None = None, niter: int | None = None,
           tol: float | None = None, largest: bool | None = None, method: str | None = None,
           tracker: Any = None, ortho_iparams: dict | None = None,
           ortho_fparams: dict | None = None,
           ortho_bparams: dict | None = None) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The `k` largest (or smallest) eigenvalues of ``A x = value * B x`` and their eigenvectors.

    They come from a full decomposition of the dense matrices, exact to rounding: the options of
    PyTorch's iteration (`iK`, `niter`, `tol`, `method`, `tracker`, ``ortho_*``) have no effect.

    Args:
        A: (*, M, M), symmetric.
        k: Default: the number of columns of `X`, else 1.
        B: (*, M, M), symmetric and positive definite. Default: the identity.
        X: (*, M, N), PyTorch's initial guess: only its number of columns matters.
        n: The number of eigenpairs that PyTorch iterates on.
        largest: Default: True.

    Returns: eigenvalues (*, k), largest (or smallest) first, and eigenvectors (*, M, k).
    Raises: ValueError (as PyTorch) if there are fewer than 3 rows per eigenpair.
    """
    rows = A.shape[-2]
    if rows != A.shape[-1]:
        raise AssertionError(f"A must be square, got shape {A.shape}")
    k = (1 if X is None else X.shape[-1]) if k is None else k
    n = (k if n is None else n) if X is None else X.shape[-1]
    if rows < 3 * n:
        raise ValueError(
            f"LOBPCG algorithm is not applicable when the number of A rows (={rows}) is smaller "
            f"than 3 x the number of requested eigenpairs (={n})"
        )
    values, vectors = _all_pairs(mul(add(A, A.mT), 0.5), B)
    if largest is None or largest:
        values, vectors = flip(values, (-1,)), flip(vectors, (-1,))
    return values[..., :k], vectors[..., :k]


def _all_pairs(A: Tensor, B: Tensor | None) -> tuple[Tensor, Tensor]:
    """All eigenvalues in ascending order, and eigenvectors that are orthonormal under `B`."""
    if B is None:
        return linalg.eigh(A)
    root = linalg.cholesky(B)  # with B = L L^T: L^-1 A L^-T y = value * y, x = L^-T y
    half = linalg.solve_triangular(root, A, upper=False)
    values, y = linalg.eigh(linalg.solve_triangular(root, half.mT, upper=False))
    return values, linalg.solve_triangular(root.mT, y, upper=True)


__all__ = ["lobpcg"]
