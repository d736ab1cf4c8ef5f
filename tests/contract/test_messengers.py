"""
What every provider's messenger must do: bring a message to whom it is for. A simulator of its platform is on the other
side, and what people see there is compared with what was sent.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from approval_gate.domain.message import LOCALES, DestinationKind, Level, Link
from approval_gate.markdown import MAX_CHARS
from approval_gate.ports.messages import Parcel
from approval_gate.providers import registry
from tests.fakes.mail_cases import every_kind, every_platform, kinds_where, named, platforms_with
from tests.fakes.mail_site import MailSite, message
from tests.messenger_kits import all_messenger_kits

EVERYBODY = {"lead", "dev", "qa", "ops", "release", "oncall"}
READERS = {
    DestinationKind.USER_ID: {"lead"},
    DestinationKind.DEPARTMENT: {"lead", "dev"},
    DestinationKind.EVERYONE: EVERYBODY,
}
CHATS = {DestinationKind.CHAT: "发布频道 Releases", DestinationKind.ROBOT: "故障响应 Incidents"}


def test_every_provider_has_a_messenger_kit() -> None:
    assert sorted(kit.provider for kit in all_messenger_kits()) == list(registry.provider_names())


# -- arriving


@every_platform
def test_it_says_which_kinds_it_reaches(mail: MailSite) -> None:
    messenger = mail.messenger()

    reached = {kind for kind in DestinationKind if messenger.recipients_per_call(kind) > 0}

    people = {kind for kind in DestinationKind if kind.is_person}
    assert reached - people == mail.mail_kit.sends.keys() - people
    assert people <= reached or not people & reached
    assert messenger.locale in LOCALES


@every_kind
def test_it_says_how_fast_a_destination_may_be_written_to(mail: MailSite, kind: DestinationKind) -> None:
    pace = mail.messenger().pace(kind)

    assert pace is None or (pace.messages > 0 and pace.per_s > 0 and pace.ban_s >= 0)


@every_kind
@pytest.mark.parametrize("locale", LOCALES)
def test_a_message_arrives_and_reads_as_sent(mail: MailSite, kind: DestinationKind, locale: str) -> None:
    receipt = mail.send_to(kind, message(locale=locale))

    assert receipt.is_sent, receipt
    for shown in mail.arrived():
        read = mail.read(shown)
        for part in ("部署完成 Deployed", "web", "1.42.0 is live", "Commit", "9f1c2ab", "耗时", "3 min", "Build 42"):
            assert part in read
        assert "https://ci.example.com/42?a=1&b=2" in read
        assert shown["mentions"] == []
    if kind in CHATS:
        assert [shown["chat"] for shown in mail.arrived()] == [CHATS[kind]]
    else:
        assert mail.readers() == READERS[kind]


@kinds_where(lambda _, kind: kind in {DestinationKind.USER_ID, DestinationKind.DEPARTMENT})
def test_all_recipients_of_one_call_get_it(mail: MailSite, kind: DestinationKind) -> None:
    values, expected = {
        DestinationKind.USER_ID: (("lead", "dev", "qa"), {"lead", "dev", "qa"}),
        DestinationKind.DEPARTMENT: (mail.mail_kit.departments, {"lead", "dev", "qa", "ops", "oncall"}),
    }[kind]
    most = mail.messenger().recipients_per_call(kind)
    recipients = tuple(mail.recipient(kind, value) for value in values[:most])

    receipts = mail.send(mail.parcel(*recipients))

    assert [receipt.destination for receipt in receipts] == [each.destination for each in recipients]
    assert all(receipt.is_sent for receipt in receipts)
    assert mail.readers() == (expected if most >= len(values) else READERS[kind])


@every_platform
def test_levels_look_different(mail: MailSite) -> None:
    for level in Level:
        mail.send_to(DestinationKind.USER_ID, message(level=level))

    looks = {(shown["title"], shown["text"], shown["tone"]) for shown in mail.arrived()}
    assert len(looks) == len(Level)


@every_kind
def test_equal_messages_are_two_messages(mail: MailSite, kind: DestinationKind) -> None:
    mail.send_to(kind)
    count = len(mail.arrived())

    assert mail.send_to(kind).is_sent
    assert len(mail.arrived()) == 2 * count


@kinds_where(lambda kit, kind: kind in kit.dedupes)
def test_the_same_parcel_arrives_once(mail: MailSite, kind: DestinationKind) -> None:
    parcel = mail.parcel(mail.recipient(kind))
    (first,) = mail.send(parcel)
    (second,) = mail.send(parcel)

    assert first.is_sent
    assert second.is_sent
    assert len(mail.arrived()) == 1


@every_kind
def test_a_long_text_is_cut_with_a_notice(mail: MailSite, kind: DestinationKind) -> None:
    for locale, notice in (("zh-CN", "截断"), ("en", "shorten")):
        mail.send_to(kind, message(text="It begins here. " + "很长 long " * (MAX_CHARS // 4), locale=locale))
        read = mail.read(mail.arrived()[-1])

        assert "It begins here." in read
        assert notice in read.lower()
        assert "Build 42" in read


@every_kind
def test_a_long_title_is_cut(mail: MailSite, kind: DestinationKind) -> None:
    receipt = mail.send_to(kind, message(title="Deployed " + "到生产环境 " * 500))

    assert receipt.is_sent
    assert "Deployed" in mail.read(mail.arrived()[-1])


@every_kind
def test_many_fields_and_links_are_no_reason_to_refuse(mail: MailSite, kind: DestinationKind) -> None:
    fields = tuple(replace(message().fields[0], name=f"Field {number}", value="v" * 900) for number in range(60))
    links = tuple(Link(f"Link {number}", f"https://e.example/{number}/{'p' * 900}") for number in range(40))

    receipt = mail.send_to(kind, message(fields=fields, links=links))

    assert receipt.is_sent
    assert "Field 0" in mail.read(mail.arrived()[-1])


@every_kind
def test_a_message_with_a_title_only_arrives(mail: MailSite, kind: DestinationKind) -> None:
    receipt = mail.send_to(kind, message(title="Deployed", text="", fields=(), links=()))

    assert receipt.is_sent
    assert "Deployed" in mail.read(mail.arrived()[-1])


# -- mentions


@kinds_where(lambda kit, kind: kind in kit.mentions_in)
def test_those_who_are_mentioned_are_alerted(mail: MailSite, kind: DestinationKind) -> None:
    mentions = mail.people("lead", "ops")

    (receipt,) = mail.send(mail.parcel(mail.recipient(kind), mentions=mentions))

    assert receipt.is_sent
    (shown,) = mail.arrived()
    assert sorted(shown["mentions"]) == ["lead", "ops"]
    assert "1.42.0 is live" in mail.read(shown)


# -- recipients that cannot be reached


@kinds_where(lambda kit, kind: kind in kit.tells_strangers)
def test_a_bulk_call_may_succeed_for_some(mail: MailSite, kind: DestinationKind) -> None:
    known, stranger = mail.recipient(kind), mail.recipient(kind, mail.mail_kit.tells_strangers[kind])

    receipts = mail.send(mail.parcel(known, stranger))

    assert [receipt.is_sent for receipt in receipts] == [True, False]
    assert receipts[1].destination == stranger.destination
    assert receipts[1].problem.endswith(".")
    assert mail.readers() == READERS[kind]


@platforms_with(DestinationKind.CHAT)
def test_a_chat_that_is_closed_to_us_is_a_receipt_with_a_remedy(mail: MailSite) -> None:
    (receipt,) = mail.send(mail.parcel(mail.recipient(DestinationKind.CHAT, mail.mail_kit.closed_chat)))

    assert not receipt.is_sent
    assert receipt.problem.endswith(".")
    assert mail.arrived() == []


@pytest.mark.parametrize(
    ("mail", "name"),
    [(kit, name) for kit in all_messenger_kits() for name in kit.refused_robots],
    indirect=["mail"],
    ids=named,
)
def test_a_refused_robot_is_a_receipt_with_a_remedy_and_no_secret(mail: MailSite, name: str) -> None:
    robot = mail.mail_kit.refused_robots[name]

    (receipt,) = mail.send(mail.parcel(mail.robot(robot)))

    assert not receipt.is_sent
    assert receipt.problem.endswith(".")
    assert robot.url not in repr(receipt)
    assert mail.arrived() == []


# -- updates


@kinds_where(lambda kit, kind: kind in kit.updatable)
def test_a_message_is_replaced_in_place(mail: MailSite, kind: DestinationKind) -> None:
    receipt = mail.send_to(kind, message("Approval needed"))

    assert mail.messenger().update(receipt.message_id, message("Approved", "Nothing left to do.", level=Level.SUCCESS))

    (shown,) = mail.arrived()
    assert shown["state"] == "edited"
    assert "Approved" in mail.read(shown)
    assert "Nothing left to do." in mail.read(shown)
    assert "Approval needed" not in mail.read(shown)


@kinds_where(lambda kit, kind: kind in kit.updatable)
def test_an_update_may_be_repeated(mail: MailSite, kind: DestinationKind) -> None:
    receipt = mail.send_to(kind)
    changed = message("Approved")
    mail.messenger().update(receipt.message_id, changed)
    mail.later(2)

    mail.messenger().update(receipt.message_id, changed)  # True or False: some platforms allow one update

    assert len(mail.arrived()) == 1
    assert "Approved" in mail.read(mail.arrived()[0])


@kinds_where(lambda kit, kind: kind not in kit.updatable)
def test_what_cannot_be_replaced_is_left_alone(mail: MailSite, kind: DestinationKind) -> None:
    receipt = mail.send_to(kind, message("Approval needed"))
    before = mail.arrived()

    assert not mail.messenger().update(receipt.message_id, message("Approved"))
    assert mail.arrived() == before


@every_platform
def test_a_message_that_nobody_sent_cannot_be_replaced(mail: MailSite) -> None:
    assert not mail.messenger().update("", message())
    assert not mail.messenger().update("om_00000000000000000000000000000000", message())


# -- parcels


@every_kind
def test_messengers_keep_nothing_between_parcels(mail: MailSite, kind: DestinationKind) -> None:
    messenger, recipient = mail.messenger(), mail.recipient(kind)
    parcels: list[Parcel] = [mail.parcel(recipient, what=message(f"Number {number}")) for number in (1, 2)]

    for parcel in parcels:
        mail.later(70)
        assert all(receipt.is_sent for receipt in messenger.send(parcel))

    read = "\n".join(map(mail.read, mail.arrived()))
    assert "Number 1" in read
    assert "Number 2" in read
