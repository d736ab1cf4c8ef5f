"""`approval-gate tokens` and `approval-gate tenants`."""

from __future__ import annotations

from datetime import timedelta

import click

from cli.asking import confirm
from cli.gate import path
from cli.inputs import DURATION
from cli.run import Commands, Run
from cli.shown import moment

__all__ = ["tenants", "tokens"]

_TENANT = click.option("--tenant", help="Whose; your own tenant when left out.")
_YES = click.option("--yes", is_flag=True, help="Do not ask first.")


@click.group(cls=Commands)
def tokens() -> None:
    """API tokens, for pipelines and administrators."""


@tokens.command("create")
@click.option("--name", required=True, help="Who holds it; histories name them.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    help="What it may do, may be repeated: approvals:write, approvals:read, notifications:write, apps:admin, "
    "tokens:admin. A pipeline needs the first.",
)
@click.option("--expires-in", type=DURATION, help="Such as 90d; never when left out.")
@_TENANT
@click.pass_obj
def create_token(run: Run, name: str, scopes: tuple[str, ...], expires_in: int | None, tenant: str | None) -> None:
    """Issue a token and print it, once."""
    end = run.outside.now() + timedelta(seconds=expires_in) if expires_in is not None else None
    body = {
        "name": name,
        "scopes": list(scopes),
        **({"tenant": tenant} if tenant else {}),
        **({"expires_at": end.isoformat()} if end else {}),
    }
    issued = run.gate.send("POST", path("tokens"), body, repeatable=False).body
    run.terminal.document(issued)
    run.terminal.secret(str(issued["token"]))
    run.terminal.note(f"Shown once. Its id is {issued['id']}; `approval-gate tokens remove` ends it.")


@tokens.command("list")
@_TENANT
@click.pass_obj
def list_tokens(run: Run, tenant: str | None) -> None:
    """List tokens, oldest first; their values are not known to the gate either."""
    found = run.gate.get(path("tokens"), {"tenant": tenant}).body
    run.terminal.document(found)
    rows = [
        (
            each["id"],
            each["name"],
            " ".join(each["scopes"]),
            each["hint"],
            moment(each["created_at"]),
            moment(each["expires_at"]) or "never",
            moment(each["last_used_at"]) or "never",
        )
        for each in found["tokens"]
    ]
    run.terminal.table(
        ("id", "name", "scopes", "ends with", "created", "expires", "last used"), rows, "There are none."
    )


@tokens.command("remove")
@click.argument("token_id")
@_TENANT
@click.pass_obj
def remove_token(run: Run, token_id: str, tenant: str | None) -> None:
    """End a token."""
    run.gate.send("DELETE", path("tokens", token_id), query={"tenant": tenant}, repeatable=False)
    run.terminal.document({"removed": token_id})
    run.terminal.note("Removed.")


@click.group(cls=Commands)
def tenants() -> None:
    """Tenants: for whoever runs the installation (scope tenants:admin)."""


@tenants.command("create")
@click.argument("tenant_id")
@click.option("--name", default="", help="For people.")
@click.pass_obj
def create_tenant(run: Run, tenant_id: str, name: str) -> None:
    """Create a tenant. Its id becomes part of request addresses and can never be used again."""
    created = run.gate.send("POST", path("tenants"), {"id": tenant_id, "name": name}, repeatable=False).body
    run.terminal.document(created)
    run.terminal.facts({"id": created["id"], "name": created["name"], "created": moment(created["created_at"])})
    run.terminal.note(
        f"Its first token: approval-gate tokens create --tenant {created['id']} --name admin --scope apps:admin …"
    )


@tenants.command("list")
@click.pass_obj
def list_tenants(run: Run) -> None:
    """List all tenants of the installation."""
    found = run.gate.get(path("tenants")).body
    run.terminal.document(found)
    rows = [(each["id"], each["name"], moment(each["created_at"])) for each in found["tenants"]]
    run.terminal.table(("id", "name", "created"), rows, "There are none.")


@tenants.command("remove")
@click.argument("tenant_id")
@_YES
@click.pass_obj
def remove_tenant(run: Run, tenant_id: str, *, yes: bool) -> None:
    """Remove a tenant that has no apps left, and its tokens with it."""
    confirm(run, f"Remove tenant {tenant_id} and all its tokens? Its id can never be used again.", yes=yes)
    run.gate.send("DELETE", path("tenants", tenant_id), repeatable=False)
    run.terminal.document({"removed": tenant_id})
    run.terminal.note("Removed.")
