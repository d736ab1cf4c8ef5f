"""
Register an app by asking for what the platform's console shows, in the platform's words.

What the gate objects to is asked for again, with the gate's own reason, until it is content; so a field that this
version does not know can be given too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from typing import Any

import click

from cli.consoles import CONSOLES, Field, Said
from cli.exits import Misused, Refused
from cli.gate import path
from cli.inputs import PERSON
from cli.run import Run

__all__ = [
    "ask_for_credentials",
    "ask_for_late_fields",
    "ask_for_new_values",
    "ask_for_requester",
    "register",
    "show_next_steps",
]

_PREFIX = "credentials."
_TRIES = 5


def ask_for_credentials(run: Run, provider: str, lang: str) -> dict[str, str]:
    """Ask for a console's fields, but for those on the page of the request address, which is not known yet."""
    console = CONSOLES.get(provider)
    if console is None:
        return {}
    run.terminal.note(
        Said(
            f"{console.title.en}: open {console.url} and the app in it. What you type as a secret is not shown.",
            f"{console.title.zh}：打开 {console.url} 并进入该应用。输入密钥时不会显示。",
        ).to(lang)
    )
    return _asked_for(run, (each for each in console.fields if not each.on_address_page), lang)


def ask_for_late_fields(run: Run, app: dict[str, Any], lang: str) -> dict[str, Any]:
    """Ask for what the page of the request address shows, before it is saved there."""
    fields = [each for each in _fields_of(app) if each.on_address_page]
    if not fields:
        return app
    run.terminal.note(
        Said(
            "\nThat page also shows these. Give them here first, then save there. Enter: later, with `apps rotate`.",
            "\n该页面还会显示以下内容。请先填到这里，再在页面上保存；也可回车跳过，稍后使用 apps rotate。",
        ).to(lang)
    )
    late = _asked_for(run, fields, lang)
    return run.gate.send("PUT", path("apps", app["id"]), {"credentials": late}).body if late else app


def ask_for_new_values(run: Run, app_id: str, names: Sequence[str], lang: str) -> dict[str, str]:
    """
    Ask for new values of a registered app's fields, of all its secrets unless some are named.

    Raises:
        Misused: a name that its console does not know.
        Refused: no such app.
    """
    app = run.gate.get(path("apps", app_id)).body
    fields = _fields_of(app)
    if unknown := sorted(set(names) - {each.name for each in fields}):
        raise Misused(f"{', '.join(unknown)}: choose from {', '.join(each.name for each in fields) or 'none'}.")
    chosen = [each for each in fields if (each.name in names if names else each.is_secret)]
    run.terminal.note(Said("Enter keeps a value as it is.", "回车表示保持不变。").to(lang))
    found: dict[str, str] = {}
    for each in chosen:
        place = f"{each.label.to(lang)} · {each.where.to(lang)}"
        value: str = click.prompt(place, default="", show_default=False, hide_input=each.is_secret, err=True)
        if value.strip():
            found[each.name] = value.strip()
    return found


def _asked_for(run: Run, fields: Iterable[Field], lang: str) -> dict[str, str]:
    """Ask for some fields, each with the place where it is found."""
    found: dict[str, str] = {}
    place = ""
    for field in fields:
        if field.where.to(lang) != place:
            place = field.where.to(lang)
            run.terminal.note(f"\n{place}", bold=True)
        label = field.label.to(lang)
        if not field.is_required:
            label += Said(" (Enter: leave out)", "（回车跳过）").to(lang)
        value = _asked(label, is_secret=field.is_secret, is_required=field.is_required)
        if value:
            found[field.name] = value
    return found


def ask_for_requester(lang: str) -> dict[str, str] | None:
    """Ask in whose name approvals are opened, until it is a person; None when every request says it itself."""
    text = Said(
        "\nIn whose name are approvals asked for, unless a request says it? An e-mail address, a mobile number or "
        "user_id:… (Enter: every request says it)",
        "\n默认以谁的名义发起审批？填写邮箱、手机号或 user_id:…（回车：由每个请求指定）",
    )

    def person(given: str) -> dict[str, str] | None:
        return PERSON.convert(given.strip(), None, None) if given.strip() else None

    found: dict[str, str] | None = click.prompt(
        text.to(lang), default="", show_default=False, value_proc=person, err=True
    )
    return found


def register(run: Run, body: MutableMapping[str, Any], lang: str) -> dict[str, Any]:
    """
    Register the app, asking again for every credential that the gate objects to.

    Raises:
        Refused: the gate objects to something else, or nobody can be asked, or still after five tries.
    """
    for remaining in reversed(range(_TRIES)):
        try:
            return run.gate.send("POST", path("apps"), body, repeatable=False).body
        except Refused as refused:
            wrong = [(name, what) for name, what in refused.errors if name.startswith(_PREFIX)]
            can_mend = refused.status == 400 and wrong and len(wrong) == len(refused.errors)
            if not can_mend or not run.can_ask or not remaining:
                raise
            run.terminal.note("")
            body["credentials"] = _mended(run, body, wrong, lang)
    raise AssertionError  # the last try returned or raised


def show_next_steps(run: Run, app: Mapping[str, Any], lang: str) -> None:
    """Print the request address, and what to press next on the platform."""
    run.terminal.line(Said("Request address:", "请求地址：").to(lang), bold=True)
    run.terminal.line(f"  {app['callback_url']}")
    if app.get("callbacks") == "none":
        return
    console = CONSOLES.get(str(app["provider"]))
    for number, step in enumerate(console.next_steps if console else (), start=1):
        run.terminal.line(f"  {number}. {step.to(lang)}")


def _fields_of(app: Mapping[str, Any]) -> tuple[Field, ...]:
    console = CONSOLES.get(str(app["provider"]))
    return console.fields if console else ()


def _mended(run: Run, body: Mapping[str, Any], wrong: Iterable[tuple[str, str]], lang: str) -> dict[str, str]:
    known = {field.name: field for field in _fields_of(body)}
    mended: dict[str, str] = dict(body["credentials"])
    for path_in_body, what in wrong:
        name = path_in_body.removeprefix(_PREFIX)
        run.terminal.error(f"{name} {what}.")
        if what.startswith("is unknown"):
            mended.pop(name, None)
            continue
        field = known.get(name)
        label = field.label.to(lang) if field else name
        mended[name] = _asked(label, is_secret=field is None or field.is_secret, is_required=True)
    return mended


def _asked(label: str, *, is_secret: bool, is_required: bool) -> str:
    """Ask on standard error, so that standard output holds results only."""
    for _ in range(_TRIES):
        value: str = click.prompt(label, default="", show_default=False, hide_input=is_secret, err=True)
        if value.strip() or not is_required:
            return value.strip()
    raise Misused(f"{label} is required; nothing was given.")
