"""
Routes of contacts: synchronise an app's people, and pick from them.

Pickers are for whoever may ask for an approval or send a message; synchronising costs calls and its report names
people, so both are the administrators'.
"""

from __future__ import annotations

from typing import Annotated, Any, Protocol

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from approval_gate.api.contacts import (
    ChatListBody,
    DepartmentListBody,
    SyncBody,
    SyncRequestBody,
    UserListBody,
    chat_list_view,
    department_list_view,
    place_of,
    sync_view,
    user_list_view,
)
from approval_gate.entrypoints.api import PROBLEMS, caller_of
from approval_gate.errors import AppNotFound
from approval_gate.ports import App
from approval_gate.services.contacts import ContactBook

__all__ = ["ContactsApi"]

_PICKERS = ("apps:admin", "approvals:write", "notifications:write")
_TAGS = ["contacts"]

AppId = Annotated[str, Path(description="The app's id, chosen at registration.", max_length=64)]
Typed = Annotated[str, Query(description="Name, its pinyin or initials, or an e-mail address.", max_length=100)]
OneDepartment = Annotated[str, Query(description="Only of this department and those below it.", max_length=128)]
Cursor = Annotated[str, Query(description="`next_cursor` of the page before.", max_length=600)]
Limit = Annotated[int, Query(ge=1, le=100)]
Parent = Annotated[str, Query(description="Empty: the top.", max_length=128)]


class RegisteredApps(Protocol):
    """The registered apps; see `store.apps.DynamoApps`."""

    def get(self, tenant: str, app_id: str) -> App | None:
        """Read one app of a tenant."""
        ...


class ContactsApi:
    """Synchronise contacts (scope `apps:admin`) and pick people, departments and chats (also `approvals:write`)."""

    def __init__(self, apps: RegisteredApps, book: ContactBook) -> None:
        self._apps = apps
        self._book = book

    def add_to(self, app: APIGatewayHttpResolver) -> None:
        """Add the routes; see `entrypoints.api.RouteGroup`."""

        def known(app_id: str, *scopes: str) -> App:
            caller = caller_of(app)
            caller.require(*scopes)
            found = self._apps.get(caller.tenant, app_id)
            if found is None:
                raise AppNotFound(f"There is no app {app_id!r}. GET /v1/apps lists your apps.")
            return found

        @app.post(
            "/v1/apps/<app_id>/contacts/sync",
            summary="Synchronise contacts",
            tags=_TAGS,
            responses=_answers(202, SyncBody),
        )
        def request_sync(app_id: AppId, body: SyncRequestBody | None = None) -> Response[SyncBody]:
            wanted = body or SyncRequestBody()
            sync = self._book.request_sync(
                known(app_id, "apps:admin"), daily=wanted.daily, confirm_leavers=wanted.confirm_leavers
            )
            return _json(202, sync_view(sync, None))

        @app.get(
            "/v1/apps/<app_id>/contacts/sync",
            summary="Read how far contacts are",
            tags=_TAGS,
            responses=_answers(200, SyncBody),
        )
        def sync(app_id: AppId) -> Response[SyncBody]:
            return _json(200, sync_view(*self._book.sync(known(app_id, "apps:admin"))))

        @app.get(
            "/v1/apps/<app_id>/contacts/users", summary="Find people", tags=_TAGS, responses=_answers(200, UserListBody)
        )
        def users(
            app_id: AppId, query: Typed = "", department: OneDepartment = "", cursor: Cursor = "", limit: Limit = 20
        ) -> Response[UserListBody]:
            page = self._book.people(
                known(app_id, *_PICKERS), query, department=department, after=place_of(cursor), limit=limit
            )
            return _json(200, user_list_view(list(page.found), page.departments, has_more=page.has_more))

        @app.get(
            "/v1/apps/<app_id>/contacts/departments",
            summary="List departments",
            tags=_TAGS,
            responses=_answers(200, DepartmentListBody),
        )
        def departments(app_id: AppId, parent: Parent = "") -> Response[DepartmentListBody]:
            return _json(200, department_list_view(self._book.departments(known(app_id, *_PICKERS), parent)))

        @app.get("/v1/apps/<app_id>/chats", summary="Find chats", tags=_TAGS, responses=_answers(200, ChatListBody))
        def chats(app_id: AppId, query: Typed = "") -> Response[ChatListBody]:
            return _json(200, chat_list_view(*self._book.chats(known(app_id, *_PICKERS), query)))


def _json[T](status: int, body: T) -> Response[T]:
    return Response(status_code=status, content_type="application/json", body=body)


def _answers(status: int, model: type) -> dict[int, Any]:
    shown = {"description": "Done.", "content": {"application/json": {"model": model}}}
    return {**PROBLEMS, status: shown}
