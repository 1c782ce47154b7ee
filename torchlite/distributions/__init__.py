"""Probability distributions: PyTorch's `torch.distributions`.

The same seed gives PyTorch's samples. A distribution is a batch of independent ones.
"""

from torchlite.distributions import kl_between, utils
from torchlite.distributions.bernoulli import (
    Bernoulli,
    ContinuousBernoulli,
    Geometric,
    RelaxedBernoulli,
)
from torchlite.distributions.beta import Beta, Kumaraswamy
from torchlite.distributions.binomial import Binomial, NegativeBinomial, Poisson
from torchlite.distributions.categorical import (
    Categorical,
    Multinomial,
    OneHotCategorical,
    OneHotCategoricalStraightThrough,
    RelaxedOneHotCategorical,
)
from torchlite.distributions.cauchy import Cauchy, HalfCauchy
from torchlite.distributions.constraint_registry import biject_to, transform_to
from torchlite.distributions.dirichlet import Dirichlet
from torchlite.distributions.distribution import Distribution, ExponentialFamily
from torchlite.distributions.exponential import Exponential, GeneralizedPareto, Pareto, Weibull
from torchlite.distributions.gamma import Chi2, FisherSnedecor, Gamma, InverseGamma
from torchlite.distributions.independent import Independent
from torchlite.distributions.kl import kl_divergence, register_kl
from torchlite.distributions.laplace import Gumbel, Laplace
from torchlite.distributions.mixture_same_family import MixtureSameFamily
from torchlite.distributions.multivariate_normal import (
    LowRankMultivariateNormal,
    MultivariateNormal,
)
from torchlite.distributions.normal import HalfNormal, LogisticNormal, LogNormal, Normal
from torchlite.distributions.studentT import StudentT
from torchlite.distributions.transformed_distribution import TransformedDistribution
from torchlite.distributions.transforms import *
from torchlite.distributions.transforms import __all__ as _transforms
from torchlite.distributions.uniform import Uniform
from torchlite.distributions.von_mises import VonMises
from torchlite.distributions.wishart import LKJCholesky, Wishart

__all__ = [
    "Bernoulli", "Beta", "Binomial", "Categorical", "Cauchy", "Chi2", "ContinuousBernoulli",
    "Dirichlet", "Distribution", "Exponential", "ExponentialFamily", "FisherSnedecor", "Gamma",
    "GeneralizedPareto", "Geometric", "Gumbel", "HalfCauchy", "HalfNormal", "Independent",
    "InverseGamma", "Kumaraswamy", "LKJCholesky", "Laplace", "LogNormal", "LogisticNormal",
    "LowRankMultivariateNormal", "MixtureSameFamily", "Multinomial", "MultivariateNormal",
    "NegativeBinomial", "Normal", "OneHotCategorical", "OneHotCategoricalStraightThrough",
    "Pareto", "Poisson", "RelaxedBernoulli", "RelaxedOneHotCategorical", "StudentT",
    "TransformedDistribution", "Uniform", "VonMises", "Weibull", "Wishart", "biject_to",
    "kl_divergence", "register_kl", "transform_to", *_transforms,
]  # fmt: skip
