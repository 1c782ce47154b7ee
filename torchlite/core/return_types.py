"""The named tuples that operations with several results return: ``torch.return_types``."""

from typing import Any, NamedTuple

from torchlite.core.tensor import Tensor as T


class max(NamedTuple):
    values: T
    indices: T
class min(NamedTuple):
    values: T
    indices: T
class cummax(NamedTuple):
    values: T
    indices: T
class cummin(NamedTuple):
    values: T
    indices: T
class sort(NamedTuple):
    values: T
    indices: T
class topk(NamedTuple):
    values: T
    indices: T
class kthvalue(NamedTuple):
    values: T
    indices: T
class median(NamedTuple):
    values: T
    indices: T
class nanmedian(NamedTuple):
    values: T
    indices: T
class mode(NamedTuple):
    values: T
    indices: T
class aminmax(NamedTuple):
    min: T
    max: T
class histogram(NamedTuple):
    hist: T
    bin_edges: T
class histogramdd(NamedTuple):
    hist: T
    bin_edges: tuple[T, ...]

# --- linear algebra: functions of `torch.linalg`, and older ones of the same purpose ------------

class qr(NamedTuple):
    Q: T
    R: T
class linalg_qr(NamedTuple):
    Q: T
    R: T
class svd(NamedTuple):
    U: T
    S: T
    V: T
class linalg_svd(NamedTuple):
    U: T
    S: T
    Vh: T
class slogdet(NamedTuple):
    sign: T
    logabsdet: T
class linalg_slogdet(NamedTuple):
    sign: T
    logabsdet: T
class linalg_eig(NamedTuple):
    eigenvalues: T
    eigenvectors: T
class linalg_eigh(NamedTuple):
    eigenvalues: T
    eigenvectors: T
class linalg_cholesky_ex(NamedTuple):
    L: T
    info: T
class linalg_inv_ex(NamedTuple):
    inverse: T
    info: T
class linalg_solve_ex(NamedTuple):
    result: T
    info: T
class lu_unpack(NamedTuple):
    P: T
    L: T
    U: T
class linalg_lu(NamedTuple):
    P: T
    L: T
    U: T
class linalg_lu_factor(NamedTuple):
    LU: T
    pivots: T
class linalg_lu_factor_ex(NamedTuple):
    LU: T
    pivots: T
    info: T
class linalg_ldl_factor(NamedTuple):
    LD: T
    pivots: T
class linalg_ldl_factor_ex(NamedTuple):
    LD: T
    pivots: T
    info: T
class linalg_lstsq(NamedTuple):
    solution: T
    residuals: T
    rank: T
    singular_values: T
class geqrf(NamedTuple):
    a: T
    tau: T
class triangular_solve(NamedTuple):
    solution: T
    cloned_coefficient: T

__all__ = [name for name, kind in vars().items() if hasattr(kind, "_fields")]


def _repr(self: Any) -> str:
    fields = ",\n".join(f"{name}={value!r}" for name, value in zip(self._fields, self))
    return f"torch.return_types.{type(self).__name__}(\n{fields})"


for _name in __all__:
    setattr(globals()[_name], "__repr__", _repr)  # noqa: B010  (named tuples, to a type checker)
