"""Waiting lines."""

from __future__ import annotations

from local.simulators.frame.lines import Lines


def test_only_the_head_of_a_line_comes_out_until_it_leaves():
    lines = Lines()
    lines.join("a", "a1", 0)
    lines.join("a", "a2", 0)
    lines.join("b", "b1", 0)

    assert [lines.take(1), lines.take(1), lines.take(1)] == [("a", "a1"), ("b", "b1"), None]
    lines.leave("a")
    assert lines.take(1) == ("a", "a2")


def test_a_head_that_stays_is_due_later_and_still_first():
    lines = Lines()
    lines.join("a", "a1", 0)
    lines.join("a", "a2", 0)
    lines.take(1)

    lines.stay("a", 15)

    assert lines.take(14) is None
    assert lines.wait_s(10, 3600) == 5
    assert lines.take(15) == ("a", "a1")


def test_what_is_hastened_is_due_at_once_and_only_once():
    lines = Lines()
    lines.join("a", "a1", 0)
    lines.take(1)
    lines.stay("a", 900)

    lines.hasten("a", "a1", 2)

    assert lines.take(2) == ("a", "a1")
    lines.leave("a")
    assert lines.take(1000) is None


def test_what_has_left_can_queue_up_again():
    lines = Lines()
    lines.join("a", "a1", 0)
    lines.take(1)
    lines.leave("a")

    lines.hasten("a", "a1", 2)

    assert lines.take(2) == ("a", "a1")


def test_hastening_what_is_under_way_does_not_send_it_twice_at_a_time():
    lines = Lines()
    lines.join("a", "a1", 0)
    lines.take(1)

    lines.hasten("a", "a1", 1)

    assert lines.take(2) is None
    lines.leave("a")
    assert lines.take(2) is None


def test_nothing_waits_as_long_as_allowed():
    assert Lines().wait_s(0, 3600) == 3600
