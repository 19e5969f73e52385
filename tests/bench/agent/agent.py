"""Cost of the whole agent in normal operation: `python -m tests.bench.agent agent --config FILE`.

The agent runs as its own process with the given configuration, its cameras and its broker. At the
same time a second process reads the same cameras' packets and discards them: the floor for any
program that keeps the last seconds. Counting starts when the ring is full. Stop the service first:
a node has one agent.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic, sleep
from types import MappingProxyType
from typing import Any, Final, Self

from agent.config import ConfigError, load
from agent.config.sections import AgentSettings

TICKS: Final = os.sysconf("SC_CLK_TCK")
DAY_S: Final = 86_400.0
POLL_S: Final = 0.5
WARMING_S: Final = 20.0
"""Seconds until cameras are open, the ring is full and the background is learned."""
STOP_AT_MOST_S: Final = 300.0
"""Seconds a process may take to end."""


@dataclass(frozen=True, slots=True)
class AgentCost:
    """Cost of one process over `seconds`: processor time, peak memory, memory at the end that no
    file backs, and disk writes, extrapolated to megabytes (10⁶) a day. A disk in memory counts
    none.

    Peak memory includes the pages of mapped libraries. For a library installed since the machine's
    boot, the kernel maps several times as many pages around each page used.
    """

    seconds: float
    cpu_s: float
    share_of_core: float
    peak_rss_mib: float
    own_mib: float
    written_mb_a_day: float


@dataclass(frozen=True, slots=True)
class Watched:
    """The agent's own report since its start, written when it ends."""

    frames: int
    frames_late: int
    inferences: int
    sightings: int


class BenchError(Exception):
    """A failed measurement, and the remedy."""


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `bench agent`."""
    parser.set_defaults(command=command)
    parser.add_argument("--config", type=Path, metavar="FILE", help="the configuration file")
    parser.add_argument("--seconds", type=float, default=60.0, help="seconds to measure (60)")
    parser.add_argument(
        "--warm", type=float, default=WARMING_S, help="seconds before the measurement (20)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def command(args: argparse.Namespace) -> int:
    """Measure and print; 1 with the reason if the agent did not run to the end."""
    try:
        answer = measure(args.config, seconds=args.seconds, warming_s=args.warm)
    except (BenchError, ConfigError) as error:
        print(f"bench agent: {error}", file=sys.stderr)
        return 1
    print(json.dumps(answer, indent=2) if args.json else table(answer))
    return 0


def measure(
    config: Path | None,
    *,
    seconds: float,
    warming_s: float = WARMING_S,
    beside: Mapping[str, "Watching"] = MappingProxyType({}),
) -> dict[str, Any]:
    """Agent and floor at the same time, with other processes of `beside` by name.

    Raises BenchError or ConfigError.
    """
    settings = load(config)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="matthan-bench-")))
        said, log = folder / "stats.json", folder / "agent.log"
        words = ["run", "--stats", str(said), *(["--config", str(config)] if config else [])]
        agent = stack.enter_context(Watching([sys.executable, "-m", "agent", *words], log))
        floor = stack.enter_context(Watching(_floor_of(settings), folder / "floor.log"))
        costs = _counted({"agent": agent, "floor": floor, **beside}, seconds, warming_s)
        agent.end()
        watched = _read(said)
    ours = costs.pop("agent")
    return {
        "cameras": len(settings.camera),
        "agent": asdict(ours),
        **{name: asdict(cost) for name, cost in costs.items()},
        "agent_times": {name: _ratio(ours.cpu_s, cost.cpu_s) for name, cost in costs.items()},
        "watched": asdict(watched),
    }


def _ratio(over: float, under: float) -> float | None:
    return round(over / under, 3) if under else None


def _floor_of(settings: AgentSettings) -> list[str]:
    addresses = [
        str(address)
        for camera in settings.camera
        for address in (camera.url, camera.sub_url, camera.recording)
        if address
    ]
    return [sys.executable, "-m", "tests.bench.agent.demux", *addresses]


class Watching:
    """A child process whose resources are measured from outside."""

    def __init__(self, command: list[str], log: Path) -> None:
        self._log = log
        with log.open("wb") as file:
            self._child = subprocess.Popen(command, stdout=file, stderr=file)

    def must_run(self) -> None:
        """Raise BenchError with the child's last output if it ended."""
        if self._child.poll() is not None:
            last = self._log.read_text(errors="replace").strip().splitlines()[-1:]
            raise BenchError(f"the process to be measured ended early: {' '.join(last)[:300]}")

    def cpu_s(self) -> float:
        """Processor time so far, including ended children; raises BenchError if the process
        ended."""
        self.must_run()
        after_name = Path(f"/proc/{self._child.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, after_name[11:15])) / TICKS

    def peak_rss_mib(self) -> float:
        """Peak memory, mapped files included."""
        return self._status_mib("VmHWM")

    def own_mib(self) -> float:
        """Current memory that no file backs."""
        return self._status_mib("RssAnon")

    def _status_mib(self, key: str) -> float:
        for line in Path(f"/proc/{self._child.pid}/status").read_text().splitlines():
            if line.startswith(f"{key}:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def written_bytes(self) -> int:
        """Bytes written to disk so far, its log included."""
        for line in Path(f"/proc/{self._child.pid}/io").read_text().splitlines():
            if line.startswith("write_bytes:"):
                return int(line.split()[1])
        return 0

    def end(self) -> None:
        """Ask the process to end, and wait for it."""
        self._child.send_signal(signal.SIGTERM)
        self._child.wait(STOP_AT_MOST_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._child.poll() is None:
            self._child.kill()
            self._child.wait()


def _counted(
    processes: Mapping[str, Watching], seconds: float, warming_s: float
) -> dict[str, AgentCost]:
    _wait(processes, warming_s)
    began, before = monotonic(), {name: process.cpu_s() for name, process in processes.items()}
    written = {name: process.written_bytes() for name, process in processes.items()}
    _wait(processes, seconds)
    spent = {name: process.cpu_s() - before[name] for name, process in processes.items()}
    span_s = monotonic() - began
    return {
        name: AgentCost(
            seconds=round(span_s, 1),
            cpu_s=round(spent[name], 3),
            share_of_core=round(spent[name] / span_s, 4),
            peak_rss_mib=round(process.peak_rss_mib(), 1),
            own_mib=round(process.own_mib(), 1),
            written_mb_a_day=round(
                (process.written_bytes() - written[name]) / span_s * DAY_S / 1e6, 1
            ),
        )
        for name, process in processes.items()
    }


def _wait(processes: Mapping[str, Watching], seconds: float) -> None:
    """Wait that long; BenchError if a process ends before."""
    until_s = monotonic() + seconds
    while (left_s := until_s - monotonic()) > 0:
        for process in processes.values():
            process.must_run()
        sleep(min(left_s, POLL_S))


def _read(file: Path) -> Watched:
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BenchError("the agent did not stop on request, so its report is missing") from error
    return Watched(**{name: int(said[name]) for name in Watched.__slots__})


def table(answer: Mapping[str, Any]) -> str:
    """The result as a table for people."""
    agent, floor, watched = answer["agent"], answer["floor"], answer["watched"]
    return (
        f"agent with {answer['cameras']} camera(s), {agent['seconds']} s:"
        f" {100 * agent['share_of_core']:.1f} % of a core, at most {agent['peak_rss_mib']} MiB"
        f" ({agent['own_mib']} its own, the rest mapped files),"
        f" {agent['written_mb_a_day']} MB written in a day like this\n"
        f"packets alone: {100 * floor['share_of_core']:.2f} % of a core;"
        f" the agent is {answer['agent_times']['floor']} × that\n"
        f"{watched['frames']} frames ({watched['frames_late']} late),"
        f" {watched['inferences']} looks, {watched['sightings']} sightings since its start"
    )
