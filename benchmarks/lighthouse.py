"""What Lighthouse says of the pages on a telephone: `python -m benchmarks.lighthouse [page ...]`.

Needs `npm install --prefix benchmarks/peers/lighthouse` once, and Debian's chromium. A demo server of its own is looked
at as its admin. Lighthouse reckons what a slow telephone (4 x slower, 1.6 Mbit/s, 150 ms) would need, so its figures
hold only while nothing else runs on the machine. A score below what is asked for ends in exit code 1.
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from playwright.async_api import async_playwright

from driftsentry import ROOT
from driftsentry.auth.guards import COOKIE
from tests.servers import NO_TLS, free_port, running_server, server_environment

LIGHTHOUSE = ROOT / "benchmarks" / "peers" / "lighthouse" / "node_modules" / ".bin" / "lighthouse"
ASKED = {"performance": 95, "accessibility": 100, "best-practices": 100}
PAGES = {
    "login": "/login",
    "overview": "/",
    "drifts": "/drifts",
    "drift": "/drifts/{drift}",
    "stacks": "/stacks",
    "stack": "/stacks/{stack}",
    "report": "/reports/{report}",
    "alerts": "/alerts",
    "audit": "/audit",
    "account": "/account",
    "views": "/drifts/views",
    "ignore rules": "/ignore-rules",
    "users": "/admin/users",
    "sessions": "/admin/sessions",
    "tokens": "/admin/tokens",
    "rules": "/admin/rules",
    "status": "/admin/status",
}
ADMIN = {"email": "admin@driftsentry.local", "password": "admin123"}


@contextmanager
def demo_server(folder: Path) -> Iterator[str]:
    """The address of a server that has the demo data."""
    database = f"sqlite:///{folder / 'demo.db'}"
    environment = server_environment(database, folder, DRIFTSENTRY_ENV="demo")
    subprocess.run([sys.executable, "-m", "driftsentry", "demo"], cwd=ROOT, env=environment, check=True)
    with running_server(folder, database, DRIFTSENTRY_ENV="demo") as server:
        yield server.url


def sign_in(url: str) -> str:
    """The cookie of the admin."""
    with httpx.Client(base_url=url, timeout=60, trust_env=False, verify=NO_TLS) as client:
        answer = client.post("/login", data=ADMIN | {"next": "/"})
    return _found(f"{COOKIE}=([^;]+)", "\n".join(answer.headers.get_list("set-cookie")))


def places(url: str, cookie: str) -> dict[str, str]:
    """The addresses of PAGES; the drift is the most urgent one, the stack its own, the report the newest of that."""
    headers = {"Cookie": f"{COOKIE}={cookie}"}
    with httpx.Client(base_url=url, timeout=60, trust_env=False, verify=NO_TLS, headers=headers) as client:
        drift = _found('"/drifts/([0-9]+)"', client.get("/drifts").text)
        stack = _found('"/stacks/([^"]+)"', client.get(f"/drifts/{drift}").text)
        report = _found('"/reports/([^"]+)"', client.get(f"/stacks/{stack}").text)
    return {name: path.format(drift=drift, stack=stack, report=report) for name, path in PAGES.items()}


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"nothing is like {pattern} in {text[:300]}")
    return found[1]


def look(url: str, port: int) -> dict[str, Any]:
    """The report of Lighthouse, which uses the browser that listens at `port`: its cookies stay, its cache goes."""
    command = [
        str(LIGHTHOUSE), url, f"--port={port}", "--quiet", "--output=json",
        f"--only-categories={','.join(ASKED)}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, check=True, timeout=180, env=dict(os.environ))
    found: dict[str, Any] = json.loads(done.stdout)
    return found


async def browse(url: str, names: list[str]) -> bool:
    """Print a row for each page; whether all is as asked."""
    port, cookie, is_good = free_port(), await asyncio.to_thread(sign_in, url), True
    paths = await asyncio.to_thread(places, url, cookie)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch_persistent_context(
            "", executable_path=shutil.which("chromium"), args=["--no-sandbox", f"--remote-debugging-port={port}"]
        )
        print(f"| page | {' | '.join(ASKED)} | first paint | largest paint | blocked | shift | kB |")
        print("|---" * (len(ASKED) + 6) + "|")
        for name in names or paths:
            await browser.clear_cookies()
            if name != "login":
                kept: Any = {"name": COOKIE, "value": cookie, "secure": True, "httpOnly": True, "sameSite": "Lax"}
                await browser.add_cookies([kept | {"url": f"https://{urlsplit(url).netloc}"}])
            report = await asyncio.to_thread(look, url + paths[name], port)
            print(row(name, report), flush=True)
            is_good = tell_failures(report) and is_good
        await browser.close()
    return is_good


def row(name: str, report: dict[str, Any]) -> str:
    scores = [str(round(report["categories"][each]["score"] * 100)) for each in ASKED]
    audits = ("first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift")
    figures = [str(report["audits"][each]["displayValue"]).replace("\u00a0", " ") for each in audits]
    weight = report["audits"]["total-byte-weight"]["numericValue"] / 1000
    return f"| {' | '.join([name, *scores, *figures, f'{weight:.0f}'])} |"


def tell_failures(report: dict[str, Any]) -> bool:
    """Name what costs points, unless every score is as asked."""
    is_good = all(report["categories"][each]["score"] * 100 >= asked for each, asked in ASKED.items())
    for category in () if is_good else ASKED:
        for reference in report["categories"][category]["auditRefs"]:
            audit = report["audits"][reference["id"]]
            if reference["weight"] and audit["score"] is not None and audit["score"] < 0.9:
                print(f"  {category}: {audit['id']} {audit.get('displayValue', '')}", file=sys.stderr)
    return is_good


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, demo_server(Path(folder)) as url:
        sys.exit(0 if asyncio.run(browse(url, sys.argv[1:])) else 1)


if __name__ == "__main__":
    main()
