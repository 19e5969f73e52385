"""The disk calls of a process, one by one, as strace records them."""

import ctypes
import logging
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import structlog

from tests.faults.power.plug_disk import Call
from tests.waiting import patience_s

CALLS: Final = (
    "openat,open,creat,close,lseek,write,pwrite64,writev,pwritev,ftruncate,truncate,fallocate,"
    "sync_file_range,copy_file_range,fsync,fdatasync,rename,renameat,renameat2,link,linkat,symlink,"
    "symlinkat,unlink,unlinkat,mkdir,mkdirat,rmdir,dup,dup2,dup3"
)

_LINE: Final = re.compile(r"(\d+) +(\w+)\((.*)\) += (-?\d+).*")
_BEGUN: Final = re.compile(r"(\d+) +(.*) <unfinished \.\.\.>")
_GONE_ON: Final = re.compile(r"(\d+) +<\.\.\. \w+ resumed>,? ?(.*)")
_WORD: Final = re.compile(r'"((?:\\x[0-9a-f]{2})*)"|(-?\d+)(?![\w|])|([\w|]+)')
_SET_PTRACER: Final = 0x59616D61
_ANYBODY: Final = -1


def traced(act: Callable[[], None], into: Path) -> list[Call]:
    """Have a child do it, and hear every call to the disk that succeeded, in their order.

    Must be called in a process with one thread: it forks.
    """
    begin, go = os.pipe()
    child = os.fork()
    if child == 0:
        _be_traced(begin, act)
    command = ["strace", "-f", "-q", "-xx", "-s", "99999999", "-e", f"trace={CALLS}"]
    command += ["-e", "signal=none", "-o", str(into), "-p", str(child)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        _wait_for_tracer(child, tracer)
        os.write(go, b"!")
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.close(begin)
    os.close(go)
    if code != 0:
        raise AssertionError(f"what was traced ended with {code}")
    return list(_calls(into))


def _be_traced(begin: int, act: Callable[[], None]) -> None:
    code = 1
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        ctypes.CDLL(None).prctl(_SET_PTRACER, _ANYBODY, 0, 0, 0)  # strace is no ancestor of ours
        os.read(begin, 1)
        act()
        code = 0
    finally:
        os._exit(code)


def _wait_for_tracer(child: int, tracer: subprocess.Popen[str]) -> None:
    until_s = time.monotonic() + patience_s()
    while "TracerPid:\t0\n" in Path(f"/proc/{child}/status").read_text(encoding="ascii"):
        if tracer.poll() is not None or time.monotonic() > until_s:
            os.kill(child, 9)
            os.waitpid(child, 0)
            raise AssertionError(f"strace traces nothing: {tracer.communicate()[1]}")
        time.sleep(0.01)


def _calls(trace: Path) -> Iterator[Call]:
    begun: dict[str, str] = {}
    with trace.open(encoding="ascii") as lines:
        for line in lines:
            text = line.rstrip("\n")
            if half := _BEGUN.fullmatch(text):
                begun[half[1]] = half[2]
                continue
            if rest := _GONE_ON.fullmatch(text):
                text = f"{rest[1]} {begun.pop(rest[1])}{rest[2]}"
            call = _LINE.fullmatch(text)
            if call is not None and int(call[4]) >= 0:
                yield Call(call[2], tuple(_words(call[3])), int(call[4]))


def _words(text: str) -> Iterator[bytes | int | str]:
    for quoted, number, name in _WORD.findall(text):
        if number:
            yield int(number)
        elif name:
            yield name
        else:
            yield bytes.fromhex(quoted.replace("\\x", ""))
