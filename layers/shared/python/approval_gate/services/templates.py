"""Keep a tenant's message templates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from approval_gate.domain.template import Template
from approval_gate.errors import FieldProblem, NotFound, RequestError

__all__ = ["TemplateKeeper", "Templates"]

MAX_TEMPLATES = 200


class Templates(Protocol):
    """Templates in the table."""

    def put(self, template: Template) -> None:
        """Store or replace one."""
        ...

    def get(self, tenant: str, name: str) -> Template | None:
        """Read one."""
        ...

    def list(self, tenant: str) -> tuple[Template, ...]:
        """Return all of a tenant by name."""
        ...

    def delete(self, tenant: str, name: str) -> None:
        """Remove one; none is as good."""
        ...


class TemplateKeeper:
    """Check templates before they are stored."""

    def __init__(
        self,
        templates: Templates,
        problems_of: Callable[[Template], tuple[FieldProblem, ...]],
        clock: Callable[[], datetime],
    ) -> None:
        self._templates = templates
        self._problems_of = problems_of
        self._clock = clock

    def put(self, template: Template) -> Template:
        """
        Store a template.

        Raises:
            RequestError: names each place and what is wrong there.
        """
        if problems := self._problems_of(template):
            raise RequestError("The template must change.", problems=problems)
        if self._templates.get(template.tenant, template.name) is None and self._count(template) >= MAX_TEMPLATES:
            raise RequestError(f"There are {MAX_TEMPLATES} templates already: delete one first.")
        template = replace(template, updated_at=self._clock())
        self._templates.put(template)
        return template

    def get(self, tenant: str, name: str) -> Template:
        """
        Return one template.

        Raises:
            NotFound: there is none of that name.
        """
        template = self._templates.get(tenant, name)
        if template is None:
            text = f"There is no template {name!r}. GET /v1/templates lists yours."
            raise NotFound(text, code="template_not_found")
        return template

    def list(self, tenant: str) -> tuple[Template, ...]:
        """Return all templates by name."""
        return self._templates.list(tenant)

    def delete(self, tenant: str, name: str) -> None:
        """
        Remove a template; notifications that used it keep their words.

        Raises:
            NotFound: there is none of that name.
        """
        self._templates.delete(tenant, self.get(tenant, name).name)

    def _count(self, template: Template) -> int:
        return len(self._templates.list(template.tenant))
