"""The YAML of a district file: plain values with their lines, and mistakes that say how to mend them."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.district import exporter, reader
from handlers.district.reader import read


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("2026-08-31", "2026-08-31"),
        ("07:30", "07:30"),
        ("NO", "NO"),
        ("yes", "yes"),
        ("true", True),
        ("12", 12),
        ("012", "012"),
        ("1_000", "1_000"),
        ("3.5", 3.5),
        (".inf", ".inf"),
        ("29:45", "29:45"),
        ("null", None),
        ("", None),
        ("'12'", "12"),
        ('"# no comment"', "# no comment"),
    ],
)
def test_values_mean_what_a_reader_sees(written: str, means: Any) -> None:
    document, mistakes = read(f"a: {written}\n")
    assert (document.data, mistakes) == ({"a": means}, [])


def test_every_value_has_its_line_and_its_name() -> None:
    document, _ = read("people:\n  - id: p-1\n    leave:\n      from: 2026-01-01\n  - {name: B}\n")
    assert document.line(("people", 0, "leave", "from")) == 4
    assert document.line(("people", 0, "role")) == 2  # what is not there: where it would stand
    assert document.called(("people", 0, "leave", "from")) == "people[p-1].leave.from"
    assert document.called(("people", 1, "id")) == "people[2].id"


@pytest.mark.parametrize(
    ("text", "line", "cure"),
    [
        pytest.param("a: 1\nb: 2\na: 3\n", 3, '"a" is here twice, the first time in line 1', id="a field twice"),
        pytest.param("a:\n- {b: 1, b: 2}\n", 2, '"b" is here twice', id="twice within an entry"),
        pytest.param("a:\n\tb: 1\n", 2, "replace the tab with spaces", id="a tab"),
        pytest.param("a: 1\nb: [1, 2\nc: 3\n", 3, "look for a missing bracket", id="a bracket too few"),
        pytest.param("a: 1\nb: c: d\n", 2, "put the text in quotes", id="a colon too many"),
        pytest.param("a: 'b\n", 2, "look for a missing bracket, quote", id="a quote too few"),
        pytest.param("a: &x [1]\nb: *x\n", 2, "write out what it stands for", id="an alias"),
        pytest.param("a:\n  <<: {b: 1}\n", 2, "write out what it stands for", id="a merge"),
        pytest.param("a: !!python/object:os.system x\n", 1, "A tag", id="a tag"),
        pytest.param("a: 1\n---\nb: 2\n", 2, "a district file is one document", id="two documents"),
        pytest.param('a: 1\nb: "\\0"\n', 2, "no one can see (#x0000)", id="a character that databases refuse"),
        pytest.param("a: 1\nb: \u202e\n", 2, "no one can see (#x202e)", id="a character that turns the text around"),
        pytest.param("a: 1\nb: \x00\n", 2, "no one can see (#x0000)", id="a character that YAML refuses"),
        pytest.param("? [a]\n: 1\n", 1, "must be a word", id="a list for a name"),
        pytest.param("", 1, "it must begin with fields", id="nothing"),
        pytest.param("- a\n", 1, "it must begin with fields", id="a list"),
        pytest.param("[" * 5000, 1, "nested too deeply", id="a bomb"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line_and_cure(text: str, line: int, cure: str) -> None:
    _, mistakes = read(text)
    assert [each.line for each in mistakes] == [line]
    assert cure in mistakes[0].says


VISIBLE = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=12)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | VISIBLE | st.decimals(-9999, 9999, places=3).map(float)
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(VISIBLE, inner, max_size=3))


@settings(deadline=None)
@given(st.dictionaries(VISIBLE, VALUES, min_size=1, max_size=4))
def test_what_is_written_reads_back(values: dict[str, Any]) -> None:
    text = "\n".join(exporter.dump(name, value) for name, value in values.items())
    document, mistakes = reader.read(text)
    assert (document.data, mistakes) == (values, [])


def test_dates_are_written_as_dates_and_names_of_digits_without_quotes() -> None:
    assert (
        exporter.dump("dca", {"on": "2026-09-22", "items": {"10": 1}}) == "dca:\n  'on': 2026-09-22\n  items: {10: 1}\n"
    )


PIECES = ["a", "1", "é", "true", "~", ": ", ":", " ", "\n", "\n  ", "\n- ", "\r\n", "\u2028", "\x85", "\t", "\ufeff"]
PIECES += [
    "#",
    " #",
    "'",
    '"',
    "[",
    "]",
    "{",
    "}",
    ", ",
    ",",
    "|",
    ">",
    "|\n  ",
    "&x ",
    "*x",
    "---",
    "\n---\n",
    "\\",
    "<<",
    "=",
]


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_both_parsers_find_the_same(text: str) -> None:
    """Of what may stand in a district file. Not of tags and of keys marked by "?": there the parsers do differ.

    A tag is a mistake by either, told in another sentence; an empty value of such a key is one line off.
    """
    assert found(reader._composed, text) == found(lambda text: reader._Loader(text).get_single_node(), text)


def found(compose: Callable[[str], yaml.Node | None], text: str) -> Any:
    """What stands there, and where; or the mistake, and where."""
    try:
        node = compose(text)
    except yaml.MarkedYAMLError as error:
        return str(error)
    except yaml.reader.ReaderError as error:
        return error.position
    return plain(node) if isinstance(node, yaml.MappingNode) else "no district file"


def plain(node: yaml.Node) -> Any:
    match node:
        case yaml.MappingNode():
            inside: Any = [(plain(name), plain(value)) for name, value in node.value]
        case yaml.SequenceNode():
            inside = [plain(each) for each in node.value]
        case _:
            inside = (node.value, bool(node.style))
    return type(node).__name__, node.tag, node.start_mark.line, inside
