"""`approval-gate apps`: register the platforms' applications, find out why one does not work, rotate its secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TextIO

import click

from cli.app_views import callbacks_of, check, show_app
from cli.asking import confirm, from_file
from cli.consoles import CONSOLES, Said
from cli.exits import Misused
from cli.gate import path
from cli.inputs import DURATION, LIMIT, PERSON, UNLIMITED
from cli.onboarding import (
    ask_for_credentials,
    ask_for_late_fields,
    ask_for_new_values,
    ask_for_requester,
    register,
    show_next_steps,
)
from cli.run import Commands, Run
from cli.shown import moment

__all__ = ["apps"]

_LANG = click.option(
    "--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Language of questions and advice."
)
_CREDENTIALS = click.option(
    "--credentials-file",
    type=click.File(encoding="utf-8"),
    help='The console\'s values as JSON, such as {"app_id": "cli_…", "app_secret": "…"}; - is standard input.',
)
_SETTINGS = [
    click.option("--name", help="For people."),
    click.option("--default-requester", type=PERSON, help="In whose name, unless a request says it."),
    click.option("--base-url", help="Where the platform's API is reached, for a proxy or a simulator."),
    click.option(
        "--callbacks",
        type=click.Choice(["http", "none"]),
        help="none: the platform cannot reach the gate; outcomes are asked for instead.",
    ),
    click.option(
        "--max-pause",
        "max_pause_s",
        type=DURATION,
        help="With --callbacks none: the longest pause between two looks at an approval (30m).",
    ),
    click.option(
        "--calls-per-month",
        type=LIMIT,
        help="With --callbacks none: how many looks a month all approvals together may take (2000).",
    ),
    click.option(
        "--file",
        "file",
        type=click.File(encoding="utf-8"),
        help="More as JSON, as the API takes it (robots, user_mapping, …); - is standard input; options go before it.",
    ),
]


def _settings[F](command: F) -> F:
    for option in reversed(_SETTINGS):
        command = option(command)  # type: ignore[type-var] # click's decorators take functions and commands
    return command


@click.group(cls=Commands)
def apps() -> None:
    """
    Applications on the platforms.

    Secrets are never taken from the command line, where other users of the machine and the shell's history see them:
    they are asked for, or come from --credentials-file.
    """


@apps.command("add")
@click.argument("app_id")
@click.option("--provider", help=f"The platform: {', '.join(CONSOLES)}.")
@_CREDENTIALS
@_settings
@click.option("--check/--no-check", "wants_check", default=None, help="Check it afterwards; asked when left out.")
@_LANG
@click.pass_obj
def add_app(  # noqa: PLR0913 - one parameter per option
    run: Run,
    /,
    *,
    app_id: str,
    provider: str | None,
    credentials_file: TextIO | None,
    file: TextIO | None,
    wants_check: bool | None,
    lang: str,
    **given: Any,
) -> None:
    """
    Register an app, named as you like.

    Asks for what the platform's console shows, and where; prints the request address to paste there and what to press
    next. With --credentials-file nothing is asked.
    """
    body = {**from_file(file), "id": app_id}
    provider = provider or body.get("provider")
    is_asking = credentials_file is None and "credentials" not in body
    if is_asking and not run.can_ask:
        raise Misused("Nobody can be asked for the credentials here: give --credentials-file.")
    if not provider:
        if not is_asking:
            raise Misused(f"Which platform? Give --provider: {', '.join(CONSOLES)}.")
        provider = click.prompt(
            Said("Which platform?", "哪个平台？").to(lang), type=click.Choice(list(CONSOLES)), err=True
        )
    body |= {"provider": provider, **_chosen(given, body.get("reconciliation"))}
    if credentials_file is not None:
        body["credentials"] = from_file(credentials_file)
    if is_asking:
        body["credentials"] = ask_for_credentials(run, provider, lang)
        if "default_requester" not in body and (who := ask_for_requester(lang)):
            body["default_requester"] = who
    app = register(run, body, lang)
    run.terminal.line(Said(f"Registered {app['id']}.", f"已登记 {app['id']}。").to(lang), fg="green")
    show_next_steps(run, app, lang)
    if is_asking and not app["callbacks_ready"] and app["callbacks"] == "http":
        app = ask_for_late_fields(run, app, lang)
    if wants_check is None and is_asking:
        wants_check = click.confirm(
            Said("\nCheck it now, when that is done?", "\n完成后，现在检查吗？").to(lang), default=True, err=True
        )
    run.terminal.document(app)
    if wants_check:
        check(run, app_id, lang)
    else:
        run.terminal.note(
            Said(f"Then: approval-gate apps check {app_id}", f"然后运行：approval-gate apps check {app_id}").to(lang)
        )


@apps.command("list")
@click.pass_obj
def list_apps(run: Run) -> None:
    """List the apps of your tenant."""
    found = run.gate.get(path("apps")).body
    run.terminal.document(found)
    rows = [
        (each["id"], each["provider"], each["name"], callbacks_of(each), moment(each["callback_seen_at"]) or "never")
        for each in found["apps"]
    ]
    run.terminal.table(
        ("id", "provider", "name", "callbacks", "last callback"),
        rows,
        "There are none. `approval-gate apps add` registers one.",
    )


@apps.command("show")
@click.argument("app_id")
@click.pass_obj
def show_one(run: Run, app_id: str) -> None:
    """Show one app; its secrets are never shown."""
    show_app(run, run.gate.get(path("apps", app_id)).body)


@apps.command("change")
@click.argument("app_id")
@_settings
@click.pass_obj
def change_app(run: Run, /, *, app_id: str, file: TextIO | None, **given: Any) -> None:
    """Change an app's settings; what is left out stays. Credentials change with `apps rotate`."""
    body = from_file(file)
    asking = body.get("reconciliation")
    if asking is None and _names_reconciliation(given):
        asking = run.gate.get(path("apps", app_id)).body["reconciliation"]  # what is left out stays
    body = {**body, **_chosen(given, asking)}
    if not body:
        raise Misused("What is to change? See --help.")
    show_app(run, run.gate.send("PUT", path("apps", app_id), body).body)


@apps.command("check")
@click.argument("app_id")
@_LANG
@click.pass_obj
def check_app(run: Run, app_id: str, lang: str) -> None:
    """
    Find out why an app does not work: ✓ right, ! look at it, ✗ wrong; below each what to press and where.

    Exit code 4 when something is wrong.
    """
    check(run, app_id, lang)


@apps.command("rotate")
@click.argument("app_id")
@click.option("--field", "names", multiple=True, help="Which value to replace, may be repeated; asked for.")
@_CREDENTIALS
@click.option("--overlap", "overlap_s", type=DURATION, help="How long replaced keys still prove callbacks (1d).")
@click.option("--end-overlap", is_flag=True, help="Replaced keys prove nothing from now on; changes nothing else.")
@_LANG
@click.pass_obj
def rotate_app(  # noqa: PLR0913 - one parameter per option
    run: Run,
    *,
    app_id: str,
    names: Sequence[str],
    credentials_file: TextIO | None,
    overlap_s: int | None,
    end_overlap: bool,
    lang: str,
) -> None:
    """
    Replace an app's secrets, or add those that were left out.

    Callbacks proven by the old keys are accepted for a day, so that none is lost while both sides change.
    """
    if end_overlap:
        if names or credentials_file or overlap_s is not None:
            raise Misused("--end-overlap goes alone.")
        show_app(run, run.gate.send("PUT", path("apps", app_id), {"overlap_s": 0}).body)
        return
    if credentials_file is not None and names:
        raise Misused("Give --field or --credentials-file, not both.")
    if credentials_file is not None:
        credentials = from_file(credentials_file)
    elif run.can_ask:
        credentials = ask_for_new_values(run, app_id, names, lang)
    else:
        raise Misused("Nobody can be asked for the new values here: give --credentials-file.")
    if not credentials:
        raise Misused("No new value was given; nothing was changed.")
    body = {"credentials": credentials, **({"overlap_s": overlap_s} if overlap_s is not None else {})}
    show_app(run, run.gate.send("PUT", path("apps", app_id), body).body)


@apps.command("remove")
@click.argument("app_id")
@click.option("--force", is_flag=True, help="Also while approvals are pending, which then fail.")
@click.option("--yes", is_flag=True, help="Do not ask first.")
@click.pass_obj
def remove_app(run: Run, app_id: str, *, force: bool, yes: bool) -> None:
    """Remove an app and its secrets."""
    confirm(run, f"Remove {app_id} and its secrets?", yes=yes)
    query = {"force": True} if force else None
    run.gate.send("DELETE", path("apps", app_id), query=query, repeatable=False)
    run.terminal.document({"removed": app_id})
    run.terminal.note("Removed.")


def _chosen(given: Mapping[str, Any], asking: Mapping[str, Any] | None) -> dict[str, Any]:
    """
    Return what was given as the API takes it.

    Args:
        asking: the app's `reconciliation` so far, as far as known; options change fields of it.
    """
    chosen = {name: value for name, value in given.items() if value is not None}
    if _names_reconciliation(given):
        most = chosen.pop("calls_per_month", None)
        changed = {"calls_per_month": None if most == UNLIMITED else int(most)} if most is not None else {}
        changed |= {"max_pause_s": chosen.pop("max_pause_s")} if "max_pause_s" in chosen else {}
        chosen["reconciliation"] = {**(asking or {}), **changed}
    return chosen


def _names_reconciliation(given: Mapping[str, Any]) -> bool:
    return given.get("max_pause_s") is not None or given.get("calls_per_month") is not None
