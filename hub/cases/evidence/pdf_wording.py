"""Texts of the summary in both languages; further texts of the page are in its templates."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class PdfMessages:
    """Texts of one language; `{}` is filled in."""

    title: str
    case: str
    reason: str
    exported_by: str
    exported: str
    package: str
    key: str
    log: str
    stamp: str
    stamped: str
    unstamped: str
    footage: str
    clock: str
    no_clock: str
    given: str
    given_clock: str
    seal: str
    stored: str
    redacted: str
    custody: str
    custody_heads: tuple[str, str, str, str, str]
    checking: str
    how: str
    hub: str
    """The hub itself, as the author of a line."""
    seals: Mapping[str, str]
    """Results of seals, see `ExportedFootage.seal`."""

    def seal_text(self, seal: str) -> str:
        """Text of the result of a seal."""
        return self.seals.get(seal, seal)


WORDS: Final[Mapping[str, PdfMessages]] = {
    "vi": PdfMessages(
        title="Gói chứng cứ",
        case="Vụ việc",
        reason="Lý do",
        exported_by="Người xuất",
        exported="Thời điểm xuất",
        package="Mã gói",
        key="Khóa chứng cứ (SHA-256)",
        log="Nhật ký khi xuất: bản ghi",
        stamp="Dấu thời gian",
        stamped="của {}, trong tệp manifest.tsr; lệnh cuối ở dưới kiểm tra dấu này",
        unstamped="không có: {} không cấp",
        footage="Hình ảnh",
        clock="đồng hồ có thể lệch ± {} ms",
        no_clock="đồng hồ của trạm không được xác nhận",
        given="do một hộ dân cung cấp",
        given_clock="đồng hồ không phải của trung tâm: không ai biết lệch bao nhiêu",
        seal="Niêm phong",
        stored="Về trung tâm lúc",
        redacted="Bản làm mờ (không phải bản gốc)",
        custody="Nhật ký bảo quản",
        custody_heads=("Bản ghi", "Lúc", "Ai", "Việc", "Chi tiết"),
        checking="Cách kiểm tra",
        how="Bản giấy này chỉ để đọc; bằng chứng là các tệp trong gói. Mở verify.html mà bạn đã có "
        "từ trước hoặc nhận từ trung tâm trong trình duyệt (không cần mạng) và chọn tệp gói, hoặc "
        "giải nén gói và chạy các lệnh sau. Dấu SHA-256 của khóa phải đúng với dấu mà trung tâm "
        "công bố.",
        hub="trung tâm",
        seals={
            "intact": "còn nguyên",
            "ends_early": "còn nguyên đến chỗ dừng, thiếu phần cuối",
            "broken": "đã bị thay đổi",
            "unsealed": "không có niêm phong",
            "unreadable": "không đọc được",
        },
    ),
    "en": PdfMessages(
        title="Evidence package",
        case="Case",
        reason="Reason",
        exported_by="Exported by",
        exported="Exported",
        package="Package",
        key="Evidence key (SHA-256)",
        log="The log at the export: record",
        stamp="Time stamp",
        stamped="of {}, in the file manifest.tsr; the last command below checks it",
        unstamped="none: {} gave none",
        footage="Footage",
        clock="clock uncertain by ± {} ms",
        no_clock="nobody vouched for the node's clock",
        given="given by a household",
        given_clock="its clock is not the hub's: how far off it is, nobody knows",
        seal="Seal",
        stored="At the hub since",
        redacted="Redacted copy (not the original)",
        custody="Custody log",
        custody_heads=("Record", "When", "Who", "Act", "Detail"),
        checking="How to check",
        how="This paper is for reading; the proof is the files of the package. Open the "
        "verify.html that you had before or were given by the hub in a browser (it needs no "
        "network) and choose the package, or unpack it and run these commands. The key's SHA-256 "
        "must be the one that the hub has made known.",
        hub="the hub",
        seals={
            "intact": "intact",
            "ends_early": "intact to where it stops, without its end",
            "broken": "broken",
            "unsealed": "unsealed",
            "unreadable": "unreadable",
        },
    ),
}
