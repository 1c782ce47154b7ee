"""Forward mode against PyTorch."""

import numpy as np
import pytest

import torchlite
from torchlite.autograd import forward_ad

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
fw = torch.autograd.forward_ad

FUNCTIONS = {
    "elementwise": lambda t, x: (x.exp() * x.sin()).tanh() + x.clamp(-1, 1),
    "reductions": lambda t, x: x.softmax(1) + x.logsumexp(0) + x.std() + x.norm(),
    "views": lambda t, x: x.t().reshape(-1)[1:7].view(2, 3).flip(0).cumsum(1),
    "order": lambda t, x: x.sort(1).values + x.max(1, keepdim=True).values,
    "matrices": lambda t, x: t.linalg.inv(x @ x.t() + 3 * t.eye(3, dtype=x.dtype)),
    "factors": lambda t, x: t.linalg.svd(x[:, :3])[0].abs() + t.linalg.eigh(x @ x.t())[1].abs(),
    "complex": lambda t, x: (t.fft.fft(x) * (1 + 2j)).abs(),
    "joined": lambda t, x: t.cat([x, x * 2]).index_select(0, t.tensor([4, 0])),
    "layers": lambda t, x: t.nn.functional.layer_norm(t.nn.functional.gelu(x), (4,)),
    "loss": lambda t, x: t.nn.functional.cross_entropy(x, t.tensor([1, 0, 3])),
    "detached": lambda t, x: x.detach() * x,
    "constant": lambda t, x: t.ones(2),
}


def arrays():
    rng = np.random.default_rng(0)
    return rng.normal(size=(3, 4)), rng.normal(size=(3, 4))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_tangents(name):
    x, v = arrays()
    function = FUNCTIONS[name]
    found = torchlite.func.jvp(
        lambda x: function(torchlite, x), (torchlite.from_numpy(x),), (torchlite.from_numpy(v),)
    )
    wanted = torch.func.jvp(
        lambda x: function(torch, x), (torch.from_numpy(x),), (torch.from_numpy(v),)
    )
    for a, b in zip(found, wanted):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-9, atol=1e-12)


def dual_program(library, ad, x, v):
    """Tangents of an update in place, of a gradient, and after the level."""
    x, v = library.from_numpy(x).requires_grad_(), library.from_numpy(v)
    with ad.dual_level():
        dual = ad.make_dual(x, v)
        y = library.zeros(3, 4, dtype=library.float64)
        y[1:] = dual[:2].sin()
        y.mul_(dual)
        (g,) = library.autograd.grad((dual**3).sum(), dual, create_graph=True)
        ends = [*ad.unpack_dual(y), ad.unpack_dual(g).tangent]
    (second,) = library.autograd.grad(ends[1].sum(), x)
    return [end.detach().numpy() for end in ends] + [second.numpy()]


def test_dual_levels():
    found = dual_program(torchlite, forward_ad, *arrays())
    for a, b in zip(found, dual_program(torch, fw, *arrays())):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def bad_calls(library, ad):
    x = library.ones(3)
    with ad.dual_level():
        yield lambda: ad.make_dual(x, library.ones(2))
        yield lambda: ad.make_dual(library.arange(3), x)
        yield lambda: ad.make_dual(ad.make_dual(x, x), x)
        yield lambda: ad.enter_dual_level()
        yield lambda: ad.exit_dual_level(level=3)
    yield lambda: ad.make_dual(x, x)
    yield lambda: ad.exit_dual_level()
    jvp = library.func.jvp
    yield lambda: jvp(library.sin, x, x)
    yield lambda: jvp(library.sin, (), ())
    yield lambda: jvp(library.sin, (x,), (3,))
    yield lambda: jvp(lambda x: 3, (x,), (x,))
    yield lambda: jvp(lambda y: x, (x,), (x,), strict=True)
    yield lambda: library.func.jacfwd(library.sin, ())(x)


def test_errors():
    for ours, theirs in zip(bad_calls(torchlite, forward_ad), bad_calls(torch, fw)):
        with pytest.raises(Exception) as wanted:
            theirs()
        with pytest.raises(type(wanted.value)) as found:
            ours()
        words = str(wanted.value).splitlines()[0].replace("torchlite", "torch")
        assert str(found.value).splitlines()[0][:60] == words[:60]
