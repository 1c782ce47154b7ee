"""Errors of linear algebra: PyTorch's classes and texts."""

import math

import pytest

import torchlite as torch

linalg = torch.linalg
SINGULAR = torch.tensor([[1.0, 2.0], [2.0, 4.0]])
BATCH = torch.stack([torch.eye(2), SINGULAR])
INDEFINITE = torch.tensor([[1.0, 2.0], [2.0, 1.0]])
NOT_FINITE = torch.full((2, 2), math.nan)


@pytest.mark.parametrize(("call", "text"), [
    (lambda: linalg.inv(SINGULAR), "The diagonal element 2 is zero"),
    (lambda: linalg.inv(BATCH), r"\(Batch element 1\): The diagonal element 2 is zero"),
    (lambda: linalg.inv_ex(SINGULAR, check_errors=True), "The diagonal element 2 is zero"),
    (lambda: linalg.solve(SINGULAR, torch.ones(2)), "because the input matrix is singular"),
    (lambda: linalg.solve(BATCH, torch.ones(2, 2, 1)), r"\(Batch element 1\): The solver failed"),
    (lambda: linalg.cholesky(INDEFINITE), "the leading minor of order 2 is not positive-definite"),
    (lambda: linalg.cholesky(NOT_FINITE), "the leading minor of order 1 is not positive-definite"),
    (lambda: linalg.lu_factor(SINGULAR), r"U\[2,2\] is zero"),
    (lambda: linalg.svd(NOT_FINITE), "contained non-finite values"),
])  # fmt: skip
def test_matrices_without_what_is_asked_for(call, text):
    assert issubclass(linalg.LinAlgError, RuntimeError)
    with pytest.raises(linalg.LinAlgError, match=text):
        call()


def test_ex_functions_report_instead():
    assert linalg.inv_ex(BATCH).info.tolist() == [0, 2]
    assert not linalg.inv_ex(BATCH).inverse[1].isfinite().all()
    assert linalg.solve_ex(BATCH, torch.ones(2)).info.tolist() == [0, 2]
    factor, info = linalg.cholesky_ex(torch.stack([torch.eye(2), INDEFINITE]))
    assert info.tolist() == [0, 2] and torch.equal(factor[0], torch.eye(2))
    assert linalg.ldl_factor_ex(torch.zeros(2, 2)).info.item() == 1


@pytest.mark.parametrize(("call", "text"), [
    (lambda: linalg.det(torch.ones(2, 3)), "batches of square matrices, but they are 2 by 3"),
    (lambda: linalg.qr(torch.ones(3)), "linalg.qr: The input tensor A must have at least 2 dim"),
    (lambda: linalg.inv(torch.ones(2, 2, dtype=torch.int64)), "Expected a floating point or"),
    (lambda: linalg.svd(torch.ones(2, 2).half()), "Low precision dtypes not supported. Got Half"),
    (lambda: linalg.solve(torch.eye(2), torch.ones(3, 1)), r"AX = B \(2x2 and 3x1\)"),
    (lambda: linalg.solve(torch.eye(2), torch.ones(2, 1).double()), "to have the same dtype"),
    (lambda: linalg.eigh(torch.eye(2), "X"), "Expected UPLO argument to be 'L' or 'U', but got X"),
    (lambda: linalg.eig(NOT_FINITE), "input tensor should not contain infs or NaNs"),
    (lambda: linalg.qr(torch.eye(2), "x"), "qr received unrecognized mode 'x'"),
    (lambda: linalg.matrix_norm(torch.eye(2), 3), "Order 3 not supported"),
    (lambda: linalg.matrix_norm(torch.eye(2), dim=(0, 0)), r"dims must be different. Got \(0, 0\)"),
    (lambda: linalg.norm(torch.ones(2, 2, 2), 2), "the input must be 1D or 2D. Got 3D"),
    (lambda: linalg.cond(torch.eye(2), 3), "got an invalid norm type: 3"),
    (lambda: linalg.multi_dot([torch.eye(2)]), "expected at least 2 tensors but got 1"),
    (lambda: linalg.multi_dot([torch.eye(2), torch.ones(3, 2)]), "cannot be multiplied"),
    (lambda: linalg.lstsq(torch.eye(2), torch.eye(2), driver="x"), "should be one of .gels, gelsy"),
    (lambda: linalg.tensorinv(torch.ones(2, 3), 1), "prod.self.shape.ind:.. =="),
    (lambda: linalg.vander(torch.ones(3), N=1), "N must be greater than 1"),
    (lambda: linalg.lu(torch.eye(2), pivot=False), "LU without pivoting is not implemented"),
    (lambda: torch.einsum("ij,jk", torch.ones(2, 2)), "fewer operands were provided"),
    (lambda: torch.einsum("i", torch.ones(2, 2)), r"\(1\) does not match the number of dimensions"),
    (lambda: torch.einsum("ij,jk", torch.ones(2, 2), torch.ones(3, 3)), "subscript j has size 3"),
    (lambda: torch.einsum("ij->ik", torch.ones(2, 2)), "output subscript k does not appear"),
    (lambda: torch.einsum("ij->ii", torch.ones(2, 2)), "output subscript i appears more than once"),
    (lambda: torch.einsum("i1", torch.ones(2, 2)), "invalid subscript given"),
    (lambda: torch.einsum("i.", torch.ones(2, 2)), "not part of any ellipsis"),
    (lambda: torch.einsum("ii", torch.ones(2, 3)), "subscript i is repeated for operand 0"),
    (lambda: torch.tensordot(torch.ones(2, 3), torch.ones(2, 3), 1), "contracted dimensions need"),
    (lambda: torch.inner(torch.ones(2, 3), torch.ones(2, 2)), "last dimension must match"),
])  # fmt: skip
def test_misuse(call, text):
    with pytest.raises(RuntimeError, match=text):
        call()


def test_numbers_are_no_tensors():
    with pytest.raises(TypeError, match=r"linalg_det\(\): argument 'A' .position 1. must be"):
        linalg.det(3)
    with pytest.raises(ValueError, match="must specify the equation string and at least one"):
        torch.einsum("ij")
