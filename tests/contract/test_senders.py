"""
What every provider's sender must do: open, read back, find people. A simulator of its platform is on the other side.

The simulators were written from the vendors' documents and are tested against the vendors' SDKs, not against our
senders: where the two disagree, one of them has misread the documents.
"""

from __future__ import annotations

import pytest

from approval_gate.domain.approval import Mode, Policy, Status, TaskStatus
from approval_gate.domain.quorum import judge
from approval_gate.domain.truth import TruthStatus
from approval_gate.errors import PeopleNotFound, ProviderRejected
from approval_gate.providers import registry
from tests.fakes.platform_site import PlatformSite
from tests.sender_kits import all_sender_kits

STAGES: dict[str, list[tuple[Mode, tuple[str, ...]]]] = {
    "one": [(Mode.ALL, ("lead",))],
    "all": [(Mode.ALL, ("lead", "qa", "ops"))],
    "any": [(Mode.ANY, ("lead", "qa", "ops"))],
    "sequence": [(Mode.SEQUENCE, ("qa", "lead", "ops"))],
    "three": [(Mode.ANY, ("lead", "qa")), (Mode.SEQUENCE, ("ops", "release")), (Mode.ALL, ("oncall", "qa"))],
}


def test_every_provider_has_a_sender_kit() -> None:
    assert sorted(kit.provider for kit in all_sender_kits()) == list(registry.provider_names())


# -- opening and reading


@pytest.mark.parametrize("stages", STAGES.values(), ids=STAGES)
def test_an_opened_approval_waits_for_those_who_were_named(
    site: PlatformSite, stages: list[tuple[Mode, tuple[str, ...]]]
) -> None:
    draft = site.draft(*stages)

    opened = site.sender().open_approval(draft, may_exist=False)
    truth = site.sender().read_truth(opened.ref)

    assert site.refs() == [opened.ref]
    assert (truth.ref, truth.status) == (opened.ref, TruthStatus.PENDING)
    assert truth.requester is not None
    assert truth.requester.is_same_person(draft.requester)
    asked = [task.person for task in truth.tasks if task.status is TaskStatus.PENDING]
    mode, names = stages[0]
    expected = draft.stages[0].approvers[: 1 if mode is Mode.SEQUENCE else len(names)]
    assert len(asked) == len(expected)
    assert all(any(one and one.is_same_person(other) for one in asked) for other in expected)
    assert judge(site.approval(draft, opened.ref), truth).status is Status.PENDING


@pytest.mark.parametrize("stages", STAGES.values(), ids=STAGES)
def test_what_everybody_approved_satisfies_the_request(
    site: PlatformSite, stages: list[tuple[Mode, tuple[str, ...]]]
) -> None:
    draft = site.draft(*stages)
    opened = site.sender().open_approval(draft, may_exist=False)
    site.approve_all(opened.ref)

    truth = site.sender().read_truth(opened.ref)
    verdict = judge(site.approval(draft, opened.ref), truth)

    assert truth.status is TruthStatus.APPROVED
    assert (verdict.status, verdict.detail) == (Status.APPROVED, {})
    assert verdict.comment == "同意 ok"
    named = [person for stage in draft.stages for person in stage.approvers]
    assert verdict.decided_by
    assert all(any(person.is_same_person(other) for other in named) for person in verdict.decided_by)


def test_one_of_any_suffices_and_is_named(site: PlatformSite) -> None:
    draft = site.draft((Mode.ANY, ("lead", "qa", "ops")))
    opened = site.sender().open_approval(draft, may_exist=False)
    site.decide(opened.ref, "approve", "qa")

    verdict = judge(site.approval(draft, opened.ref), site.sender().read_truth(opened.ref))

    assert verdict.status is Status.APPROVED
    (person,) = verdict.decided_by
    assert person.is_same_person(draft.stages[0].approvers[1])


def test_one_of_all_is_progress_and_no_decision(site: PlatformSite) -> None:
    draft = site.draft((Mode.ALL, ("lead", "qa")))
    opened = site.sender().open_approval(draft, may_exist=False)
    site.decide(opened.ref, "approve", "qa")

    truth = site.sender().read_truth(opened.ref)

    assert truth.status is TruthStatus.PENDING
    by_status = {task.status: task.person for task in truth.tasks if task.person}
    assert by_status.keys() == {TaskStatus.APPROVED, TaskStatus.PENDING}
    assert by_status[TaskStatus.APPROVED].is_same_person(draft.stages[0].approvers[1])
    assert by_status[TaskStatus.PENDING].is_same_person(draft.stages[0].approvers[0])


@pytest.mark.parametrize("mode", Mode)
def test_a_rejection_tells_who_and_why(site: PlatformSite, mode: Mode) -> None:
    draft = site.draft((mode, ("lead", "qa")), (Mode.ALL, ("ops",)))
    opened = site.sender().open_approval(draft, may_exist=False)
    site.decide(opened.ref, "reject", "lead", comment="没有回滚方案: no rollback plan")

    truth = site.sender().read_truth(opened.ref)
    verdict = judge(site.approval(draft, opened.ref), truth)

    assert truth.status is TruthStatus.REJECTED
    assert (verdict.status, verdict.comment) == (Status.REJECTED, "没有回滚方案: no rollback plan")
    (person,) = verdict.decided_by
    assert person.is_same_person(draft.stages[0].approvers[0])


def test_a_transfer_is_seen_as_one_and_counts_if_the_request_lets_it(site: PlatformSite) -> None:
    draft = site.draft((Mode.ALL, ("lead", "qa")))
    (release,) = site.people("release")
    opened = site.sender().open_approval(draft, may_exist=False)
    site.decide(opened.ref, "transfer", "lead", to="release", comment="please")

    handed = next(task for task in site.sender().read_truth(opened.ref).tasks if task.status is TaskStatus.TRANSFERRED)
    site.approve_all(opened.ref)
    truth = site.sender().read_truth(opened.ref)

    assert handed.person
    assert handed.person.is_same_person(draft.stages[0].approvers[0])
    assert handed.transferred_to
    assert handed.transferred_to.is_same_person(release)
    allowed = judge(site.approval(draft, opened.ref, Policy(allow_transfer=True)), truth)
    refused = judge(site.approval(draft, opened.ref, Policy(allow_transfer=False)), truth)
    assert (allowed.status, refused.status) == (Status.APPROVED, Status.REJECTED)
    assert any(person.is_same_person(release) for person in allowed.decided_by)


def test_an_approval_the_platform_does_not_know_is_no_decision(site: PlatformSite) -> None:
    site.sender().open_approval(site.draft(), may_exist=False)

    with pytest.raises(ProviderRejected):
        site.sender().read_truth("A7E2B6C1-58D3-4F0A-8B9C-6D1E2F304152")


# -- people


def test_everyone_who_is_unknown_is_named_at_once_with_field_and_remedy(site: PlatformSite) -> None:
    one, other = site.kit.strangers
    refs = [site.ref(one, "stages[0].approvers[0]"), site.ref("lead"), site.ref(other, "cc[1]")]

    with pytest.raises(PeopleNotFound) as caught:
        site.sender().find_people(refs)

    assert [(each.field, each.given) for each in caught.value.problems] == [
        ("stages[0].approvers[0]", one),
        ("cc[1]", other),
    ]
    assert all(each.problem and each.remedy.endswith(".") for each in caught.value.problems)


def test_people_come_in_the_order_they_were_asked_for(site: PlatformSite) -> None:
    names = ("qa", "lead", "qa", "dev")

    found = site.people(*names)

    assert [found.index(person) for person in found] == [0, 1, 0, 3]
