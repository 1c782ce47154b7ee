"""`nn.utils` against PyTorch's."""

import copy

import numpy as np
import pytest

import torchlite as tl
import torchlite.nn.utils.prune  # not imported with torchlite, as in PyTorch

torch = pytest.importorskip("torch")
pytest.importorskip("torch.nn.utils.prune")
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")

BOTH = (tl, torch)
DRAW = np.random.RandomState(0)
WEIGHT, BIAS = (DRAW.randn(*s).astype(np.float32) for s in ((4, 3), (4,)))
INPUT = DRAW.randn(5, 3).astype(np.float32)


def same(results, rtol=1e-5, atol=1e-6):
    """Tensors of both, nested in lists, agree."""
    a, b = results
    if hasattr(b, "detach"):
        assert str(a.dtype) == str(b.dtype)
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=rtol, atol=atol)
    elif isinstance(b, (list, tuple)):
        assert len(a) == len(b)
        for pair in zip(a, b):
            same(pair, rtol, atol)
    elif isinstance(b, dict):
        assert list(a) == list(b)
        same((list(a.values()), list(b.values())), rtol, atol)
    else:
        assert a == b


def linear(impl):
    module = impl.nn.Linear(3, 4)
    with impl.no_grad():
        module.weight.copy_(impl.from_numpy(WEIGHT))
        module.bias.copy_(impl.from_numpy(BIAS))
    return module


def both(function):
    same([function(impl) for impl in BOTH])


def refused(function):
    errors = []
    for impl in BOTH:
        with pytest.raises(Exception) as caught:
            function(impl)
        errors.append(caught.value)
    assert type(errors[0]) is type(errors[1])
    assert str(errors[0]).split("\n")[0][:60] == str(errors[1]).split("\n")[0][:60]


# --- clipping, vectors ----------------------------------------------------------------------------


def graded(impl):
    module = linear(impl)
    (module(impl.from_numpy(INPUT)) ** 2).sum().backward()
    return module


@pytest.mark.parametrize("norm_type", [2.0, 1.0, float("inf"), 3])
@pytest.mark.parametrize("max_norm", [1.0, 1e6])
def test_clip_grad_norm(norm_type, max_norm):
    def clip(impl):
        module = graded(impl)
        norm = impl.nn.utils.clip_grad_norm_(module.parameters(), max_norm, norm_type)
        return [norm, *(p.grad for p in module.parameters())]

    both(clip)


def test_clip_grad_value():
    def clip(impl):
        module = graded(impl)
        impl.nn.utils.clip_grad_value_(module.parameters(), 0.5)
        return [p.grad for p in module.parameters()]

    both(clip)


def test_a_norm_that_is_not_finite():
    def clip(impl):
        module = graded(impl)
        module.bias.grad[0] = float("nan")
        impl.nn.utils.clip_grad_norm_(module.parameters(), 1.0, error_if_nonfinite=True)

    refused(clip)
    both(lambda impl: impl.nn.utils.get_total_norm([]))


def test_parameters_as_a_vector():
    def round_trip(impl):
        module, utils = linear(impl), impl.nn.utils
        vector = utils.parameters_to_vector(module.parameters())
        utils.vector_to_parameters(vector.detach() * 2, module.parameters())
        return [vector, *module.parameters()]

    both(round_trip)
    refused(lambda impl: impl.nn.utils.vector_to_parameters(3, []))
    refused(lambda impl: impl.nn.utils.vector_to_parameters(
        impl.ones(2), [impl.ones(3, requires_grad=True)]))  # fmt: skip


# --- sequences ------------------------------------------------------------------------------------

PADDED = DRAW.randn(4, 3, 2).astype(np.float32)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("lengths", [[4, 2, 1], [3, 3, 2], [1, 4, 2], [2, 1, 3]])
def test_packing_and_back(lengths, batch_first):
    def pack(impl):
        rnn = impl.nn.utils.rnn
        x = impl.from_numpy(PADDED.copy()).requires_grad_()
        shown = x.transpose(0, 1) if batch_first else x
        ordered = lengths == sorted(lengths, reverse=True)
        packed = rnn.pack_padded_sequence(shown, lengths, batch_first, enforce_sorted=ordered)
        padded, counts = rnn.pad_packed_sequence(packed, batch_first, -1.0, total_length=5)
        (padded * padded).sum().backward()
        rows = rnn.unpack_sequence(packed)
        return [[*packed], padded, counts, x.grad, rows]

    both(pack)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("batch_first", [False, True])
def test_padding(side, batch_first):
    def pad(impl):
        rnn = impl.nn.utils.rnn
        rows = [impl.from_numpy(PADDED[:n, 0].copy()).requires_grad_() for n in (2, 4, 1)]
        padded = rnn.pad_sequence(rows, batch_first, 7.0, side)
        (padded**2).sum().backward()
        packed = rnn.pack_sequence(rows, enforce_sorted=False)
        unpadded = rnn.unpad_sequence(
            rnn.pad_sequence(rows, batch_first).clone(), impl.tensor([2, 4, 1]), batch_first
        )
        return [padded.clone(), [*packed], [r.grad for r in rows], unpadded]

    both(pad)


def test_packed_sequences_convert_and_print():
    pairs = []
    for impl in BOTH:
        packed = impl.nn.utils.rnn.pack_padded_sequence(impl.from_numpy(PADDED), [4, 2, 1])
        pairs.append([repr(packed), [*packed.double()], [*packed.to(impl.int32)]])
        assert packed.to(impl.float32) is packed
    same(pairs)


@pytest.mark.parametrize("call", [
    lambda rnn, impl: rnn.pack_padded_sequence(impl.ones(4, 3, 2), [4, 2, 0]),
    lambda rnn, impl: rnn.pack_padded_sequence(impl.ones(4, 3, 2), [2, 4, 1]),
    lambda rnn, impl: rnn.pack_padded_sequence(impl.ones(4, 3, 2), [4, 2]),
    lambda rnn, impl: rnn.pack_padded_sequence(impl.ones(4, 3, 2), impl.ones(2, 2)),
    lambda rnn, impl: rnn.pad_sequence([]),
    lambda rnn, impl: rnn.pad_sequence(3),
    lambda rnn, impl: rnn.pad_sequence([impl.ones(2), 3]),
    lambda rnn, impl: rnn.pad_sequence([impl.ones(2)], padding_side="x"),
    lambda rnn, impl: rnn.pad_packed_sequence(
        rnn.pack_sequence([impl.ones(3)]), total_length=2),
    lambda rnn, impl: rnn.PackedSequence(impl.ones(3)),
])  # fmt: skip
def test_sequences_that_are_refused(call):
    refused(lambda impl: call(impl.nn.utils.rnn, impl))


# --- normalised weights ---------------------------------------------------------------------------


@pytest.mark.parametrize("dim", [0, 1, None])
@pytest.mark.parametrize("parametrized", [False, True])
def test_weight_norm(dim, parametrized):
    def run(impl):
        home = impl.nn.utils.parametrizations if parametrized else impl.nn.utils
        module = home.weight_norm(linear(impl), dim=dim)
        out = module(impl.from_numpy(INPUT))
        (out**2).sum().backward()
        grads = {name: p.grad for name, p in module.named_parameters()}
        state = copy.copy(dict(module.state_dict()))
        if parametrized:
            impl.nn.utils.parametrize.remove_parametrizations(module, "weight")
        else:
            impl.nn.utils.remove_weight_norm(module)
        return [out, grads, state, dict(module.state_dict())]

    both(run)


def test_old_checkpoints_of_weight_norm_load():
    old = tl.nn.utils.weight_norm(linear(tl)).state_dict()
    module = tl.nn.utils.parametrizations.weight_norm(tl.nn.Linear(3, 4))
    module.load_state_dict(old)
    np.testing.assert_allclose(module.weight.detach().numpy(), WEIGHT, rtol=1e-5)


@pytest.mark.parametrize("parametrized", [False, True])
def test_spectral_norm(parametrized):
    def run(impl):
        impl.manual_seed(0)
        home = impl.nn.utils.parametrizations if parametrized else impl.nn.utils
        module = home.spectral_norm(linear(impl), n_power_iterations=2)
        outs = [module(impl.from_numpy(INPUT)) for _ in range(3)]
        (outs[-1] ** 2).sum().backward()
        grads = {name: p.grad for name, p in module.named_parameters()}
        state = dict(module.state_dict())
        module.eval()
        return [outs, grads, state, module(impl.from_numpy(INPUT))]

    both(run)


@pytest.mark.parametrize("map", ["matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("trivialized", [True, False])
def test_orthogonal(map, trivialized):
    def run(impl):
        module = linear(impl)
        make = impl.nn.utils.parametrizations.orthogonal
        make(module, orthogonal_map=map, use_trivialization=trivialized)
        (module(impl.from_numpy(INPUT)) ** 2).sum().backward()
        q = module.weight
        assert np.allclose((q.T @ q).detach().numpy(), np.eye(3), atol=1e-5)
        if trivialized:  # the base is completed by random numbers
            return [q, module.bias.grad]
        return [q, *(p.grad for p in module.parameters())]

    same([run(impl) for impl in BOTH], rtol=1e-4)


class Symmetric:
    @staticmethod
    def of(impl):
        class Symmetric(impl.nn.Module):
            def forward(self, x):
                return x.triu() + x.triu(1).transpose(-1, -2)

            def right_inverse(self, x):
                return x.triu()

        return Symmetric()


def test_parametrizations():
    def run(impl):
        parametrize = impl.nn.utils.parametrize
        module = impl.nn.Linear(3, 3)
        parametrize.register_parametrization(module, "weight", Symmetric.of(impl))
        with impl.no_grad():
            module.weight = impl.from_numpy(WEIGHT[:3])
        names = [name for name, _ in module.named_parameters()]
        kinds = type(module).__name__, parametrize.type_before_parametrizations(module).__name__
        twin = copy.deepcopy(module)
        with parametrize.cached():
            assert module.weight is module.weight
        assert module.weight is not module.weight
        weight, copied = module.weight, twin.weight
        text = repr(twin)
        parametrize.remove_parametrizations(module, "weight", leave_parametrized=False)
        assert not parametrize.is_parametrized(module)
        assert type(module) is impl.nn.Linear
        return [names, kinds, weight, module.weight, copied, text]

    both(run)


def test_a_copy_of_a_parametrized_module_is_independent():
    module = tl.nn.Linear(3, 3)
    tl.nn.utils.parametrize.register_parametrization(module, "weight", Symmetric.of(tl))
    twin = copy.deepcopy(module)
    tl.nn.utils.parametrize.remove_parametrizations(module, "weight")
    assert tl.nn.utils.parametrize.is_parametrized(twin, "weight")
    assert twin.weight.shape == (3, 3)


class Cut:
    @staticmethod
    def of(impl):
        class Cut(impl.nn.Module):
            def forward(self, x):
                return x[:2]

        return Cut()


@pytest.mark.parametrize("call", [
    lambda u, impl: u.parametrize.register_parametrization(linear(impl), "weight", Cut.of(impl)),
    lambda u, impl: u.parametrize.register_parametrization(linear(impl), "x", Cut.of(impl)),
    lambda u, impl: u.parametrize.remove_parametrizations(linear(impl), "weight"),
    lambda u, impl: u.parametrizations.orthogonal(linear(impl), "bias"),
    lambda u, impl: u.parametrizations.orthogonal(linear(impl), orthogonal_map="x"),
    lambda u, impl: u.parametrizations.spectral_norm(linear(impl), dim=3),
    lambda u, impl: u.parametrizations.spectral_norm(linear(impl), n_power_iterations=0),
    lambda u, impl: u.weight_norm(u.weight_norm(linear(impl))),
    lambda u, impl: u.spectral_norm(u.spectral_norm(linear(impl))),
    lambda u, impl: u.remove_weight_norm(linear(impl)),
    lambda u, impl: u.skip_init(type(Cut.of(impl))),
    lambda u, impl: u.prune.l1_unstructured(linear(impl), "weight", -1),
    lambda u, impl: u.prune.l1_unstructured(linear(impl), "weight", 1.5),
    lambda u, impl: u.prune.l1_unstructured(linear(impl), "weight", "x"),
    lambda u, impl: u.prune.l1_unstructured(linear(impl), "weight", 13),
    lambda u, impl: u.prune.ln_structured(linear(impl), "bias", 1, 2, 0),
    lambda u, impl: u.prune.ln_structured(linear(impl), "weight", 1, 2, 2),
    lambda u, impl: u.prune.remove(linear(impl), "weight"),
    lambda u, impl: u.prune.custom_from_mask(linear(impl), "weight", impl.ones(2)),
    lambda u, impl: u.prune.global_unstructured([(linear(impl), "weight")], u.prune.LnStructured,
                                                amount=1, n=2),
])  # fmt: skip
def test_same_refusals(call):
    refused(lambda impl: call(impl.nn.utils, impl))


# --- pruning --------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [
    [("l1_unstructured", {"amount": 0.4})],
    [("ln_structured", {"amount": 2, "n": 2, "dim": 0})],
    [("random_unstructured", {"amount": 5})],
    [("random_structured", {"amount": 1, "dim": 1})],
    [("identity", {})],
    [("l1_unstructured", {"amount": 3}), ("ln_structured", {"amount": 1, "n": 1, "dim": -1})],
    [("ln_structured", {"amount": 1, "n": 2, "dim": 0}), ("l1_unstructured", {"amount": 0.5})],
    [("ln_structured", {"amount": 1, "n": 2, "dim": 0})] * 2,
])  # fmt: skip
def test_pruning(steps):
    def run(impl):
        impl.manual_seed(0)
        module, prune = linear(impl), impl.nn.utils.prune
        for name, options in steps:
            getattr(prune, name)(module, "weight", **options)
        out = module(impl.from_numpy(INPUT))
        (out**2).sum().backward()
        state = dict(module.state_dict())
        found = [out, module.weight_orig.grad, state, prune.is_pruned(module)]
        prune.remove(module, "weight")
        return [*found, module.weight, sorted(module.state_dict()), prune.is_pruned(module)]

    both(run)


def test_global_pruning():
    def run(impl):
        prune = impl.nn.utils.prune
        model = impl.nn.Sequential(linear(impl), impl.nn.ReLU(), linear(impl))
        pairs = [(model[0], "weight"), (model[2], "weight"), (model[2], "bias")]
        for _ in range(2):
            prune.global_unstructured(pairs, prune.L1Unstructured, amount=0.3)
        return [getattr(m, name) for m, name in pairs]

    both(run)


def test_a_refused_pruning_changes_nothing():
    module = linear(tl)
    before = sorted(module.state_dict())
    with pytest.raises(AssertionError):
        tl.nn.utils.prune.custom_from_mask(module, "weight", tl.ones(2))
    assert sorted(module.state_dict()) == before
    assert isinstance(module.weight, tl.nn.Parameter)


# --- fusion, averages -----------------------------------------------------------------------------


def test_fusion_of_weights():
    def run(impl):
        utils = impl.nn.utils
        mean, var, scale, shift = (impl.from_numpy(BIAS) * k for k in (1, 0, 2, 3))
        w, b = impl.from_numpy(WEIGHT), impl.from_numpy(BIAS)
        args = (mean, var + 2, 1e-5, scale, shift)
        kernel = w.reshape(4, 3, 1, 1)
        return [
            utils.fuse_linear_bn_weights(w, None, *args), utils.fuse_linear_bn_weights(w, b, *args),
            utils.fuse_conv_bn_weights(kernel, b, *args),
            utils.fuse_conv_bn_weights(kernel.transpose(0, 1), None, *args[:3], None, None, True),
        ]  # fmt: skip

    both(run)


def statistics(impl, bn):
    with impl.no_grad():
        for i, t in enumerate((bn.weight, bn.bias, bn.running_mean, bn.running_var)):
            t.copy_(impl.from_numpy(np.abs(BIAS) + i))
    return bn


def test_fusion_of_layers():
    def run(impl):
        utils, bn = impl.nn.utils, statistics(impl, impl.nn.BatchNorm1d(4)).eval()
        x, layer = impl.from_numpy(INPUT), linear(impl).eval()
        fused = utils.fuse_linear_bn_eval(layer, bn)
        assert np.allclose(fused(x).detach().numpy(), bn(layer(x)).detach().numpy(), atol=1e-5)
        conv = impl.nn.Conv2d(3, 4, 1, bias=False).eval()
        with impl.no_grad():
            conv.weight.copy_(impl.from_numpy(WEIGHT).reshape(4, 3, 1, 1))
        conv = utils.fuse_conv_bn_eval(conv, statistics(impl, impl.nn.BatchNorm2d(4)).eval())
        return [fused.weight, fused.bias, conv.weight, conv.bias]

    both(run)
    refused(lambda impl: impl.nn.utils.fuse_linear_bn_eval(linear(impl), impl.nn.BatchNorm1d(4)))
    refused(lambda impl: impl.nn.utils.fuse_linear_bn_eval(
        linear(impl).eval(), impl.nn.BatchNorm1d(3).eval()))  # fmt: skip


@pytest.mark.parametrize("average", ["default", "ema", "multi_ema"])
@pytest.mark.parametrize("use_buffers", [False, True])
def test_averaged_models(average, use_buffers):
    def run(impl):
        swa = impl.optim.swa_utils
        options = {"use_buffers": use_buffers}
        if average == "ema":
            options["avg_fn"] = swa.get_ema_avg_fn(0.9)
        elif average == "multi_ema":
            options["multi_avg_fn"] = swa.get_ema_multi_avg_fn(0.9)
        module = linear(impl)
        module.register_buffer("count", impl.ones(2))
        averaged = swa.AveragedModel(module, **options)
        for _ in range(4):
            averaged.update_parameters(module)
            with impl.no_grad():
                for t in module.state_dict().values():
                    t.mul_(1.5)
        return [dict(averaged.state_dict()), averaged(impl.from_numpy(INPUT))]

    both(run)
