"""`autograd.Function`: gradients that the user writes."""

import gc
import weakref

import pytest

import torchlite as torch
from torchlite.autograd import Function, grad, gradcheck, gradgradcheck
from torchlite.autograd.function import once_differentiable


def leaf(*numbers):
    return torch.tensor(numbers, dtype=torch.float64, requires_grad=True)


class Cube(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * x * x


class Exp(Function):
    """Saves its own result."""

    @staticmethod
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0]


class SumAndProduct(Function):
    """Two results; the newer style with setup_context."""

    @staticmethod
    def forward(a, b, scale):
        return a + b, a * b * scale

    @staticmethod
    def setup_context(ctx, inputs, output):
        a, b, ctx.scale = inputs
        ctx.save_for_backward(a, b)

    @staticmethod
    def backward(ctx, g_sum, g_product):
        a, b = ctx.saved_tensors
        g = g_product * ctx.scale
        return g_sum + g * b, g_sum + g * a, None


@pytest.mark.parametrize("function", [Cube, Exp])
def test_first_and_second_gradients(function):
    x = leaf(0.5, -1.2)
    assert gradcheck(function.apply, x)
    assert gradgradcheck(function.apply, x)


def test_several_results():
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    assert gradcheck(lambda a, b: SumAndProduct.apply(a, b, 2.0), (a, b))
    assert gradgradcheck(lambda a, b: SumAndProduct.apply(a, b, 2.0), (a, b))
    _, product = SumAndProduct.apply(a, b, 2.0)
    assert grad(product.sum(), [a, b])[0].tolist() == [6.0, 8.0]


def test_results_without_a_gradient_arrive_as_zeros_or_none():
    seen = []

    class Two(Function):
        @staticmethod
        def forward(ctx, x, materialize):
            ctx.set_materialize_grads(materialize)
            return x * 1, x * 2

        @staticmethod
        def backward(ctx, g, h):
            seen.append(h if h is None else h.tolist())
            return g, None

    for materialize in (True, False):
        Two.apply(leaf(1.0), materialize)[0].sum().backward()
    assert seen == [[0.0], None]


def test_needs_input_grad_and_recording():
    seen = []

    class Record(Function):
        @staticmethod
        def forward(ctx, x, y, n):
            seen.append((ctx.needs_input_grad, torch.is_grad_enabled()))
            return x * y

        @staticmethod
        def backward(ctx, g):
            seen.append(torch.is_grad_enabled())
            return g, None, None

    out = Record.apply(leaf(1.0), torch.ones(1, dtype=torch.float64), 3)
    out.sum().backward()
    assert seen == [((True, False, False), False), False]
    assert out.grad_fn.name() == "RecordBackward"


def test_mark_dirty_takes_over_the_history_of_the_input():
    class Double(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            x.mul_(2)
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 2

    x = leaf(1.0, 2.0)
    y = x * 3
    z = Double.apply(y)
    assert z is y
    z.sum().backward()
    assert y.tolist() == [6.0, 12.0]
    assert x.grad.tolist() == [6.0, 6.0]


def test_mark_non_differentiable():
    class Sorted(Function):
        @staticmethod
        def forward(ctx, x):
            values, places = x * 1, x * 0
            ctx.mark_non_differentiable(places)
            return values, places

        @staticmethod
        def backward(ctx, g, _):
            return g

    values, places = Sorted.apply(leaf(1.0))
    assert (values.requires_grad, places.requires_grad) == (True, False)


def test_an_input_that_is_returned_becomes_a_new_tensor():
    class Same(Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 5

    x = leaf(1.0)
    y = Same.apply(x)
    assert y is not x
    y.sum().backward()
    assert (x.grad.tolist(), x.is_leaf) == ([5.0], True)


def test_an_overwritten_saved_tensor_is_refused():
    for function, write in ((Cube, lambda x, y: x.zero_()), (Exp, lambda x, y: y.zero_())):
        x = leaf(2.0) * 1
        y = function.apply(x)
        with torch.no_grad():
            write(x, y)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            y.sum().backward()


def test_saved_tensors_are_freed():
    y = Cube.apply(leaf(2.0))
    y.sum().backward()
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        y.sum().backward()


@pytest.mark.parametrize(
    ("returned", "error", "text"),
    [
        ((None, None, 1), RuntimeError, r"incorrect number of gradients \(expected 1, got 3\)"),
        ("text", TypeError, "expected a Tensor or None"),
    ],
)
def test_wrong_returns_of_backward(returned, error, text):
    class Wrong(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            return returned

    with pytest.raises(error, match=text):
        Wrong.apply(leaf(1.0)).sum().backward()
    assert torch.is_grad_enabled()


def test_gradients_are_summed_to_the_shape_of_the_input_or_refused():
    class Returns(Function):
        @staticmethod
        def forward(ctx, x, g):
            ctx.g = g
            return x * 1

        @staticmethod
        def backward(ctx, _):
            return ctx.g, None

    x = leaf(1.0)
    Returns.apply(x, torch.ones(3, 2, 1, dtype=torch.float64)).sum().backward()
    assert x.grad.tolist() == [6.0]
    y = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match=r"invalid gradient at index 0 - got \[3\] but expected"):
        Returns.apply(y, torch.ones(3)).sum().backward()
    assert y.grad is None


def test_only_tensors_can_be_saved():
    class Wrong(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(3)
            return x

    with pytest.raises(TypeError, match="save_for_backward can only save variables"):
        Wrong.apply(leaf(1.0))


def test_methods_that_are_not_defined():
    class Nothing(Function):
        pass

    with pytest.raises(NotImplementedError, match="You must implement the forward function"):
        Nothing.apply(leaf(1.0))


def test_once_differentiable_has_no_second_gradient():
    class Once(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @once_differentiable
        def backward(ctx, g):
            return g * 2 * ctx.saved_tensors[0]

    x = leaf(3.0)
    (g,) = grad(Once.apply(x).sum(), x, create_graph=True)
    assert g.tolist() == [6.0]
    with pytest.raises(RuntimeError):
        g.sum().backward()


def test_nothing_is_recorded_without_need():
    assert Cube.apply(torch.ones(2)).grad_fn is None
    with torch.no_grad():
        assert Cube.apply(leaf(1.0)).grad_fn is None


@pytest.mark.parametrize("function", [Cube, Exp])
def test_the_graph_goes_with_its_result(function):
    gc.collect()
    gc.disable()
    try:
        y = function.apply(leaf(1.0))
        refs = [weakref.ref(y), weakref.ref(y.grad_fn)]
        del y
        assert [ref() for ref in refs] == [None, None]
    finally:
        gc.enable()


class Scale(Function):
    """``x * k``, and k itself; the gradient comes in another dtype."""

    @staticmethod
    def forward(ctx, x, k):
        ctx.k = k
        return x * k, k

    @staticmethod
    def backward(ctx, g, unused):
        assert unused is None
        return (g * ctx.k).float(), None


def test_a_function_may_return_plain_values_and_gradients_of_another_dtype():
    x = leaf(1.0, 2.0)
    y, k = Scale.apply(x, 4)
    y.sum().backward()
    assert k == 4
    assert x.grad.dtype is torch.float64
    assert x.grad.tolist() == [4.0, 4.0]


class Double_(Function):
    @staticmethod
    def forward(ctx, x):
        x.mul_(2)
        ctx.mark_dirty(x)
        return x

    @staticmethod
    def backward(ctx, g):
        return g * 2


def test_a_function_that_writes_into_a_view_changes_the_history_of_its_base():
    x = leaf(1.0, 1.0)
    base = x * 1
    Double_.apply(base[:1])
    (base * base).sum().backward()
    assert x.grad.tolist() == [8.0, 2.0]


def test_a_function_may_not_write_into_a_leaf():
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        Double_.apply(leaf(1.0))
