"""The text of tensors. PyTorch prints each of these tensors as the test says, to the character."""

import math
from textwrap import dedent

import pytest

import torchlite
from torchlite.core.printing import get_printoptions, printoptions, set_printoptions

nan, inf = math.nan, math.inf


@pytest.fixture(autouse=True)
def default_options():
    with printoptions(profile="default"):
        yield


def text(data, **kwargs):
    return repr(torchlite.tensor(data, **kwargs))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (3, "tensor(3)"),
        (True, "tensor(True)"),
        (2.5, "tensor(2.5000)"),
        (2.0, "tensor(2.)"),
        ([1, -20, 300], "tensor([  1, -20, 300])"),
        ([True, False], "tensor([ True, False])"),
        ([1.0, 2.0], "tensor([1., 2.])"),
        ([[1.0, 2.5], [3.0, nan]], "tensor([[1.0000, 2.5000],\n        [3.0000,    nan]])"),
        ([nan, 1.0, -inf], "tensor([nan, 1., -inf])"),
        ([nan, inf], "tensor([nan, inf])"),
        ([-0.0, 0.0], "tensor([-0., 0.])"),
        ([-0.0, 0.5], "tensor([-0.0000, 0.5000])"),
        ([1 + 2j, -0.5 - 1j], "tensor([ 1.0000+2.j, -0.5000-1.j])"),
        (complex(1, nan), "tensor(1.+nanj)"),
        ([[[1, 2]], [[3, 4]]], "tensor([[[1, 2]],\n\n        [[3, 4]]])"),
    ],
)
def test_text_of_values(data, expected):
    assert text(data) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([1.5, 1500.0], "tensor([   1.5000, 1500.0000])"),  # the ratio must exceed 1000
        ([1.5, 1501.0], "tensor([1.5000e+00, 1.5010e+03])"),
        ([1.0, 1000.0], "tensor([   1., 1000.])"),
        ([1.0, 1001.0], "tensor([1.0000e+00, 1.0010e+03])"),
        ([0.0, 1e8], "tensor([        0., 100000000.])"),
        ([2e8, nan], "tensor([2.0000e+08,        nan])"),
        ([1e-4, -0.01], "tensor([ 0.0001, -0.0100])"),
        ([9e-5], "tensor([9.0000e-05])"),
    ],
)
def test_scientific_notation_where_magnitudes_are_extreme(data, expected):
    assert text(data, dtype=torchlite.float64) == expected[:-1] + ", dtype=torch.float64)"


@pytest.mark.parametrize(
    ("shape", "dtype", "expected"),
    [
        ((0,), "float32", "tensor([])"),
        ((0, 3), "float32", "tensor([], size=(0, 3))"),
        ((0,), "int64", "tensor([], dtype=torch.int64)"),
        ((2, 0), "bool", "tensor([], size=(2, 0), dtype=torch.bool)"),
        ((1,), "int64", "tensor([0])"),
        ((1,), "complex64", "tensor([0.+0.j])"),
        ((1,), "float16", "tensor([0.], dtype=torch.float16)"),
        ((1,), "uint8", "tensor([0], dtype=torch.uint8)"),
        ((), "int32", "tensor(0, dtype=torch.int32)"),
    ],
)
def test_size_and_dtype_are_told_where_the_elements_do_not_tell_them(shape, dtype, expected):
    assert repr(torchlite.zeros(shape, dtype=getattr(torchlite, dtype))) == expected


def test_float64_is_evident_while_it_is_the_default():
    torchlite.set_default_dtype(torchlite.float64)
    try:
        assert text([1.5]) == "tensor([1.5000])"
        assert text([1j]) == "tensor([0.+1.j])"
        single = torchlite.zeros(1, dtype=torchlite.float32)
        assert repr(single) == "tensor([0.], dtype=torch.float32)"
    finally:
        torchlite.set_default_dtype(torchlite.float32)


def test_lines_break_at_80_columns():
    expected = """\
        tensor([[ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,
                 18, 19],
                [20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37,
                 38, 39]])"""
    assert repr(torchlite.arange(40).reshape(2, 20)) == dedent(expected)


def test_note_goes_to_a_line_of_its_own_if_there_is_no_room():
    x = torchlite.arange(100, 114, dtype=torchlite.int32)
    numbers = ", ".join(str(number) for number in range(100, 114))
    assert repr(x) == f"tensor([{numbers}],\n       dtype=torch.int32)"
    assert repr(x[:9]) == f"tensor([{numbers[:43]}], dtype=torch.int32)"


def test_large_tensor_is_summarised():
    assert repr(torchlite.arange(1001)) == "tensor([   0,    1,    2,  ...,  998,  999, 1000])"
    assert "..." not in repr(torchlite.arange(1000))
    expected = """\
        tensor([[   0,    1,    2,  ...,   97,   98,   99],
                [ 100,  101,  102,  ...,  197,  198,  199],
                [ 200,  201,  202,  ...,  297,  298,  299],
                ...,
                [9700, 9701, 9702,  ..., 9797, 9798, 9799],
                [9800, 9801, 9802,  ..., 9897, 9898, 9899],
                [9900, 9901, 9902,  ..., 9997, 9998, 9999]])"""
    assert repr(torchlite.arange(10000).reshape(100, 100)) == dedent(expected)


def test_format_suits_the_numbers_shown_not_those_left_out():
    x = torchlite.ones(2000)
    x[1000] = 1.234e20
    assert repr(x) == "tensor([1., 1., 1.,  ..., 1., 1., 1.])"


def test_summary_reads_only_what_it_shows():
    trillion = torchlite.zeros(1).expand(10**6, 10**6)  # more than memory holds, if it were read
    row = "[0., 0., 0.,  ..., 0., 0., 0.]"
    rows = [row, row, row, "...", row, row, row]
    assert repr(trillion) == "tensor([" + ",\n        ".join(rows) + "])"


def test_strided_tensor_prints_as_its_copy():
    x = torchlite.arange(12).reshape(3, 4).t()[::2]
    assert repr(x) == "tensor([[ 0,  4,  8],\n        [ 2,  6, 10]])"


def test_place_in_the_graph():
    x = torchlite.tensor([1.5], requires_grad=True)
    assert repr(x) == "tensor([1.5000], requires_grad=True)"
    assert repr(x * 2) == "tensor([3.], grad_fn=<MulBackward0>)"
    assert repr(x.detach()) == "tensor([1.5000])"


def test_printing_leaves_the_graph_alone():
    x = torchlite.ones(2000, requires_grad=True)
    y = x * 2
    before = y.grad_fn
    assert repr(y).endswith("grad_fn=<MulBackward0>)")
    assert y.grad_fn is before
    y.sum().backward()
    assert x.grad.sum().item() == 4000


def test_parameters_and_subclasses():
    class Image(torchlite.Tensor):
        pass

    class Weight(torchlite.nn.Parameter):
        pass

    one = torchlite.ones(1)
    parameter = "Parameter containing:\ntensor([1.], requires_grad=True)"
    assert repr(torchlite.nn.Parameter(one)) == parameter
    assert repr(Weight(one)) == "Parameter containing:\nParameter(Weight([1.], requires_grad=True))"
    assert repr(Image([1.0])) == "Image([1.])"


def test_str_and_format():
    assert str(torchlite.ones(2)) == "tensor([1., 1.])"
    assert f"{torchlite.tensor(0.12345):.2f} {torchlite.tensor(7):>3}" == "0.12   7"
    assert f"{torchlite.ones(2)}" == "tensor([1., 1.])"


# --- options -------------------------------------------------------------------------------------


def test_options_at_first():
    assert get_printoptions() == {
        "precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80, "sci_mode": None,
    }  # fmt: skip


def test_precision():
    set_printoptions(precision=2)
    assert text([1.2345, 10.0]) == "tensor([ 1.23, 10.00])"
    assert text([1.2345e-8]) == "tensor([1.23e-08])"


def test_threshold_and_edgeitems():
    set_printoptions(threshold=5, edgeitems=1)
    assert text([0, 1, 2, 3, 4, 5]) == "tensor([0,  ..., 5])"
    assert text([0, 1, 2, 3, 4]) == "tensor([0, 1, 2, 3, 4])"
    set_printoptions(edgeitems=0)
    assert text([0, 1, 2, 3, 4, 5]) == "tensor([...], size=(6,))"


def test_linewidth():
    set_printoptions(linewidth=20)
    assert text([1, 2, 3, 4, 5]) == "tensor([1, 2, 3, 4,\n        5])"
    set_printoptions(linewidth=inf)  # PyTorch takes only finite ones
    assert "\n" not in repr(torchlite.arange(500))


def test_sci_mode_holds_until_the_next_call():
    set_printoptions(sci_mode=True)
    assert text([1.5]) == "tensor([1.5000e+00])"
    assert text([2.0]) == "tensor([2.0000e+00])"
    set_printoptions(sci_mode=False)
    assert text([1.5, 1e-8]) == "tensor([1.5000, 0.0000])"
    set_printoptions()
    assert get_printoptions()["sci_mode"] is None


def test_profiles():
    set_printoptions(profile="full")
    assert "..." not in repr(torchlite.arange(2000))
    set_printoptions(profile="short", precision=3)
    assert get_printoptions()["edgeitems"] == 2
    assert text([1.23456]) == "tensor([1.235])"
    set_printoptions(profile="default")
    assert text([1.23456]) == "tensor([1.2346])"


def test_context_manager_restores_after_an_error():
    set_printoptions(precision=3, sci_mode=True)
    before = get_printoptions()
    with pytest.raises(KeyError), printoptions(precision=1):
        assert text([0.25]) == "tensor([0.2])"
        raise KeyError
    assert get_printoptions() == before


@pytest.mark.parametrize(
    ("option", "error"),
    [
        ({"precision": -1}, ValueError),
        ({"precision": 2.5}, TypeError),
        ({"edgeitems": "3"}, TypeError),
        ({"threshold": nan}, ValueError),
        ({"linewidth": "wide"}, TypeError),
        ({"profile": "fulll"}, ValueError),
    ],
)
def test_bad_option_changes_nothing(option, error):
    before = get_printoptions()
    with pytest.raises(error, match=next(iter(option))):
        set_printoptions(**({"precision": 9} | option | {"sci_mode": True}))
    assert get_printoptions() == before


def test_options_come_from_the_top_of_the_package():
    torchlite.set_printoptions(precision=1)
    assert text([0.25]) == "tensor([0.2])"
