"""HTML notes cost what their length says: what overlaps and nests is bounded before it is sanitised."""

import json
import random
from datetime import UTC, datetime

import nh3
import pytest

from icsmulti.engine.generate import generate
from icsmulti.engine.html import DEPTH, TooDeep, balanced, plain, sanitise
from icsmulti.errors import InvalidRequest

ALLOWED = sorted(nh3.ALLOWED_TAGS - {"img", "map", "area", "bdo"})
FORMATTING = ["a", "b", "code", "em", "i", "s", "small", "strike", "strong", "tt", "u"]
STRANGE = ["script", "style", "svg", "math", "textarea", "template", "object", "select", "title"]


def refused(html: str) -> list[tuple[str, str]]:
    event = {"id": "1", "titre": "T", "dateDebut": "2026-05-12", "dateFin": "2026-05-12"}
    body = json.dumps({"evenement": {"occurrences": [event | {"notesHtml": html}]}}).encode()
    with pytest.raises(InvalidRequest) as caught:
        generate(body, uid_secret=bytes(32), now=datetime(2026, 1, 1, tzinfo=UTC))
    return [(f.dotted, f.code) for f in caught.value.faults]


@pytest.mark.parametrize("tag", ["div", "DIV", "b", "ul", "span"])
def test_a_hundred_levels_are_the_most(tag):
    assert sanitise(f"<{tag}>" * DEPTH)
    with pytest.raises(TooDeep):
        sanitise(f"<{tag}>" * (DEPTH + 1))


@pytest.mark.parametrize(
    "html",
    [
        *(
            "<p>a",
            "<li>a",
            "a<br>",
            "<b>a</b>",
            "</div>",
            "<dt>a<dd>b",
            "<h1>a<h2>b",
            "<a href=x>a",
        ),
        *("<table><tr><td>a<td>b<tr><th>c</table>", "<p>a<div>b</div>", "<o:p></o:p>", "<td>a"),
    ],
)
def test_long_is_not_deep(html):
    assert sanitise(html * 500) is not None


@pytest.mark.parametrize(
    "level",
    [
        *("<div></x>", "<b title='</b>'>", "<b title=</b>>", '<b "><b>', "<div><!--</div>-->"),
        *(
            "<div><style></div></style>",
            "<div><script>'</script >",
            "<div></ div>",
            "<div><?</div>",
        ),
        *("<ul><li>", "<blockquote><p>", "<table><tr><td></table x><div>"),
    ],
)
def test_no_end_that_is_none_hides_a_level(level):
    with pytest.raises(TooDeep):
        sanitise(level * 500)


def test_deep_html_is_refused_on_its_member():
    assert refused("<div>" * 2_000) == [("evenement.occurrences[0].notesHtml", "invalid-value")]


@pytest.mark.parametrize(
    ("html", "clean"),
    [
        ("<b><i>x</b>y</i>", "<b><i>x</i></b>y"),
        ("<p>a<p>b", "<p>a</p><p>b</p>"),
        ("<ul><li>a<ul><li>b</ul><li>c</ul>", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>"),
        (
            "<table><b>x<tr><td>a</b>b</table>",
            "x<table><tbody><tr><td>ab</td></tr></tbody></table>",
        ),
        ("a < b & c <> </> 1<2", "a &lt; b &amp; c &lt;&gt;  1&lt;2"),
        ("<div title='a>b' title=\"c>d\" x=y>z</div>", '<div title="a&gt;b">z</div>'),
        ("a<!-- <b> -->b<!--[if mso]>c<![endif]-->d<!---->e", "abde"),
        ("a<style>b</style>c<SCRIPT src=x>'</b>'</script >d", "acd"),
        ("a<b", "a"),
        ("<<x>b>c", "&lt;b&gt;c"),
        ("<BR/>a<Br>", "<br>a<br>"),
        ("<a href='https://a.example/?b=1&amp;c'>x</a>", None),
        ("<td>a", "a"),
        ("x</p>y", "xy"),
    ],
)
def test_what_overlaps_is_closed_where_its_parent_ends(html, clean):
    if clean is None:
        clean = '<a href="https://a.example/?b=1&amp;c" rel="noopener noreferrer">x</a>'

    assert sanitise(html) == clean


def _soup(chance: random.Random) -> str:
    """A heap of tags left open, then the same few tags and texts again and again."""
    tags = [chance.choice(chance.choice([ALLOWED, FORMATTING, STRANGE])) for _ in range(4)]
    tags += chance.sample(["table", "td", "tr", "p", "li", "a", "x"], 2)
    pieces = [
        chance.choice(
            ["<{}>", "<{} title={}>", "</{}>", "x", "<{}>x", "<!--", "-->", "'", '"', "<"]
        )
        for _ in range(chance.randint(2, 10))
    ]
    unit = "".join(p.format(chance.choice(tags), chance.randrange(9)) for p in pieces)
    heap = "".join(f"<{chance.choice(tags)} title={n}>" for n in range(chance.randrange(90)))
    return heap + unit * chance.randint(1, 80)


@pytest.mark.parametrize("seed", range(8))
def test_no_soup_of_tags_grows(seed):
    """Unrepaired, the worst of these become three hundred times as long."""
    chance = random.Random(seed)
    for _ in range(250):
        soup = _soup(chance)
        try:
            made = sanitise(soup)
        except TooDeep:
            continue

        # `<a>` becomes `<a rel="noopener noreferrer"></a>`, 38 characters for 3.
        assert len(made) <= 13 * len(soup) + 100, soup


@pytest.mark.parametrize("seed", range(4))
def test_what_is_written_once_is_read_the_same_again(seed):
    chance = random.Random(seed)
    for _ in range(100):
        try:
            once = sanitise(_soup(chance))
        except TooDeep:
            continue

        assert balanced(once) == once
        assert nh3.clean(once, tags=set(ALLOWED)) == once


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Ordre <b>du jour</b></p><ul><li>Un</li><li>Deux</li></ul>", "Ordre du jour\n- Un\n- Deux"),
        ('<a href="https://a.example">ici</a>', "ici (https://a.example)"),
        ('<a href="https://a.example">https://a.example</a>', "https://a.example"),
        ('<a href="https://a.example/?b&amp;c">https://a.example/?b&amp;c</a>', "https://a.example/?b&c"),
        ("a<br>b<hr>c", "a\nb\nc"),
        ("1 &lt; 2 &amp;&nbsp;3 &amp;lt; 4", "1 < 2 &\xa03 &lt; 4"),
        ('<span title="&quot;>">a\n  b</span>', "a b"),
        ("<div title='<b>'>a</div>", "a"),
        ('<a href="/a">un</a> <a href="//a.example">deux</a> <a href="#a">trois</a>', "un deux trois"),
        ("<table><caption>Jour<tr><th>10 h<td>Salle A<tr><th>11 h<td>B</table>", "Jour\n10 h Salle A\n11 h B"),
        ("<dl><dt>Quand<dd>10 h</dl><details><summary>Où</summary>Ici</details>", "Quand\n10 h\nOù\nIci"),
    ],
)  # fmt: skip
def test_html_as_text(html, text):
    assert plain(sanitise(html)) == text
