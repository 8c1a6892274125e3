"""What `make run` starts: settings if there are none, demo data if the database is empty, then the server."""

import os
import secrets
from pathlib import Path

from driftsentry import ROOT, cli, demo
from driftsentry.config import Config

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


def announce(settings: Config) -> None:
    lines = [f"DriftSentry is at {settings.base_url}"]
    if settings.environment == "demo":
        lines += ["", *[f"  {login}" for login in demo.LOGINS]]
    print("", *[f"  {line}" for line in lines], "", sep="\n", flush=True)  # noqa: T201


def main() -> None:
    env = ROOT / ".env"
    if not env.exists():
        make_settings(env)
    settings = cli.settings_or_exit()
    if settings.environment == "demo":  # never into a database that somebody means to use
        cli.fill_demo(settings)
    app = cli.app_or_exit()

    @app.before_serving
    async def started() -> None:
        announce(settings)

    cli.serve_app(app)


if __name__ == "__main__":
    main()
