"""Texts of the verdicts on clips and packages, Vietnamese and English.

The command, the summaries, the page of a case and `verify.html` all take them from here.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from hub.cases.evidence.seal_rules import ClipSeal, Reason, SealVerdict

LANGUAGES: Final = ("vi", "en")
Both = tuple[str, str]
"""A text in Vietnamese and in English; `{}` is filled in."""

HEADS: Final[Mapping[str, Both]] = {
    "whole": (
        "Còn nguyên, mọi đoạn ghi đều do trạm niêm phong",
        "whole, and every clip is sealed by its box",
    ),
    "whole_without_clips": (
        "Còn nguyên như khi xuất; không có đoạn ghi nào của trạm",
        "whole as exported; there is no clip of a box in it",
    ),
    "partly": (
        "CHƯA ĐỦ NIÊM PHONG: các tệp còn nguyên như khi xuất, nhưng {} đoạn ghi không có niêm phong"
        " hoặc không có đến hết",
        "NOT ALL SEALED: the files are as exported, but clips without a seal, or without one to"
        " their end: {}",
    ),
    "differs": (
        "KHÔNG còn nguyên: {} đoạn ghi KHÁC với những gì trạm đã niêm phong",
        "NOT WHOLE: clips that differ from what their box sealed: {}",
    ),
    "not_whole": ("KHÔNG còn nguyên", "NOT WHOLE"),
    "repacked": (
        "Các tệp còn nguyên, gói đã được nén lại",
        "the files are whole, but the package was packed anew or changed around them",
    ),
    "unchecked": (
        "CHƯA KIỂM TRA ĐƯỢC: trình duyệt này không kiểm tra được chữ ký của {} đoạn ghi",
        "NOT CHECKED: this browser cannot check the signatures of clips: {}",
    ),
}
"""The one verdict on a package, which stands first."""

CASE_HEADS: Final[Mapping[str, Both]] = {
    "whole": (
        "Mọi đoạn ghi trong vụ việc đều do trạm niêm phong, còn nguyên.",
        "Every clip in the case is sealed by its box, unchanged.",
    ),
    "partly": (
        "{} đoạn ghi trong vụ việc không có niêm phong đầy đủ.",
        "Clips in the case without a whole seal: {}.",
    ),
    "differs": (
        "{} đoạn ghi trong vụ việc KHÁC với những gì trạm đã niêm phong. Đừng dùng làm chứng cứ"
        " trước khi người quản trị trung tâm tìm ra nguyên nhân.",
        "Clips in the case that DIFFER from what their box sealed: {}. Do not use them as evidence"
        " before the hub's keeper has found out why.",
    ),
    "checking": (
        "Đang kiểm tra niêm phong của {} đoạn ghi.",
        "Seals of clips being checked: {}.",
    ),
}
"""The verdict on all clips of a case that the reader sees, for its page."""

VERDICTS: Final[Mapping[str, Both]] = {
    "sealed": ("trạm đã niêm phong, còn nguyên", "sealed by its box, unchanged"),
    "differs": (
        "KHÁC với những gì trạm đã niêm phong",
        "DIFFERS from what its box sealed",
    ),
    "without": ("không có niêm phong đầy đủ", "came without a whole seal"),
    "unchecked": ("chưa kiểm tra được chữ ký", "its signatures could not be checked"),
}

REASONS: Final[Mapping[str, Both]] = {
    # another than the box sealed
    "changed": (
        "nội dung hoặc niêm phong bị sửa, từ phút {}",
        "its content or its seal was changed, from {} on",
    ),
    "tail": (
        "có dữ liệu lạ sau phần đã niêm phong",
        "there is foreign data behind what was sealed",
    ),
    "arrival": (
        "không phải tệp đã về trung tâm; theo nhật ký, tệp đó có SHA-256 {}",
        "it is not the file that came to the hub, whose SHA-256 by the log is {}",
    ),
    "unreadable": ("không đọc được tệp", "the file cannot be read"),
    "box": (
        "niêm phong là của trạm {}, không phải của trạm đã gửi tệp",
        "the seal is that of {}, not of the box that the file is of",
    ),
    "papers_unreadable": (
        "không đọc được chứng chỉ của trạm",
        "the certificate in its seal cannot be read",
    ),
    "issuer": (
        "chứng chỉ trong niêm phong không do trung tâm cấp ({})",
        "the certificate in its seal was not issued by the hub's authority ({})",
    ),
    "not_box": (
        "chứng chỉ trong niêm phong không phải của một trạm ({})",
        "the certificate in its seal is not a box's ({})",
    ),
    "other_name": (
        "chứng chỉ trong niêm phong là của {}",
        "the certificate in its seal is that of {}",
    ),
    "not_then": (
        "chứng chỉ của trạm không có hiệu lực vào lúc quay ({})",
        "the box's certificate was not valid then ({})",
    ),
    "key": (
        "khóa đã niêm phong không phải là khóa của trạm trong nhật ký (đăng ký ngày {})",
        "the key that sealed it is not the box's key in the log (enrolled {})",
    ),
    "backdated": (
        "chứng chỉ ghi ngày sớm hơn ngày đăng ký khóa trong nhật ký ({})",
        "its certificate is dated before its key was enrolled by the log ({})",
    ),
    "before_box": (
        "chứng chỉ ghi ngày trước khi trạm được đăng ký theo nhật ký ({})",
        "its certificate is dated before its box was enrolled by the log ({})",
    ),
    # sealed by the box
    "cut": (
        "mất điện khi đang ghi: đã niêm phong đến giây cuối cùng",
        "a power cut ended it: sealed to its last second",
    ),
    # without a seal
    "keyless": (
        "trạm gửi về mà không có niêm phong: khi ghi, trạm không có khóa dùng được",
        "its box sent it without one: it had no key that it could use",
    ),
    "none": (
        "tệp không có niêm phong, và không có gì cho biết vì sao",
        "the file carries none, and nothing says why",
    ),
    "short": (
        "niêm phong dừng giữa chừng, và không có gì cho biết vì sao",
        "its seal stops before its end, and nothing says why",
    ),
    "loose": (
        "mất điện khi đang ghi: giây cuối cùng chưa kịp niêm phong",
        "a power cut ended it: its last second is not sealed",
    ),
    # what is not proven
    "issuer_unknown": (
        "ai cấp chứng chỉ của trạm: gói này không có chứng chỉ gốc",
        "who issued the box's certificate: the package has no authority",
    ),
    "date_unknown": (
        "ngày của chứng chỉ của trạm: gói này không có dòng nhật ký về việc đăng ký (gói của"
        " phiên bản trước 0.3.0)",
        "the date of the box's certificate: the package has no line of its enrolment (packages"
        " of versions before 0.3.0)",
    ),
    "date_unlogged": (
        "ngày của chứng chỉ của trạm: nhật ký không ghi khóa của trạm vào lúc đó (trạm đăng ký"
        " trước phiên bản 0.3.0, hoặc cấp bằng tay)",
        "the date of the box's certificate: the log names no key of the box at that time"
        " (enrolled before version 0.3.0, or by hand)",
    ),
    "date_unstamped": (
        "ngày của chứng chỉ của trạm: dòng nhật ký về việc đăng ký không có dấu thời gian"
        " của một tổ chức được tin",
        "the date of the box's certificate: the line of its enrolment has no time stamp of an"
        " authority that is believed",
    ),
    "date_late": (
        "ngày của chứng chỉ của trạm: dấu thời gian chỉ có từ {}",
        "the date of the box's certificate: its time stamp is of {} only",
    ),
    "date_stamp_unchecked": (
        "chữ ký của dấu thời gian ({}): trang này không kiểm tra được, hãy dùng matthan-hub verify"
        " hoặc openssl",
        "the signature of the time stamp ({}): this page cannot check it; matthan-hub verify and"
        " openssl can",
    ),
}
"""Texts of reasons and limits by their ids."""

LIMITS_HEAD: Final[Both] = ("Chưa được chứng minh", "Not proven")
APART: Final[Mapping[str, Both]] = {
    "picture": ("ảnh, không có niêm phong của trạm", "pictures, which carry no seal"),
    "household": ("phim của hộ dân", "films of households"),
    "redacted": ("bản làm mờ", "redacted copies"),
}
"""Listed apart; none of them lowers the verdict."""


def say(texts: Both, language: str, value: object = "") -> str:
    """The text in a language; Vietnamese for an unknown one."""
    return texts[1 if language == "en" else 0].format(value)


def reason_text(reason: Reason, language: str) -> str:
    """Text of a reason or limit."""
    return say(REASONS[reason.id], language, reason.value)


def verdict_text(seal: ClipSeal, language: str) -> str:
    """The verdict on a clip with its reasons, in one line."""
    told = say(VERDICTS[seal.verdict], language)
    why = "; ".join(reason_text(one, language) for one in seal.why)
    return f"{told}: {why}" if why else told


def head_id(seals: Iterable[ClipSeal]) -> tuple[str, int]:
    """The verdict on all clips together by its id, never better than the worst of them, and the
    number of clips that it is about."""
    verdicts = [one.verdict for one in seals]
    if count := verdicts.count(SealVerdict.DIFFERS):
        return "differs", count
    if count := verdicts.count(SealVerdict.WITHOUT):
        return "partly", count
    return ("whole", len(verdicts)) if verdicts else ("whole_without_clips", 0)
