"""Words that people type and no search can look for, with the reason, in Vietnamese and English.

Sightings are of people, on foot or on two wheels; `hub.search.rules.description` says all that a
node tells about one.
"""

from collections.abc import Sequence
from typing import Final

from hub.search.rules.chips import Reason
from hub.search.rules.tokens import Phrases, Token

SAID: Final[dict[Reason, str]] = {
    "vehicle": (
        "xe tải, xe ben, xe container, xe đầu kéo, xe ô tô, ô tô, ôtô, xe hơi, xe con, xe khách,"
        " xe đò, xe buýt, xe bus, xe cứu thương, xe cảnh sát, xe ba gác, xe ba bánh, xe lôi,"
        " xích lô, xe bán tải, xe cẩu, xe ủi, xe lu, xe rác, xe đẩy, máy cày, máy kéo, tắc xi,"
        " đậu xe, đỗ xe, đỗ, đậu, oto, xe đậu, xe đỗ, đang đậu, đang đỗ, không người lái,"
        " taxi, truck, trucks,"
        " lorry, lorries, car, cars, van, vans, bus, buses, minibus, pickup, tractor, ambulance,"
        " trailer, tricycle, parked, parking, vehicles"
    ),
    "plate": (
        "biển số, biển số xe, biển xe, biển kiểm soát, bảng số, số xe, bks, plate, plates,"
        " number plate, license plate, licence plate, registration"
    ),
    "who": (
        "khuôn mặt, gương mặt, mặt mũi, nhận diện, tên là, họ tên, tên, giới tính, nam, nữ,"
        " nam giới, nữ giới, đàn ông, phụ nữ, con trai, con gái, thanh niên, thiếu niên, trẻ em,"
        " trẻ con, đứa trẻ, đứa bé, em bé, cậu bé, cô gái, cô bé, chàng trai, cụ già, ông già,"
        " bà già, người già, ông cụ, bà cụ, trung niên, học sinh, sinh viên, công nhân, bộ đội,"
        " công an, ông, bà, cô, chú, già, trẻ, tuổi, mập, béo, gầy, ốm, face, faces, name,"
        " named, called, man, men, woman, women, male, female, boy, boys, girl, girls, child,"
        " children, kid, kids, baby, youth, teenager, adult, lady, guy, guys, student, students,"
        " old, young, elderly, age, aged, years, fat, thin"
    ),
    "carried": (
        "đội mũ, đội nón, đeo kính, cầm dao, đội, đeo, cầm, xách, vác, ôm, mũ, nón,"
        " mũ bảo hiểm, nón bảo hiểm, mũ lưỡi trai, nón lá, mũ len, mũ trùm, kính, mắt kính,"
        " kính râm, khẩu trang, ba lô, balo, cặp, túi, túi xách, giỏ, bao tải, bịch, hộp, vali,"
        " va li, ô, dù, giày, dép, ủng, găng tay, khăn, đồng hồ, dây chuyền, tóc, tóc dài,"
        " tóc ngắn, râu, hình xăm, xăm, sẹo, con dao, dao, gậy, súng, mã tấu, hung khí, vũ khí,"
        " điện thoại, hàng hóa, hat, hats, cap, caps, helmet, helmets, glasses, sunglasses, mask,"
        " masks, bag, bags, backpack, rucksack, handbag, suitcase, box, umbrella, shoes, shoe,"
        " boots, sandals, gloves, scarf, watch, hair, beard, tattoo, scar, knife, knives, stick,"
        " gun, weapon, phone, crutches"
    ),
    "animal": (
        "con chó, con mèo, con bò, con trâu, con gà, con vật, động vật, chó, mèo, bò, trâu,"
        " dog, dogs, cat, cats, cow, cows, animal, animals, horse, pig"
    ),
    "garment": (
        "kẻ sọc, sọc, caro, ca rô, hoa văn, chấm bi, rằn ri, đồng phục, quân phục, striped,"
        " stripes, checked, plaid, pattern, patterned, floral, camouflage, uniform"
    ),
    "place": (
        "đèn đỏ, đèn, ngã ba, ngã tư,"
        " ngã năm, đường, phố, hẻm, ngõ, khu phố, phường, xã, huyện, quận, thôn, ấp,"
        " bưu điện, ngân hàng, quán, tiệm, siêu thị, cây xăng, khách sạn, nhà, street, road, lane,"
        " shop, bank, post office, hotel, house"
    ),
    "deed": (
        "đánh nhau, ẩu đả, trộm, trộm cắp, ăn trộm, cướp, cướp giật, giật đồ, móc túi, phá, đập,"
        " leo rào, trèo tường, đột nhập, hút thuốc, đốt, cháy, khói, tai nạn, va chạm, ngã, té,"
        " nằm, ngồi, say rượu, đua xe, lạng lách, vượt đèn đỏ, tụ tập, cãi nhau, nói chuyện,"
        " gọi điện, fight, fighting, theft, steal, stealing, thief, robbery, robber, burglar,"
        " break in, breaking in, climbing, smoking, fire, smoke, accident, crash, fall, falling,"
        " sitting, lying, drunk, racing, shouting, talking, carrying, stolen"
    ),
}
_ALL: Final = [(phrase, why) for why, said in SAID.items() for phrase in said.split(", ")]
_PHRASES: Final = Phrases(_ALL)
_ALONE: Final = frozenset(phrase for phrase, _ in _ALL if " " not in phrase)
COLOURED: Final[frozenset[Reason]] = frozenset(("vehicle", "carried", "animal"))
"""A colour beside such a word is the colour of that thing, not of clothes."""

_SURNAMES: Final = "nguyễn trần lê phạm hoàng huỳnh phan vũ võ đặng bùi đỗ hồ ngô dương lý"
LEAST_BARE: Final = 4
"""A shorter word typed without its diacritics may mean too many other things."""


def unsearchable_at(said: Sequence[Token], place: int) -> tuple[Reason, int] | None:
    """The reason why the next words cannot be searched for, and the place after them."""
    found = _PHRASES.at(said, place)
    if found is not None and found[1] == place + 1 and len(said[place].said) < LEAST_BARE:
        return found if said[place].said in _ALONE else None
    return found


def is_name(said: Sequence[Token], begin: int, end: int) -> bool:
    """True if these words begin like the name of a person; streets are named so too."""
    return end - begin > 1 and said[begin].said in _SURNAMES.split()
