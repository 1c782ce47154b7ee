"""The NumPy reference against plain Python: what its primitives mean, and what they never do."""

import itertools
import math
import threading
import warnings

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from torchlite import dtypes
from torchlite.backends import get
from torchlite.backends.numpy.quiet import quiet
from torchlite.backends.protocol import SPECS

xp = get("numpy")
SUPPORTED = [d for d in dtypes.DTYPES if d not in (dtypes.bfloat16, dtypes.complex32)]
SPECIAL = st.sampled_from([0.0, -0.0, 1.0, -2.5, math.nan, math.inf, -math.inf, 3e38])
SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
FILLED = hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4)


def floats(shapes=SHAPES, elements=SPECIAL):
    """float32 arrays; half of them are transposed, with a step."""
    plain = hnp.arrays(np.float32, shapes, elements=elements)
    return plain | plain.map(lambda x: np.repeat(x[..., None], 2, -1)[..., 0].T)


def whole(shapes=SHAPES):
    return floats(shapes, st.integers(-4, 4).map(float))


def same(actual, expected):
    np.testing.assert_array_equal(actual, expected, strict=True)


def cells(shape):
    return list(itertools.product(*map(range, shape)))


def draw_axis(data, x):
    return data.draw(st.integers(0, x.ndim - 1), label="axis")


def rows(x, axis):
    """Each 1-d row of x along `axis`, as (place, list of numbers)."""
    moved = np.moveaxis(x, axis, -1)
    return [(i, moved[i].tolist()) for i in np.ndindex(moved.shape[:-1])]


# --- between the backend and the world ---------------------------------------------------------


def test_no_primitive_is_missing():
    assert [n for n in SPECS if getattr(getattr(xp, n), "is_missing", False)] == []


@pytest.mark.parametrize("kind", SUPPORTED, ids=repr)
def test_every_dtype_goes_there_and_back(kind):
    x = xp.array([0, 1], kind)
    assert dtypes.of(x) is kind
    assert x.itemsize == kind.itemsize
    assert xp.tolist(x) == [0, 1]
    assert dtypes.of(xp.astype(xp.empty((2,), dtypes.float64), kind)) is kind
    assert xp.from_numpy(x) is x


@pytest.mark.parametrize("kind", [dtypes.complex32], ids=repr)
def test_unsupported_dtypes_say_so(kind):
    with pytest.raises(TypeError, match=f"does not support {kind!r}; supported: torch.bool"):
        xp.empty((1,), kind)


@pytest.mark.parametrize(
    ("array", "error", "text"),
    [
        ([1.0], TypeError, r"expected np.ndarray \(got list\)"),
        (np.array([None]), TypeError, "can't convert np.ndarray of type numpy.object_"),
        (np.array(["a"]), TypeError, "of type numpy.str_. The only supported types are: float64,"),
        (np.zeros(3, ">f4" if np.little_endian else "<f4"), ValueError, "byte order different"),
        (np.zeros(3)[::-1], ValueError, "At least one stride in the given numpy array is negative"),
        (np.zeros(3, "f4,i1")["f0"], ValueError, "not a multiple of the element byte size"),
    ],
    ids=["list", "object", "str", "byteswapped", "reversed", "field"],
)
def test_from_numpy_refuses(array, error, text):
    with pytest.raises(error, match=text):
        xp.from_numpy(array)


def test_from_numpy_shares_memory_and_drops_subclasses():
    x = np.zeros(3).view(np.recarray)
    y = xp.from_numpy(x)
    y[0] = 7
    assert type(y) is np.ndarray
    assert x[0] == 7


def test_scalar_results_are_arrays_after_asarray():
    total = xp.asarray(xp.sum(np.ones(3, np.float32), None, False))
    same(total, np.array(3, np.float32))
    assert xp.item(total) == 3
    assert xp.reshape(xp.amax(np.ones(3), 0, False), (1, 1)).shape == (1, 1)


def test_memory_facts():
    x = np.arange(6.0).reshape(2, 3).copy()
    assert xp.owns_memory(x)
    assert not xp.owns_memory(x[1:])
    assert xp.strides(x.T) == (1, 3)
    assert xp.strides(np.empty((3, 0, 2))) == (2, 2, 1)
    assert xp.data_ptr(x[1:]) - xp.data_ptr(x) == 3 * x.itemsize


# --- creation ----------------------------------------------------------------------------------


def test_array_wraps_negative_numbers_of_unsigned_types_only():
    assert xp.tolist(xp.array([[-1], [-255]], dtypes.uint8)) == [[255], [1]]
    assert xp.tolist(xp.array([-1, 2**63], dtypes.uint64)) == [2**64 - 1, 2**63]


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (300, dtypes.uint8),
        (-256, dtypes.uint8),
        (2**63, dtypes.int64),
        (math.nan, dtypes.int64),
        (math.inf, dtypes.uint8),
        (1e30, dtypes.int32),
    ],
)
def test_array_refuses_what_does_not_fit(number, kind):
    with pytest.raises(RuntimeError, match=f"value cannot be converted to type {kind.name}"):
        xp.array([number], kind)


def test_array_may_call_back_into_the_backend():
    class Half:
        def __float__(self):
            return xp.sum(np.array([0.25, 0.25]), None, False).item()

    assert xp.tolist(xp.array([Half(), 1], dtypes.float32)) == [0.5, 1]


@pytest.mark.parametrize("value", [0, 1, -1, 0.0, -0.0, 2.5, math.inf, math.nan, True])
@pytest.mark.parametrize("shape", [(), (0, 2), (2, 3)])
def test_full(value, shape):
    out = xp.full(shape, value, dtypes.float32)
    same(out, np.full(shape, value, np.float32))
    same(np.signbit(out), np.full(shape, math.copysign(1, value) < 0))
    out[...] = 5  # it is writable, no constant


def test_full_wraps_as_array_does():
    assert xp.tolist(xp.full((2,), -1, dtypes.uint8)) == [255, 255]
    with pytest.raises(RuntimeError, match="type uint8 without overflow"):
        xp.full((2,), 300, dtypes.uint8)


@given(st.integers(-20, 20), st.integers(-20, 20), st.sampled_from([-3, -1, 1, 2, 7]))
def test_arange_of_integers_is_range(start, stop, step):
    assert xp.tolist(xp.arange(start, stop, step, dtypes.int64)) == [*range(start, stop, step)]


def test_arange_of_floats_rounds_each_element_once():
    expected = [np.float32(1 + 0.1 * i) for i in range(9001)]
    same(xp.arange(1, 901.05, 0.1, dtypes.float32), np.array(expected))
    assert xp.arange(0, 0.3, 0.1, dtypes.float64).shape == (3,)


@given(st.floats(-9, 9), st.floats(-9, 9), st.integers(0, 9))
def test_linspace(start, stop, steps):
    out = xp.linspace(start, stop, steps, dtypes.float64)
    np.testing.assert_allclose(out, np.linspace(start, stop, steps), rtol=1e-15, atol=1e-14)
    assert xp.tolist(out)[:1] == [start] * min(steps, 1)
    assert xp.tolist(out)[1:][-1:] == [stop] * min(max(steps - 1, 0), 1)


def test_linspace_in_single_precision_rounds_the_step_first():
    out = xp.linspace(-1, 1, 6, dtypes.float32)
    assert out[2] == np.float32(-0.19999998807907104)  # PyTorch's; the nearest to -0.2 is another
    assert np.isinf(xp.linspace(3e38, -3e38, 4, dtypes.float32)[1:3]).all()


def test_linspace_of_integers_truncates():
    assert xp.tolist(xp.linspace(0, 10, 4, dtypes.int64)) == [0, 3, 6, 10]
    assert xp.tolist(xp.linspace(-3.5, 1.9, 5, dtypes.int64)) == [-3, -2, -1, 0, 1]


def test_eye():
    same(xp.eye(2, 3, dtypes.int32), np.array([[1, 0, 0], [0, 1, 0]], np.int32))


# --- memory ------------------------------------------------------------------------------------


@given(floats())
def test_copies_are_new_and_row_major(x):
    for y in (xp.copy(x), xp.astype(x, dtypes.float32)):
        same(y, x)
        assert not np.shares_memory(x, y)
    assert xp.copy(x).flags.c_contiguous
    near = xp.contiguous(x)
    same(near, x)
    assert near.flags.c_contiguous
    assert (near is x) == x.flags.c_contiguous


def test_conversion_drops_imaginary_parts_but_not_for_bool():
    x = np.array([1 + 2j, 2j])
    assert xp.tolist(xp.astype(x, dtypes.float32)) == [1, 0]
    assert xp.tolist(xp.astype(x, dtypes.bool_)) == [True, True]


def test_copyto_broadcasts_and_converts():
    x = np.zeros((2, 3), np.float16)
    xp.copyto(x[:, 1], np.array(1e30))
    xp.copyto(x[1:, 2], 4)
    xp.copyto(x[:, 0], np.array([2j, 3]))
    same(x, np.array([[0, np.inf, 0], [3, np.inf, 4]], np.float16))


def test_copyto_reads_overlapping_memory_before_it_writes():
    x = np.arange(5.0)
    xp.copyto(x[1:], x[:-1])
    assert xp.tolist(x) == [0, 0, 1, 2, 3]


def test_view_dtype_reads_the_same_bytes():
    x = np.array([[1.0, -0.0]], np.float32).T
    y = xp.view_dtype(x, dtypes.int32)
    assert xp.tolist(y) == [[0x3F800000], [-(2**31)]]
    assert np.shares_memory(x, y)


# --- shape -------------------------------------------------------------------------------------


@given(whole(), st.data())
def test_permute_and_reshape(x, data):
    axes = tuple(data.draw(st.permutations(range(x.ndim))))
    same(xp.permute(x, axes), x.transpose(axes))
    assert np.shares_memory(xp.permute(x, axes), x) or not x.size
    same(xp.reshape(x, (x.size, 1)), np.array(x.ravel().tolist(), np.float32)[:, None])


@given(hnp.mutually_broadcastable_shapes(num_shapes=1, base_shape=(2, 0, 3)), st.booleans())
def test_broadcast_to(shapes, transposed):
    shape = shapes.input_shapes[0]
    x = np.ones(shape[::-1], np.float32).T if transposed else np.ones(shape, np.float32)
    same(xp.broadcast_to(x, shapes.result_shape), np.broadcast_to(x, shapes.result_shape))


@pytest.mark.parametrize("x", [np.arange(3.0), np.arange(6.0)[::2], np.arange(3.0)[:, None].T])
def test_broadcast_to_is_a_writable_view_with_steps_of_zero(x):
    out = xp.broadcast_to(x, (4, 1, 3))
    assert xp.strides(out)[0] == 0
    out[2, 0, 1] = 9
    assert x.ravel()[1] == 9


def test_read_only_arrays_have_read_only_views():
    x = np.eye(3)
    x.setflags(write=False)
    assert not xp.broadcast_to(x, (2, 3, 3)).flags.writeable
    assert not xp.diagonal(x, 0, 0, 1).flags.writeable


@given(floats(FILLED), st.data())
def test_getitem_is_a_view_even_of_one_element(x, data):
    index = data.draw(hnp.basic_indices(x.shape, allow_newaxis=True))
    index = index if isinstance(index, tuple) else (index,)
    assume(all(not isinstance(i, slice) or (i.step or 1) > 0 for i in index))
    y = xp.getitem(x, index)
    same(y, np.asarray(x[index]))
    assert isinstance(y, np.ndarray)
    assert np.shares_memory(x, y) or not y.size


def test_as_strided_reaches_the_memory_that_x_views():
    x = np.arange(6.0).reshape(2, 3)
    same(xp.as_strided(x[1:], (2, 2), (1, 1), -1), np.array([[2.0, 3], [3, 4]]))
    same(xp.as_strided(x.T, (2, 2), (1, 3), 0), np.array([[0.0, 3], [1, 4]]))
    swapped = np.arange(24.0).reshape(2, 3, 4).transpose(1, 0, 2).copy("K")
    assert xp.tolist(xp.as_strided(swapped, (24,), (1,), 0)) == [*range(24)]
    assert xp.as_strided(x, (0, 5), (1, 1), 99).shape == (0, 5)
    xp.as_strided(x, (), (), 4)[...] = 9
    assert x[1, 1] == 9


@pytest.mark.parametrize("view", [((7,), (1,), 0), ((1,), (1,), -1), ((2, 2), (6, 1), 0)])
def test_as_strided_never_leaves_the_memory(view):
    with pytest.raises(RuntimeError, match=r"setStorage: .* out of bounds for storage of size 48"):
        xp.as_strided(np.arange(6.0), *view)


@given(whole(hnp.array_shapes(min_dims=2, max_dims=3, max_side=4)), st.integers(-3, 3), st.data())
def test_diagonal_tril_triu(x, k, data):
    axis1, axis2 = data.draw(st.permutations(range(x.ndim)))[:2]
    same(xp.diagonal(x, k, axis1, axis2), np.diagonal(x, k, axis1, axis2))
    column_minus_row = np.arange(x.shape[-1]) - np.arange(x.shape[-2])[:, None]
    same(xp.tril(x, k), np.where(column_minus_row <= k, x, np.float32(0)))
    same(xp.triu(x, k), np.where(column_minus_row >= k, x, np.float32(0)))
    view = xp.diagonal(x, 0, axis1, axis2)
    view[...] = 7
    assert (np.diagonal(x, 0, axis1, axis2) == 7).all()


@given(whole(FILLED), st.data())
def test_flip_and_roll(x, data):
    axis = draw_axis(data, x)
    shift = data.draw(st.integers(-9, 9))
    flipped, rolled = xp.flip(x, (axis,)), xp.roll(x, (shift,), (axis,))
    assert not np.shares_memory(flipped, x)
    for (_, row), (_, f), (_, r) in zip(rows(x, axis), rows(flipped, axis), rows(rolled, axis)):
        assert f == row[::-1]
        assert r == [row[(i - shift) % len(row)] for i in range(len(row))]


def test_concatenate_and_stack():
    a, b = np.ones((2, 0), np.int8), np.zeros((2, 1), np.int8)
    same(xp.concatenate([a, b, b], 1), np.zeros((2, 2), np.int8))
    same(xp.stack([b, b + b], 1), np.zeros((2, 2, 1), np.int8))
    same(xp.stack([np.array(1.0), np.array(2.0)], 0), np.array([1.0, 2.0]))


def test_pad():
    same(xp.pad(np.ones((1, 2)), ((1, 0), (0, 2)), 7), np.array([[7.0] * 4, [1, 1, 7, 7]]))
    same(xp.pad(np.array(3.0), (), 7), np.array(3.0))
    assert xp.tolist(xp.pad(np.zeros((0,)), ((1, 1),), 7)) == [7, 7]


# --- reduction ---------------------------------------------------------------------------------

PLAIN = {
    "sum": sum,
    "prod": math.prod,
    "any": lambda row: any(map(bool, row)),
    "all": lambda row: all(map(bool, row)),
}
EXTREMES = {"amax": max, "amin": min}


def extreme(best, row):
    return math.nan if any(map(math.isnan, row)) else best(row)


def reduced(formula, x, axes):
    """`formula` of the list of numbers in each place, by moving the axes to the end."""
    kept = [i for i in range(x.ndim) if i not in axes]
    sizes = [x.shape[i] for i in kept]
    table = x.transpose(*kept, *axes).reshape(math.prod(sizes), -1 if x.size else 0)
    return np.array([formula(row) for row in table.tolist()]).reshape(sizes)


@pytest.mark.parametrize("name", PLAIN | EXTREMES)
@given(data=st.data())
def test_reductions(name, data):
    x = data.draw(whole() if name in PLAIN else floats(FILLED))
    every = tuple(range(x.ndim))
    axes = data.draw(st.sampled_from([None, *every, every[1:] or every]))
    axis = every if axes is None else (axes,) if isinstance(axes, int) else axes
    formula = PLAIN.get(name) or (lambda row: extreme(EXTREMES[name], row))
    dtype = np.bool_ if name in ("any", "all") else np.float32
    expected = reduced(formula, x, axis).astype(dtype)
    same(xp.asarray(getattr(xp, name)(x, axes, False)), expected)
    same(xp.asarray(getattr(xp, name)(x, axes, True)), np.expand_dims(expected, axis))


def test_reductions_of_nothing():
    x = np.zeros((0, 2), np.int32)
    assert xp.tolist(xp.sum(x, 0, False)) == [0, 0]
    assert xp.tolist(xp.prod(x, 0, False)) == [1, 1]
    assert xp.tolist(xp.any(x, 0, False)) == [False, False]
    assert xp.tolist(xp.all(x, 0, False)) == [True, True]


@pytest.mark.parametrize("kind", SUPPORTED, ids=repr)
@pytest.mark.parametrize("name", ["sum", "prod", "cumsum", "cumprod"])
def test_accumulation_stays_in_the_dtype(name, kind):
    x = xp.array([[1, 1, 1]], kind)
    rest = (1,) if name.startswith("cum") else (1, False)
    assert dtypes.of(getattr(xp, name)(x, *rest)) is kind


def test_half_precision_accumulates_in_single():
    ones = np.ones((4096, 2), np.float16)
    assert xp.tolist(xp.sum(ones, 0, False)) == [4096, 4096]
    assert xp.tolist(xp.cumsum(ones, 0)[-1]) == [4096, 4096]
    assert xp.matmul(ones.T, ones)[0, 0] == 4096
    assert xp.prod(np.array([300, 300, 0.01], np.float16), None, False) == np.float16(900)


@given(floats(FILLED), st.data())
def test_argmax_and_argmin_take_the_first_and_nan_wins(x, data):
    axis = draw_axis(data, x)
    for name, best in (("argmax", max), ("argmin", min)):
        out = getattr(xp, name)(x, axis, False)
        for place, row in rows(x, axis):
            top = extreme(best, row)
            hits = [i for i, n in enumerate(row) if n == top or math.isnan(n)]
            assert np.asarray(out)[place] == hits[0]
        assert getattr(xp, name)(x, None, False) == getattr(xp, name)(x.ravel(), 0, False)
        assert getattr(xp, name)(x, None, True).shape == (1,) * x.ndim


@given(floats(FILLED), st.data())
def test_cummax_and_cummin_take_the_last_and_nan_wins(x, data):
    axis = draw_axis(data, x)
    for name, best in (("cummax", max), ("cummin", min)):
        values, index = getattr(xp, name)(x, axis)
        assert index.dtype == np.int64
        for (_, row), (_, v), (_, at) in zip(rows(x, axis), rows(values, axis), rows(index, axis)):
            for i in range(len(row)):
                top = extreme(best, row[: i + 1])
                hits = [j for j in range(i + 1) if row[j] == top or math.isnan(row[j])]
                np.testing.assert_equal((v[i] + 0.0, at[i]), (top + 0.0, hits[-1]))


@given(whole(FILLED), st.data())
def test_cumsum_and_cumprod(x, data):
    axis = draw_axis(data, x)
    sums, products = xp.cumsum(x, axis), xp.cumprod(x, axis)
    for (_, row), (_, s), (_, p) in zip(rows(x, axis), rows(sums, axis), rows(products, axis)):
        assert s == [sum(row[: i + 1]) for i in range(len(row))]
        assert p == [math.prod(row[: i + 1]) for i in range(len(row))]


def test_scans_and_sort_of_a_number():
    x = np.array(3.0)
    same(xp.cumsum(x, 0), x)
    same(xp.cumprod(x, 0), x)
    for values, index in (xp.cummax(x, 0), xp.cummin(x, 0), xp.sort(x, 0, True)):
        same(values, x)
        same(index, np.array(0))


@given(floats(FILLED), st.booleans(), st.data())
def test_sort_is_stable_and_nan_is_the_greatest(x, descending, data):
    axis = draw_axis(data, x)
    values, index = xp.sort(x, axis, descending)
    sign = -1 if descending else 1
    for (_, row), (_, v), (_, at) in zip(rows(x, axis), rows(values, axis), rows(index, axis)):
        keys = [(sign * math.isnan(n), 0 if math.isnan(n) else sign * n) for n in row]
        assert at == sorted(range(len(row)), key=keys.__getitem__)
        np.testing.assert_equal(v, [row[i] for i in at])


@given(st.integers(0, 5).flatmap(lambda n: whole(st.just((n, 3)))), whole(st.just((3, 2))))
def test_searchsorted(sequence, values):
    sequence, values = np.sort(sequence.reshape(3, -1), -1), values.reshape(3, 2)
    left, right = (xp.searchsorted(sequence, values, r) for r in (False, True))
    assert left.dtype == np.int64
    for i, j in cells(values.shape):
        assert left[i, j] == sum(n < values[i, j] for n in sequence[i])
        assert right[i, j] == sum(n <= values[i, j] for n in sequence[i])
    same(xp.searchsorted(sequence[0], values, True)[0], right[0])


def test_unique():
    values, inverse, counts = xp.unique(np.array([[2, 1], [2, 5]]), None)
    assert (values.tolist(), inverse.tolist(), counts.tolist()) == (
        [1, 2, 5], [[1, 0], [1, 2]], [1, 2, 1],
    )  # fmt: skip
    values, inverse, counts = xp.unique(np.array([[2, 1], [0, 7], [2, 1]]), 0)
    assert (values.tolist(), inverse.tolist(), counts.tolist()) == (
        [[0, 7], [2, 1]], [1, 0, 1], [1, 2],
    )  # fmt: skip
    _, inverse, counts = xp.unique(np.array([np.nan, np.nan]), None)  # no NaN equals another
    assert inverse.tolist() == [0, 1]
    assert counts.tolist() == [1, 1]
    assert [len(a) for a in xp.unique(np.zeros(0), None)] == [0, 0, 0]


@given(whole())
def test_nonzero(x):
    out = xp.nonzero(x)
    assert out.dtype == np.int64
    assert out.shape[1] == x.ndim
    assert [tuple(i) for i in out.tolist()] == [c for c in cells(x.shape) if x[c]]


def test_bincount():
    x = np.array([1, 3, 1], np.uint8)
    same(xp.bincount(x, None, 5), np.array([0, 2, 0, 1, 0]))
    same(xp.bincount(x, np.float32([1, 2, 4]), 0), np.float32([0, 5, 0, 2]))
    same(xp.bincount(x, np.array([1, 2, 4]), 0), np.array([0.0, 5, 0, 2]))
    same(xp.bincount(x[:0], None, 0), np.zeros(0, np.int64))


# --- indexing ----------------------------------------------------------------------------------


@st.composite
def scattered(draw, dtype=np.float32):
    """x, an index into it along an axis (smaller in the others), a source no smaller, the axis."""
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=3, max_side=4))
    axis = draw(st.integers(0, max(len(shape) - 1, 0)))
    small = tuple(draw(st.integers(0, n + (i == axis))) for i, n in enumerate(shape))
    numbers = st.integers(-4, 4)
    x = draw(hnp.arrays(dtype, shape, elements=numbers))
    index = draw(hnp.arrays(np.int64, small, elements=st.integers(0, (*shape, 1)[axis] - 1)))
    bigger = tuple(n + draw(st.integers(0, 1)) for n in small)
    return x, index, draw(hnp.arrays(dtype, bigger, elements=numbers)), axis


def aimed(index, axis):
    """(place in the index, place in x) for each element of index."""
    for c in cells(index.shape):
        yield c, (*c[:axis], index[c].item(), *c[axis + 1 :])[: index.ndim]


@given(scattered())
def test_gather(case):
    x, index, _, axis = case
    out = xp.asarray(xp.gather(x, index, axis))
    assert out.shape == index.shape
    for c, place in aimed(index, axis):
        assert out[c] == x[place]


@given(scattered(), st.booleans())
def test_scatter_and_scatter_add(case, number):
    x, index, source, axis = case
    written, added = x.copy(), x.copy()
    for c, place in aimed(index, axis):
        written[place] = 3 if number else source[c]
        added[place] += 3 if number else source[c]
    before = x.copy()
    same(xp.scatter(x, index, 3 if number else source, axis), written)
    same(xp.scatter_add(x, index, 3 if number else source, axis), added)
    same(x, before)


@given(scattered(np.float64) | scattered(np.int64), st.booleans(), st.sampled_from(
    ["sum", "prod", "mean", "amax", "amin"]))  # fmt: skip
def test_scatter_reduce(case, include_self, reduce):
    x, index, source, axis = case
    groups = {}
    for c, place in aimed(index, axis):
        groups.setdefault(place, [x[place].item()] if include_self else []).append(source[c].item())
    mean = (lambda n: sum(n) // len(n)) if x.dtype == np.int64 else (lambda n: sum(n) / len(n))
    rule = {"sum": sum, "prod": math.prod, "mean": mean, "amax": max, "amin": min}[reduce]
    expected = x.copy()
    for place, numbers in groups.items():
        expected[place] = rule(numbers)
    same(xp.scatter_reduce(x, index, source, axis, reduce, include_self), expected)


def test_scatter_reduce_counts_more_than_the_dtype_holds():
    ones = np.ones(256, np.uint8)
    out = xp.scatter_reduce(ones[:1] * 0, ones.astype(np.int64) * 0, ones, 0, "mean", False)
    same(out, np.uint8([0]))  # the sum wraps to 0


@given(whole(FILLED), st.data())
def test_take(x, data):
    axis = draw_axis(data, x)
    index = data.draw(
        hnp.arrays(np.int64, st.integers(0, 5), elements=st.integers(0, x.shape[axis] - 1))
    )
    out = xp.take(x, index, axis)
    assert out.shape[axis] == index.size
    for i, j in enumerate(index):
        same(out.take(i, axis), x.take(j, axis))


def test_index_get_follows_numpy():
    x = np.arange(24.0).reshape(2, 3, 4)
    i = np.array([[0, 1, 1]])
    same(xp.index_get(x, (i,)), np.stack([x[0], x[1], x[1]])[None])
    together = xp.index_get(x, (slice(None), i, i))
    assert together.shape == (2, 1, 3)
    apart = xp.index_get(x, (i, slice(None), i))
    assert apart.shape == (1, 3, 3)
    assert apart[0, 2, 1] == x[1, 1, 1]


def test_index_put_sets_or_adds_up():
    x = np.zeros((3, 2), np.float32)
    rows_twice = (np.array([1, 1, 0]),)
    same(xp.index_put(x, rows_twice, 5, True), np.float32([[5, 5], [10, 10], [0, 0]]))
    same(xp.index_put(x, rows_twice, 5, False), np.float32([[5, 5], [5, 5], [0, 0]]))
    columns = (slice(None), np.array([1, 1]))
    same(xp.index_put(x, columns, np.float32([2, 3]), True), np.float32([[0, 5]] * 3))
    assert not x.any()


# --- linear algebra ----------------------------------------------------------------------------


@given(st.data())
def test_matmul(data):
    lead = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=2, max_side=2))
    n, k, m = (data.draw(st.integers(0, 3)) for _ in range(3))
    a = data.draw(whole(st.just((*lead.input_shapes[0], n, k))))
    b = data.draw(whole(st.just((*lead.input_shapes[1], k, m))))
    a, b = a.reshape((*lead.input_shapes[0], n, k)), b.reshape((*lead.input_shapes[1], k, m))
    same(xp.matmul(a, b), (a[..., None] * b[..., None, :, :]).sum(-2))


# --- silence -----------------------------------------------------------------------------------

HUGE = np.full((2, 2), 3e38, np.float32)
NANS = np.array([[np.nan, 1], [1, np.nan]])
ZEROS = np.zeros((2, 2), np.int64)
NOISY = {
    "sum": lambda: xp.sum(HUGE, None, False),
    "sum of inf - inf": lambda: xp.sum(np.array([np.inf, -np.inf]), None, False),
    "prod": lambda: xp.prod(HUGE, 0, False),
    "cumsum": lambda: xp.cumsum(HUGE, 0),
    "cumprod": lambda: xp.cumprod(HUGE, 0),
    "half": lambda: xp.sum(np.full(9, 6e4, np.float16), 0, False),
    "matmul": lambda: xp.matmul(HUGE, HUGE),
    "batched matmul": lambda: xp.matmul(HUGE[None] * np.float32(-1), HUGE),
    "astype": lambda: xp.astype(HUGE, dtypes.float16),
    "astype of NaN": lambda: xp.astype(np.array([np.nan]), dtypes.int32),
    "array": lambda: xp.array([1e300], dtypes.float32),
    "full": lambda: xp.full((2,), 1e300, dtypes.float32),
    "copyto": lambda: xp.copyto(np.zeros((2, 2), np.float16), HUGE),
    "scatter_add": lambda: xp.scatter_add(HUGE, ZEROS, HUGE, 0),
    "index_put": lambda: xp.index_put(HUGE, (np.array([0, 0]),), HUGE, True),
    "mean": lambda: xp.scatter_reduce(HUGE, ZEROS, HUGE, 0, "mean", True),
    "cummax": lambda: xp.cummax(NANS, 0),
    "amax": lambda: xp.amax(NANS, 0, False),
    "amax of half": lambda: xp.amax(NANS.astype(np.float16), 0, False),
    "scatter_reduce": lambda: xp.scatter_reduce(NANS, ZEROS, NANS, 0, "amax", True),
}


@pytest.mark.parametrize("call", NOISY.values(), ids=NOISY)
def test_overflow_and_nan_are_silent(call):
    with warnings.catch_warnings(), np.errstate(all="warn"):
        warnings.simplefilter("error")
        call()


def test_quiet_leaves_the_settings_of_the_user_alone():
    with np.errstate(all="raise"):
        assert quiet(np.divide)(1.0, 0.0) == math.inf
        assert quiet(np.add)(1, 2, dtype=np.float64) == 3.0
        with pytest.raises(FloatingPointError):
            np.divide(1.0, 0.0)


def test_quiet_works_in_threads_at_the_same_time():
    results = []

    def work():
        with np.errstate(all="raise"):
            results.extend(xp.sum(HUGE, None, False) for _ in range(200))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [math.inf] * 800
