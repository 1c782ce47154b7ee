"""What callbacks do to a run."""

import csv

import pytest

import torchlite as torch
from torchlite import nn
from torchlite.training import (
    Callback,
    CSVLogger,
    EarlyStopping,
    LearningRateScheduler,
    ModelCheckpoint,
    TensorBoard,
    Trainer,
)


def trainer(lr=0.1):
    torch.manual_seed(1)
    model = nn.Linear(2, 1)
    return Trainer(model, nn.MSELoss(), torch.optim.SGD(model.parameters(), lr=lr))


def data():
    torch.manual_seed(0)
    x = torch.randn(16, 2)
    return x, x.sum(dim=1, keepdim=True)


class Say(Callback):
    """Replaces the validation loss by given values."""

    def __init__(self, *values):
        self.values = values

    def on_epoch_end(self, trainer, epoch, figures):
        figures["val_loss"] = self.values[epoch]


class Stop(Callback):
    def __init__(self, step):
        self.step = step

    def on_batch_end(self, trainer, step, figures):
        if step == self.step:
            raise KeyboardInterrupt


@pytest.mark.parametrize(("patience", "epochs"), [(0, 3), (1, 4), (2, 6)])
def test_early_stopping(patience, epochs):
    ours, stop = trainer(), EarlyStopping(patience=patience)
    says = Say(5, 4, 4.5, 4.2, 3, 9)
    history = ours.fit(*data(), epochs=6, callbacks=[says, stop], verbose=False)
    assert history.epochs == epochs
    assert stop.stopped_epoch == (None if epochs == 6 else epochs - 1)


def test_early_stopping_takes_the_best_weights_back():
    ours = trainer()
    kept = []

    class Keep(Callback):
        def on_epoch_end(self, trainer, epoch, figures):
            kept.append(trainer.model.weight.detach().clone())

    stop = EarlyStopping(patience=1, restore_best_weights=True)
    ours.fit(*data(), epochs=6, callbacks=[Keep(), Say(5, 4, 6, 7, 8, 9), stop], verbose=False)
    assert torch.equal(ours.model.weight, kept[1]) and len(kept) == 4


def test_modes():
    stop = EarlyStopping("val_accuracy")
    assert stop._better(2, 1)
    with pytest.raises(ValueError, match="mode must be"):
        EarlyStopping(mode="up")
    with pytest.raises(KeyError, match="there is no metric 'val_loss'"):
        trainer().fit(*data(), callbacks=[EarlyStopping()], verbose=False)


def test_a_resumed_run_ends_as_if_never_interrupted(tmp_path):
    path = tmp_path / "run.pt"
    whole = trainer()
    torch.manual_seed(3)
    whole.fit(*data(), epochs=5, batch_size=4, verbose=False)
    torch.manual_seed(3)
    x, y = data()
    checkpoint = ModelCheckpoint(path, resume=True)
    torch.manual_seed(3)
    first = trainer()
    data()
    first.fit(x, y, epochs=5, batch_size=4, callbacks=[checkpoint, Stop(10)], verbose=False)
    assert first.history.interrupted
    second = trainer()
    history = second.fit(x, y, epochs=5, batch_size=4, callbacks=[checkpoint], verbose=False)
    assert history.epochs == 5 and second.step == 20
    third = trainer()
    again = third.fit(x, y, epochs=5, batch_size=4, callbacks=[checkpoint], verbose=False)
    assert again == history  # nothing was left to do


def test_checkpoints_of_each_epoch_and_of_the_best(tmp_path):
    every = ModelCheckpoint(tmp_path / "all-{epoch}.pt")
    best = ModelCheckpoint(tmp_path / "best-{epoch}.pt", save_best_only=True)
    trainer().fit(*data(), epochs=3, callbacks=[Say(2, 3, 1), every, best], verbose=False)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "all-1.pt", "all-2.pt", "all-3.pt", "best-1.pt", "best-3.pt",
    ]  # fmt: skip


def test_learning_rates():
    seen = []

    class Look(Callback):
        def on_batch_end(self, trainer, step, figures):
            seen.append(trainer.optimizer.param_groups[0]["lr"])

    halve = LearningRateScheduler(lambda epoch, lr: lr / 2 if epoch else lr)
    trainer(0.4).fit(*data(), epochs=3, batch_size=16, callbacks=[halve, Look()], verbose=False)
    assert seen == [0.4, 0.2, 0.1]
    seen.clear()
    ours = trainer(0.4)
    steps = torch.optim.lr_scheduler.ExponentialLR(ours.optimizer, 0.5)
    calls = [LearningRateScheduler(steps), Look()]
    ours.fit(*data(), epochs=3, batch_size=16, callbacks=calls, verbose=False)
    assert seen == [0.4, 0.2, 0.1]
    ours = trainer(0.4)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(ours.optimizer, patience=0)
    calls = [Say(1, 2, 3), LearningRateScheduler(plateau)]
    ours.fit(*data(), epochs=3, callbacks=calls, verbose=False)
    assert ours.optimizer.param_groups[0]["lr"] == pytest.approx(0.004)


def test_a_schedule_may_count_steps():
    seen = []

    class Look(Callback):
        def on_batch_end(self, trainer, step, figures):
            seen.append(trainer.optimizer.param_groups[0]["lr"])

    ours = trainer(0.4)
    halve = torch.optim.lr_scheduler.ExponentialLR(ours.optimizer, 0.5)
    calls = [Look(), LearningRateScheduler(halve, every="step")]
    ours.fit(*data(), epochs=2, batch_size=8, callbacks=calls, verbose=False)
    assert seen == [0.4, 0.2, 0.1, 0.05]
    with pytest.raises(ValueError, match="'epoch' or 'step', got 'batch'"):
        LearningRateScheduler(halve, every="batch")
    with pytest.raises(TypeError, match="needs a scheduler"):
        LearningRateScheduler(lambda epoch, lr: lr, every="step")


def test_a_table_as_it_comes(tmp_path):
    path = tmp_path / "log.csv"
    for append in (False, False, True):
        trainer().fit(*data(), epochs=2, callbacks=[CSVLogger(path, append)], verbose=False)
    with open(path, newline="") as file:
        rows = list(csv.reader(file))
    assert [row[0] for row in rows] == ["epoch", "1", "2", "1", "2"]


def test_figures_for_tensorboard(tmp_path):
    pytest.importorskip("tensorboardX", reason="tensorboardX is an extra: torchlite[tensorboard]")
    board = TensorBoard(tmp_path)
    trainer().fit(*data(), epochs=2, callbacks=[board], verbose=False)
    board.writer.close()
    (events,) = tmp_path.glob("events*")
    assert events.read_bytes().count(b"loss") >= 2
