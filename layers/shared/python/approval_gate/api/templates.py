"""Bodies of the templates API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from approval_gate.api.notifications import Locale
from approval_gate.domain.message import LOCALES, Level
from approval_gate.domain.template import Template, Words

__all__ = ["TemplateBody", "TemplateListBody", "TemplateRequestBody", "template_view"]

_Title = Annotated[str, StringConstraints(min_length=1, max_length=500)]
_Body = Annotated[str, StringConstraints(max_length=10_000)]
_Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]


class TemplateRequestBody(BaseModel):
    """
    Words with holes: `{{ service }}`, `{% if %}`, one level of `{% for %}`, and a few filters.

    `title` and `text` are by language, or one text for all languages. `variables` declares all that may be used; a
    notification gives each of them. Values are text and cannot become Markdown.
    """

    model_config = ConfigDict(extra="forbid")

    title: _Title | Annotated[dict[Locale, _Title], Field(min_length=1)]
    text: _Body | dict[Locale, _Body] = ""
    variables: Annotated[list[_Variable], Field(max_length=50)] = Field(default_factory=list)
    level: Level = Level.INFO

    @model_validator(mode="after")
    def _same_languages(self) -> Self:
        titles = set(self.title) if isinstance(self.title, dict) else None
        texts = set(self.text) if isinstance(self.text, dict) else None
        if titles is not None and texts is not None and titles != texts:
            raise ValueError("title and text must have the same languages")
        if taken := {"loop", "self"}.intersection(self.variables):
            raise ValueError(f"{taken.pop()} is no name for a variable")
        return self

    def to_domain(self, tenant: str, name: str) -> Template:
        """Return the template as the core knows it."""
        named = self.title if isinstance(self.title, dict) else self.text if isinstance(self.text, dict) else LOCALES
        return Template(
            tenant=tenant,
            name=name,
            variables=tuple(dict.fromkeys(self.variables)),
            words={
                locale: Words(
                    self.title if isinstance(self.title, str) else self.title[locale],  # type: ignore[index] # a Locale, see `named`
                    self.text if isinstance(self.text, str) else self.text[locale],  # type: ignore[index] # the same
                )
                for locale in named
            },
            level=self.level,
        )


class TemplateBody(BaseModel):
    """One template."""

    name: str
    variables: list[str]
    title: dict[str, str]
    text: dict[str, str]
    level: Level
    updated_at: datetime | None


class TemplateListBody(BaseModel):
    """All templates of a tenant, by name."""

    templates: list[TemplateBody]


def template_view(template: Template) -> TemplateBody:
    """Return a template as the public API shows it."""
    return TemplateBody(
        name=template.name,
        variables=list(template.variables),
        title={locale: words.title for locale, words in template.words.items()},
        text={locale: words.text for locale, words in template.words.items()},
        level=template.level,
        updated_at=template.updated_at,
    )
