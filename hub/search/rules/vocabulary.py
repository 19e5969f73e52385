"""Words of a description in Vietnamese and English, with their meanings."""

from typing import Final

from agent.wire.description import ColourName
from hub.registry.passing import Side
from hub.search.rules.description import Colours, Garment
from hub.search.rules.tokens import Phrases


def _any(*colours: str) -> Colours:
    return frozenset(colours)


_COLOURS: Final[dict[ColourName, tuple[str, ...]]] = {
    "black": ("đen", "black"),
    "white": ("trắng", "white"),
    "grey": ("xám", "ghi", "bạc", "grey", "gray", "silver"),
    "red": ("đỏ", "red"),
    "orange": ("cam", "da cam", "orange"),
    "yellow": ("vàng", "yellow"),
    "green": ("xanh lá", "xanh lá cây", "xanh lục", "xanh rêu", "green"),
    "blue": (
        "xanh dương",
        "xanh lam",
        "xanh da trời",
        "xanh nước biển",
        "xanh biển",
        "xanh than",
        "blue",
        "navy",
    ),
    "purple": ("tím", "purple", "violet"),
    "pink": ("hồng", "pink"),
    "brown": ("nâu", "brown"),
}
COLOURS: Final = Phrases(
    [(phrase, _any(colour)) for colour, phrases in _COLOURS.items() for phrase in phrases]
    + [("xanh", _any("green", "blue"))]
)

_GARMENTS: Final[dict[Garment, tuple[str, ...]]] = {
    "upper": (
        "áo",
        "áo sơ mi",
        "áo thun",
        "áo phông",
        "áo khoác",
        "áo len",
        "áo mưa",
        "áo dài",
        "áo gió",
        "áo ấm",
        "áo vest",
        "áo ba lỗ",
        "sơ mi",
        "shirt",
        "t-shirt",
        "tshirt",
        "top",
        "jacket",
        "coat",
        "raincoat",
        "sweater",
        "hoodie",
        "blouse",
    ),
    "lower": (
        "quần",
        "quần jean",
        "quần jeans",
        "quần tây",
        "quần đùi",
        "quần soóc",
        "quần dài",
        "quần ngắn",
        "quần short",
        "váy",
        "chân váy",
        "trousers",
        "pants",
        "jeans",
        "shorts",
        "skirt",
    ),
    "clothes": ("đồ", "quần áo", "clothes", "clothing"),
}
GARMENTS: Final = Phrases(
    [(phrase, part) for part, phrases in _GARMENTS.items() for phrase in phrases]
)
MOTORBIKE, BICYCLE = frozenset({"motorbike"}), frozenset({"bicycle"})
VEHICLES: Final[Phrases[frozenset[str]]] = Phrases(
    [
        *((phrase, MOTORBIKE) for phrase in ("xe máy", "xe gắn máy", "mô tô", "xe mô tô")),
        *((phrase, MOTORBIKE) for phrase in ("motorbike", "motorcycle", "scooter", "moped")),
        *((phrase, MOTORBIKE) for phrase in ("motorbikes", "motorcycles", "scooters")),
        *((phrase, BICYCLE) for phrase in ("xe đạp", "bicycle", "bicycles", "pushbike")),
        *((phrase, MOTORBIKE | BICYCLE) for phrase in ("bike", "bikes", "xe hai bánh")),
    ]
)
VEHICLE: Final = Phrases({"xe": True, "chiếc xe": True, "vehicle": True})
"""Any vehicle: only its colour is asked for."""
RODE: Final = Phrases(
    {
        "đi xe": True,
        "chạy xe": True,
        "riding": True,
        "rides": True,
        "rode": True,
        "on wheels": True,
        "đi bộ": False,
        "on foot": False,
        "walking": False,
        "walk": False,
        "walks": False,
        "walked": False,
    }
)
SPEEDS: Final = Phrases(
    {
        "đứng yên": "standing",
        "đứng im": "standing",
        "đứng": "standing",
        "standing": "standing",
        "standing still": "standing",
        "đi chậm": "walking",
        "slowly": "walking",
        "slow": "walking",
        "chạy": "fast",
        "chạy nhanh": "fast",
        "bỏ chạy": "fast",
        "đi nhanh": "fast",
        "phóng nhanh": "fast",
        "nhanh": "fast",
        "running": "fast",
        "runs": "fast",
        "run": "fast",
        "fast": "fast",
        "speeding": "fast",
    }
)
_SIDES: Final[dict[Side, tuple[str, ...]]] = {
    "left": (
        "sang trái",
        "qua trái",
        "đi sang trái",
        "đi sang trái khung hình",
        "to the left",
        "to the left of the picture",
        "left",
    ),
    "right": (
        "sang phải",
        "qua phải",
        "đi sang phải",
        "đi sang phải khung hình",
        "to the right",
        "to the right of the picture",
        "right",
    ),
    "towards": (
        "về phía camera",
        "đi về phía camera",
        "lại gần camera",
        "đi lại gần camera",
        "towards the camera",
        "toward the camera",
    ),
    "away": ("ra xa camera", "đi ra xa camera", "ra xa", "away from the camera", "away"),
}
SIDES: Final = Phrases([(phrase, side) for side, phrases in _SIDES.items() for phrase in phrases])
_COMPASS: Final = {
    "n": ("bắc", "north", "northward", "northwards"),
    "ne": ("đông bắc", "north-east", "northeast"),
    "e": ("đông", "east", "eastward", "eastwards"),
    "se": ("đông nam", "south-east", "southeast"),
    "s": ("nam", "south", "southward", "southwards"),
    "sw": ("tây nam", "south-west", "southwest"),
    "w": ("tây", "west", "westward", "westwards"),
    "nw": ("tây bắc", "north-west", "northwest"),
}
COMPASS: Final = Phrases(
    [(phrase, point) for point, phrases in _COMPASS.items() for phrase in phrases]
)
TOWARDS: Final = Phrases(
    dict.fromkeys(
        (
            "về phía",
            "đi về phía",
            "về hướng",
            "đi về hướng",
            "hướng về",
            "hướng",
            "theo hướng",
            "đi về",
            "về",
            "đi đến",
            "đi tới",
            "towards",
            "toward",
            "to",
            "heading to",
            "heading for",
            "heading",
            "in the direction of",
        ),
        True,
    )
)
NEAR: Final = Phrases(
    dict.fromkeys(
        (
            *("gần", "cạnh", "bên cạnh", "quanh", "xung quanh"),
            *("near", "by", "around", "next to", "close to", "beside"),
        ),
        True,
    )
)
AT: Final = Phrases(
    dict.fromkeys(("ở", "tại", "trong", "khu vực", "camera", "in", "at", "from"), True)
)
NOT: Final = Phrases(
    dict.fromkeys(
        (
            *("không", "không phải", "chẳng", "trừ", "ngoại trừ"),
            *("no", "not", "without", "except", "other than"),
        ),
        True,
    )
)
"""The words after it are not searched; no search looks for their opposite either."""
ONLY: Final = Phrases(
    {
        "có cảnh báo": "alerts",
        "trong cảnh báo": "alerts",
        "in alerts": "alerts",
        "in an alert": "alerts",
        "with an alert": "alerts",
        "có đoạn ghi": "clip",
        "có đoạn ghi hình": "clip",
        "with a clip": "clip",
        "with clip": "clip",
    }
)
GENERIC_PLACES: Final = {
    "market": ("cho",),
    "school": ("truong",),
    "kindergarten": ("mam non",),
    "church": ("nha tho",),
    "pagoda": ("chua",),
    "temple": ("dinh", "den"),
    "bridge": ("cau",),
    "hospital": ("benh vien",),
    "clinic": ("tram y te",),
    "park": ("cong vien",),
    "station": ("ben xe", "ga"),
    "stadium": ("san van dong",),
    "crossroads": ("nga tu",),
    "junction": ("nga tu", "nga ba", "nut giao"),
    "roundabout": ("vong xoay",),
    "police": ("cong an",),
    "chợ": ("cho",),
    "trường": ("truong",),
    "chùa": ("chua",),
}
"""Names of kinds of places, in Vietnamese without diacritics: names of a town's places begin with
these. Such a word without more is a place too."""
_FILLERS: Final = (
    "một người mặc mang đi có và với cái chiếc là các những trên ai đang đã vào ngày hôm lúc khoảng"
    " nhóm cùng ra tìm kiếm xem màu hoặc hay ở tại trong cho tôi thấy nào gì giúp hình ảnh video bị"
    " toàn kẻ gã thằng đều"
    " a an the one on in with and of at from someone somebody anyone anybody person people who"
    " wearing wears wore dressed going find show me all is was were are group during for or day any"
    " some there that he she they his her their seen please picture pictures photo photos footage"
)
FILLERS: Final = Phrases(
    dict.fromkeys((*_FILLERS.split(), "đối tượng", "nghi phạm", "xuất hiện", "tất cả"), True)
)
"""Say nothing that a search could look for."""
KNOWN: Final = frozenset().union(
    *(
        phrases.words
        for phrases in (COLOURS, GARMENTS, VEHICLES, VEHICLE, RODE, SPEEDS, SIDES, COMPASS)
    ),
    *(phrases.words for phrases in (TOWARDS, NEAR, AT, NOT, ONLY, FILLERS)),
    GENERIC_PLACES,
)
"""Each word here, with its diacritics."""
