"""A phase's steps in order, what is satisfied, what stopped, and how it goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.core.errors import Code, Stop
from pipeline.core.project import Project, open_project
from pipeline.phases import course
from pipeline.phases.course import Step, Wish, Work


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "invoke.yaml").write_text("site: {name: x}\n")
    return open_project(tmp_path, environ={})


class Log:
    """Steps that write down that they ran."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.broken = ""
        self.there: set[str] = set()

    def steps(self) -> tuple[Step, ...]:
        return tuple(
            Step(
                name,
                f"do {name}",
                self._run(name),
                self._satisfied(name),
                must="it judges" if name == "b" else "",
            )
            for name in "abc"
        )

    def _run(self, name: str) -> Callable[[Work], str]:
        def run(work: Work) -> str:
            if self.broken == name:
                raise Stop(f"{name} broke", "mend it", Code.GATE, ("a line",))
            self.ran.append(name)
            work.memory[name] = len(self.ran)
            return f"{name} ran"

        return run

    def _satisfied(self, name: str) -> Callable[[Work], str]:
        return lambda _: "there already" if name in self.there else ""


def run(project: Project, log: Log, wish: Wish | None = None) -> course.Record:
    return course.run("phase99", log.steps(), Work(project, "local"), wish or Wish())


def test_steps_run_in_order_and_are_recorded(project: Project) -> None:
    log = Log()
    log.there = {"b"}
    record = run(project, log)
    assert log.ran == ["a", "c"]
    assert [(one.name, one.state, one.note) for one in record.steps] == [
        ("a", "done", "a ran"),
        ("b", "satisfied", "there already"),
        ("c", "done", "c ran"),
    ]
    assert record.whole
    assert record.ended
    assert course.last(project, "phase99", "local") == record


def test_a_stop_names_the_command_that_goes_on_and_what_is_done_is_not_done_again(project: Project) -> None:
    log = Log()
    log.broken = "b"
    with pytest.raises(Stop) as caught:
        run(project, log)
    assert caught.value.code is Code.GATE
    assert caught.value.details[-1].endswith("phase99 --continue")
    kept = course.last(project, "phase99", "local")
    assert kept is not None
    assert [one.state for one in kept.steps] == ["done", "failed", "to do"]
    assert (kept.stopped, kept.hint) == ("b broke", "mend it")
    log.broken = ""
    record = run(project, log, Wish(go_on=True))
    assert log.ran == ["a", "b", "c"]
    assert record.memory == {"a": 1, "b": 2, "c": 3}
    assert record.stopped == ""
    with pytest.raises(Stop, match="the last run went through"):
        run(project, log, Wish(go_on=True))


def test_an_interrupted_step_is_told_and_gone_on_with(project: Project) -> None:
    log = Log()
    stopping = [True]

    def interrupted(work: Work) -> str:
        if stopping.pop() if stopping else False:
            raise KeyboardInterrupt
        return "went on"

    steps = (log.steps()[0], Step("late", "be interrupted", interrupted))
    with pytest.raises(KeyboardInterrupt):
        course.run("phase99", steps, Work(project, "local"), Wish())
    kept = course.last(project, "phase99", "local")
    assert kept is not None
    assert kept.steps[1].state == "interrupted"
    record = course.run("phase99", steps, Work(project, "local"), Wish(go_on=True))
    assert log.ran == ["a"]
    assert record.steps[1].note == "went on"


@pytest.mark.parametrize(
    ("wish", "ran"),
    [
        (Wish(start="b"), ["b", "c"]),
        (Wish(only=("c",)), ["c"]),
        (Wish(skip=("a",)), ["b", "c"]),
        (Wish(start="b", skip=("c",)), ["b"]),
    ],
)
def test_a_person_chooses_steps(project: Project, wish: Wish, ran: list[str]) -> None:
    log = Log()
    run(project, log, wish)
    assert log.ran == ran


def test_what_must_be_is_not_left_out(project: Project) -> None:
    with pytest.raises(Stop, match="b cannot be left out: it judges"):
        run(project, Log(), Wish(skip=("b",)))


def test_an_unknown_step_is_told_with_the_nearest(project: Project) -> None:
    with pytest.raises(Stop, match="phase99 has no step bb; there are: a, b, c") as caught:
        run(project, Log(), Wish(start="bb"))
    assert caught.value.hint == "invoke phase99 --from=b"


def test_a_plan_changes_nothing(project: Project) -> None:
    log = Log()
    log.there = {"a"}
    rows = course.planned("phase99", log.steps(), Work(project, "local"), Wish(skip=("c",)))
    assert [(one.name, one.state) for one in rows] == [("a", "satisfied"), ("b", "to do"), ("c", "left out")]
    assert log.ran == []
    assert course.last(project, "phase99", "local") is None


def test_a_record_that_is_half_or_of_another_version_counts_as_none(project: Project) -> None:
    run(project, Log())
    path = course.path_of(project, "phase99", "local")
    value = json.loads(path.read_text())
    path.write_text(json.dumps({**value, "format": 99}))
    assert course.last(project, "phase99", "local") is None
    path.write_text(path.read_text()[:40])
    assert course.last(project, "phase99", "local") is None


def test_the_timeline_is_a_page(project: Project) -> None:
    record = run(project, Log())
    text = course.timeline(project, record, "A phase", ["- Live: x"]).read_text()
    assert text.startswith("# A phase\n")
    assert "| a | done |" in text
    assert text.rstrip().endswith("- Live: x")
