"""The writer of RESULTS.md and its arithmetic."""

from bench.report import Section, percentile, text_table, with_section


def section(name: str, value: str) -> Section:
    return Section(name, f"Title of {name}", ("what", "ms"), [("row", value)])


def test_a_suite_replaces_its_own_section_and_leaves_everything_else() -> None:
    document = with_section(with_section("", section("one", "1")), section("two", "2"))
    by_hand = document.replace("# Measured", "# Measured by us") + "\nWritten by hand.\n"

    renewed = with_section(by_hand, section("one", "11"))

    assert renewed == by_hand.replace(section("one", "1").markdown(), section("one", "11").markdown())
    assert renewed.count("Title of one") == 1
    assert "| row | 11 |" in renewed
    assert "| row | 2 |" in renewed
    assert renewed.endswith("Written by hand.\n")


def test_a_cell_with_backslashes_comes_out_as_it_went_in() -> None:
    document = with_section("", section("one", "1"))

    assert r"| row | \1 |" in with_section(document, section("one", r"\1"))


def test_the_95th_percentile_is_the_nearest_rank() -> None:
    assert percentile(range(1, 101), 0.95) == 95
    assert percentile([3.0, 1.0, 2.0], 0.95) == 3.0
    assert percentile([7.0], 0.95) == 7.0


def test_numbers_stand_to_the_right_on_the_terminal() -> None:
    assert text_table(("what", "ms"), [("a", "1"), ("longer", "1000")]) == "what      ms\na          1\nlonger  1000"


def test_numbers_stand_to_the_right_and_words_to_the_left_in_the_document() -> None:
    table = Section("one", "One", ("what", "ms", "which"), [("row", "12 (9-15)", "GET /a 1"), ("other", "3", "")])

    assert "| what | ms | which |\n| --- | ---: | --- |\n| row | 12 (9-15) | GET /a 1 |" in table.markdown()
