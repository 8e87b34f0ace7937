import asyncio
from contextvars import ContextVar
from functools import partial

import pytest

from icsmulti.web.turns import Shift, Turns, together

NAME = ContextVar("NAME", default="")


def run(scenario):
    async def with_turns():
        tasks = set()
        turns = Turns(asyncio.get_running_loop(), tasks, Shift())
        seen = []
        answer = await asyncio.get_running_loop().create_task(scenario(turns, seen, tasks))
        turns.close()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not tasks
        return answer or seen

    return asyncio.run(with_turns())


async def outside(call, *arguments):
    """From the loop itself, as a socket's callbacks come: no task is current there."""
    done = asyncio.get_running_loop().create_future()

    def callback():
        try:
            done.set_result(call(*arguments))
        except Exception as error:
            done.set_exception(error)

    asyncio.get_running_loop().call_soon(callback)
    return await done


def test_a_request_that_waits_for_nobody_is_over_when_it_is_taken():
    async def request(seen):
        seen.append("ran")

    async def scenario(turns, seen, _tasks):
        def take():
            turns.take(request(seen))
            return list(seen)

        return await outside(take)

    assert run(scenario) == ["ran"]


def test_a_request_that_waits_goes_on_and_the_next_ones_keep_their_order():
    async def request(number, seen, gate):
        seen.append(f"begin {number}")
        if number == 1:
            await gate
        seen.append(f"end {number}")

    async def scenario(turns, seen, _tasks):
        gate = asyncio.get_running_loop().create_future()
        for number in (1, 2, 3):
            await outside(turns.take, request(number, seen, gate))
        assert seen == ["begin 1"]
        gate.set_result(None)
        await asyncio.sleep(0.01)

    assert run(scenario) == ["begin 1", "end 1", "begin 2", "end 2", "begin 3", "end 3"]


def test_a_request_taken_by_the_one_that_ends_runs_behind_it():
    async def first(turns, seen, waits):
        await asyncio.sleep(waits)
        turns.take(second(seen))
        seen.append("first")

    async def second(seen):
        seen.append("second")

    async def scenario(turns, seen, _tasks):
        await outside(turns.take, first(turns, seen, 0))
        await asyncio.sleep(0.02)
        await outside(turns.take, first(turns, seen, 0.001))
        await asyncio.sleep(0.02)

    assert run(scenario) == ["first", "second"] * 2


def test_a_deadline_set_before_the_first_wait_holds_after_it():
    async def request(seen):
        try:
            async with asyncio.timeout(0.01):
                await asyncio.get_running_loop().create_future()
        except TimeoutError:
            seen.append("too late")

    async def scenario(turns, seen, _tasks):
        await outside(turns.take, request(seen))
        await asyncio.sleep(0.1)

    assert run(scenario) == ["too late"]


@pytest.mark.parametrize("turns_later", [0, 1, 2])
def test_a_cancellation_reaches_the_request_whenever_it_comes(turns_later):
    async def request(seen):
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            seen.append("cancelled")

    async def warm():
        pass

    async def scenario(turns, seen, tasks):
        await outside(turns.take, warm())
        await asyncio.sleep(0)

        def take_and_cancel():
            turns.take(request(seen))
            if not turns_later:
                for task in tasks:
                    task.cancel()

        await outside(take_and_cancel)
        for _ in range(turns_later):
            await asyncio.sleep(0)
        if turns_later:
            for task in tasks:
                task.cancel()
        await asyncio.sleep(0.01)

    assert run(scenario) == ["cancelled"]


def test_context_and_current_task_stay_the_same_across_the_first_wait():
    async def request(seen):
        token, task = NAME.set("mine"), asyncio.current_task()
        await asyncio.sleep(0)
        seen.append((NAME.get(), asyncio.current_task() is task))
        NAME.reset(token)

    async def scenario(turns, seen, _tasks):
        await outside(turns.take, request(seen))
        await asyncio.sleep(0.01)
        seen.append(NAME.get())

    assert run(scenario) == [("mine", True), ""]


@pytest.mark.parametrize("turns_between", [0, 1, 3])
def test_a_request_of_a_connection_that_is_gone_ends_all_the_same(turns_between):
    async def request(seen):
        await asyncio.sleep(0)
        seen.append("ended")

    async def nothing():
        pass

    async def scenario(turns, seen, _tasks):
        await outside(turns.take, nothing())
        await asyncio.sleep(0)
        turns.close()
        for _ in range(turns_between):
            await asyncio.sleep(0)
        await outside(turns.take, request(seen))
        await asyncio.sleep(0.01)

    assert run(scenario) == ["ended"]


def test_a_first_request_of_a_connection_that_is_gone_ends_too():
    async def request(seen):
        await asyncio.sleep(0)
        seen.append("ended")

    async def scenario(turns, seen, _tasks):
        turns.close()
        await outside(turns.take, request(seen))
        await asyncio.sleep(0.01)

    assert run(scenario) == ["ended"]


def test_a_request_that_fails_in_the_server_leaves_the_connection_usable():
    async def request(seen, fault=None):
        if fault:
            raise fault
        seen.append("ended")

    async def scenario(turns, seen, _tasks):
        with pytest.raises(RuntimeError, match="a fault"):
            await outside(turns.take, request(seen, RuntimeError("a fault")))
        await outside(turns.take, request(seen))

    assert run(scenario) == ["ended"]


async def stepping(number, seen, steps=3):
    for step in range(steps):
        if step:
            await together()
        seen.append(f"{number}, step {step}")


def connected(number_of_connections):
    """As many connections of one server, and its shift."""
    shift = Shift()
    loop = asyncio.get_running_loop()
    return shift, [Turns(loop, set(), shift) for _ in range(number_of_connections)]


def test_requests_that_arrive_together_go_step_by_step_together():
    async def scenario():
        seen = []
        shift, connections = connected(3)
        for number, turns in enumerate(connections):
            shift.begin(partial(turns.take, stepping(number, seen)))
        await asyncio.sleep(0)
        return seen

    assert asyncio.run(scenario()) == [f"{n}, step {step}" for step in range(3) for n in range(3)]


def test_more_requests_than_go_together_begin_when_those_before_them_are_over():
    async def scenario():
        seen = []
        shift, connections = connected(Shift.TOGETHER + 2)
        for number, turns in enumerate(connections):
            shift.begin(partial(turns.take, stepping(number, seen, 2)))
        await asyncio.sleep(0.1)
        return seen

    seen = asyncio.run(scenario())
    last_of_the_first = max(seen.index(f"{n}, step 1") for n in range(Shift.TOGETHER))
    assert all(seen.index(f"{Shift.TOGETHER + n}, step 0") > last_of_the_first for n in (0, 1))
    assert len(seen) == 2 * (Shift.TOGETHER + 2)


def test_the_next_request_of_a_connection_begins_when_the_one_before_it_is_over():
    async def scenario():
        seen = []
        shift, [turns] = connected(1)
        for number in range(3):
            shift.begin(partial(turns.take, stepping(number, seen)))
        await asyncio.sleep(0.1)
        return seen

    assert asyncio.run(scenario()) == [f"{n}, step {step}" for n in range(3) for step in range(3)]


def test_a_request_that_waited_goes_on_alone():
    async def request(number, seen):
        await asyncio.sleep(0.001)
        await stepping(number, seen)

    async def scenario():
        seen = []
        shift, [turns, other] = connected(2)
        shift.begin(partial(turns.take, request(0, seen)))
        shift.begin(partial(other.take, stepping(1, seen)))
        await asyncio.sleep(0.1)
        return seen

    assert asyncio.run(scenario()) == [f"{n}, step {step}" for n in (1, 0) for step in range(3)]


@pytest.mark.parametrize("steps_before", [1, 2])
def test_a_request_that_waits_after_it_went_together_keeps_its_task_and_its_deadline(steps_before):
    async def request(seen):
        task = asyncio.current_task()
        try:
            async with asyncio.timeout(0.01):
                for _ in range(steps_before):
                    await together()
                await asyncio.get_running_loop().create_future()
        except TimeoutError:
            seen.append(asyncio.current_task() is task)

    async def scenario():
        seen = []
        shift, [turns] = connected(1)
        shift.begin(partial(turns.take, request(seen)))
        await asyncio.sleep(0.1)
        return seen

    assert asyncio.run(scenario()) == [True]


def test_a_request_of_a_connection_that_is_gone_meanwhile_goes_on_to_its_end():
    async def scenario():
        seen = []
        shift, [turns] = connected(1)
        shift.begin(partial(turns.take, stepping(0, seen)))
        shift.begin(turns.close)
        await asyncio.sleep(0.1)
        return seen

    assert asyncio.run(scenario()) == [f"0, step {step}" for step in range(3)]


def test_a_request_that_fails_leaves_those_beside_and_behind_it_their_steps():
    async def failing():
        await together()
        raise RuntimeError("a fault")

    async def scenario():
        loop, seen = asyncio.get_running_loop(), []
        loop.set_exception_handler(lambda _, context: seen.append(str(context["exception"])))
        shift, [turns, other] = connected(2)
        shift.begin(partial(turns.take, failing()))
        shift.begin(partial(other.take, stepping(1, seen)))
        shift.begin(partial(turns.take, stepping(0, seen, 1)))
        await asyncio.sleep(0.1)
        return seen

    assert asyncio.run(scenario()) == [
        "1, step 0",
        "a fault",
        "1, step 1",
        "0, step 0",
        "1, step 2",
    ]


def test_an_idle_connection_s_task_ends_when_the_server_cancels_it():
    async def request():
        pass

    async def scenario(turns, seen, tasks):
        await outside(turns.take, request())
        await asyncio.sleep(0)
        [task] = tasks
        task.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        seen.append(task.cancelled())

    assert run(scenario) == [True]


class Answers:
    def __init__(self, seen, name):
        self.seen, self.name = seen, name

    def flush(self):
        self.seen.append(f"sent {self.name}")


def shifted(*costs_ms):
    """What a shift does with requests that cost so much, in its order."""

    async def scenario():
        now_ms, seen = [0.0], []
        shift = Shift(lambda: now_ms[0] / 1_000)

        def request(number, cost_ms):
            now_ms[0] += cost_ms
            seen.append(f"ran {number}")
            shift.send(Answers(seen, number))

        for number, cost_ms in enumerate(costs_ms, 1):
            shift.begin(partial(request, number, cost_ms))
        assert seen == []
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(seen.append, "another's turn")
        await asyncio.sleep(0)
        return seen

    return asyncio.run(scenario())


def test_requests_that_arrive_together_run_before_the_first_answer_leaves():
    together = ["ran 1", "ran 2", "ran 3", "sent 1", "sent 2", "sent 3"]

    assert shifted(0.1, 0.1, 0.1) == [*together, "another's turn"]


def test_no_answer_waits_for_more_than_the_request_that_takes_long():
    first = ["ran 1", "ran 2", "sent 1", "sent 2"]

    assert shifted(0.1, 5, 0.1) == [*first, "ran 3", "sent 3", "another's turn"]


def test_sockets_and_timers_have_their_turn_between_requests_that_take_long():
    steps = ["ran 1", "sent 1", "ran 2", "sent 2", "another's turn"]

    assert shifted(5, 5, 5)[: len(steps)] == steps


def test_an_answer_that_cannot_be_sent_keeps_no_other_back():
    class Gone:
        def flush(self):
            raise RuntimeError("gone")

    async def scenario():
        loop, shift, seen = asyncio.get_running_loop(), Shift(), []
        loop.set_exception_handler(lambda _, context: seen.append(str(context["exception"])))
        shift.send(Gone())
        shift.send(Answers(seen, "the other"))
        await asyncio.sleep(0.01)
        return seen

    assert asyncio.run(scenario()) == ["gone", "sent the other"]


def test_a_request_that_fails_in_the_server_keeps_nobody_else_waiting():
    async def scenario():
        loop, shift, seen = asyncio.get_running_loop(), Shift(), []
        loop.set_exception_handler(lambda _, context: seen.append(str(context["exception"])))

        def fail():
            raise RuntimeError("a fault")

        shift.begin(fail)
        shift.begin(lambda: shift.send(Answers(seen, "the other")))
        await asyncio.sleep(0.01)
        return seen

    assert asyncio.run(scenario()) == ["a fault", "sent the other"]
