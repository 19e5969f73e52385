"""Makes small and redrawn pictures in limited child processes, each once, in turn for each owner.

An owner is a node, or the public: whoever chose the bytes. An owner has one picture in the making
at a time, and waits for its turn after each, so that one with costly pictures delays only itself.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol

from hub.web.pictures import child
from hub.web.pictures.child import MOST_RESULT_BYTES, TIME_S

CHILDREN: Final = 2
"""One busy with a costly picture leaves one for all others."""
KEPT: Final = 1000
"""Results and refusals that are kept: about 10 kB each, of an alert's page about 30 kB."""
MOST_OF_OWNER: Final = 100
"""Pictures of one owner that wait or are made: two pages full. More are refused."""
MOST_WAITING: Final = 1000
"""Of all owners."""

ENDS: Final = ("made", "picture", "large", "slow", "busy", "unread")
"""What a job can end as; `unread`: its original could not be read."""

Fault = Literal["picture", "large", "slow", "busy"]
Box = tuple[float, float, float, float]
"""Values x0, y0, x1, y1 as shares of the picture."""


class PictureError(Exception):
    """No picture: the bytes are none, it is too large, it took too long, or too many wait."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault

    @property
    def is_final(self) -> bool:
        """Whether another try would end the same way."""
        return self.fault in ("picture", "large")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture that was made."""

    content: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Job:
    """One picture to make."""

    act: Literal["small", "medium", "redrawn", "printed"]
    owner: str
    load: Callable[[], bytes]
    """Reads the original; its errors are those of the job."""
    key: str = ""
    """What identifies the original, such as its hash; empty: the result is not kept."""
    around: Box | None = None


class Child(Protocol):
    """Makes one picture at a time; for one thread."""

    def make(self, job: Job) -> Drawn:
        """Make it; PictureError, or what `job.load` raises."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


class ChildProcess:
    """A child process for one picture at a time; for one thread. It is started at need."""

    def __init__(self, *, time_s: float = TIME_S + 5.0) -> None:
        """A child that is silent for `time_s` is killed."""
        self._time_s = time_s
        self._process: subprocess.Popen[bytes] | None = None

    def make(self, job: Job) -> Drawn:
        """Make it; PictureError, OSError if no child can be started."""
        original = job.load()
        said = {"act": job.act, "around": job.around, "size_bytes": len(original)}
        process = self._running()
        timer = threading.Timer(self._time_s, _kill, (process,))
        timer.start()
        fault: Exception | None = None
        try:
            return self._asked(process, json.dumps(said).encode() + b"\n", original)
        except (OSError, ValueError, KeyError, TypeError) as error:
            fault = error
        finally:
            timer.cancel()
        self._end(process)
        raise PictureError("slow") from fault

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._end(self._process)

    def _asked(self, process: "subprocess.Popen[bytes]", line: bytes, original: bytes) -> Drawn:
        if process.stdin is None or process.stdout is None:
            raise ValueError("without its pipes")
        process.stdin.write(line)
        process.stdin.write(original)
        process.stdin.flush()
        answer = json.loads(process.stdout.readline(1000))
        if (fault := answer["fault"]) in ("picture", "large", "slow"):
            raise PictureError(fault)
        size_bytes, width, height = (
            int(answer[name]) for name in ("size_bytes", "width", "height")
        )
        if fault or not 0 < size_bytes <= MOST_RESULT_BYTES:
            raise ValueError("not an answer")
        content = process.stdout.read(size_bytes)
        if len(content) != size_bytes:
            raise ValueError("it ended early")
        return Drawn(content, width, height)

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is not None and self._process.poll() is not None:
            self._end(self._process)
        if self._process is None:
            self._process = _started()
        return self._process

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = None
        _kill(process)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        process.wait()


def _started() -> "subprocess.Popen[bytes]":
    home = str(Path(__file__).parents[3])
    environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": home, "LANG": "C.UTF-8"}
    ends_with_this = ["setpriv", "--pdeathsig", "KILL"]
    command = [*ends_with_this, sys.executable, "-m", child.__name__]
    return subprocess.Popen(  # noqa: S603 - our own words
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,  # so that its forks can be killed with it
    )


def _kill(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


_Key = tuple[str, str, Box | None]


@dataclass(frozen=True, slots=True)
class _Task:
    job: Job
    future: "Future[Drawn]"

    @property
    def key(self) -> _Key | None:
        job = self.job
        return (job.act, job.key, job.around) if job.key else None


class PictureMaker:
    """For any thread. Its threads and children start with the first job."""

    def __init__(self, child: Callable[[], Child] | None = None) -> None:
        """`child` makes the program of one thread."""
        self.child = child or ChildProcess
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._waiting: OrderedDict[str, deque[_Task]] = OrderedDict()
        """By owner; the first owner's turn is next."""
        self._served: set[str] = set()
        """Owners with a picture in the making."""
        self._under_way: dict[_Key, Future[Drawn]] = {}
        self._kept: OrderedDict[_Key, Drawn | PictureError] = OrderedDict()
        self._counts: Counter[str] = Counter()

    def ask(self, job: Job, *, most: int = MOST_OF_OWNER) -> "Future[Drawn]":
        """The picture, perhaps later; PictureError, or what `load` raises.

        Busy, at once, if `most` pictures of this owner wait or are made already.
        """
        task = _Task(job, Future())
        task.future.set_running_or_notify_cancel()  # others may wait for it: nobody cancels it
        with self._changed:
            if task.key is not None:
                if (kept := self._kept.get(task.key)) is not None:
                    self._kept.move_to_end(task.key)
                    _settle(task.future, kept)
                    return task.future
                if (running := self._under_way.get(task.key)) is not None:
                    return running
            mine = len(self._waiting.get(job.owner, ())) + (job.owner in self._served)
            in_all = sum(map(len, self._waiting.values()))
            if mine >= most or in_all >= MOST_WAITING:
                self._counts["busy"] += 1
                _settle(task.future, PictureError("busy"))
                return task.future
            if task.key is not None:
                self._under_way[task.key] = task.future
            self._waiting.setdefault(job.owner, deque()).append(task)
            self._start()
            self._changed.notify()
        return task.future

    def counts(self) -> dict[str, int]:
        """Pictures made and refused since the start, by end."""
        with self._changed:
            return {name: self._counts[name] for name in ENDS}

    def close(self) -> None:
        """End threads and children; what still waits is lost. The next job starts them again."""
        with self._changed:
            threads, self._threads = self._threads, []
            self._changed.notify_all()
        for thread in threads:
            thread.join()

    def _start(self) -> None:
        if not self._threads:
            self._threads = [
                threading.Thread(target=self._work, name="pictures", daemon=True)
                for _ in range(CHILDREN)
            ]
            for thread in self._threads:
                thread.start()

    def _work(self) -> None:
        # A thread of its own for each child: a child ends with the thread that started it.
        child = self.child()
        while (task := self._next()) is not None:
            try:
                end: Drawn | BaseException = child.make(task.job)
            except BaseException as error:  # noqa: BLE001 - whatever it is, somebody waits for it
                end = error
            self._ended(task, end)
        child.close()

    def _next(self) -> _Task | None:
        """The next job; None once the maker is closed."""
        with self._changed:
            while threading.current_thread() in self._threads:
                for owner, tasks in self._waiting.items():
                    if owner not in self._served:
                        self._served.add(owner)
                        task = tasks.popleft()
                        if tasks:
                            self._waiting.move_to_end(owner)
                        else:
                            del self._waiting[owner]
                        return task
                self._changed.wait()
        return None

    def _ended(self, task: _Task, end: Drawn | BaseException) -> None:
        with self._changed:
            self._served.discard(task.job.owner)
            self._counts[_name_of(end)] += 1
            if task.key is not None:
                del self._under_way[task.key]
                if isinstance(end, Drawn) or (isinstance(end, PictureError) and end.is_final):
                    self._kept[task.key] = end
                    while len(self._kept) > KEPT:
                        self._kept.popitem(last=False)
            self._changed.notify()
        _settle(task.future, end)


def _name_of(end: Drawn | BaseException) -> str:
    if isinstance(end, PictureError):
        return end.fault
    return "made" if isinstance(end, Drawn) else "unread"


def _settle(future: "Future[Drawn]", end: Drawn | BaseException) -> None:
    if isinstance(end, BaseException):
        future.set_exception(end)
    else:
        future.set_result(end)


MAKER: Final = PictureMaker()
"""The one of this process."""
