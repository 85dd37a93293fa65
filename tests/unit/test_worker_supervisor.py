"""The supervisor of `gateway worker`: what it does about children that die, with children and a clock that we move."""

from typing import Any, cast

from gateway.cli.worker import FAILED, STOP_SECONDS, Supervisor


class Child:
    """Stands for a process: dies when told."""

    pid = 4711

    def __init__(self, *, stubborn: bool = False) -> None:
        self.code: int | None = None
        self.stubborn, self.asked = stubborn, False

    def poll(self) -> int | None:
        return self.code

    def terminate(self) -> None:
        self.asked = True
        if not self.stubborn:
            self.code = 0

    def kill(self) -> None:
        self.code = -9

    def wait(self, timeout: float | None = None) -> int | None:
        if self.code is None:
            import subprocess

            raise subprocess.TimeoutExpired("child", timeout or 0)
        return self.code


class World:
    """A supervisor, its clock, and the children that it started."""

    def __init__(self, *, processes: int = 1, stubborn: bool = False) -> None:
        self.now, self.children, self.script = 0.0, [], []
        self.stubborn = stubborn
        self.supervisor = Supervisor(
            processes=processes, start=cast(Any, self._start), clock=lambda: self.now, pause=self._pause
        )
        self.starts: list[float] = []

    def run(self, *steps: Any) -> int:
        """Run; each look takes a second, and before each the next step of the script happens."""
        self.script = list(steps)
        return self.supervisor.run()

    def _start(self) -> Child:
        self.starts.append(self.now)
        self.children.append(Child(stubborn=self.stubborn))
        return self.children[-1]

    def _pause(self, _seconds: float) -> None:
        self.now += 1
        if not self.script:
            self.supervisor.stop()
            return
        step = self.script.pop(0)
        if step:
            step()

    def kill(self) -> None:
        self.children[-1].kill()


def test_a_child_that_dies_is_replaced() -> None:
    world = World(processes=2)
    code = world.run(world.kill, None, None, None)
    assert (code, len(world.starts)) == (0, 3)
    assert world.children[0].asked


def test_a_child_that_dies_at_once_is_started_again_later_and_later() -> None:
    world = World()
    world.run(*[world.kill] * 40)
    waits = [later - earlier for earlier, later in zip(world.starts, world.starts[1:], strict=False)]
    assert waits == sorted(waits)
    assert waits[-1] > waits[0]


def test_a_child_that_lived_long_is_replaced_at_once_again() -> None:
    world = World()
    world.run(world.kill, *[None] * 30, world.kill, None, None)
    assert world.starts[-1] - 32 <= 2


def test_a_child_that_does_not_stop_is_killed_and_said() -> None:
    world = World(stubborn=True)
    assert world.run(None) == FAILED
    assert world.children[0].code == -9
    assert STOP_SECONDS > 30
