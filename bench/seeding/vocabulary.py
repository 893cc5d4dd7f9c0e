"""Words of titles and prompts: about 2,000 in several scripts, the first of each script the most frequent."""

import random
from bisect import bisect
from itertools import accumulate, product

# The frequent ones: English, Latin letters with accents, Cyrillic, Japanese, Arabic.
FREQUENT = (
    "dance walk jump spin wave bow kick run turn slide studio street beach night morning rain snow city forest mira "
    "leo anna robot knight ninja wizard dragon cat dog fox bear owl summer winter slow fast red blue golden",
    "café naïve übermut façade señor crème élan żółw smörgås Ångström ñandú été coração São łódź déjà-vu brûlée Málaga "
    "kärlek öresund",
    "танец прогулка улица вечер снег город лес медведь лиса робот рыцарь волшебник дракон лето зима море",
    "踊り 散歩 東京 夜空 桜 雨 雪 森 猫 犬 狐 騎士 忍者 魔法使い 夏 冬 海 ロボット ダンス スタジオ",
    "رقص مشي شارع مساء مطر ثلج مدينة غابة قطة كلب ثعلب فارس ساحر تنين صيف شتاء بحر",
)
# Stems and endings from which the rarer words are made.
PARTS = {
    380: ("bel cor dan fil gal hum jor kel lum mor nov pel quin ras sol tur vel wil", "ado érie ino öse arium ette ün"),
    700: (
        "back fore moon sun wind star fire light stone water wood iron silk rose",
        "way side fall line field light dust ward song",
    ),
    350: ("бел чер зел син крас тих быст ясн тём мяг", "ый ота ение ник овка ость евой ина ушка"),
    300: ("青 赤 白 黒 金 銀 春 秋 朝 夕 風 火 水 木 山 川", "色 空 花 道 音 光 影 城 星 声 夢 旅 橋 庭"),
    180: ("كتاب نور سلام جمال ضوء نجم قمر باب بيت درب", "ي ات ان ون ية تنا كم هم ها"),
}


def words() -> list[str]:
    """All of them, the frequent ones first, the scripts mixed."""
    groups = [text.split() for text in FREQUENT]
    frequent = [word for rank in range(60) for group in groups for word in group[rank : rank + 1]]
    rare = []
    for most, (stems, endings) in PARTS.items():
        made = ["".join(parts) for parts in product(stems.split(), endings.split())]
        more = [f"{one}{two}" for one, two in product(stems.split(), made)]
        rare += [*made, *more][:most]
    random.Random(7).shuffle(rare)
    return list(dict.fromkeys([*frequent, *rare]))


class Talker:
    """Phrases of these words: the nth word is said in proportion to 1 ÷ (n + 8), as in a language."""

    def __init__(self, chance: random.Random) -> None:
        self.words = words()
        self._random = chance.random
        self._shares = list(accumulate(1 / (rank + 8) for rank in range(len(self.words))))

    def word(self) -> str:
        return self.words[bisect(self._shares, self._random() * self._shares[-1])]

    def phrase(self, fewest: int, most: int) -> str:
        return " ".join([self.word() for _ in range(fewest + int(self._random() * (most - fewest + 1)))])
