"""The calls that are simulated, with the permission points stated on their pages (read 2026-02-28)."""

from functools import partial

from local.simulators.dingtalk.contacts import Contacts
from local.simulators.dingtalk.departments import Departments
from local.simulators.dingtalk.details import Details
from local.simulators.dingtalk.failed_events import FailedEvents
from local.simulators.dingtalk.forms import Forms
from local.simulators.dingtalk.gateway import RouteRule
from local.simulators.dingtalk.instances import Instances
from local.simulators.dingtalk.notifications import Notifications
from local.simulators.dingtalk.robots import Robots
from local.simulators.dingtalk.tasks import Tasks

__all__ = ["approval_routes", "contact_routes", "message_routes", "other_routes"]

_WORKFLOW = "/v1.0/workflow"
_FORM_READ, _FORM_WRITE = "Workflow.Form.Read", "Workflow.Form.Write"
_READ, _WRITE = "Workflow.Instance.Read", "Workflow.Instance.Write"
_ROBOT = "/v1.0/robot"
_SEND = "qyapi_robot_sendmsg"
_WORK_NOTICE = "/topapi/message/corpconversation"
_DEPARTMENTS, _MEMBERS, _MEMBER = "qyapi_get_department_list", "qyapi_get_department_member", "qyapi_get_member"


def approval_routes(forms: Forms, instances: Instances, details: Details, tasks: Tasks) -> list[RouteRule]:
    """Return the routes of workflow 1.0."""
    return [
        RouteRule("POST", f"{_WORKFLOW}/forms", forms.save, _FORM_WRITE),
        RouteRule("GET", f"{_WORKFLOW}/forms/schemas/processCodes", forms.schema, _FORM_READ),
        RouteRule("GET", f"{_WORKFLOW}/processCentres/schemaNames/processCodes", forms.named, _FORM_READ),
        RouteRule("GET", f"{_WORKFLOW}/processes/userVisibilities/templates", forms.visible, _FORM_READ),
        RouteRule("GET", f"{_WORKFLOW}/processes/managements/templates", forms.manageable, _FORM_READ),
        RouteRule("POST", f"{_WORKFLOW}/processInstances", instances.create, _WRITE),
        RouteRule("GET", f"{_WORKFLOW}/processInstances", details.read, _READ),
        RouteRule("POST", f"{_WORKFLOW}/processes/instanceIds/query", instances.ids, _READ),
        RouteRule("POST", f"{_WORKFLOW}/processInstances/terminate", instances.terminate, _WRITE),
        RouteRule("POST", f"{_WORKFLOW}/processInstances/execute", tasks.execute, _WRITE),
        RouteRule("POST", f"{_WORKFLOW}/processInstances/comments", tasks.comment, _WRITE),
        RouteRule("POST", f"{_WORKFLOW}/tasks/redirect", tasks.redirect, _WRITE),
        RouteRule("GET", f"{_WORKFLOW}/processes/todoTasks/numbers", tasks.count, _READ),
    ]


def contact_routes(contacts: Contacts, departments: Departments) -> list[RouteRule]:
    """Return the routes of contacts; they are not counted against the monthly quota."""
    rule = partial(RouteRule, "POST", is_counted=False)
    return [
        rule("/topapi/v2/user/get", contacts.user, _MEMBER),
        rule("/topapi/v2/user/getbymobile", contacts.by_mobile, "qyapi_get_member_by_mobile"),
        rule("/topapi/user/getbyunionid", contacts.by_union_id, _MEMBER),
        rule("/topapi/user/listid", contacts.ids_of_department, _MEMBER),
        rule("/topapi/user/listsimple", contacts.names_of_department, _MEMBERS),
        rule("/topapi/v2/user/list", contacts.users_of_department, _MEMBERS),
        rule("/topapi/user/listadmin", contacts.admins, _MEMBER),
        rule("/topapi/user/count", contacts.count, _MEMBER),
        rule("/topapi/v2/department/listsub", departments.below, _DEPARTMENTS),
        rule("/topapi/v2/department/listsubid", departments.ids_below, _DEPARTMENTS),
        rule("/topapi/v2/department/get", departments.read, _DEPARTMENTS),
        rule("/topapi/v2/department/listparentbydept", departments.above, _DEPARTMENTS),
        rule("/topapi/v2/department/listparentbyuser", departments.above_user, _DEPARTMENTS),
        RouteRule("GET", "/auth/scopes", departments.scopes, is_counted=False),
    ]


def message_routes(notifications: Notifications, robots: Robots) -> list[RouteRule]:
    """Return the routes of work notifications and of the app's robot."""
    notice = partial(RouteRule, "POST")
    return [
        notice(f"{_WORK_NOTICE}/asyncsend_v2", notifications.send),
        notice(f"{_WORK_NOTICE}/getsendprogress", notifications.progress),
        notice(f"{_WORK_NOTICE}/getsendresult", notifications.result),
        notice(f"{_WORK_NOTICE}/recall", notifications.recall),
        notice(f"{_WORK_NOTICE}/status_bar/update", notifications.update_status_bar),
        RouteRule("POST", f"{_ROBOT}/oToMessages/batchSend", robots.send_to_people, _SEND),
        RouteRule("POST", f"{_ROBOT}/otoMessages/batchRecall", robots.recall, _SEND),
        RouteRule("GET", f"{_ROBOT}/oToMessages/readStatus", robots.read_status, _SEND),
        RouteRule("POST", f"{_ROBOT}/groupMessages/send", robots.send_to_group, _SEND),
        RouteRule("POST", f"{_ROBOT}/groupMessages/recall", robots.recall, _SEND),
    ]


def other_routes(failed_events: FailedEvents) -> list[RouteRule]:
    """Return what is left."""
    return [RouteRule("GET", "/call_back/get_call_back_failed_result", failed_events.listed)]
