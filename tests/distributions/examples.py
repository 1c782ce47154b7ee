"""One batch of each distribution, described so that either library can build it."""

LOC, SCALE = [0.3, -1.2, 2.0], [0.5, 1.5, 3.0]
PROBS = [0.1, 0.5, 0.85]
WEIGHTS = [[0.2, 0.3, 0.5], [1.0, 2.0, 0.5]]
COVARIANCE = [[2.0, 0.3], [0.3, 1.0]]
FACTOR = [[1.2, 0.0], [-0.4, 0.7]]

#: Class -> keywords; lists become tensors.
EXAMPLES = {
    "Bernoulli": {"probs": PROBS},
    "Beta": {"concentration1": [0.4, 2.0, 7.0], "concentration0": [0.7, 3.0, 1.5]},
    "Binomial": {"total_count": [5.0, 5.0, 5.0], "probs": PROBS},
    "Categorical": {"probs": WEIGHTS},
    "Cauchy": {"loc": LOC, "scale": SCALE},
    "Chi2": {"df": [0.5, 3.0, 9.0]},
    "ContinuousBernoulli": {"probs": PROBS},
    "Dirichlet": {"concentration": [[0.4, 2.0, 7.0], [1.5, 1.0, 3.0]]},
    "Exponential": {"rate": SCALE},
    "FisherSnedecor": {"df1": [1.0, 4.0, 9.0], "df2": [2.5, 6.0, 5.0]},
    "Gamma": {"concentration": [0.4, 2.0, 7.0], "rate": SCALE},
    "GeneralizedPareto": {"loc": LOC, "scale": SCALE, "concentration": [0.0, 0.3, -0.4]},
    "Geometric": {"probs": PROBS},
    "Gumbel": {"loc": LOC, "scale": SCALE},
    "HalfCauchy": {"scale": SCALE},
    "HalfNormal": {"scale": SCALE},
    "InverseGamma": {"concentration": [0.7, 2.5, 7.0], "rate": SCALE},
    "Kumaraswamy": {"concentration1": [0.4, 2.0, 7.0], "concentration0": [0.7, 3.0, 1.5]},
    "LKJCholesky": {"dim": 3, "concentration": [0.7, 1.0, 4.0]},
    "Laplace": {"loc": LOC, "scale": SCALE},
    "LogNormal": {"loc": LOC, "scale": [0.5, 0.2, 0.9]},
    "LogisticNormal": {"loc": LOC, "scale": SCALE},
    "LowRankMultivariateNormal": {
        "loc": LOC, "cov_factor": [[0.2], [1.0], [-0.5]], "cov_diag": SCALE,
    },
    "Multinomial": {"total_count": 4, "probs": WEIGHTS},
    "MultivariateNormal": {"loc": [0.3, -1.2], "covariance_matrix": COVARIANCE},
    "NegativeBinomial": {"total_count": [1.0, 2.5, 6.0], "probs": PROBS},
    "Normal": {"loc": LOC, "scale": SCALE},
    "OneHotCategorical": {"probs": WEIGHTS},
    "OneHotCategoricalStraightThrough": {"logits": WEIGHTS},
    "Pareto": {"scale": SCALE, "alpha": [0.7, 1.5, 4.0]},
    "Poisson": {"rate": [0.4, 4.0, 30.0]},
    "RelaxedBernoulli": {"temperature": [0.7], "probs": PROBS},
    "RelaxedOneHotCategorical": {"temperature": [0.7], "probs": WEIGHTS},
    "StudentT": {"df": [0.7, 1.5, 5.0], "loc": LOC, "scale": SCALE},
    "Uniform": {"low": [-1.0, 0.0, 2.0], "high": [0.5, 1.0, 2.5]},
    "VonMises": {"loc": [0.3, -1.2, 2.0], "concentration": [0.1, 3.0, 40.0]},
    "Weibull": {"scale": SCALE, "concentration": [0.7, 1.5, 4.0]},
    "Wishart": {"df": [3.5, 5.0], "covariance_matrix": COVARIANCE},
}  # fmt: skip


def build(library, name, dtype="float64", **changes):
    """The distribution `name` of `library`, which is torchlite or PyTorch."""
    keywords = {**EXAMPLES[name], **changes}
    kind = getattr(library, dtype)
    made = {k: library.tensor(v, dtype=kind) if isinstance(v, list) else v
            for k, v in keywords.items()}  # fmt: skip
    return getattr(library.distributions, name)(**made)
