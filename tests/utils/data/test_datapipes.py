"""Data pipes: data sets that are made of one another."""

import pickle
from collections.abc import Iterator

import pytest

import torchlite as torch
from torchlite.utils.data import (
    DataChunk,
    DataLoader,
    IterDataPipe,
    MapDataPipe,
    argument_validation,
    functional_datapipe,
    guaranteed_datapipes_determinism,
    non_deterministic,
    runtime_validation,
    runtime_validation_disabled,
)
from torchlite.utils.data.datapipes.iter import IterableWrapper, Sampler, ShardingFilter
from torchlite.utils.data.datapipes.map import SequenceWrapper
from torchlite.utils.data.graph_settings import apply_sharding

TEN = IterableWrapper(range(10))


def double(x):
    return 2 * x


@pytest.fixture
def names():
    """Takes back the names that a test registers."""
    before = {kind: dict(kind.functions) for kind in (IterDataPipe, MapDataPipe)}
    yield
    for kind, functions in before.items():
        kind.functions.clear()
        kind.functions.update(functions)


# --- pipes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("pipe, samples", [
    (TEN.map(double), list(range(0, 20, 2))),
    (TEN.filter(lambda x: x > 6), [7, 8, 9]),
    (TEN.batch(4), [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]),
    (TEN.batch(4, drop_last=True), [[0, 1, 2, 3], [4, 5, 6, 7]]),
    (TEN.batch(2).batch(3).unbatch(), [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]),
    (TEN.batch(2).batch(3).unbatch(2), list(range(10))),
    (TEN.batch(2).batch(3).unbatch(-1), list(range(10))),
    (TEN.concat(IterableWrapper("ab")), [*range(10), "a", "b"]),
    (TEN.zip(IterableWrapper("ab")), [(0, "a"), (1, "b")]),
    (TEN.mux(IterableWrapper("ab")), [0, "a", 1, "b"]),
    (TEN.sharding_filter(), list(range(10))),
    (TEN.shuffle(buffer_size=1), list(range(10))),
    (Sampler(TEN), list(range(10))),
    (IterableWrapper([(1, 2, 3)]).map(max, input_col=(0, 2)), [(3, 2)]),
    (IterableWrapper([(1, 2)]).map(double, input_col=1), [(1, 4)]),
    (IterableWrapper([(1, 2)]).map(double, input_col=1, output_col=-1), [(1, 2, 4)]),
    (IterableWrapper([{"a": 1}]).map(double, "a", ["b"]), [{"a": 1, "b": 2}]),
    (IterableWrapper([(1, 2), (3, 1)]).filter(lambda x: x > 1, input_col=1), [(1, 2)]),
    (SequenceWrapper("abc"), ["a", "b", "c"]),
    (SequenceWrapper("abc").map(), ["a", "b", "c"]),
    (SequenceWrapper("abc").map(str.upper).batch(2), [["A", "B"], ["C"]]),
    (SequenceWrapper("abc").batch(2, drop_last=True), [["a", "b"]]),
    (SequenceWrapper("abc").zip(SequenceWrapper([1, 2, 3])), [("a", 1), ("b", 2), ("c", 3)]),
    (SequenceWrapper("ab").concat(SequenceWrapper("c")), ["a", "b", "c"]),
])  # fmt: skip
def test_samples_and_length(pipe, samples):
    found = [pipe[i] for i in range(len(pipe))] if isinstance(pipe, MapDataPipe) else list(pipe)
    assert found == samples
    if "Filter" not in repr(pipe) and "UnBatcher" not in repr(pipe):
        assert len(pipe) == len(samples)


def test_collate():
    (batch,) = TEN.batch(10).collate()
    assert batch.tolist() == list(range(10))
    assert list(TEN.batch(5).collate(sum)) == [10, 35]


def test_chunks():
    (chunk,) = TEN.batch(10)
    assert type(chunk) is DataChunk and list(chunk.raw_iterator()) == chunk
    assert DataChunk([1, 2]).as_str(" ") == " [1, 2]"


@pytest.mark.parametrize("pipe", [TEN, SequenceWrapper(range(10))])
def test_shuffle(pipe):
    shuffled = pipe.shuffle()
    torch.manual_seed(0)
    first, second = list(shuffled), list(shuffled)
    torch.manual_seed(0)
    assert first == list(shuffled) != second and sorted(first) == sorted(second) == list(range(10))
    assert list(shuffled.set_shuffle(False)) == list(range(10)) and len(shuffled) == 10


def test_a_new_iterator_ends_older_ones():
    first, second = iter(TEN), iter(TEN)
    assert next(first) == 0 and next(second) == 0
    with pytest.raises(RuntimeError, match="This iterator has been invalidated because another"):
        next(first)
    assert next(second) == 1


def test_reset_is_called_at_each_pass():
    class Counting(IterDataPipe):
        passes = 0

        def __iter__(self):
            yield self.passes

        def reset(self):
            self.passes += 1

    pipe = Counting()
    assert [*pipe, *pipe] == [1, 2]


def test_pipes_are_copied_by_pickle():
    pipe = pickle.loads(pickle.dumps(TEN.map(double).shuffle(buffer_size=3).batch(2)))
    assert sorted(pipe.unbatch()) == list(range(0, 20, 2))


def test_wrong_use():
    for call, kind, text in (
        (lambda: TEN.nope, AttributeError, "'IterableWrapper' object has no attribute 'nope'"),
        (lambda: TEN.batch(0), AssertionError, "larger than 0"),
        (lambda: TEN.shuffle(buffer_size=0), AssertionError, "larger than 0"),
        (lambda: TEN.map(double, output_col=1), ValueError, "`output_col` must be None"),
        (lambda: TEN.map(double, 0, [1, 2]), ValueError, "single-element"),
        (lambda: TEN.zip([1]), TypeError, "all inputs to be `IterDataPipe`"),
        (lambda: list(TEN.filter(double)), ValueError, "Boolean output is required"),
        (lambda: list(TEN.unbatch(1)), IndexError, "unbatch_level 1 exceeds the depth"),
        (lambda: list(TEN.unbatch(-2)), ValueError, "must be -1 or >= 0"),
        (lambda: len(TEN.filter(bool)), TypeError, "has no len"),
        (lambda: SequenceWrapper("ab").batch(1)[2], IndexError, "out of bound"),
        (lambda: SequenceWrapper("ab").concat(SequenceWrapper("c"))[3], IndexError, "bound"),
    ):
        with pytest.raises(kind, match=text):
            call()


# --- in a loader ---------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
def test_workers_share_out_what_is_shuffled_alike():
    pipe = TEN.shuffle().sharding_filter().map(double)
    for persistent in (False, True):
        loader = DataLoader(pipe, None, num_workers=2, persistent_workers=persistent)
        first, second = list(loader), list(loader)
        assert sorted(first) == sorted(second) == list(range(0, 20, 2)) and first != second


def test_the_loader_switches_shuffling():
    assert list(DataLoader(TEN.shuffle(), None, shuffle=False)) == list(range(10))
    with pytest.warns(UserWarning, match="does not contain a `Shuffler`"):
        loader = DataLoader(TEN, None, shuffle=True)
    assert sorted(loader) == list(range(10))


def test_sharding():
    with pytest.raises(RuntimeError, match="Sharding twice"):
        apply_sharding(TEN.sharding_filter().map(double).sharding_filter(), 2, 0)
    pipe = ShardingFilter(TEN)
    pipe.apply_sharding(2, 1, sharding_group=2)
    pipe.apply_sharding(3, 1, sharding_group=3)
    assert list(pipe) == [4] and len(pipe) == 1  # of six shares
    with pytest.raises(RuntimeError, match="cannot mix"):
        pipe.apply_sharding(2, 0)
    with pytest.raises(ValueError, match=r"instance_id\(2\) should be smaller"):
        pipe.apply_sharding(2, 2, sharding_group=2)


# --- decorators ----------------------------------------------------------------------------------


def test_a_pipe_of_the_user_gets_a_name(names):
    @functional_datapipe("every")
    class Every(IterDataPipe):
        def __init__(self, source, step):
            self.source, self.step = source, step

        def __iter__(self):
            return (x for x in self.source if x % self.step == 0)

    assert list(TEN.every(step=4).map(double)) == [0, 8, 16] and "every" in dir(TEN)
    with pytest.raises(Exception, match="name every as it is already taken"):
        functional_datapipe("every")(Every)
    with pytest.raises(TypeError, match="can only decorate IterDataPipe"):
        functional_datapipe("some")(int)


def test_determinism():
    @non_deterministic
    class Wild(IterDataPipe):
        def __init__(self, wild=True):
            self.wild = wild

    sometimes = non_deterministic(lambda wild: wild)(Wild.cls)
    Wild(), sometimes(True)
    with guaranteed_datapipes_determinism():
        for make in (Wild, lambda: sometimes(True)):
            with pytest.raises(TypeError, match="Wild is non-deterministic"):
                make()
        assert not sometimes(False).wild
    Wild()
    with pytest.raises(TypeError, match="can be decorated"):
        non_deterministic(int)


def test_validation():
    @argument_validation
    def length(pipe: IterDataPipe, factor: int):
        return factor * len(list(pipe))

    assert length(TEN, 2) == 20
    with pytest.raises(TypeError, match="Expected argument 'pipe' as a IterDataPipe"):
        length([1], 2)

    class Typed(IterDataPipe):
        @runtime_validation
        def __iter__(self) -> Iterator[tuple[int, str | None]]:
            yield from [(1, "a"), (2, None), (3, 4)]

    with pytest.raises(RuntimeError, match=r"Expected an instance as subtype of .*\(3, 4\)"):
        list(Typed())
    with runtime_validation_disabled():
        assert len(list(Typed())) == 3
    with pytest.raises(TypeError, match="Can not decorate function double"):
        runtime_validation(double)
