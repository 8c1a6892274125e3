"""What `make run` starts: settings if there are none, demo data if the database is empty, then the server."""

import os
import secrets
from pathlib import Path

from driftsentry import ROOT, cli, demo
from driftsentry.config import Config
from driftsentry.web import DriftSentry

SECRETS = ("SECRET_KEY", "JWT_SECRET", "DATA_KEY")


def make_settings(path: Path) -> None:
    """Write `.env` from `.env.example` with fresh secrets, readable by its owner only."""
    values = {name: secrets.token_urlsafe(48) for name in SECRETS} | {"DRIFTSENTRY_ENV": "demo"}
    lines = []
    for line in (ROOT / ".env.example").read_text().splitlines():
        name = line.lstrip("# ").partition("=")[0]
        lines.append(f"{name}={values[name]}" if name in values else line)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join(lines) + "\n")


async def _announce(app: DriftSentry, settings: Config) -> None:
    print(f"\n  DriftSentry is at {settings.base_url}\n", flush=True)  # noqa: T201
    if settings.environment == "demo":
        for line in demo.LOGINS:
            print(f"    {line}", flush=True)  # noqa: T201
        print(flush=True)  # noqa: T201


def main() -> None:
    env = ROOT / ".env"
    if not env.exists():
        make_settings(env)
    app = cli.app_or_exit()
    settings = app.settings

    @app.before_serving
    async def prepare() -> None:
        await demo.fill(app.db, settings.data_key)
        await _announce(app, settings)

    cli.serve_app(app)


if __name__ == "__main__":
    main()
