"""The command line. Each command is a few lines around the same verbs as the pages."""

import asyncio
import json
import os
import re
import secrets
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from driftsentry import ROOT, alerts, audit, client, create_app, demo, errors, log, migrations, overview, reports
from driftsentry.auth import Role, Scope, ci_tokens, people, queries, token_queries
from driftsentry.config import SETTINGS, Config, ConfigError
from driftsentry.db import Database
from driftsentry.events import SYSTEM, Log
from driftsentry.serve import Stopped
from driftsentry.serve import serve as serve_until_stopped
from driftsentry.web import DriftSentry

EX_CONFIG = 78
_AGE = re.compile(r"(\d{1,4})([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}
Result = TypeVar("Result")


def settings_or_exit() -> Config:
    """The settings of the environment and `.env`; ends the process with 78, saying all that is wrong."""
    try:
        return Config.from_env(os.environ, ROOT / ".env")
    except ConfigError as problem:
        _stop_for(problem)


def app_or_exit() -> DriftSentry:
    log.configure()
    return create_app(settings_or_exit())


def _stop_for(problem: ConfigError) -> NoReturn:
    click.echo("DriftSentry cannot start. Mend these settings in the environment or in .env:", err=True)
    for sentence in problem.problems:
        click.echo(f"  - {sentence}", err=True)
    sys.exit(EX_CONFIG)


def serve_app(app: DriftSentry) -> None:
    """Serve until SIGTERM. What keeps it from starting ends the process with 1 and a sentence."""
    try:
        import uvloop

        run: Callable[[Any], None] = uvloop.run
    except ImportError:  # there is none for Windows
        run = asyncio.run
    try:
        run(serve_until_stopped(app))
    except Stopped as problem:
        click.echo(f"DriftSentry stopped: {problem}", err=True)
        sys.exit(1)


def with_database(work: Callable[[Database], Awaitable[Result]]) -> Result:
    """Run `work` on the configured, migrated database; a refusal becomes a sentence and exit code 1."""
    settings = settings_or_exit()

    async def run() -> Result:
        db = Database(settings.database_url)
        db.before_commit = overview.before_commit(alerts.before_commit(Log(settings.data_key)))
        await db.connect()
        try:
            await migrations.migrate(db)
            return await work(db)
        finally:
            await db.disconnect()

    try:
        return asyncio.run(run())
    except (errors.Failure, migrations.SchemaTooNew) as refusal:
        raise click.ClickException(str(refusal)) from None


def known_head(_context: object, _parameter: object, value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"\d{1,18}:[0-9a-f]{64}", value):
        raise click.BadParameter("Give it as the log has it: the number, a colon, and the hash.")
    return value


def lifetime(_context: object, _parameter: object, value: str) -> timedelta:
    """`90d`, `12h` or `30m`."""
    match = _AGE.fullmatch(value)
    if match is None or int(match[1]) == 0:
        raise click.BadParameter("Give a number and a unit: 90d, 12h or 30m.")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


@click.group()
def main() -> None:
    """DriftSentry: the self-hosted inbox for infrastructure drift."""


@main.command()
def serve() -> None:
    """Serve the pages, the API and the live feed."""
    serve_app(app_or_exit())


def fill_demo(settings: Config) -> int:
    """Demo people where the settings allow them, and demo data if there are none; how many stacks were made."""

    async def fill(db: Database) -> int:
        if settings.environment == "demo":
            await people.ensure_demo_users(db)
        return await demo.fill(db, settings.data_key)

    return with_database(fill)


@main.command(name="demo")
def demo_command() -> None:
    """Fill an empty database with drifts to look at."""
    made = fill_demo(settings_or_exit())
    click.echo(f"Made {made} stacks." if made else "The database is not empty: nothing was added.")


main.add_command(client.report)


@main.group()
def user() -> None:
    """People who may sign in."""


@user.command("create")
@click.option("--email", required=True)
@click.option("--name", default="")
@click.option("--role", type=click.Choice([role.value for role in Role]), default="viewer", show_default=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of making one.")
def user_create(email: str, name: str, role: str, password_stdin: bool) -> None:
    """Make a user. Prints the password that was made for it, once; one that is given must not be a common one."""
    password = sys.stdin.readline().rstrip("\n") if password_stdin else secrets.token_urlsafe(18)
    called = name or email.partition("@")[0]
    with_database(lambda db: people.create_user(db, email, called, Role(role), password))
    click.echo(f"Made {email} with the role {role}." + ("" if password_stdin else f" Password: {password}"))


@user.command("list")
def user_list() -> None:
    """Everybody, with role and whether the account is active."""

    async def show(db: Database) -> None:
        async with db.read() as tx:
            for each in await queries.select_users(tx):
                state = "disabled" if not each.is_active else "active" if each.password_hash else "invited"
                click.echo(f"{each.email}  {each.role}  {state}  {each.name}")

    with_database(show)


@user.command("disable")
@click.argument("email")
def user_disable(email: str) -> None:
    """Refuse somebody everywhere at once: sessions and open pages end."""
    with_database(lambda db: people.disable_user(db, email))
    click.echo(f"Disabled {email}.")


@user.command("reset-password")
@click.argument("email")
def user_reset_password(email: str) -> None:
    """Give somebody a new password, printed once, and end all sessions."""
    password = secrets.token_urlsafe(18)
    with_database(lambda db: people.reset_password(db, email, password))
    click.echo(f"New password of {email}: {password}")


@main.group()
def token() -> None:
    """What CI jobs post reports with, and monitors read metrics with."""


@token.command("create")
@click.option("--name", required=True, help="What the token is for, such as the name of the pipeline.")
@click.option(
    "--scope", type=click.Choice([scope.value for scope in Scope]), default=Scope.REPORT.value, show_default=True
)
@click.option("--stacks", multiple=True, help="A glob of stacks it reports for, such as 'prod/*'. May be repeated.")
@click.option("--expires", default="90d", show_default=True, callback=lifetime, help="Such as 90d, 12h or 30m.")
@click.option("--json", "as_json", is_flag=True, help='Print {"token": ...} and nothing else.')
def token_create(name: str, scope: str, stacks: tuple[str, ...], expires: timedelta, as_json: bool) -> None:
    """Make a token. It is shown once and cannot be shown again."""
    made, secret = with_database(lambda db: ci_tokens.create_token(db, SYSTEM, name, stacks, expires, scope))
    if as_json:
        click.echo(json.dumps({"token": secret}))
        return
    what = ", ".join(made.stacks) or made.scope
    click.echo(f"{secret}\nFor {what}, until {made.expires_at:%Y-%m-%d}. It is not shown again.")
    if made.scope is Scope.REPORT:
        settings = settings_or_exit()
        click.echo(
            "\nFor notifications of HCP Terraform:\n"
            f"URL    {settings.base_url}/api/v1/notifications/{made.id}/STACK\n"
            f"Token  {reports.secret_of(settings.data_key, made.id)}"
        )


@token.command("list")
def token_list() -> None:
    """All tokens, without their secrets."""

    async def show(db: Database) -> None:
        async with db.read() as tx:
            for each in await token_queries.select_tokens(tx):
                state = "revoked" if each.revoked_at else f"until {each.expires_at:%Y-%m-%d}"
                used = f"last used {each.last_used_at:%Y-%m-%d}" if each.last_used_at else "never used"
                click.echo(f"{each.id}  {each.name}  {', '.join(each.stacks) or each.scope}  {state}  {used}")

    with_database(show)


@token.command("revoke")
@click.argument("name_or_id")
def token_revoke(name_or_id: str) -> None:
    """Refuse a token from now on."""
    if not with_database(lambda db: ci_tokens.revoke_token(db, SYSTEM, name_or_id)):
        raise click.ClickException(f"There is no living token {name_or_id}. `token list` shows them.")
    click.echo(f"Revoked {name_or_id}.")


@main.group(name="audit")
def audit_group() -> None:
    """The log of everything that happened."""


@audit_group.command("verify")
@click.option(
    "--head",
    metavar="SEQ:HASH",
    callback=known_head,
    help="A head from the server's log: finds a tail that was cut off since.",
)
def audit_verify(head: str | None) -> None:
    """Check the chain of events: finds edits, deletions, insertions, another order, and a cut tail."""
    key = settings_or_exit().data_key
    result = with_database(lambda db: audit.verify(db, Log(key), head))
    for problem in result.problems:
        click.echo(problem, err=True)
    if result.problems:
        raise click.ClickException(f"The log was tampered with: {len(result.problems)} problems.")
    click.echo(f"{result.entries:,} entries verified. Head: {result.head}")


@main.command()
def config() -> None:
    """The settings in force, without secrets."""
    settings = settings_or_exit()
    for line in re.sub(r"^Config\((.*)\)$", r"\1", repr(settings)).split(", "):
        click.echo(line)
    click.echo(f"({len(SETTINGS)} settings; {Path('docs/operate.md')} describes them.)")
