"""Camera errors in sentences that a technician can act on.

FFmpeg's own messages contain the whole address with its password: none of them is passed on.
"""

import errno
from typing import Final

import av.error

from agent.cameras.address import masked
from agent.cameras.port import CameraError
from agent.i18n import N_

OPEN_S: Final = 5.0
READ_S: Final = 3.0
KEYFRAME_S: Final = 7.0
"""Deadline for the first keyframe, from the start of opening; with a sub-stream's, below 15 s."""

_BY_ITSELF: Final = N_("See to the camera's power and network; it is tried again by itself.")


class HostError(CameraError):
    """The host or the login is at fault: another path at this host would not help."""


class StreamErrors:
    """Makes the errors of one address; `key` is its configuration key."""

    def __init__(self, url: str, key: str) -> None:
        self._facts: dict[str, object] = {"source": masked(url), "key": key}

    def refused(self, failure: Exception, *, after_s: float) -> CameraError:
        """The error when a stream cannot be opened."""
        if after_s > OPEN_S - 0.5:  # FFmpeg's error for an interrupted read is arbitrary
            failure = TimeoutError()
        match failure:
            case av.error.HTTPUnauthorizedError() | av.error.HTTPForbiddenError():
                return self._host_error(
                    N_("{source} refuses the login."),
                    N_(
                        "Correct name and password in [[camera]] {key}; special characters in them"
                        " are written as %-codes."
                    ),
                )
            case av.error.HTTPNotFoundError():
                return self._error(
                    N_("{source} has no such stream."),
                    N_(
                        "Correct the path in [[camera]] {key}: `matthan-agent cameras --address`"
                        " tries the usual ones."
                    ),
                )
            case ConnectionRefusedError():
                return self._host_error(
                    N_("Nobody listens at {source}."),
                    N_("See that the camera is on, and that address and port are right."),
                )
            case av.error.ExitError() | TimeoutError():
                return self._host_error(
                    N_("{source} does not answer within {seconds:g} s."),
                    N_("See to the camera's power and network, and that the address is right."),
                    seconds=OPEN_S,
                )
            case av.error.InvalidDataError():
                return self._error(
                    N_("{source} answers, but not as a camera does."),
                    N_(
                        "Give the camera's RTSP address (rtsp://…, mostly port 554), not that of"
                        " its web page."
                    ),
                )
        return self._otherwise(failure)

    def _otherwise(self, failure: Exception) -> CameraError:
        if getattr(failure, "errno", None) == errno.EPROTONOSUPPORT:  # the camera answered 461
            return self._error(
                N_("{source} does not send its pictures over TCP."),
                N_("Switch RTP over TCP (also called RTSP interleaved) on in the camera's menu."),
            )
        return self._error(
            N_("{source} cannot be opened ({why})."),
            N_("See that the address is right and that the network leads there."),
            why=_reason(failure),
        )

    def broken(self, failure: Exception, *, after_s: float) -> CameraError:
        """The error when reading fails, `after_s` seconds after the read began."""
        if after_s > READ_S - 0.5:  # FFmpeg's error for an interrupted read is arbitrary
            failure = TimeoutError()
        if isinstance(failure, av.error.ExitError | TimeoutError):
            return self._error(
                N_("{source} sent nothing for {seconds:g} s."), _BY_ITSELF, seconds=READ_S
            )
        return self._error(N_("{source} broke off ({why})."), _BY_ITSELF, why=_reason(failure))

    def without_pictures(self) -> CameraError:
        """The error when sound or another stream still comes, but the pictures stopped."""
        return self._error(
            N_("{source} sent no pictures for {seconds:g} s."),
            N_("Restart the camera; it is tried again by itself."),
            seconds=READ_S,
        )

    def ended(self) -> CameraError:
        """The error when the stream ended, which a live camera should never do."""
        return self._error(N_("{source} ended the stream."), _BY_ITSELF)

    def changed(self) -> CameraError:
        """The error when size or profile of the picture changed: old and new packets do not fit
        into one stream."""
        return self._error(
            N_("{source} changed its picture's size or kind."),
            N_("Nothing is to be done: it is opened anew."),
        )

    def undecodable(self) -> CameraError:
        """The error when packets come but give no pictures."""
        return self._error(
            N_("{source} sends pictures that cannot be decoded."),
            N_("Restart the camera; if that does not help, set its stream to plain H.264."),
        )

    def without_keyframe(self) -> CameraError:
        """The error when no keyframe came, so that the picture's parameters are unknown."""
        return self._error(
            N_("{source} sent no keyframe within {seconds:g} s."),
            N_("Set the camera's keyframe distance (GOP, I-frame interval) to 1 or 2 s."),
            seconds=KEYFRAME_S,
        )

    def without_video(self) -> CameraError:
        """The error when the stream has sound only, or nothing."""
        return self._error(N_("{source} sends no video."), N_("Give the address of its video."))

    def unknown(self) -> CameraError:
        """The error for a codec that nothing here can read."""
        return self._error(
            N_("{source} sends its pictures in a format that is not known here."),
            N_("Set the stream of [[camera]] {key} to H.264 or H.265."),
        )

    def unkeepable(self, codec: str) -> CameraError:
        """The error for a codec that clips cannot hold without encoding again."""
        return self._error(
            N_("{source} sends {codec}, which cannot be kept as a clip."),
            N_("Set the camera's main stream to H.264 or H.265."),
            codec=codec,
        )

    def tiny(self, width: int, height: int) -> CameraError:
        """The error for a picture too small to see a person; no detection stage handles it."""
        return self._error(
            N_("{source} sends pictures of {width}x{height}, too small to see anybody."),
            N_("Set the stream of [[camera]] {key} to at least 320x240."),
            width=width,
            height=height,
        )

    def _host_error(self, sentence: str, cure: str, **facts: object) -> HostError:
        return HostError(sentence, cure, self._facts | facts)

    def _error(self, sentence: str, cure: str, **facts: object) -> CameraError:
        return CameraError(sentence, cure, self._facts | facts)


def _reason(failure: Exception) -> str:
    """The system's error text only: the full message would contain the address with its login."""
    return getattr(failure, "strerror", None) or type(failure).__name__
