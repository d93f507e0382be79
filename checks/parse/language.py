"""Language tags as BCP 47 has them: https://www.rfc-editor.org/rfc/rfc5646#section-2.1."""

from __future__ import annotations

import re

_TAG = re.compile(
    r"(?:(?P<language>[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4}|[a-z]{5,8})"
    r"(?:-(?P<script>[a-z]{4}))?(?:-(?P<region>[a-z]{2}|\d{3}))?"
    r"(?:-(?:[a-z\d]{5,8}|\d[a-z\d]{3}))*(?:-[a-wy-z\d](?:-[a-z\d]{2,8})+)*(?:-x(?:-[a-z\d]{1,8})+)?"
    r"|x(?:-[a-z\d]{1,8})+)",
    re.IGNORECASE,
)
# All of ISO 639-1, which the registry takes over: https://www.iana.org/assignments/language-subtag-registry
_SHORT = frozenset(
    """
    aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee
    el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik in io
    is it iu iw ja ji jv jw ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk
    ml mn mo mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc
    sd se sg sh si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve
    vi vo wa wo xh yi yo za zh zu
    """.split()  # noqa: SIM905
)
# ISO 3166-1 as the registry has it, with the codes that stay valid for what they once named.
_REGIONS = frozenset(
    """
    aa ac ad ae af ag ai al am an ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bl bm bn bo bq br bs bt
    bu bv bw by bz ca cc cd cf cg ch ci ck cl cm cn co cp cq cr cs cu cv cw cx cy cz dd de dg dj dk dm do dz ea
    ec ee eg eh er es et eu ez fi fj fk fm fo fr fx ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk
    hm hn hr ht hu ic id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk
    lr ls lt lu lv ly ma mc md me mf mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl
    no np nr nt nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg sh si sj
    sk sl sm sn so sr ss st su sv sx sy sz ta tc td tf tg th tj tk tl tm tn to tp tr tt tv tw tz ua ug um un us
    uy uz va vc ve vg vi vn vu wf ws yd ye yt yu za zm zr zw zz
    """.split()  # noqa: SIM905
)
_NEAR = {"uk": "GB", "en": "GB", "ja": "JP", "ko": "KR", "sv": "SE", "cs": "CZ", "da": "DK", "el": "GR"}


def problem(tag: str) -> str:
    """Return what is wrong with a language tag, empty for a valid one.

    Languages of three letters are taken as they are: the registry has 8,000 of them.
    """
    match = _TAG.fullmatch(tag)
    if not match:
        hint = f"; write {tag.replace('_', '-')}" if _TAG.fullmatch(tag.replace("_", "-")) else ""
        return f'"{tag[:40]}" is no language tag{hint}'
    language, region = (match["language"] or "").lower().split("-")[0], (match["region"] or "").lower()
    # Longer ones are reserved: the registry has none.
    if len(language) > 3 or (len(language) == 2 and language not in _SHORT):
        return f'"{tag}": there is no language "{language}"'
    if len(region) == 2 and region not in _REGIONS:
        near = f"; you may mean {_NEAR[region]}" if region in _NEAR else ""
        return f'"{tag}": there is no region "{region.upper()}"{near}'
    return ""
