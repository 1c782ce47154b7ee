"""What users see of the namespaces: tab completion, signatures, names of methods."""

import inspect
import types

import pytest

import torchlite
from torchlite import Tensor, fft, linalg, special
from torchlite.nn import functional
from torchlite.ops.core.methods import METHODS, put

SPACES = (torchlite, Tensor, functional, linalg, fft, special)
HELPERS = {
    "Any", "Callable", "F", "FunctionType", "TYPE_CHECKING", "annotations", "functools",
    "importlib", "inspect", "math", "overload", "taken_over", "typing",
}  # fmt: skip


@pytest.mark.parametrize("seen", [torchlite, functional, fft, special, torchlite.ones(2)],
                         ids=lambda seen: getattr(seen, "__name__", "tensor"))  # fmt: skip
def test_tab_completion_shows_only_public_names(seen):
    names = dir(seen)
    assert [n for n in names if n[0] == "_" and not n.endswith("__")] == []
    assert HELPERS.isdisjoint(names)


def test_tab_completion_of_a_tensor_knows_methods_and_what_the_user_set():
    x = torchlite.ones(2)
    x.note = "mine"
    assert {"note", "add_", "arccos", "T", "__add__"} <= {*dir(x)}


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.__name__)
def test_every_public_function_has_a_signature_and_a_docstring(space):
    for name in dir(space):
        value = getattr(space, name)
        if name[0] != "_" and isinstance(value, types.FunctionType):
            assert inspect.signature(value).parameters or name, name
            assert inspect.getdoc(value), name


def test_in_place_forms_show_the_parameters_of_a_method():
    assert [*inspect.signature(Tensor.add_).parameters] == ["self", "other", "alpha"]
    assert (Tensor.add_.__name__, Tensor.add_.__qualname__) == ("add_", "Tensor.add_")
    parameters = inspect.signature(functional.leaky_relu_).parameters
    assert [*parameters] == ["input", "negative_slope"]


def test_the_source_of_a_method_is_its_operation():
    assert "def tanh(" in inspect.getsource(Tensor.tanh)
    assert "def addmm(" in inspect.getsource(Tensor.addmm_)


def test_an_attribute_of_tensor_is_defined_once():
    with pytest.raises(ValueError, match=r"Tensor.tanh is defined twice"):
        put("tanh", METHODS["tanh"])


def test_products_name_their_operands_as_pytorch_does():
    x, a, b = torchlite.zeros(2, 2), torchlite.ones(2, 3), torchlite.ones(3, 2)
    assert torchlite.addmm(x, mat1=a, mat2=b).tolist() == [[3, 3], [3, 3]]


def test_asarray_copies_when_asked_to():
    x = torchlite.ones(2)
    assert torchlite.asarray(x) is x
    assert torchlite.asarray(x, copy=True).data_ptr() != x.data_ptr()
    assert torchlite.asarray([1.0], requires_grad=True).requires_grad
    with pytest.raises(ValueError, match="can't alias"):
        torchlite.asarray([1.0], copy=False)
