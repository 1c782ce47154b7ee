"""Special functions of mathematics: PyTorch's `torch.special`."""

from torchlite.ops.activation import sigmoid as expit
from torchlite.ops.elementwise import erf, erfc, erfinv, exp2, expm1, log1p, round
from torchlite.ops.elementwise import lgamma as gammaln
from torchlite.ops.normalize import log_softmax, logsumexp, softmax
from torchlite.ops.pointwise import digamma, logit, polygamma, sinc, xlogy
from torchlite.ops.pointwise import digamma as psi
from torchlite.ops.pointwise import mvlgamma as multigammaln
from torchlite.ops.special import entr, i0, i0e, i1, i1e, ndtr, ndtri, xlog1py

__all__ = [
    "digamma", "entr", "erf", "erfc", "erfinv", "exp2", "expit", "expm1", "gammaln", "i0", "i0e",
    "i1", "i1e", "log1p", "log_softmax", "logit", "logsumexp", "multigammaln", "ndtr", "ndtri",
    "polygamma", "psi", "round", "sinc", "softmax", "xlog1py", "xlogy",
]  # fmt: skip
