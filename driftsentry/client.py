"""The client for CI: masks secrets on the machine that made the plan, sends, and says what it found.

Ends with 0 for no drift, 2 for drift, 1 for an error, as `terraform plan -detailed-exitcode` does.
"""

import gzip
import http.client
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote, urlencode, urlsplit

import click

from driftsentry import ingest

CHUNK = 64 * 1024
TIMEOUT_SECONDS = 120
DRIFT, FAILED = 2, 1


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--stack", required=True, help="The stack that was planned, such as prod/network.")
@click.option("--server", envvar="DRIFTSENTRY_SERVER", default="http://127.0.0.1:8000", show_default=True)
@click.option("--token", envvar="DRIFTSENTRY_TOKEN", required=True, help="Or set DRIFTSENTRY_TOKEN.")
@click.option("--run-id", default="", help="The CI run, for the history.")
@click.option("--run-url", default="", help="A link to the CI run.")
@click.option("--commit", default="", help="The commit that was planned.")
@click.option("--exit-code", type=int, help="The exit code of the plan; 1 says that it failed.")
@click.option("--complete/--incomplete", default=None, help="Whether a normal plan was refreshed and not targeted.")
@click.option("--duration", type=click.FloatRange(0, 1_728_000), help="How long the scan took, in seconds.")
@click.option("--format", help="The name of the format, where it cannot be found out.")
@click.option("--direction", type=click.Choice(["refresh", "preview"]), help="Of Pulumi: which command it was.")
def report(file: str, stack: str, server: str, token: str, complete: bool | None, **about: Any) -> None:
    """Send FILE (or - for standard input) as a report of a stack: what a tool printed, as it is.

    That is `terraform show -json PLAN`, the log of `terraform plan -json`, the JSON of driftctl, Pulumi,
    CloudFormation or Argo CD, or a plain report (docs/report-format.md). Sensitive values are masked before anything
    is sent.
    """
    raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    hints = ingest.Hints(about["format"], about["exit_code"], complete, about["direction"])
    try:
        masked = ingest.mask_document(ingest.unpack(raw, content_encoding=""), stack=stack, hints=hints)
    except ingest.Refused as refusal:
        _fail(refusal.message)
    query = {
        "runId": about["run_id"],
        "runUrl": about["run_url"],
        "commit": about["commit"],
        "exitCode": about["exit_code"],
        "complete": None if complete is None else str(complete).lower(),
        "duration": about["duration"],
    }
    asked = urlencode({name: value for name, value in query.items() if value not in ("", None)})
    answer = _post(server, f"/api/v1/stacks/{quote(stack)}/reports?{asked}", token, gzip.compress(masked, 6))
    _conclude(answer, stack, has_failed=about["exit_code"] not in (None, 0, DRIFT))


def _post(server: str, path: str, token: str, body: bytes) -> dict[str, Any]:
    """The decoded answer; ends the process when there is none, or a refusal."""
    parts = urlsplit(server)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        _fail(f"The server must be an address such as https://drift.example.com, not {server}")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=TIMEOUT_SECONDS)
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Content-Encoding": "gzip",
        "Content-Length": str(len(body)),
    }
    try:
        connection.request("POST", parts.path.rstrip("/") + path, body=_with_progress(body), headers=headers)
        response = connection.getresponse()
        text = response.read()
    except (OSError, http.client.HTTPException) as problem:
        _fail(f"{server} cannot be reached: {str(problem) or type(problem).__name__}")
    finally:
        connection.close()
    return _decoded(response.status, text)


def _decoded(status: int, text: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(text)
        if not answer["success"]:
            details = [f"{each['field']}: {each['message']}" for each in answer["error"]["details"]]
            _fail(" ".join([answer["error"]["message"], *details]))
        return dict(answer)
    except (ValueError, KeyError, TypeError):
        _fail(f"The server answered {status}, but not as DriftSentry does. Is the address right?")


def _with_progress(body: bytes) -> Iterator[bytes]:
    with click.progressbar(length=len(body), label="Sending", file=sys.stderr) as bar:
        for start in range(0, len(body), CHUNK):
            chunk = body[start : start + CHUNK]
            yield chunk
            bar.update(len(chunk))


def _conclude(answer: dict[str, Any], stack: str, *, has_failed: bool) -> NoReturn:
    counts, report_ = answer["data"]["drifts"], answer["data"]["report"]
    open_now = counts["detected"] + counts["changed"] + counts["reopened"] + counts["unchanged"]
    said = ", ".join(f"{amount} {name}" for name, amount in counts.items() if amount) or "no drift"
    click.echo(f"{stack}: {said}." + (" (this very report had come before)" if answer["meta"]["duplicate"] else ""))
    if not report_["complete"]:
        click.echo(f"Incomplete, so nothing was resolved: {report_['incompleteReason']}")
    # A plan that failed has not shown that there is no drift.
    sys.exit(DRIFT if open_now else FAILED if has_failed else 0)


def _fail(message: str) -> NoReturn:
    click.echo(f"Error: {message}", err=True)
    sys.exit(FAILED)
