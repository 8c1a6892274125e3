"""The application, put together: named steps, and nothing else."""

import asyncio
import os
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from driftsentry import (
    ROOT,
    alerts,
    answers,
    auth,
    drifts,
    errors,
    events,
    limits,
    migrations,
    overview,
    reports,
    rules,
    security,
    site,
    stacks,
)
from driftsentry.admin import connect_pages, sessions_pages, status_pages, tokens_pages, users_pages
from driftsentry.alerts import fragments as alert_fragments
from driftsentry.alerts import pages as alert_pages
from driftsentry.api import downloads, v1
from driftsentry.audit import pages as audit_pages
from driftsentry.auth import account_pages, guards, link_pages, setup_pages
from driftsentry.auth import pages as auth_pages
from driftsentry.clockwork import keep_up
from driftsentry.config import Config
from driftsentry.db import Database
from driftsentry.drifts import bulk_pages, detail_pages, snooze_pages, view_pages
from driftsentry.drifts import fragments as drift_fragments
from driftsentry.drifts import pages as drift_pages
from driftsentry.live import changes_pages
from driftsentry.live import pages as live_pages
from driftsentry.live import programs as live_programs
from driftsentry.live.handover import Handover
from driftsentry.live.hub import Hub
from driftsentry.live.messages import describe
from driftsentry.live.presence import Presence, Timing
from driftsentry.live.pushing import Pages
from driftsentry.metrics import pages as metrics_pages
from driftsentry.overview import fragments as overview_fragments
from driftsentry.overview import pages as overview_pages
from driftsentry.reports import pages as report_pages
from driftsentry.rules import admin_pages as admin_rule_pages
from driftsentry.rules import pages as rule_pages
from driftsentry.serve import mend_sockets
from driftsentry.stacks import fragments as stack_fragments
from driftsentry.stacks import pages as stack_pages
from driftsentry.tail import Tail
from driftsentry.web import DriftSentry

PATROL_SECONDS = 30


def create_app(settings: Config | None = None) -> DriftSentry:
    """The whole application. Raises `ConfigError` when the settings do not allow a start."""
    app = DriftSentry(__name__, static_folder=None, root_path=str(ROOT))
    app.settings = settings or Config.from_env(os.environ, ROOT / ".env")
    app.secret_key = app.settings.secret_key
    _quiet_warnings()
    _connect(app)
    security.install(app)
    limits.install(app)
    guards.install(app)
    answers.install(app)
    _register(app)
    mend_sockets()
    app.before_serving(partial(_start, app))
    app.after_serving(partial(_stop, app))
    return app


def _quiet_warnings() -> None:
    # quart-auth warns on each plain-http answer with a cookie; browsers take Secure cookies from loopback.
    warnings.filterwarnings("ignore", message="Secure cookies will be ignored", module="quart_auth")


def _connect(app: DriftSentry) -> None:
    """One database, one log, and one tail of it that tells the pages."""
    app.db = Database(app.settings.database_url)
    app.db.before_commit = overview.before_commit(alerts.before_commit(events.Log(app.settings.data_key)))
    app.tail = Tail(app.db)
    app.db.after_commit = app.tail.poke
    app.count_waiting = drifts.count_waiting
    app.count_unread = alerts.count_unread
    draws = (
        drift_fragments.draw,
        stack_fragments.draw,
        stack_fragments.draw_held,
        overview_fragments.draw,
        alert_fragments.draw,
    )
    app.extensions["large_reports"] = reports.LargeReports() if hasattr(os, "fork") else None
    pages = Pages(app.db, draws, (alert_fragments.draw_unread, alert_fragments.draw_read))
    hub = Hub(app.db, app.tail, pages, describe, silence=app.settings.live_silence_seconds)
    timing = Timing.of(app.settings.live_presence_seconds, app.settings.live_ping_seconds)
    presence = Presence(app.db, hub, timing)
    app.tail.wakes.append(presence.wake)
    app.extensions |= {"hub": hub, "presence": presence}
    app.asgi_app = Handover(app.asgi_app)  # type: ignore[method-assign]


def _register(app: DriftSentry) -> None:
    pages = (
        site,
        auth_pages,
        overview_pages,
        drift_pages,
        bulk_pages,
        view_pages,
        downloads,
        detail_pages,
        snooze_pages,
        rule_pages,
        alert_pages,
        stack_pages,
        report_pages,
        audit_pages,
        live_pages,
        live_programs,
        changes_pages,
    )
    doors = (setup_pages, link_pages, account_pages, metrics_pages)
    admin = (connect_pages, users_pages, sessions_pages, tokens_pages, admin_rule_pages, status_pages)
    for blueprint in (*[page.blueprint for page in (*pages, *doors, *admin)], *v1.BLUEPRINTS):
        app.register_blueprint(blueprint)


async def _start(app: DriftSentry) -> None:
    """All of it, or nothing: then nothing is left behind, for an open connection would keep the process from ending."""
    try:
        await _bring_up(app)
    except BaseException as problem:
        await _stop(app)
        if isinstance(problem, errors.Failure | migrations.SchemaTooNew):
            app.refusal = _sentence(problem)
        raise


def _sentence(problem: Exception) -> str:
    cause = str(problem.__cause__ or "").partition("\n")[0]
    return f"{problem} ({cause})" if cause else str(problem)


async def _bring_up(app: DriftSentry) -> None:
    await app.db.connect()
    await migrations.migrate(app.db)
    await site.check_writable(app.db)
    if app.settings.environment == "demo":
        await auth.ensure_demo_users(app.db)
    await auth.offer_setup(app.db, app.settings)
    await app.tail.start()
    app.extensions["hub"].start()
    app.extensions["clockwork"] = [
        keep_up("live.beat", partial(_every, app.settings.live_ping_seconds, app.extensions["hub"].beat)),
        keep_up("live.pump", app.extensions["hub"].pump),
        keep_up("live.presence", app.extensions["presence"].run),
        keep_up("patrol", partial(_patrol, app)),
    ]


async def _stop(app: DriftSentry) -> None:
    clockwork = app.extensions.pop("clockwork", [])
    for task in clockwork:
        task.cancel()
    await asyncio.gather(*clockwork, return_exceptions=True)
    await app.extensions["hub"].close()
    await app.extensions["presence"].stop()
    if app.extensions["large_reports"]:
        await app.extensions["large_reports"].close()
    await app.tail.stop()
    await app.db.disconnect()


async def _every(seconds: float, act: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(seconds)
        act()


async def _patrol(app: DriftSentry) -> None:
    """What only time brings: approvals lapse, stacks fall silent, and sessions of open sockets run out."""
    hub = app.extensions["hub"]
    while True:
        with suppress(errors.Unavailable):  # the next round finds the same
            await drifts.lapse(app.db)
            await drifts.wake_due(app.db)
            await rules.end_due(app.db, app.settings.data_key)
            await stacks.note_silence(app.db)
            hub.end_sessions(await auth.dead_sessions(app.db, app.settings, hub.session_ids()))
        await asyncio.sleep(PATROL_SECONDS)
