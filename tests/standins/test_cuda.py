"""What programs ask of accelerators: there are none."""

import pytest

import torchlite as torch
import torchlite.backends.cudnn as cudnn


def test_there_is_no_device():
    assert not torch.cuda.is_available() and torch.cuda.device_count() == 0
    assert not torch.backends.mps.is_available() and not torch.backends.cuda.is_built()
    assert torch.version.cuda is None and torch.version.__version__ == torch.__version__
    torch.cuda.manual_seed_all(0), torch.cuda.empty_cache()
    assert torch.cuda.memory_allocated() == torch.cuda.max_memory_allocated("cuda:0") == 0
    for ask in (torch.cuda.synchronize, torch.cuda.current_device, torch.cuda.get_device_name):
        with pytest.raises(AssertionError, match="Torch not compiled with CUDA enabled"):
            ask()


def test_attention_is_computed_in_one_way():
    torch.backends.cuda.enable_flash_sdp(False)
    q = torch.ones(1, 2, 4)
    with torch.backends.cuda.sdp_kernel(enable_math=False):
        assert torch.equal(torch.nn.functional.scaled_dot_product_attention(q, q, q), q)


def test_switches_are_remembered():
    assert torch.backends.cudnn is cudnn and not cudnn.is_available()
    before = cudnn.benchmark
    with cudnn.flags(benchmark=not before, deterministic=True):
        assert cudnn.benchmark is not before and cudnn.deterministic
    assert cudnn.benchmark is before
    with pytest.raises(TypeError, match="unexpected keyword argument 'speed'"):
        cudnn.flags(speed=True).__enter__()


def test_mixed_precision_by_its_older_name():
    from torchlite.cuda.amp import GradScaler, autocast, custom_bwd, custom_fwd

    with pytest.warns(FutureWarning, match=r"torch.amp.autocast\('cuda', args...\)"):
        context = autocast(enabled=False)
    with context:
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is torch.float32
    with pytest.warns(FutureWarning, match=r"torch.amp.GradScaler\('cuda', args...\)"):
        scaler = GradScaler(enabled=False)
    assert not scaler.is_enabled() and isinstance(scaler, torch.amp.GradScaler)
    for decorator in (custom_fwd, custom_bwd):
        with pytest.warns(FutureWarning, match=rf"torch.amp.{decorator.__name__}\('cuda', args"):
            assert callable(decorator(lambda ctx, x: x))
