"""Requested explanations: in memory only, a few, for minutes.

The requests to nodes are messages that nobody stores; they are repeated while somebody waits for
the answer. Of several processes of a hub each knows all requests and answers: it tells the others
(`hub.nodes.explanations.elsewhere`).
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID, uuid4

from agent.wire.answers import SendExplanation
from hub.nodes.explanations.elsewhere import AnswerWord, RequestWord, packed, unpacked
from hub.nodes.uploaded_answer import AnswerState

Tell = Callable[[str, UUID, SendExplanation], bool]
"""Sends a command with this id to a node; False without a broker connection."""

WAITS_S: Final = 60.0
"""A node that does not answer for so long is away, or its programs are too old for this."""
AGAIN_S: Final = 10.0
KEPT_S: Final = 600.0
HEARD_WITHIN_S: Final = 2.0
"""Longest that a page waits for the word of another process; the word itself takes milliseconds."""
AT_ONCE_S: Final = 2.0
"""Two requests with less between them may have been made before either was heard of."""
MOST: Final = 8
"""Most explanations that the whole hub keeps: together at most 24 MiB."""
MOST_BYTES: Final = 3 * 2**20
REASON_CHARS: Final = 500

Key = tuple[UUID, UUID]
"""Person and camera: nobody gets an explanation that another person requested."""


@dataclass(frozen=True, slots=True)
class AskedExplanation:
    """A request for an explanation, and its result."""

    node: str
    command_id: UUID
    wanted: SendExplanation
    asked_s: float
    """Monotonic time of the request, in seconds."""
    said_s: float
    """Monotonic time of the last message to the node, in seconds."""
    state: AnswerState = AnswerState.WAITING
    ended_s: float | None = None
    content: bytes = b""
    reason: str = ""


class AskedExplanations:
    """Requested explanations, in memory only. For any thread; only `hears_of` blocks."""

    def __init__(
        self,
        tell: Tell,
        now_s: Callable[[], float] = time.monotonic,
        *,
        tell_others: Callable[[bytes], None] | None = None,
    ) -> None:
        """`tell_others` sends to the other processes; None: there are none."""
        self._tell = tell
        self._now_s = now_s
        self._tell_others = tell_others
        self._lock = threading.RLock()
        self._added = threading.Condition(self._lock)
        self._asked: dict[Key, AskedExplanation] = {}
        self._alarm: threading.Timer | None = None

    @property
    def is_shared(self) -> bool:
        """True if other processes have pages too."""
        return self._tell_others is not None

    def ask(self, key: Key, node: str, wanted: SendExplanation) -> tuple[UUID, bool]:
        """Ask the node, unless an earlier request of this person waits for its answer. Returns the
        id of the request that waits now, and True if it is new."""
        with self._lock:
            self._forget()
            known = self._asked.get(key)
            if known is not None and known.state is AnswerState.WAITING:
                return known.command_id, False
            one = AskedExplanation(node, uuid4(), wanted, self._now_s(), self._now_s())
            self._add(key, one)
            self._ask_node(key, one)
            return one.command_id, True

    def hears_of(self, key: Key, command_id: UUID) -> bool:
        """True if this is the person's request, as far as this process knows. If another process
        may tell of it in a moment, waits for that, at most `HEARD_WITHIN_S`."""

        def is_here() -> bool:
            known = self._asked.get(key)
            return known is not None and known.command_id == command_id

        with self._added:
            return self._added.wait_for(is_here, HEARD_WITHIN_S if self.is_shared else 0.0)

    def state(self, key: Key) -> AskedExplanation | None:
        """The request of this person about this camera; while it waits, the node is asked again."""
        with self._lock:
            self._forget()
            known, now_s = self._asked.get(key), self._now_s()
            if known is None or known.state is not AnswerState.WAITING:
                return known
            if now_s - known.said_s >= AGAIN_S:
                known = self._asked[key] = replace(known, said_s=now_s)
                self._ask_node(key, known)
            return known

    def is_asked(self, node: str, command_id: UUID) -> bool:
        """True if this node was asked for this explanation and the request is not forgotten."""
        with self._lock:
            return self._key_of(node, command_id) is not None

    def put(self, node: str, command_id: UUID, answer: bytes | str) -> AnswerState | None:
        """Store the page, or the reason why there is none; returns the new state. None if this was
        not requested."""
        with self._lock:
            self._forget()
            key = self._key_of(node, command_id)
            if key is None:
                return None
            if self._asked[key].state is AnswerState.WAITING:
                self._end(key, answer)
                self._pass_on(self._asked[key])
            return self._asked[key].state

    def hear(self, message: bytes) -> None:
        """Take a message of another process; ValueError if it cannot be read."""
        word = unpacked(message)
        with self._lock:
            self._forget()
            if isinstance(word, RequestWord):
                self._hear_request(word)
                return
            key = self._key_of(word.node, word.command_id)
            if key is not None and self._asked[key].state is AnswerState.WAITING:
                self._end(key, word.answer)

    def age_s(self, one: AskedExplanation) -> float:
        """Seconds since the request was answered, or since it was made."""
        return self._now_s() - (one.ended_s or one.asked_s)

    def _ask_node(self, key: Key, one: AskedExplanation) -> None:
        """Tell the other processes first: the answer may come to any of them."""
        if self._tell_others:
            age_s = self._now_s() - one.asked_s
            word = RequestWord(*key, one.node, one.command_id, one.wanted, age_s)
            self._tell_others(packed(word))
        self._tell(one.node, one.command_id, one.wanted)

    def _hear_request(self, word: RequestWord) -> None:
        key, now_s = (word.person_id, word.camera_id), self._now_s()
        known = self._asked.get(key)
        if known is not None and known.command_id == word.command_id:
            if known.state is AnswerState.WAITING:
                self._asked[key] = replace(known, said_s=now_s)
            else:  # the other did not hear of the answer
                self._pass_on(known)
            return
        asked_s = now_s - word.age_s
        if known is not None and not _replaces(word, asked_s, known):
            return
        self._add(key, AskedExplanation(word.node, word.command_id, word.wanted, asked_s, now_s))

    def _add(self, key: Key, one: AskedExplanation) -> None:
        self._asked.pop(key, None)
        while len(self._asked) >= MOST:
            del self._asked[next(iter(self._asked))]
        self._asked[key] = one
        self._added.notify_all()

    def _end(self, key: Key, answer: bytes | str) -> None:
        ended = replace(self._asked[key], ended_s=self._now_s())
        if isinstance(answer, bytes):
            ended = replace(ended, state=AnswerState.HERE, content=answer)
        else:
            ended = replace(ended, state=AnswerState.FAILED, reason=answer[:REASON_CHARS])
        self._asked[key] = ended
        self._set_alarm()

    def _pass_on(self, one: AskedExplanation) -> None:
        if self._tell_others and one.state in (AnswerState.HERE, AnswerState.FAILED):
            answer = one.content if one.state is AnswerState.HERE else one.reason
            self._tell_others(packed(AnswerWord(one.node, one.command_id, answer)))

    def _key_of(self, node: str, command_id: UUID) -> Key | None:
        for key, one in self._asked.items():
            if one.command_id == command_id and one.node == node:
                return key
        return None

    def _set_alarm(self) -> None:
        """Come again for the answers that are here, though nobody asks. One alarm at a time, since
        each is a thread."""
        if not self._asked or self._alarm is not None:
            return
        oldest_s = min(one.asked_s for one in self._asked.values())
        alarm = threading.Timer(max(0.0, oldest_s + KEPT_S - self._now_s()), self._ring)
        alarm.daemon = True
        with suppress(RuntimeError):  # no thread is to be had: the next answer sets it
            alarm.start()
            self._alarm = alarm

    def _ring(self) -> None:
        with self._lock:
            self._alarm = None
            self._forget()
            self._set_alarm()

    def _forget(self) -> None:
        now_s = self._now_s()
        for key, one in [*self._asked.items()]:
            if now_s - one.asked_s >= KEPT_S:
                del self._asked[key]
            elif one.state is AnswerState.WAITING and now_s - one.asked_s > WAITS_S:
                self._asked[key] = replace(one, state=AnswerState.OVER, ended_s=now_s)


def _replaces(word: RequestWord, asked_s: float, known: AskedExplanation) -> bool:
    """True if a request that was heard of takes the place of this one. The later one does. If two
    requests arrive together, every process keeps the same one."""
    if known.ended_s is not None and asked_s > known.ended_s:
        return True
    after_s = asked_s - known.asked_s
    if abs(after_s) > AT_ONCE_S:
        return after_s > 0
    return known.ended_s is None and word.command_id > known.command_id
