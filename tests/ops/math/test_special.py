"""Special functions: known values, identities, limits; numerical differences."""

import math

import pytest

import torchlite as torch
from torchlite import special
from torchlite.testing import assert_close

INF, NAN = math.inf, math.nan


def double(*values):
    return torch.tensor(values, dtype=torch.float64)


#: From Abramowitz and Stegun's tables: function -> {argument: value}.
KNOWN = {
    special.bessel_j0: {0.0: 1.0, 2.4: 0.00250768329724, 10.0: -0.24593576445135, INF: 0.0},
    special.bessel_j1: {0.0: 0.0, -1.0: -0.44005058574493, 10.0: 0.04347274616886, INF: 0.0},
    special.bessel_y0: {0.0: -INF, 1.0: 0.08825696421568, 10.0: 0.05567116728360, -1.0: NAN},
    special.bessel_y1: {0.0: -INF, 1.0: -0.78121282130029, 10.0: 0.24901542420695, -1.0: NAN},
    special.i0: {0.0: 1.0, 1.0: 1.26606587775201, -1.0: 1.26606587775201},
    special.i1: {0.0: 0.0, 1.0: 0.56515910399249, -1.0: -0.56515910399249},
    special.modified_bessel_k0: {0.0: INF, 1.0: 0.42102443824071, -1.0: NAN},
    special.modified_bessel_k1: {0.0: INF, 1.0: 0.60190723019723, -1.0: NAN},
    special.airy_ai: {0.0: 0.35502805388782, 1.0: 0.13529241631288, -1.0: 0.53556088329235},
    special.erfcx: {0.0: 1.0, 1.0: 0.42758357615581, 1e10: 5.6418958354775629e-11, INF: 0.0},
    special.ndtri: {0.5: 0.0, 0.975: 1.95996398454005, 0.0: -INF, 1.0: INF, 2.0: NAN},
    special.log_ndtr: {0.0: -0.69314718055995, -40.0: -804.608442013754, INF: 0.0},
    special.entr: {0.0: 0.0, 1.0: 0.0, 0.5: 0.34657359027997, -1.0: -INF},
    special.spherical_bessel_j0: {0.0: 1.0, 1.0: 0.84147098480790, INF: 0.0},
}


@pytest.mark.parametrize("function", KNOWN, ids=lambda f: f.__name__)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_known_values(function, dtype):
    x, expected = (torch.tensor(list(v), dtype=torch.float64).to(dtype)
                   for v in (KNOWN[function], KNOWN[function].values()))  # fmt: skip
    precise = {"rtol": 1e-12, "atol": 1e-14} if dtype is torch.float64 else {}
    assert_close(function(x), expected, equal_nan=True, **precise)


@pytest.mark.parametrize("function", KNOWN, ids=lambda f: f.__name__)
def test_nan_stays_and_complex_numbers_are_refused(function):
    assert function(torch.tensor(NAN)).isnan()
    with pytest.raises(RuntimeError, match="not implemented for"):
        function(torch.tensor(1j))


def test_bessel_functions_satisfy_their_wronskian_everywhere():
    x = torch.linspace(0.05, 60, 500, dtype=torch.float64)
    j, y = (
        (special.bessel_j0(x), special.bessel_j1(x)),
        (special.bessel_y0(x), special.bessel_y1(x)),
    )
    assert_close(j[1] * y[0] - j[0] * y[1], 2 / (math.pi * x), rtol=1e-13, atol=0)
    i = special.i0e(x), special.i1e(x)
    k = special.scaled_modified_bessel_k0(x), special.scaled_modified_bessel_k1(x)
    assert_close(i[0] * k[1] + i[1] * k[0], 1 / x, rtol=1e-13, atol=0)


def test_the_airy_function_satisfies_its_equation_across_its_methods():
    x = double(-12, -9, -8.7, -0.5, 1.5, 1.7, 4)
    h = 1e-3
    left, here, right = (special.airy_ai(x + d) for d in (-h, 0, h))
    assert_close((left - 2 * here + right) / h**2, x * here, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("a", [0.1, 1.0, 9.5, 80.0, 1e4, 3e5])
def test_incomplete_gamma_functions_add_up(a):
    x = a * torch.linspace(0.5, 2, 31, dtype=torch.float64)
    order = torch.full_like(x, a)
    assert_close(torch.igamma(order, x) + torch.igammac(order, x), torch.ones_like(x))
    if a == 1:
        assert_close(torch.igammac(order, x), (-x).exp(), rtol=1e-14, atol=0)


def test_incomplete_gamma_functions_at_the_ends():
    a, x = double(0, 0, 2, 2, INF, 2, -1), double(0, 1, 0, INF, 1, NAN, 1)
    assert_close(torch.igamma(a, x), double(NAN, 1, 0, 1, 0, NAN, NAN), equal_nan=True)
    assert_close(torch.igammac(a, x), double(NAN, 0, 1, 0, 1, NAN, NAN), equal_nan=True)


def test_zeta():
    s, q = double(2, 4, 1, 0.5, 3, 2, 2.5), double(1, 1, 3, 3, 0, -0.5, -0.5)
    half = math.pi**2 / 2 + 4  # zeta(2, 1/2) + (-1/2)**-2
    expected = double(math.pi**2 / 6, math.pi**4 / 90, INF, NAN, INF, half, NAN)
    assert_close(special.zeta(s, q), expected, equal_nan=True, rtol=1e-14, atol=0)
    assert special.zeta(2.0, torch.tensor(1.0)).dtype is torch.float32


def test_polygamma_on_both_sides_of_zero():
    x = double(1, 0.5, -0.5, 0, INF)
    trigamma = double(math.pi**2 / 6, math.pi**2 / 2, math.pi**2 / 2 + 4, INF, 0)
    assert_close(special.polygamma(1, x), trigamma, rtol=1e-14, atol=0)
    apery = 1.2020569031595942854
    expected = double(-2 * apery, -14 * apery, -14 * apery + 16, -INF, 0)
    assert_close(special.polygamma(2, x), expected, rtol=1e-13, atol=0)


def test_gradients_that_pytorch_lacks_are_refused():
    x = torch.tensor(2.0, requires_grad=True)
    with pytest.raises(NotImplementedError, match="igamma: input"):
        torch.igamma(x, torch.tensor(1.0)).backward()
    with pytest.raises(NotImplementedError, match="zeta"):
        special.zeta(x, torch.tensor(1.0)).backward()
    assert not special.bessel_j0(x).requires_grad


# --- orthogonal polynomials -----------------------------------------------------------------------

POLYNOMIALS = {  # of degree 3
    special.chebyshev_polynomial_t: lambda x: 4 * x**3 - 3 * x,
    special.chebyshev_polynomial_u: lambda x: 8 * x**3 - 4 * x,
    special.chebyshev_polynomial_v: lambda x: 8 * x**3 - 4 * x**2 - 4 * x + 1,
    special.chebyshev_polynomial_w: lambda x: 8 * x**3 + 4 * x**2 - 4 * x - 1,
    special.shifted_chebyshev_polynomial_t: lambda x: 4 * (2 * x - 1) ** 3 - 3 * (2 * x - 1),
    special.hermite_polynomial_h: lambda x: 8 * x**3 - 12 * x,
    special.hermite_polynomial_he: lambda x: x**3 - 3 * x,
    special.laguerre_polynomial_l: lambda x: (-(x**3) + 9 * x**2 - 18 * x + 6) / 6,
    special.legendre_polynomial_p: lambda x: (5 * x**3 - 3 * x) / 2,
}


@pytest.mark.parametrize("polynomial", POLYNOMIALS, ids=lambda f: f.__name__)
def test_polynomials(polynomial):
    x = torch.linspace(-2, 2, 9, dtype=torch.float64)
    assert_close(polynomial(x, 3), POLYNOMIALS[polynomial](x))
    degrees = torch.tensor([[-1], [0], [3]])
    rows = torch.stack((x * 0, x * 0 + 1, POLYNOMIALS[polynomial](x)))
    assert_close(polynomial(x, degrees), rows)
    assert polynomial(0.5, torch.tensor([1, 2])).dtype is torch.float32


# --- differences and errors -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: torch.histogram(x.long(), 2), "not implemented for 'Long'"),
        (lambda x: torch.histogram(x, 0), "bins must be > 0"),
        (lambda x: torch.histogram(x, 2, range=(1.0, 0.0)), "min should not exceed max"),
        (lambda x: torch.histogram(x, 2, weight=x[:1]), "the same shape as the input"),
        (lambda x: torch.histogram(x / 0, 2), "is not finite"),
        (lambda x: torch.histogramdd(x, [2, 2, 2]), "equal to the innermost dimension"),
        (lambda x: torch.gradient(x[:1]), "at least edge_order\\+1"),
        (lambda x: torch.gradient(x, edge_order=3), "only supports edge_order"),
        (lambda x: torch.gradient(x, spacing=[1.0]), "list of length 1"),
        (lambda x: torch.gradient(x.byte()), "does not support uint8"),
    ],
)
def test_errors(call, message):
    with pytest.raises(RuntimeError, match=message):
        call(torch.ones(3, 2))


def test_gradient_is_exact_for_parabolas():
    t = double(0, 1, 1.5, 3, 3.5)
    (slope,) = torch.gradient(t**2, spacing=(t,), edge_order=2)
    assert_close(slope, 2 * t)
    rows, columns = torch.gradient(torch.arange(6.0).reshape(2, 3), spacing=2)
    assert rows.tolist() == [[1.5] * 3] * 2
    assert columns.tolist() == [[0.5] * 3] * 2


def test_zeta_vanishes_at_infinity():
    assert special.zeta(double(2, 3), double(INF, INF)).tolist() == [0.0, 0.0]
