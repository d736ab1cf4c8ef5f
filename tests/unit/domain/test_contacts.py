"""People's addresses, names and departments, without a platform."""

from __future__ import annotations

import pytest

from approval_gate.domain.contact_search import SearchLine, search
from approval_gate.domain.contacts import (
    Contact,
    Department,
    address_keys,
    below,
    conflicts_of,
    normal_email,
    normal_mobile,
    owners_by_address,
)
from approval_gate.domain.readings import search_words


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("13800000001", "+8613800000001"),
        ("+8613800000001", "+8613800000001"),
        ("8613800000001", "+8613800000001"),
        ("008613800000001", "+8613800000001"),
        ("+86 138-0000-0001", "+8613800000001"),
        ("+65 9123 4567", "+6591234567"),
        ("006591234567", "+6591234567"),
        ("91234567", "91234567"),  # of which country is not known: found as it is spelt only
        ("+8612345", "+8612345"),
        ("", ""),
    ],
)
def test_spellings_of_one_mobile_number_are_one(given: str, normal: str) -> None:
    assert normal_mobile(given) == normal
    assert normal_mobile(normal) == normal


def test_emails_are_compared_without_case() -> None:
    assert normal_email(" Lead@Example.COM ") == "lead@example.com"


def test_a_person_is_known_by_each_address_and_never_by_an_empty_one() -> None:
    person = Contact("ou_1", other_id="E1", emails=("A@x.com", "a@y.com"), mobile="13800000001")

    assert address_keys(person) == {
        ("email", "a@x.com"),
        ("email", "a@y.com"),
        ("mobile", "+8613800000001"),
        ("user_id", "E1"),
    }
    assert address_keys(Contact("ou_2")) == frozenset()


def test_an_address_of_two_people_has_both_and_one_of_the_past_only_while_nobody_else_does() -> None:
    one, two = Contact("1", emails=("a@x.com",)), Contact("2", emails=("A@X.com", "b@x.com"))
    gone = Contact("3", emails=("b@x.com", "c@x.com"))

    owners = owners_by_address({"1": one, "2": two}, {"3": gone})

    assert owners == {("email", "a@x.com"): ("1", "2"), ("email", "b@x.com"): ("2",), ("email", "c@x.com"): ("3",)}
    assert [each.value for each in conflicts_of({"1": one, "2": two})] == ["a@x.com"]


def test_below_a_department_is_itself_and_its_descendants_also_in_a_circle() -> None:
    tree = [Department("a", "A"), Department("b", "B", "a"), Department("c", "C", "b"), Department("d", "D")]

    assert below(tree, "a") == {"a", "b", "c"}
    assert below(tree, "nowhere") == frozenset()
    assert below([Department("x", "X", "y"), Department("y", "Y", "x")], "x") == {"x", "y"}


@pytest.mark.parametrize("typed", ["单雪", "单", "雪", "shanxue", "danxue", "shan", "sx", "SX", "xue@", "Shirley"])
def test_a_chinese_name_is_found_by_reading_initials_mail_and_english_name(typed: str) -> None:
    person = Contact("1", "单雪", emails=("xue@example.com",), other_names=("Shirley Shan",))
    line = SearchLine("1", person.name, words=search_words(person))

    assert [each.line.id for each in search([line], typed, limit=5)] == ["1"]


@pytest.mark.parametrize("typed", ["priya", "nair", "pn", "Priya Nair", "priyanair", "iya"])
def test_a_latin_name_is_found_by_each_of_its_words(typed: str) -> None:
    person = Contact("1", "Priya Nair")
    line = SearchLine("1", person.name, words=search_words(person))

    assert len(search([line], typed, limit=5)) == 1
    assert search([line], "zhou", limit=5) == []


def test_a_name_with_many_readings_has_few_words() -> None:
    assert len(search_words(Contact("1", "单曾解仇朴尉" * 20))) <= 16


def test_answers_come_best_first_and_page_by_page_without_repetition_or_gap() -> None:
    people = [Contact(str(number), name) for number, name in enumerate(["王安", "安", "小安", "安安", "王二", "安东"])]
    lines = [SearchLine(each.id, each.name, words=search_words(each)) for each in people]

    whole = [each.line.name for each in search(lines, "安", limit=10)]
    paged: list[str] = []
    after = None
    while page := search(lines, "安", after=after, limit=2):
        paged += [each.line.name for each in page]
        after = page[-1].place

    assert whole[0] == "安"
    assert set(whole[1:3]) == {"安安", "安东"}
    assert set(whole[3:]) == {"王安", "小安"}
    assert paged == whole


def test_only_people_of_the_departments_asked_for_are_found() -> None:
    lines = [SearchLine("1", "A", departments=("d1",)), SearchLine("2", "B", departments=("d2", "d3"))]

    assert [each.line.id for each in search(lines, "", departments=frozenset({"d3"}), limit=5)] == ["2"]


def test_a_person_is_found_by_the_platforms_id() -> None:
    lines = [SearchLine("ZhangSan", ""), SearchLine("lisi", "李四", words=("lisi", "ls"))]

    assert [found.line.id for found in search(lines, "zhang", limit=5)] == ["ZhangSan"]
