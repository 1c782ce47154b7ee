"""SummaryWriter: what stands in the files that TensorBoard reads."""

import struct
import sys

import pytest

import torchlite as torch
from torchlite.utils.tensorboard import SummaryWriter


def written(folder):
    """The values in the event files of `folder`, by tag."""
    event_pb2 = pytest.importorskip("tensorboardX.proto.event_pb2")
    values = {}
    for path in sorted(folder.rglob("events*")):
        data, position = path.read_bytes(), 0
        while position < len(data):
            (length,) = struct.unpack_from("<Q", data, position)
            event = event_pb2.Event.FromString(data[position + 12 : position + 12 + length])
            values.update({value.tag: (event.step, value) for value in event.summary.value})
            position += length + 16  # with the checksums of the length and of the event
    return values


@pytest.fixture
def writer(tmp_path):
    pytest.importorskip("tensorboardX")
    with SummaryWriter(tmp_path / "run") as writer:
        yield writer


def test_tensors_are_written(writer, tmp_path):
    assert writer.get_logdir() == writer.log_dir == str(tmp_path / "run")
    weights = torch.arange(4.0, requires_grad=True)
    writer.add_scalar("loss", weights.sum(), 3)
    writer.add_scalars("both", {"a": torch.tensor(1.0), "b": 2.0}, 4)
    writer.add_histogram("weights", weights, 5)
    writer.add_image("image", torch.zeros(3, 2, 5))
    writer.add_images("images", torch.zeros(2, 3, 2, 5))
    writer.add_text("text", "hello", global_step=6)
    writer.add_pr_curve("curve", torch.tensor([0, 1]), predictions=torch.tensor([0.2, 0.7]))
    writer.flush()  # what waits in the queues of tensorboardX is written at the end
    writer.close()
    values = written(tmp_path)
    step, loss = values["loss"]
    assert (step, loss.simple_value) == (3, 6.0)
    step, histogram = values["weights"]
    assert (step, histogram.histo.num, histogram.histo.sum) == (5, 4, 6)
    assert values["image"][1].image.width == 5 and values["images"][1].image.width == 10
    assert values["text/text_summary"][0] == 6 and "curve" in values
    assert values["both"][1].simple_value in (1, 2)


def test_hyper_parameters(writer, tmp_path):
    writer.add_hparams({"lr": 0.1}, {"accuracy": torch.tensor(0.5)}, run_name="first")
    assert written(tmp_path / "run" / "first")["accuracy"][1].simple_value == 0.5
    with pytest.raises(TypeError, match="should be dictionary"):
        writer.add_hparams([0.1], {})


def test_what_is_not_there(writer):
    with pytest.raises(NotImplementedError, match="no TorchScript"):
        writer.add_graph(torch.nn.Linear(1, 1))
    with pytest.raises(AttributeError):
        writer.add_nothing("x")


def test_without_the_package(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError, match=r"pip install 'torchlite\[tensorboard\]'"):
        SummaryWriter(tmp_path)
