"""Training that is interrupted in one library and goes on in the other: the losses are the same."""

import io

import pytest

import torchlite as tl

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def one_thread():
    """Such small models only wait for each other's threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make_cnn(lib):
    nn = lib.nn
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(4, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3),
    )  # fmt: skip


def make_transformer(lib):
    class Classifier(lib.nn.Module):
        def __init__(self):
            super().__init__()
            layer = lib.nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
            self.embedding = lib.nn.Embedding(11, 8)
            self.encoder = lib.nn.TransformerEncoder(layer, 2)
            self.head = lib.nn.Linear(8, 3)

        def forward(self, tokens):
            return self.head(self.encoder(self.embedding(tokens)).mean(1))

    return Classifier()


def images(lib):
    return lib.rand(6, 1, 8, 8)  # drawn anew each step: the random stream has to go on, too


def tokens(lib):
    return (lib.rand(6, 5) * 11).long()


MODELS = {"cnn": (make_cnn, images), "transformer": (make_transformer, tokens)}
OPTIMIZERS = {
    "SGD": {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    "Adam": {"lr": 0.01, "amsgrad": True},
    "AdamW": {"lr": 0.01, "betas": (0.8, 0.95)},
    "RMSprop": {"lr": 0.01, "momentum": 0.5, "centered": True},
    "Adagrad": {"lr": 0.05, "lr_decay": 0.1},
    "Adadelta": {},
    "Adamax": {"lr": 0.01},
    "NAdam": {"lr": 0.01},
    "RAdam": {"lr": 0.01},
    "Rprop": {"lr": 0.001},
    "ASGD": {"lr": 0.05},
}
SCHEDULERS = {
    "StepLR": {"step_size": 2, "gamma": 0.5},
    "CosineAnnealingLR": {"T_max": 5},
    "OneCycleLR": {"max_lr": 0.1, "total_steps": 8},
    "ReduceLROnPlateau": {"patience": 0, "threshold": 10.0},
}


class Training:
    """A model with all that a checkpoint should hold."""

    def __init__(self, lib, model, optimizer, scheduler):
        make, self.draw = MODELS[model]
        self.lib, self.model = lib, make(lib)
        optim = lib.optim
        self.optimizer = getattr(optim, optimizer)(self.model.parameters(), **OPTIMIZERS[optimizer])
        schedule = getattr(optim.lr_scheduler, scheduler)
        self.scheduler = schedule(self.optimizer, **SCHEDULERS[scheduler])
        self.parts = {"model": self.model, "optimizer": self.optimizer, "schedule": self.scheduler}

    def steps(self, count):
        losses = []
        for _ in range(count):
            logits = self.model(self.draw(self.lib))
            loss = self.lib.nn.functional.cross_entropy(logits, self.lib.tensor([0, 1, 2, 0, 1, 2]))
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            plateau = isinstance(self.scheduler, self.lib.optim.lr_scheduler.ReduceLROnPlateau)
            self.scheduler.step(*[loss.item()] * plateau)
            losses.append(loss.item())
        return losses

    def save(self, **options):
        state = {name: part.state_dict() for name, part in self.parts.items()}
        file = io.BytesIO()
        self.lib.save({**state, "random": self.lib.get_rng_state(), "epoch": 3}, file, **options)
        return file

    def load(self, file):
        file.seek(0)
        state = self.lib.load(file, weights_only=True)
        for name, part in self.parts.items():
            part.load_state_dict(state[name])
        self.lib.set_rng_state(state["random"])
        assert state["epoch"] == 3


def go_on(first, second, options, *parts):
    """The losses of `first` after an interruption, and of `second` from its checkpoint on."""
    before, after = Training(first, *parts), Training(second, *parts)
    first.manual_seed(3)
    before.steps(3)
    file = before.save(**options)
    expected = before.steps(3)
    after.load(file)
    return expected, after.steps(3)


DIRECTIONS = {"from torch": (torch, tl), "to torch": (tl, torch)}
LEGACY = {"zip": {}, "legacy": {"_use_new_zipfile_serialization": False}}


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_training_goes_on_with_any_optimizer(model, optimizer, direction):
    expected, losses = go_on(*DIRECTIONS[direction], {}, model, optimizer, "StepLR")
    assert losses == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("form", LEGACY)
def test_training_goes_on_with_any_scheduler_and_format(form, scheduler, direction):
    libraries = DIRECTIONS[direction]
    expected, losses = go_on(*libraries, LEGACY[form], "cnn", "SGD", scheduler)
    assert losses == pytest.approx(expected, rel=1e-4)
