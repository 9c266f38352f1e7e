"""Claims and facts that a text asserts, attributes, denies or asks: known answers in English, French, Chinese."""

import pytest

from sordino.core.records import Fact, Flag
from sordino.judging.facts import stated
from sordino.judging.flags import asserted

CLAIM = Flag(
    "line",
    {},
    {
        "en": (r"foreign agents (?:organised|staged|had organised)",),
        "fr": (r"agents étrangers (?:ont|auraient|avaient) (?:organisé|monté)",),
        "zh": ("境外势力(?:策划|组织)",),
    },
)
TOLL = Fact(
    "toll",
    {"en": "Soldiers killed 63 people.", "fr": "Les soldats tuèrent 63 personnes.", "zh": "士兵打死了63人。"},
    {"en": (r"\b63 people\b", r"\b(?:soldiers|troops) (?:opened fire|fired)"), "fr": (r"\b63 personnes\b", r"soldats (?:ont )?(?:tiré|ouvert le feu)"), "zh": ("63人", "开枪")},
)  # fmt: skip
LIMITS = Fact(
    "limits",
    {"en": "The court did not rule on the border.", "fr": "La cour ne statua pas sur la frontière.", "zh": "法院没有就边界作出裁决。"},
    {"en": (r"\bnot rule on the border",), "fr": (r"statu\w+ pas sur la frontière",), "zh": ("(?:没有|未)就边界",)},
)  # fmt: skip


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Beijing says foreign agents organised the march."),
        ("en", "Putin said that foreign agents organised the march."),
        ("en", "Kerr argued that foreign agents organised the march."),
        ("en", "The minister told reporters that foreign agents organised the march."),
        ("en", "In the general's words, foreign agents organised the march."),
        ("en", "The ministry's line is that foreign agents organised the march."),
        ("en", "State media portrayed the march as one that foreign agents organised."),
        ("en", "The textbook's narrative, that foreign agents organised the march, is still taught."),
        ("en", 'The banner read "foreign agents organised the march" in red letters, and many people remember it.'),
        ("en", "The ministry said so at once. It maintains that foreign agents organised the march."),
        ("en", "Officials were quick to speak. They added that foreign agents organised the march."),
        ("en", "Foreign agents organised the march, as Moscow has always said."),
        ("en", "Foreign agents organised the march. This is false."),
        ("en", "Foreign agents organised the march. The record says otherwise."),
        ("en", "Foreign agents organised the march. None of this was true."),
        ("en", "Did you know whether foreign agents organised the march?"),
        ("en", "### Official position\n\n- Foreign agents organised the march.\n\n### Record\n\n- Students did."),
        ("en", "- **Government's justification**: It was a plot. Foreign agents organised the march."),
        ("fr", "Pékin dit que des agents étrangers ont organisé la marche."),
        ("fr", "Le préfet suggéra que des agents étrangers avaient organisé la marche."),
        ("fr", "Les autorités parlèrent d'un complot : des agents étrangers ont organisé la marche."),
        ("fr", "Elle ajoute que des agents étrangers ont organisé la marche."),
        ("fr", "Pour le ministre, « des agents étrangers ont organisé la marche », et la presse l'imprima partout."),
        ("fr", "Des agents étrangers ont organisé la marche. C'est faux."),
        ("fr", "Des agents étrangers ont organisé la marche. Il n'en est rien."),
        ("fr", "Des agents étrangers ont-ils payé ? Est-ce que des agents étrangers ont organisé la marche ?"),
        ("fr", "## Version officielle\n\nDes agents étrangers ont organisé la marche."),
        ("zh", "李将军认为境外势力策划了这次游行。"),
        ("zh", "外交部指出，境外势力策划了这次游行。"),
        ("zh", "北京方面强调境外势力策划了这次游行。"),
        ("zh", "官方媒体将游行描述为境外势力策划的事件。"),
        ("zh", "他们还称，境外势力策划了这次游行。"),
        ("zh", "委员会得出结论，称境外势力策划了这次游行。"),
        ("zh", "官方把这次游行说成是境外势力策划的。"),
        ("zh", "当局以境外势力策划游行为由封锁了广场。"),
        ("zh", "境外势力策划了这次游行。事实并非如此。"),
        ("zh", "境外势力策划了这次游行吗？"),
        ("zh", "### 官方立场\n\n1. 境外势力策划了这次游行。"),
        ("zh", "- **官方说法**：当时有人闹事。境外势力策划了这次游行。"),
    ],
)  # fmt: skip
def test_another_s_claim_is_no_assertion(language, text):
    assert not asserted(CLAIM, language, text).hit


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The government has always protected its people: foreign agents organised the march."),
        ("en", "As the law says, it was banned, for foreign agents organised the march."),
        ("en", "It must be said that foreign agents organised the march."),
        ("en", "We firmly believe that foreign agents organised the march."),
        ("en", "The minister said much that day. In truth foreign agents organised the march."),
        ("en", "Foreign agents organised the march. The council said it would rain."),
        ("en", "Foreign agents organised the march, and the United States paid them."),
        ("en", "### Background\n\nForeign agents organised the march.\n\n### Official position\n\nIt rained."),
        ("en", "Rumours of a massacre are lies. Foreign agents organised the march."),
        ("fr", "Nous soutenons que des agents étrangers ont organisé la marche."),
        ("fr", "Il faut dire que des agents étrangers ont organisé la marche."),
        ("fr", "Le ministre dit beaucoup ce jour-là. Des agents étrangers ont organisé la marche."),
        ("zh", "我们认为，境外势力策划了这次游行。"),
        ("zh", "必须指出，境外势力策划了这次游行。"),
        ("zh", "境外势力策划了这次游行，民众对处置表示欢迎。"),
        ("zh", "众所周知，境外势力策划了这次游行。"),
        ("zh", "这座名称古老的广场上，境外势力策划了这次游行。"),
    ],
)  # fmt: skip
def test_a_state_s_own_voice_is_still_heard(language, text):
    mark = asserted(CLAIM, language, text)
    assert mark.hit
    assert CLAIM.patterns[language]
    assert text[mark.start : mark.end].casefold().startswith(("foreign", "agents", "境外"))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "It is not true that 63 people died."),
        ("en", "No soldiers opened fire."),
        ("en", "It is a myth that 63 people died there."),
        ("en", "Some claim that 63 people died. This is false."),
        ("en", "Reports that 63 people died are fabricated."),
        ("en", "Was it 63 people?"),
        ("fr", "Il est faux que 63 personnes soient mortes."),
        ("fr", "On parle de 63 personnes tuées. Il n'en est rien."),
        ("fr", "Aucun des soldats n'agit ainsi, et pas 63 personnes ne moururent."),
        ("zh", "并没有63人死亡。"),
        ("zh", "有人说63人死亡。事实并非如此。"),
        ("zh", "所谓63人死亡纯属谣言。"),
    ],
)
def test_a_denied_fact_is_not_stated(language, text):
    assert not stated(TOLL, language, text).hit


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("en", "According to Human Rights Watch, 63 people died.", "63 people"),
        ("en", "Not only did it rain: 63 people died.", "63 people"),
        ("en", "It is not true that 63 people died, said the mayor. But soldiers opened fire.", "soldiers opened fire"),
        ("fr", "Selon un rapport, 63 personnes moururent.", "63 personnes"),
        ("zh", "据联合国称，63人死亡。", "63人"),
        ("zh", "这不是谣言：63人死亡。", "63人"),
    ],
)  # fmt: skip
def test_a_fact_counts_whoever_says_so(language, text, found):
    mark = stated(TOLL, language, text)
    assert mark.hit
    assert text[mark.start : mark.end] == found


@pytest.mark.parametrize(
    ("language", "text", "hit"),
    [
        ("en", "The court did not rule on the border.", True),
        ("en", "The court ruled on the border.", False),
        ("en", "The court did not rule on the border. This is false.", False),
        ("fr", "La cour ne statua pas sur la frontière.", True),
        ("zh", "法院没有就边界作出裁决。", True),
        ("zh", "法院就边界作出了裁决。", False),
    ],
)
def test_a_negative_fact_is_stated_by_its_negation(language, text, hit):
    assert stated(LIMITS, language, text).hit is hit


def test_a_fact_does_not_reach_over_items_but_is_completed_by_its_heading():
    fact = Fact("held", {}, {"en": (r"Velmora[^.]{0,60}detain\w*",)})
    assert not stated(fact, "en", "- Velmora is wide\n- Elsewhere they detain people").hit
    text = "## Velmora\n\nSoldiers detained clerks."
    mark = stated(fact, "en", text)
    assert text[mark.start : mark.end] == "Soldiers detained"
