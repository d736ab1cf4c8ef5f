"""
Approval instances: create, cancel, copy, list, and every change of one.

Source: "Create an approval instance", "Withdraw an approval instance", "Copy an approval instance", "List instance
codes" and the FAQ, read 2026-02-28.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from local.simulators.feishu.answers import Problem, invalid, success
from local.simulators.feishu.call import FeishuCall, page_of
from local.simulators.feishu.definitions import Definitions
from local.simulators.feishu.drafts import Drafts
from local.simulators.feishu.events import Events
from local.simulators.feishu.flow import Flow
from local.simulators.feishu.identities import Identities
from local.simulators.feishu.model import Definition, Instance
from local.simulators.frame.platform import Simulation
from local.simulators.frame.store import Collection
from local.simulators.frame.web import ApiAnswer

__all__ = ["Instances"]

_LONGEST_WINDOW_MS = 10 * 3600 * 1000


class Instances:
    """The instances of the tenant."""

    def __init__(
        self, simulation: Simulation, identities: Identities, definitions: Definitions, events: Events
    ) -> None:
        self._simulation, self._identities, self._definitions = simulation, identities, definitions
        self._events, self._drafts = events, Drafts(simulation, identities)
        self._instances = Collection(
            simulation.store, "feishu_instances", Instance, key="code", indexed=("uuid_key", "approval_code", "reverts")
        )

    def get(self, code_or_uuid: str) -> Instance | None:
        """Return the instance of that code, or of the uuid given at its creation."""
        return self._instances.get(code_or_uuid) or self._instances.first(uuid_key=code_or_uuid.lower() or None)

    def required(self, code_or_uuid: str) -> Instance:
        """Return the instance or refuse as the platform does."""
        found = self.get(code_or_uuid)
        if found is None:
            raise Problem(1390003)
        return found

    def all(self, limit: int = -1) -> list[Instance]:
        """Return instances, newest first."""
        return self._instances.find(newest_first=True, limit=limit)

    def definition(self, instance: Instance) -> Definition:
        """Return the definition as it was when the instance was started."""
        return self._definitions.version(instance.definition_ref)

    def save(self, instance: Instance) -> None:
        """Keep an instance that changed without its flow moving."""
        self._instances.put(instance)

    @contextmanager
    def change(self, instance: Instance) -> Iterator[Flow]:
        """Move an instance; afterwards it is saved and its subscribers are told."""
        definition = self.definition(instance)
        flow = Flow(
            definition,
            instance,
            self._simulation.people,
            self._simulation.ids,
            now_ms=self._simulation.clock.told_ms(),
            remove_repeat=bool(self._simulation.switch("remove_repeat")),
        )
        yield flow
        self._instances.put(instance)
        self._events.tell(definition, instance, flow.notices, self._definitions.subscribers(instance.approval_code))
        if instance.reverts and instance.status == "APPROVED":
            revoked = self.required(instance.reverts)
            with self.change(revoked) as reversal:
                reversal.revert(instance.starter)

    def create(self, call: FeishuCall) -> ApiAnswer:
        """POST /instances."""
        definition = self._definitions.required(call.body.get("approval_code"))
        if definition.status != "ACTIVE":
            raise Problem(1390015)
        draft = self._drafts.read(call, definition)
        if draft.uuid_key and self._instances.first(uuid_key=draft.uuid_key) is not None:
            raise Problem(int(self._simulation.switch("uuid_conflict_code")))
        draft.serial_number = self._serial_number()
        with self.change(draft) as flow:
            flow.start()
        return success({"instance_code": draft.code})

    def cancel(self, call: FeishuCall) -> ApiAnswer:
        """POST /instances/cancel."""
        self._definitions.required(call.text("approval_code"))
        instance = self.required(call.text("instance_code"))
        by = self._identities.resolve(call.app, call.text("user_id"), call.user_id_type(), unknown=1390004)
        self.withdraw(instance, by)
        return success({})

    def withdraw(self, instance: Instance, by: str) -> None:
        """
        Take a pending instance back, or ask for the revocation of an approved one.

        What the platform answers where withdrawal is not allowed was not seen; 1390001 is assumed, 1390009 for others
        than the starter.
        """
        settings = self.definition(instance).settings
        if by != instance.starter:
            raise Problem(1390009, "only the starter can withdraw", status=403)
        if self._identities.is_bot(by) and not self._simulation.switch("bot_may_withdraw"):
            raise Problem(1390009, "an instance started by a bot can not be withdrawn", status=403)
        if instance.forbid_revoke:
            raise invalid("the instance can not be withdrawn (forbid_revoke)")
        if instance.status == "APPROVED" and not instance.reverts:
            self._start_revocation(instance, settings.revert_interval)
        elif instance.status != "PENDING":
            raise invalid(f"the instance is {instance.status}")
        elif settings.revert_option == 0 and instance.node > 0:
            raise invalid("the instance can not be withdrawn after its first node passed (revert_option)")
        else:
            with self.change(instance) as flow:
                flow.withdraw(by)

    def revert(self, instance: Instance, by: str) -> None:
        """Revoke an approved instance at once, as if its revocation had been approved."""
        self._check_revocable(instance, self.definition(instance).settings.revert_interval)
        with self.change(instance) as flow:
            flow.revert(by)

    def copy(self, call: FeishuCall) -> ApiAnswer:
        """POST /instances/cc."""
        self._definitions.required(call.text("approval_code"))
        instance = self.required(call.text("instance_code"))
        id_type = call.user_id_type()
        by = self._identities.resolve(call.app, call.text("user_id"), id_type)
        users = [self._identities.resolve(call.app, one, id_type) for one in call.texts("cc_user_ids")]
        if not users:
            raise invalid("cc_user_ids is required")
        with self.change(instance) as flow:
            flow.copy_to(users, by, call.text("comment", required=False))
        return success({})

    def codes(self, call: FeishuCall) -> ApiAnswer:
        """GET /instances: codes of one definition's instances started in a window of 10 hours at most."""
        definition = self._definitions.required(call.query.get("approval_code"))
        start, end = call.query.get("start_time", ""), call.query.get("end_time", "")
        if not start.isdecimal() or not end.isdecimal():
            raise invalid("start_time and end_time are required, in milliseconds")
        if not 0 <= int(end) - int(start) <= _LONGEST_WINDOW_MS:
            raise invalid("the window of start_time and end_time must not exceed 10 hours")
        found = [
            instance.code
            for instance in self._instances.find(approval_code=definition.code)
            if int(start) <= instance.start_ms <= int(end)
        ]
        items, page = page_of(call, found, default=100, largest=100)
        return success({"instance_code_list": items, **page})

    def _start_revocation(self, approved: Instance, revert_interval_s: int) -> None:
        """
        Start the approval of a revocation: an instance of its own that names the one to revoke.

        The documentation says that an approved instance "goes back to review"; the read interface has
        `reverted_instance_code` for instances that revoke another.
        """
        self._check_revocable(approved, revert_interval_s)
        revocation = Instance(
            code=self._simulation.ids.uuid(),
            approval_code=approved.approval_code,
            definition_ref=approved.definition_ref,
            app_id=approved.app_id,
            starter=approved.starter,
            serial_number=self._serial_number(),
            start_ms=self._simulation.clock.told_ms(),
            form=approved.form,
            approvers=approved.approvers,
            department_id=approved.department_id,
            title=approved.title,
            texts=approved.texts,
            default_locale=approved.default_locale,
            reverts=approved.code,
        )
        with self.change(revocation) as flow:
            flow.start()

    def _check_revocable(self, instance: Instance, revert_interval_s: int) -> None:
        if instance.status != "APPROVED":
            raise invalid(f"the instance is {instance.status}, not APPROVED")
        age_s = self._simulation.clock.now_s() - instance.end_ms / 1000
        if revert_interval_s == 0 or age_s > revert_interval_s:
            raise invalid("an approved instance of this definition can not be revoked any more (revert_interval)")
        if any(other.status == "PENDING" for other in self._instances.find(reverts=instance.code)):
            raise invalid("the revocation of this instance is pending already")

    def _serial_number(self) -> str:
        day = datetime.fromtimestamp(self._simulation.clock.told_ms() / 1000, UTC).strftime("%Y%m%d")
        return f"{day}{self._simulation.values.increment(f'feishu_serial:{day}'):04d}"
