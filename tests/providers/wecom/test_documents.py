"""One kind of tree for XML and JSON."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from approval_gate.providers.wecom.documents import Element, json_document, read_document, xml_document


def test_xml_and_json_of_one_fact_are_one_tree() -> None:
    xml = b"<xml><Sp_No>1</Sp_No><NodeList><A>x</A></NodeList><NodeList><A>y</A></NodeList></xml>"
    json = b'{"SpNo": 1, "node_list": [{"a": "x"}, {"A": "y"}]}'

    assert read_document(xml).children == read_document(b" \n" + json).children


def test_repeated_siblings_are_all_kept() -> None:
    document = xml_document(b"<xml><N>1</N><M/><N>2</N></xml>")

    assert [each.text for each in document.all("n")] == ["1", "2"]


def test_text_is_joined_from_its_pieces_and_unescaped() -> None:
    document = xml_document(b"<xml><A>a<![CDATA[<b> & ]]>&lt;c&gt;&#x4f60;</A></xml>")

    assert document.prose("a") == "a<b> & <c>你"


def test_text_beside_children_is_layout() -> None:
    assert xml_document(b"<xml>\n <A>1</A>\n</xml>").text == ""


def test_the_encoding_a_document_claims_does_not_matter() -> None:
    raw = '<?xml version="1.0" encoding="gbk"?><xml><A>你</A></xml>'.encode()

    assert xml_document(raw).prose("A") == "你"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<xml>",
        b"<xml></yml>",
        b"<xml/><xml/>",
        b"\xff\xfe<\x00x\x00",
        b"<xml>\x00</xml>",
        b"<!DOCTYPE xml><xml/>",
        b'<!DOCTYPE xml SYSTEM "file:///etc/passwd"><xml/>',
        b'<!DOCTYPE x [<!ENTITY a "a"><!ENTITY b "&a;&a;">]><xml>&b;</xml>',
        b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://example.invalid/"> %p;]><xml/>',
        b"<xml>&nbsp;</xml>",
        b"<?php x?><xml/>",
        b"<a>" * 33 + b"</a>" * 33,
    ],
)
def test_more_than_elements_and_text_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"XML|nested"):
        xml_document(raw)


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"null", b'{"a":NaN}', b'{"a":1,"a":2}', b"\xff", b'{"a":' * 100_000, b'{"a":' + b"1" * 5000]
)
def test_odd_json_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the parser's own texts
        json_document(raw)


@pytest.mark.parametrize("raw", [b'{"a":' * 40 + b"1" + b"}" * 40, b'{"a":' + b"[" * 40 + b"]" * 40 + b"}"])
def test_deep_json_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="nested"):
        json_document(raw)


def test_what_is_missing_reads_as_empty() -> None:
    nothing = Element().first("a").first("b")

    assert (nothing.word("c"), nothing.prose("c"), nothing.moment("c"), nothing.all("c")) == ("", "", None, ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [("ab-1", "ab-1"), (" ab\n", "ab"), ("a b", ""), ("ü", ""), ("x" * 129, ""), ("", ""), ("a\x7f", "")],
)
def test_a_word_is_harmless(text: str, expected: str) -> None:
    assert Element(children=(Element("a", text),)).word("A") == expected


def test_what_is_told_twice_counts_only_if_it_agrees() -> None:
    document = xml_document(b"<xml><A>1</A><a>1</a><B>1</B><B>2</B></xml>")

    assert (document.word("a"), document.word("b"), document.moment("b")) == ("1", "", None)


def test_prose_is_cut_and_encodable() -> None:
    document = json_document(b'{"a": "\\ud800bc"}')

    assert document.prose("a", limit=2) == "?b"


@pytest.mark.parametrize("value", ["0", "", "-1", "1e3", "x", "123456789012"])
def test_no_time_is_none(value: str) -> None:
    assert Element(children=(Element("at", value),)).moment("at") is None


def test_a_time_is_aware() -> None:
    assert Element(children=(Element("at", "1768447800"),)).moment("at") == datetime(2026, 1, 15, 3, 30, tzinfo=UTC)
