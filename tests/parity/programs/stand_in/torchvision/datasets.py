"""Data sets whose samples are tensors, as torchlite's are."""

import gzip
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset


class MNIST(Dataset):
    """The digits in the idx files of a folder."""

    def __init__(self, root, train=True, transform=None, download=False):
        part = "train" if train else "t10k"
        self.data = self._read(Path(root) / f"{part}-images-idx3-ubyte.gz", 16)
        self.data = self.data.reshape(-1, 28, 28)
        self.targets = self._read(Path(root) / f"{part}-labels-idx1-ubyte.gz", 8).long()
        self.transform = transform

    @staticmethod
    def _read(path, start):
        data = np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=start)
        return torch.from_numpy(data.copy())

    def __getitem__(self, index):
        return self.transform(self.data[index]), int(self.targets[index])

    def __len__(self):
        return len(self.data)


class FakeData(Dataset):
    """Noise, drawn as torchvision draws it."""

    def __init__(self, size, image_size, num_classes=10, transform=None):
        self.size, self.image_size, self.num_classes = size, image_size, num_classes
        self.transform = transform

    def __getitem__(self, index):
        state = torch.get_rng_state()
        torch.manual_seed(index)
        image = torch.randn(*self.image_size)
        target = torch.randint(0, self.num_classes, size=(1,)).item()
        torch.set_rng_state(state)
        return self.transform(image.mul(255).to(torch.int64).to(torch.uint8)), target

    def __len__(self):
        return self.size
