"""`vmap`: dimensions, nesting, gradients, writes, random numbers and what is refused."""

import gc
import weakref

import pytest

import torchlite as torch
from torchlite import func, nn
from torchlite.func import vmap

close = torch.testing.assert_close


def test_dimensions_of_inputs_and_outputs():
    x, y = torch.randn(3, 4), torch.randn(4)
    close(vmap(torch.sum)(x), x.sum(1))
    close(vmap(torch.sum, in_dims=1)(x), x.sum(0))
    product, total = vmap(lambda a, b: (a * b, a.sum()), in_dims=(0, None), out_dims=(1, 0))(x, y)
    close(product, (x * y).T)
    close(total, x.sum(1))
    close(vmap(lambda d: d["a"] + d["b"], in_dims=({"a": 0, "b": None},))({"a": x, "b": y}), x + y)
    close(vmap(vmap(torch.mul))(x, x), x * x)
    scale = torch.arange(3.0)
    close(vmap(lambda a, scale: a * scale)(x, scale=scale), x * scale[:, None])
    close(vmap(torch.outer, in_dims=(-1, -1), out_dims=-1)(x, x).shape, torch.Size([3, 3, 4]))
    assert vmap(torch.sum)(x[:0]).shape == (0,)


def test_the_function_runs_once_and_sees_one_example():
    seen = []

    def look(a):
        seen.append((a.shape, a.ndim, a.numel(), a.dtype, a.stride(), a.is_contiguous()))
        return a

    close(vmap(look, in_dims=1)(x := torch.randn(4, 3)), x.T)
    assert seen == [(torch.Size([4]), 1, 4, torch.float32, (3,), False)]


def test_what_all_examples_share_is_repeated_or_returned_as_it_is():
    x, y = torch.randn(3, 4), torch.randn(2)
    close(vmap(lambda a: y)(x), y.expand(3, 2))
    close(vmap(lambda a: y, out_dims=1)(x), y[:, None].expand(2, 3))
    assert vmap(lambda a: (a, y), out_dims=(0, None))(x)[1] is y


def test_levels_nest():
    x, y, w = torch.randn(3, 4), torch.randn(5, 4), torch.randn(4, 4)
    pairs = vmap(lambda a: vmap(lambda b: a @ w @ b)(y))(x)
    close(pairs, x @ w @ y.T)
    close(vmap(vmap(torch.dot, (None, 0)), (0, None), out_dims=1)(x, y), (x @ y.T).T)
    inner = vmap(lambda a: vmap(lambda b: a.sum() + 0 * b, randomness="same")(y[:, 0]))(x)
    close(inner, x.sum(1, keepdim=True).expand(3, 5))


def test_parts_give_what_the_whole_gives():
    x = torch.randn(5, 3)
    for size in (1, 2, 5, 9):
        result = vmap(lambda a: (a.cumsum(0), a.sum()), out_dims=(1, 0), chunk_size=size)(x)
        close(result, (x.cumsum(1).T, x.sum(1)))


def test_it_goes_together_with_gradients():
    w, x = torch.randn(4), torch.randn(3, 4)
    loss = lambda w, x: (w * x).sin().sum()  # noqa: E731
    close(vmap(func.grad(loss), in_dims=(None, 0))(w, x), (w * x).cos() * x)
    close(func.grad(lambda x: vmap(lambda a: (a * a).sum())(x).sum())(x), 2 * x)


def test_tensors_found_outside_get_the_sum_of_their_gradients():
    w, x = torch.randn(4, requires_grad=True), torch.randn(3, 4, requires_grad=True)
    h = w.exp()  # an inner node of the graph outside
    vmap(lambda a: (a * h * w).sum())(x).square().sum().backward()
    expected = [torch.autograd.grad((x * w.exp() * w).sum(1).square().sum(), t)[0] for t in (w, x)]
    close([w.grad, x.grad], expected)
    shared = vmap(lambda a: w * 2)(x)
    close(torch.autograd.grad(shared.sum(), w)[0], torch.full((4,), 6.0))


def test_third_derivatives_through_it():
    w = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    x = torch.linspace(0.1, 1, 4, dtype=torch.float64)
    y = vmap(lambda a: (a * w).exp())(x).sum()
    for _ in range(3):
        (y,) = torch.autograd.grad(y, w, create_graph=True)
    close(y, (x**3 * (x * w).exp()).sum())


def test_a_graph_is_freed_as_it_is_consumed():
    x = torch.randn(3, 4, requires_grad=True)
    y = vmap(lambda a: a.exp().sum())(x).sum()
    y.backward(retain_graph=True)
    y.backward()
    with pytest.raises(RuntimeError, match="second time"):
        y.backward()
    close(x.grad, 2 * x.exp())


def test_memory_returns_without_the_garbage_collector():
    x = torch.randn(3, 4, requires_grad=True)
    y = vmap(lambda a: a.exp().sum())(x)
    node = weakref.ref(y.grad_fn)
    gc.disable()
    try:
        del y
        assert node() is None
    finally:
        gc.enable()


def test_nothing_is_recorded_where_gradients_are_off():
    x = torch.randn(3, 4, requires_grad=True)
    with torch.no_grad():
        assert not vmap(lambda a: a * 2)(x).requires_grad
    assert not vmap(lambda a: a.detach())(x).requires_grad
    assert vmap(lambda a: a * 2)(x).requires_grad


def test_hooks_see_examples_inside_and_the_batch_outside():
    inside, outside = [], []
    w = torch.randn(4, requires_grad=True)
    w.register_hook(lambda g: outside.append(g.shape))

    def f(a):
        y = a * w
        y.register_hook(lambda g: inside.append(g.shape))
        return y.sum()

    vmap(f)(torch.randn(3, 4)).sum().backward()
    assert inside == outside == [torch.Size([4])]


def test_writes_reach_the_memory_of_the_arguments():
    x = torch.ones(3, 4)
    vmap(lambda a: a.mul_(2))(x)
    vmap(lambda a: a[1:].add_(1))(x)
    close(x, torch.tensor([2.0, 3, 3, 3]).expand(3, 4))
    assert x._version == 2
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        x.requires_grad_()
        y = (x * 1).exp()
        z = vmap(lambda a: a.sqrt())(y).sum()
        vmap(lambda a: a.zero_())(y.detach())
        z.backward()


@pytest.mark.parametrize("make", [torch.zeros_like, lambda a: a.new_zeros(4), torch.clone])
def test_writes_to_what_is_made_after_an_example(make):
    def f(a):
        out = make(a)
        out[0] = a.sum()
        out[1:] *= 2
        return out

    x = torch.randn(3, 4, requires_grad=True)
    batch = vmap(f)(x)
    loop = torch.stack([f(row) for row in x])
    close(batch, loop)
    ones = torch.ones_like(batch)
    close(torch.autograd.grad(batch, x, ones), torch.autograd.grad(loop, x, ones))


def test_writes_of_an_example_to_what_all_share_are_refused():
    shared = torch.zeros(4)
    new = torch.zeros
    for write in (shared.copy_, shared.add_, lambda a: new(4).mul_(a)):
        with pytest.raises(RuntimeError, match="vmap: inplace arithmetic.*is not possible"):
            vmap(write)(torch.randn(3, 4))
    close(shared, torch.zeros(4))


def test_indexing_by_examples():
    x, i = torch.randn(3, 5, 4), torch.tensor([[0, 4], [1, 1], [3, 2]])
    rows = torch.arange(3)[:, None]
    close(vmap(lambda a, i: a[i])(x, i), x[rows, i])
    close(vmap(lambda a, i: a[:, i % 4])(x, i), torch.stack([a[:, j % 4] for a, j in zip(x, i)]))
    close(vmap(lambda a, i: a[i[0], 1:])(x, i), x[range(3), i[:, 0], 1:])
    close(vmap(lambda i: x[1][i])(i), x[1][i])
    close(vmap(lambda a: a[:, [0, 2]])(x), x[:, :, [0, 2]])
    y = torch.randn(3, 2, 3, 4)
    close(vmap(lambda a: a[[0, 1], :, [2, 3]])(y), torch.stack([a[[0, 1], :, [2, 3]] for a in y]))
    with pytest.raises(IndexError, match="out of bounds"):
        vmap(lambda a, i: a[i])(x, i + 3)


def test_modules_run_as_they_are():
    x = torch.randn(6, 2, 3, 8, 8)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4), nn.ReLU(), nn.MaxPool2d(2),
                        nn.Flatten(), nn.Linear(36, 5), nn.LayerNorm(5))  # fmt: skip
    close(vmap(net)(x), torch.stack([net(images) for images in x]))
    lstm = nn.LSTM(3, 4, batch_first=True)
    steps = torch.randn(6, 2, 7, 3)
    close(vmap(lambda s: lstm(s)[0])(steps), torch.stack([lstm(s)[0] for s in steps]))


def test_batch_norm_without_running_statistics():
    norm, x = nn.BatchNorm1d(4), torch.randn(3, 5, 4)
    with pytest.raises(RuntimeError, match="not possible"):
        vmap(norm)(x)
    assert func.replace_all_batch_norm_modules_(norm) is norm
    assert norm.running_mean is None and list(norm.state_dict()) == ["weight", "bias"]
    close(vmap(norm)(x), torch.stack([norm(rows) for rows in x]))


def test_randomness():
    x = torch.zeros(3, 5)
    draw = lambda a: a + torch.rand(5)  # noqa: E731
    with pytest.raises(RuntimeError, match="randomness error mode"):
        vmap(draw)(x)
    same, different = vmap(draw, randomness="same")(x), vmap(draw, randomness="different")(x)
    close(same[0], same[1])
    assert not torch.equal(different[0], different[1])
    parts = vmap(draw, randomness="same", chunk_size=2)(x)
    close(parts[0].expand(3, 5), parts)


@pytest.mark.parametrize("look", [
    torch.Tensor.item, float, int, bool, lambda a: 1 if a > 0 else 2, torch.Tensor.tolist,
])  # fmt: skip
def test_an_example_cannot_be_looked_at(look):
    with pytest.raises(RuntimeError, match=r"vmap: It looks like you're calling .item\(\)"):
        vmap(look)(torch.randn(3))


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda x: vmap(torch.sum, in_dims=2)(x), ValueError, "in_dim to satisfy -2 <= in_dim < 2"),
        (lambda x: vmap(torch.sum, in_dims=None)(x), ValueError, "`in_dims` to be int or"),
        (lambda x: vmap(torch.add)(x, x[:2]), ValueError, "same size in the mapped dimension"),
        (lambda x: vmap(torch.add)(x, 3), ValueError, "cannot vmap over non-Tensor"),
        (lambda x: vmap(torch.add, in_dims=(0,))(x, x), ValueError, "not compatible with the"),
        (lambda x: vmap(torch.sum)(), ValueError, "got no inputs"),
        (lambda x: vmap(lambda a: 3)(x), ValueError, "must only return Tensors"),
        (lambda x: vmap(lambda a: a, out_dims=None)(x), ValueError, "can not return a Batched"),
        (lambda x: vmap(torch.sum, out_dims=(0, 0))(x), ValueError, "out_dims is not compatible"),
        (lambda x: vmap(torch.sum, chunk_size=0)(x), ValueError, "chunk_size should be None or"),
        (lambda x: vmap(torch.sum, out_dims=1)(x), IndexError, "Dimension out of range"),
        (lambda x: vmap(lambda a: a[a > 0])(x), RuntimeError, "dynamic shape"),
        (lambda x: vmap(lambda a: a.numpy())(x), RuntimeError, "doesn't have storage"),
        (lambda x: vmap(lambda a: a + torch.ones(5))(x), RuntimeError, "must match the size"),
        (lambda x: vmap(lambda a: a.sum().backward())(x), RuntimeError, "inside a functorch"),
        (lambda x: vmap(torch.sum, randomness="some")(x), RuntimeError, "Only allowed values"),
    ],
)
def test_bad_calls_are_refused(call, error, text):
    x = torch.ones(3, 4)
    with pytest.raises(error, match=text):
        call(x)
    close(vmap(torch.sum)(x), x.sum(1))  # and leave nothing behind


def test_an_example_prints_as_the_batch_behind_it():
    shown = []

    def f(a):
        shown.append(repr(a))
        assert torch.equal(func.debug_unwrap(a), x)
        return vmap(lambda b: (shown.append(repr(b)), b)[1])(a)

    x = torch.zeros(1, 2)
    vmap(f)(x)
    assert shown == [
        "BatchedTensor(lvl=1, bdim=0, value=\n    tensor([[0., 0.]])\n)",
        "BatchedTensor(lvl=2, bdim=0, value=\n    BatchedTensor(lvl=1, bdim=0, value=\n"
        "        tensor([[0., 0.]])\n    )\n)",
    ]
    assert func.debug_unwrap(x) is x


def test_gradients_for_a_batch_of_directions_in_one_pass():
    x = torch.randn(3, requires_grad=True)
    y = x.exp() * x.sum()
    (rows,) = torch.autograd.grad(y, x, torch.eye(3), is_grads_batched=True, create_graph=True)
    single = [torch.autograd.grad(y, x, e, retain_graph=True)[0] for e in torch.eye(3)]
    close(rows, torch.stack(single))
    (second,) = torch.autograd.grad(rows.sum(), x)
    assert second.shape == x.shape
    jacobian = torch.autograd.functional.jacobian
    f = lambda a, b: (a.sin() * b, (a @ b).exp())  # noqa: E731
    given = x.detach(), y.detach()
    close(jacobian(f, given, vectorize=True), jacobian(f, given))
    with pytest.raises(RuntimeError, match="not supported together"):
        jacobian(torch.sin, x, strict=True, vectorize=True)
