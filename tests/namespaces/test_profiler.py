"""torch.profiler: which operations ran, how often, inside which blocks."""

import json

import pytest

import torchlite as torch
from torchlite import profiler
from torchlite.profiler import ProfilerAction, record_function


def work():
    with record_function("work"):
        torch.ones(2).exp().exp()


def counts(prof):
    return {event.key: event.count for event in prof.key_averages()}


@pytest.mark.parametrize("profile", [profiler.profile, torch.autograd.profiler.profile])
def test_operations_and_blocks_are_counted(profile):
    work()
    with profile() as prof:
        work()
        work()
    work()
    assert counts(prof) == {"ones": 2, "exp": 4, "work": 2}
    assert [event.name for event in prof.events()] == ["ones", "exp", "exp", "work"] * 2
    by_name = {event.key: event for event in prof.key_averages()}
    inner = by_name["ones"].cpu_time_total + by_name["exp"].cpu_time_total
    assert by_name["work"].cpu_time_total == pytest.approx(
        by_name["work"].self_cpu_time_total + inner
    )
    assert by_name["exp"].cpu_time == by_name["exp"].cpu_time_total / 4


def test_the_table():
    with profiler.profile(activities=[profiler.ProfilerActivity.CPU]) as prof:
        work()
    lines = prof.key_averages().table(sort_by="cpu_time_total", row_limit=2).splitlines()
    assert lines[1].split()[:1] == ["Name"] and lines[3].split()[0] == "work"
    assert len({len(line) for line in lines[:-1]}) == 1 and len(lines) == 7
    assert lines[-1].startswith("Self CPU time total: ")
    with pytest.raises(AttributeError):
        prof.key_averages().table(sort_by="nothing")


def test_a_disabled_profile_sees_nothing():
    with torch.autograd.profiler.profile(enabled=False) as prof:
        work()
    assert counts(prof) == {} and "0.000us" in str(prof.key_averages())


def test_an_operation_that_fails_is_counted_and_raises():
    with profiler.profile() as prof:
        with pytest.raises(RuntimeError):
            torch.ones(2).view(3)
        work()
    assert counts(prof) == {"ones": 2, "view": 1, "exp": 2, "work": 1}


def test_a_schedule():
    plan = profiler.schedule(skip_first=1, wait=1, warmup=1, active=2, repeat=2)
    names = "NONE NONE WARMUP RECORD RECORD_AND_SAVE NONE WARMUP RECORD RECORD_AND_SAVE NONE NONE"
    assert [plan(step).name for step in range(11)] == names.split()
    assert profiler.schedule(wait=0, warmup=0, active=1)(100) is ProfilerAction.RECORD_AND_SAVE


def test_a_profile_records_the_steps_of_its_schedule(tmp_path):
    seen = []
    plan = profiler.schedule(wait=1, warmup=0, active=2)
    with profiler.profile(schedule=plan, on_trace_ready=lambda p: seen.append(counts(p))) as prof:
        for _ in range(6):
            work()
            prof.step()
    assert seen == [{"ones": 2, "exp": 4, "work": 2}] * 2
    profiler.tensorboard_trace_handler(str(tmp_path), "me")(prof)
    (path,) = tmp_path.iterdir()
    events = json.loads(path.read_text())["traceEvents"]
    assert [event["name"] for event in events] == ["ones", "exp", "exp", "work"] * 2


def test_a_decorator():
    @record_function("double")
    def double(x):
        return 2 * x

    with profiler.profile() as prof:
        assert double(3) == 6
    assert counts(prof) == {"double": 1}
