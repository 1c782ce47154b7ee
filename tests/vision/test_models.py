"""Well-known networks: their parameters by name and number, and their weights."""

import pytest

import torchlite as torch
from torchlite import nn
from torchlite.vision import models

#: Name -> number of parameters, as torchvision documents it, and names of some.
MODELS = {
    "resnet18": (11_689_512, "layer2.0.downsample.1.running_var"),
    "resnet50": (25_557_032, "layer4.2.bn3.num_batches_tracked"),
    "alexnet": (61_100_840, "classifier.6.bias"),
    "vgg16_bn": (138_365_992, "features.41.running_mean"),
    "mobilenet_v2": (3_504_872, "features.17.conv.0.0.weight"),
}
#: Of resnet18 with seed 0, by torchvision 0.28.
CONV1 = [0.024109674617648125, 0.007528774905949831, 0.04665837436914444]
FC = [-0.020315496250987053, 0.018677866086363792]
pytestmark = pytest.mark.slow


@pytest.fixture
def no_initial_values(monkeypatch):
    """Drawing them takes gigabytes for the larger models; untouched memory takes none."""
    for name in ("uniform_", "normal_", "kaiming_uniform_", "kaiming_normal_"):
        monkeypatch.setattr(nn.init, name, lambda tensor, *args, **options: tensor)


@pytest.mark.parametrize("name", MODELS)
def test_parameters_are_torchvision_s(name, no_initial_values):
    count, key = MODELS[name]
    model = getattr(models, name)()
    assert sum(p.numel() for p in model.parameters()) == count
    assert key in model.state_dict()


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "mobilenet_v2"])
def test_a_step_of_training(name):
    model = getattr(models, name)(num_classes=3)
    loss = model(torch.randn(2, 3, 32, 32)).logsumexp(1).sum()
    loss.backward()
    assert loss.isfinite() and all(p.grad is not None for p in model.parameters())


def test_initial_weights_are_torchvision_s():
    torch.manual_seed(0)
    model = models.resnet18()
    assert model.conv1.weight[0, 0, 0, :3].tolist() == pytest.approx(CONV1, abs=1e-6)
    assert model.fc.weight[0, :2].tolist() == pytest.approx(FC, abs=1e-6)
    for block in models.resnet18(zero_init_residual=True).layer1:
        assert not block.bn2.weight.any()


def test_weights_are_read_from_the_folder_of_downloads(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(FileNotFoundError) as caught:
        models.mobilenet_v2(weights="IMAGENET1K_V1")
    path = tmp_path / "hub" / "checkpoints" / "mobilenet_v2-b0353104.pth"
    assert str(path) in str(caught.value) and "download.pytorch.org" in str(caught.value)
    path.parent.mkdir(parents=True)
    saved = models.mobilenet_v2()
    torch.save(saved.state_dict(), path)
    first = models.MobileNet_V2_Weights.IMAGENET1K_V1
    for choice in ({"weights": first}, {"weights": "IMAGENET1K_V1"}, {"pretrained": True}):
        model = models.mobilenet_v2(**choice)
        assert torch.equal(model.classifier[1].weight, saved.classifier[1].weight)


def test_weights_of_another_model_are_refused():
    with pytest.raises(TypeError, match="expected ResNet18_Weights"):
        models.resnet18(weights=models.ResNet50_Weights.DEFAULT)
    assert models.ResNet50_Weights.DEFAULT is models.ResNet50_Weights.IMAGENET1K_V2
    assert "Resize(size=256" in repr(models.ResNet18_Weights.DEFAULT.transforms())
