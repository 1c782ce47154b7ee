"""The table of samples is complete."""

from tests.ops.samples import RANDOM, SAMPLES
from torchlite.ops.core.family import operations


def test_every_operation_has_samples():
    assert sorted(operations.keys() - SAMPLES.keys() - RANDOM) == []


def test_every_sample_is_of_an_operation():
    assert sorted(SAMPLES.keys() - operations.keys()) == []
