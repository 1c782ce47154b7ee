"""Fourier transforms: their definition, inverses, sizes, errors; short-time transforms."""

import cmath

import pytest

import torchlite as torch
from torchlite.testing import assert_close


def by_definition(x, inverse=False):
    n = len(x)
    sign = 2j if inverse else -2j
    return [
        sum(v * cmath.exp(sign * cmath.pi * j * k / n) for j, v in enumerate(x)) for k in range(n)
    ]


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8])
def test_fft_is_its_definition(n):
    x = torch.randn(n, dtype=torch.complex128)
    expected = torch.tensor(by_definition(x.tolist()), dtype=torch.complex128)
    assert_close(torch.fft.fft(x), expected)
    assert_close(torch.fft.fft(x, norm="ortho"), expected / n**0.5)
    assert_close(torch.fft.fft(x, norm="forward"), expected / n)


@pytest.mark.parametrize("norm", [None, "backward", "ortho", "forward"])
@pytest.mark.parametrize("n", [4, 5])
def test_inverses(norm, n):
    real = torch.randn(3, n, dtype=torch.float64)
    x = torch.complex(real, torch.randn(3, n, dtype=torch.float64))
    fft = torch.fft
    assert_close(fft.ifft(fft.fft(x, norm=norm), norm=norm), x)
    assert_close(fft.ifft2(fft.fft2(x, norm=norm), norm=norm), x)
    assert_close(fft.irfft(fft.rfft(real, norm=norm), n, norm=norm), real)
    assert_close(fft.irfftn(fft.rfftn(real, norm=norm), (3, n), norm=norm), real)
    assert_close(fft.hfft(fft.ihfft(real, norm=norm), n, norm=norm), real)
    assert_close(fft.hfftn(fft.ihfftn(real, norm=norm), (3, n), norm=norm), real)


def test_real_transforms_keep_half():
    x = torch.randn(2, 6)
    assert_close(torch.fft.rfft(x), torch.fft.fft(x)[:, :4])
    assert_close(torch.fft.rfftn(x), torch.fft.fftn(x)[:, :4])


def test_sizes_cut_or_fill_up():
    x = torch.tensor([1.0, 2.0, 3.0])
    assert_close(torch.fft.fft(x, 2), torch.fft.fft(x[:2]))
    assert_close(torch.fft.fft(x, 5), torch.fft.fft(torch.tensor([1.0, 2.0, 3.0, 0.0, 0.0])))
    assert torch.fft.fftn(torch.ones(2, 3, 4), (5, -1)).shape == (2, 5, 4)
    assert torch.fft.irfft(torch.ones(3, 4)).shape == (3, 6)


def test_dtypes():
    assert torch.fft.fft(torch.ones(3)).dtype is torch.complex64
    assert torch.fft.fft(torch.arange(3)).dtype is torch.complex64
    assert torch.fft.rfft(torch.ones(3, dtype=torch.float64)).dtype is torch.complex128
    assert torch.fft.fft(torch.ones(3, dtype=torch.complex128)).dtype is torch.complex128
    assert torch.fft.irfft(torch.ones(3, dtype=torch.complex64)).dtype is torch.float32


def test_out_takes_the_shape_of_the_result():
    out = torch.empty(0, dtype=torch.complex64)
    assert torch.fft.fft(torch.ones(3), out=out) is out
    assert out.tolist() == [3, 0, 0]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: torch.fft.fft(x, 0), RuntimeError, "Invalid number of data points"),
        (lambda x: torch.fft.fft(x, norm="no"), RuntimeError, "Invalid normalization mode"),
        (lambda x: torch.fft.fft(x, dim=3), IndexError, "Dimension out of range"),
        (lambda x: torch.fft.fft(x.half()), RuntimeError, "Unsupported dtype Half"),
        (lambda x: torch.fft.rfft(x * 1j), RuntimeError, "rfft expects a real input tensor"),
        (lambda x: torch.fft.fftn(x, dim=(0, 0)), RuntimeError, "FFT dims must be unique"),
        (lambda x: torch.fft.fftn(x, (1, 2, 3)), RuntimeError, "only has 2 dimensions"),
        (lambda x: torch.fft.fft2(x, (3,)), RuntimeError, "must have the same length"),
        (lambda x: torch.fft.rfftn(x, dim=()), RuntimeError, "at least one axis"),
        (lambda x: torch.fft.fft(x, out=x), RuntimeError, "expects a complex output tensor"),
        (lambda x: torch.fft.fft(x[0, 0]), IndexError, "tensor has no dimensions"),
        (lambda x: torch.fft.fft(1.0), TypeError, "must be Tensor, not float"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call(torch.ones(2, 3))


def test_frequencies():
    assert torch.fft.fftfreq(5, 0.2).tolist() == [0, 1, 2, -2, -1]
    assert torch.fft.fftfreq(4).tolist() == [0, 0.25, -0.5, -0.25]
    assert torch.fft.rfftfreq(5, 0.2).tolist() == [0, 1, 2]
    shifted = torch.fft.fftshift(torch.arange(5))
    assert shifted.tolist() == [3, 4, 0, 1, 2]
    assert torch.fft.ifftshift(shifted).tolist() == [0, 1, 2, 3, 4]


def test_a_gradient_of_real_input_is_real():
    x = torch.randn(4, dtype=torch.float64, requires_grad=True)
    torch.fft.fft(x).abs().square().sum().backward()
    assert x.grad.dtype is torch.float64
    assert_close(x.grad, 8 * x.detach())  # Parseval's theorem


# --- short-time transforms ------------------------------------------------------------------------


def test_stft_is_the_transform_of_each_window():
    x, window = torch.randn(12), torch.hann_window(4)
    result = torch.stft(x, 4, 3, window=window, center=False, return_complex=True)
    frames = [torch.fft.rfft(x[i : i + 4] * window) for i in (0, 3, 6)]
    assert_close(result, torch.stack(frames, 1))


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("complex_input", [True, False])
def test_istft_is_the_inverse(center, complex_input):
    x = torch.randn(2, 20, dtype=torch.complex128 if complex_input else torch.float64)
    window = torch.hamming_window(6, dtype=torch.float64)
    settings = {"hop_length": 2, "win_length": 6, "window": window, "center": center}
    spectrum = x.stft(8, return_complex=True, **settings)
    inverse = torch.istft(spectrum, 8, return_complex=complex_input, **settings) if center else None
    if center:
        assert_close(inverse, x)
    else:  # nothing is known of where only the zeros around the window are
        with pytest.raises(RuntimeError, match="window overlap add min"):
            torch.istft(spectrum, 8, return_complex=complex_input, **settings)


def test_stft_of_a_real_signal_asks_for_return_complex():
    with pytest.raises(RuntimeError, match="requires the return_complex parameter"):
        torch.stft(torch.ones(20), 4)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_fft": 80}, "Padding size should be less"),
        ({"n_fft": 80, "center": False}, "expected 0 < n_fft < 20"),
        ({"n_fft": 8, "hop_length": 0}, "expected hop_length > 0"),
        ({"n_fft": 8, "win_length": 9}, "expected 0 < win_length <= n_fft"),
        ({"n_fft": 8, "window": torch.ones(4)}, "expected a 1D window tensor"),
        ({"n_fft": 8, "align_to_window": True}, "should only be set when center = false"),
    ],
)
def test_stft_errors(settings, message):
    with pytest.raises(RuntimeError, match=message):
        torch.stft(torch.ones(20), return_complex=True, **settings)


def test_istft_says_that_it_fills_up():
    spectrum = torch.stft(torch.ones(20), 8, window=torch.ones(8), return_complex=True)
    with pytest.warns(UserWarning, match="shorter than the length parameter"):
        signal = torch.istft(spectrum, 8, window=torch.ones(8), length=40)
    assert signal.shape == (40,)
    assert signal[-5:].tolist() == [0] * 5
