"""One reading of one YAML text: what is taken, and for every refusal its message."""

import contextlib
from pathlib import Path
from unittest import mock

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from safeconduct.kernel import yamltext
from safeconduct.kernel.canonical import LIMIT, encode
from safeconduct.kernel.errors import Malformed
from safeconduct.kernel.yamltext import MAX_CHARACTERS, MAX_DEPTH, Tree, read

ROOT = Path(__file__).parents[2]
KEPT = sorted([*ROOT.glob("scenarios/*/*.yaml"), *ROOT.glob("tests/*/data/**/*.yaml")])

LOADERS = list(dict.fromkeys([yamltext._LOADER, yaml.SafeLoader]))
loaders = st.sampled_from(LOADERS)


def read_with(loader, text: str, **how) -> Tree:
    with mock.patch.object(yamltext, "_LOADER", loader):
        return read(text, **how)


@pytest.fixture(params=LOADERS, ids=lambda loader: loader.__name__)
def loader(request):
    return request.param


# ---------------------------------------------------------------- what is taken

TAKEN = [
    ("", None),
    ("# nothing\n", None),
    ("null", None),
    ("a text", "a text"),
    ("- 1\n- -20\n- 0\n- true\n- false\n- null\n", [1, -20, 0, True, False, None]),
    (f"[{LIMIT - 1}, {1 - LIMIT}]", [LIMIT - 1, 1 - LIMIT]),
    ("['7.2', \"yes\", '2027-03-01', '', '~', '0x1', '<<']", None),
    ("a: {b: [c, {d: e}]}", {"a": {"b": ["c", {"d": "e"}]}}),
    ("a: |\n  two\n  lines\nb: >-\n  one\n  line\n", {"a": "two\nlines\n", "b": "one line"}),
    ("'7': x\n'yes': z\n", {"7": "x", "yes": "z"}),
    ("[30 d, T+4 h, 1.2.3, 7.2/a, v1, -x, 10 min]", None),
    ("en: مالک\nzh: 现场\n", {"en": "مالک", "zh": "现场"}),
]


@pytest.mark.parametrize("text, value", TAKEN)
def test_what_has_one_meaning_is_taken(loader, text, value):
    found = read_with(loader, text).value
    assert found == yaml.safe_load(text)
    assert value is None or found == value


@pytest.mark.parametrize("path", KEPT, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_texts_of_this_tree_read_as_an_ordinary_reader_reads_them(path):
    text = path.read_text("utf-8")
    assert read(text).value == yaml.safe_load(text)


def test_lines_and_spans_by_path(loader):
    text = "ab:\n  - x\n  - {c: 'مالک', d:\n      [1]}\nz:\n  word\n"
    tree = read_with(loader, text)
    assert tree.lines[("ab",)] == 2
    assert tree.lines[("ab", 1, "c")] == 3
    assert tree.lines[("ab", 1, "d", 0)] == 4
    assert tree.line(("z",)) == 6
    assert tree.line(("z", "no", 7)) == 6
    assert tree.line(("nowhere",)) == 1
    assert read_with(loader, "").line(("a",)) == 1
    start, end = tree.spans[("ab", 1, "c")]
    assert text[start:end] == "'مالک'"
    start, end = tree.spans[("z",)]
    assert text[start:end].rstrip() == "word"


# ---------------------------------------------------------------- what is refused

FLOAT = "{} is a float. unquoted, the clauses 7.1 and 7.10 would be one number"
BOOL = "{} is read as true or false by some readers and as text by others. write true or false"
NUMBER = "{} is read as different numbers by different readers. write a plain whole number"
DATE = '{} is a bare date. readers turn it into different values. write it in quotes: "{}"'

BARE = [
    *(
        (word, FLOAT)
        for word in (
            "7.2 -7.10 +.5 1. 1_0.5 1e3 1E-3 1.5e3 .inf -.INF .NaN 1:30.5 190:20:30.15".split()
        )
    ),
    *((word, BOOL) for word in "yes No ON off y N True FALSE".split()),
    *((word, NUMBER) for word in "0x1F 0o17 017 00 -0 +5 1_000 0b1 1:30 12345678901234567".split()),
    *(
        (word, DATE)
        for word in ("2027-03-01", "2027-3-1", "2027-03-01T00:00:00Z", "2027-03-01 00:00:00")
    ),
    ("~", "a value is empty. write the value, or null"),
    ("NULL", "a value is empty"),
    ("", "a value is empty"),
    ("=", '= means something else to some readers. write "=" in quotes'),
    ("<<", '<< means something else to some readers. write "<<" in quotes'),
    (str(LIMIT), f"the integer {LIMIT} is too large. integers must lie strictly between"),
    (str(-LIMIT), f"the integer {-LIMIT} is too large"),
]


@pytest.mark.parametrize("word, said", BARE)
def test_a_bare_word_with_two_meanings_is_refused_with_its_line(loader, word, said):
    for text in (f"a: b\nc: {word}\n", f"- b\n- {word}\n"):
        with pytest.raises(Malformed) as caught:
            read_with(loader, text)
        assert str(caught.value).startswith("line 2: ")
        assert said.format(word, word) in str(caught.value)
    assert read_with(loader, f'a: "{word}"').value == {"a": word}


REFUSED = [
    ("a: 1\nb: 2\na: 3\n", "line 3: the key 'a' stands twice. keep one of the two."),
    ("{a: 1, 'a': 1}", "line 1: the key 'a' stands twice"),
    ("x:\n  - {a: 1,\n     a: 1}", "line 3: the key 'a' stands twice"),
    ("a: &x 1\n", "line 1: an anchor or alias is used. write the part out again."),
    ("a: 1\nb: *x\n", "line 2: an anchor or alias is used"),
    ("a: &x {b: 1}\n", "an anchor or alias is used"),
    ("- &x [1]\n", "an anchor or alias is used"),
    ("&x a: 1\n", "an anchor or alias is used"),
    ("a: !!str 7\n", "line 1: the tag 'tag:yaml.org,2002:str' is used. leave it away."),
    ("a: !!python/name:os.system x\n", "the tag 'tag:yaml.org,2002:python/name:os.system'"),
    ("a: ! 7\n", "the tag '!' is used"),
    ("a: !set {b: 1}\n", "the tag '!set' is used"),
    ("- !!omap []\n", "the tag"),
    ("a: 1\n<<: {b: 1}\n", "line 2: a merge key is used. write the part out again."),
    ("a: 1\n---\nb: 1\n", "line 2: a second document begins. one text, one file."),
    ("a: 1\n...\n--- b\n", "line 3: a second document begins"),
    ("a: 1\n7: b\n", "line 2: the key '7' is not ASCII text. quote or rename it."),
    ("null: b\n", "line 1: the key 'null' is not ASCII text"),
    ("true: b\n", "line 1: the key 'true' is not ASCII text"),
    ("'': b\n", "line 1: the key '' is not ASCII text"),
    ("مالک: b\n", "is not ASCII text"),
    ("7.2: b\n", "line 1: 7.2 is a float"),
    ("on: b\n", "line 1: on is read as true or false"),
    ("? \n: b\n", "line 1: a value is empty"),
    ("[a]: b\n", "line 1: a key is not a plain text."),
    ("? {a: b}\n: c\n", "line 1: a key is not a plain text."),
    ("{a, b}", "line 1: a value is empty"),
    ("a: 1\nb: [c\n", "the text is not YAML."),
    ("a: 'b", "the text is not YAML."),
    ("a: @b", "the text is not YAML."),
    ("a: 1\n\tb: 2\n", "the text is not YAML."),
    ('"\\UFFFFFFFF"', "the text is not YAML."),
    ("%YAML 2.0\n--- a", "the text is not YAML."),
    ("%YAML " + "9" * 5_000 + ".1\n--- a", "the text is not YAML."),
    ("a: \ufffe", "the text is not YAML."),
]


@pytest.mark.parametrize("text, said", REFUSED)
def test_a_text_that_may_be_read_in_two_ways_is_refused(loader, text, said):
    with pytest.raises(Malformed) as caught:
        read_with(loader, text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "sign",
    [*"\x00\x07\x0b\x1b\x7f\x80\x85\x9f\u2028\u2029\u202a\u202e\u2066\u2069\ufeff\ud800\udfff"],
    ids=ascii,
)
def test_an_invisible_character_is_refused_wherever_it_stands(loader, sign):
    said = rf"the text holds the invisible character U\+{ord(sign):04X}\. two readers could see"
    for text in (f"a: 1\nb: 'x{sign}y'", f"a: 1\n{sign}b: 1", f"a: 1\n# {sign}"):
        with pytest.raises(Malformed, match="^line 2: " + said):
            read_with(loader, text)
    with pytest.raises(Malformed, match="^line 1: " + said):
        read_with(loader, sign + "a: 1")


def test_half_a_pair_written_as_an_escape_is_refused(loader):
    for text in ('"\\ud800"', '{"\\udc00": 1}'):
        with pytest.raises(Malformed, match=r"half a surrogate pair|not YAML"):
            read_with(loader, text)


def test_a_date_with_a_tab_is_refused(loader):
    with pytest.raises(Malformed, match=r"is a bare date|not YAML"):
        read_with(loader, "a: 2027-03-01\t00:00:00")


def test_depth_is_bounded(loader):
    at_most = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert read_with(loader, at_most).value == yaml.safe_load(at_most)
    for text in (f"[{at_most}]", "[" * 100_000, "a: " + "{a: " * 30, "- " * 50_000 + "x"):
        with pytest.raises(Malformed, match=f"^line 1: .* nested deeper than {MAX_DEPTH} levels"):
            read_with(loader, text)
    assert read_with(loader, "[[]]", max_depth=2).value == [[]]
    with pytest.raises(Malformed, match="nested deeper than 2 levels"):
        read_with(loader, "[[[]]]", max_depth=2)


def test_length_is_bounded():
    assert read("#" * MAX_CHARACTERS).value is None
    with pytest.raises(Malformed, match=f"longer than {MAX_CHARACTERS} characters"):
        read("#" * (MAX_CHARACTERS + 1))


def test_only_a_whole_instant_may_stand_bare_and_only_where_that_is_asked_for(loader):
    text = "[2027-03-01T00:00:00Z, 2027-03-01T00:00:00.125Z]"
    found = read_with(loader, text, bare_instants=True).value
    assert found == ["2027-03-01T00:00:00Z", "2027-03-01T00:00:00.125Z"]
    for word in (
        "2027-03-01",
        "2027-03-01T00:00:00",
        "2027-03-01 00:00:00Z",
        "2027-03-01t00:00:00Z",
        "2027-03-01T00:00:00+05:00",
    ):
        with pytest.raises(Malformed, match="is a bare date"):
            read_with(loader, f"a: {word}", bare_instants=True)


def test_a_room_may_word_its_complaints():
    seen = []

    def complain(value, path, line, what, why, do):
        seen.append((value, path, line, what, why, do))
        return Malformed("ours")

    with pytest.raises(Malformed, match="ours"):
        read("a:\n  - b: 1\n    c: ~\n", complain=complain)
    assert seen == [
        (
            {"a": [{"b": 1}]},
            ("a", 0, "c"),
            3,
            "a value is empty",
            "",
            "write the value, or null",
        )
    ]


# ---------------------------------------------------------------- for all texts

visible = st.text(
    st.characters(codec="utf-8").filter(lambda sign: yamltext._UNSEEN.match(sign) is None)
    | st.sampled_from("\x00\n\t\x1f\"\\/:#-'{}[],&*!|>%@`"),
    max_size=12,
).filter(lambda text: not {"\ufffe", "\uffff"} & set(text))
keys = st.text(st.characters(max_codepoint=126), min_size=1, max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(1 - LIMIT, LIMIT - 1) | visible,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=15,
)


@given(values, loaders)
@example({"a": ["7.2", "yes", "~", "", "2027-03-01", "\U0001f600", "\x00"], "<<": None}, LOADERS[0])
def test_canonical_json_reads_back_equal(value, loader):
    text = encode(value).decode()
    found = read_with(loader, text).value
    assert found == value
    assert encode(found).decode() == text


@given(st.text(st.characters(), max_size=120), loaders)
@example("\ud800", LOADERS[0])
@example('"\\UFFFFFFFF"', LOADERS[-1])
def test_no_text_raises_anything_but_malformed(text, loader):
    with contextlib.suppress(Malformed):
        read_with(loader, text)


@given(st.text("ab7.2:\"'{}[],- \n#&*!|>?%~<=\\ux\t", max_size=60), loaders)
def test_no_text_of_signs_raises_anything_but_malformed(text, loader):
    with contextlib.suppress(Malformed):
        read_with(loader, text)


@given(
    st.text("0123456789+-._:eExobnaifTZysNOY~=< \t", min_size=1, max_size=9)
    | st.from_regex(r"[-+]?[0-9_.]{1,4}([:eE][-+]?[0-9.]{1,3}){0,2}", fullmatch=True),
    loaders,
)
def test_a_bare_word_means_the_same_to_an_ordinary_reader_or_is_refused(word, loader):
    text = f"- {word}\n"
    try:
        found = read_with(loader, text).value
    except Malformed:
        return
    ordinary = yaml.load(text, Loader=loader)
    assert found == ordinary
    assert encode(found) == encode(ordinary)
