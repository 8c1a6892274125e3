"""Each recipe of docs/ci-recipes.md is run as it stands there, with tools that print what was recorded; and arrives."""

import asyncio
import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from driftsentry import auth, client, events
from driftsentry.db import Database, Row
from driftsentry.stacks import recipes
from tests.recipe_tools import CI, FAILED, PLACES, PLAN, PRINTED, TOOLS
from tests.servers import Server, running_server


@dataclass
class Runner:
    """A machine of a CI: fake tools, a real curl, and a DriftSentry to report to."""

    server: Server
    folder: Path
    token: str

    def run(self, script: str, *shell: str, **more: str) -> subprocess.CompletedProcess[str]:
        """`script` in an empty folder; `more`: of the environment."""
        work = self.folder / "code"
        for place, name in PLACES.items():
            script = script.replace(place, str(self.folder / name))
        env = {"PATH": f"{self.folder}/bin:{os.environ['PATH']}", "no_proxy": "*", "FAKES": str(self.folder)}
        env |= CI | {"DRIFTSENTRY_TOKEN": self.token, "PLAN": str(PLAN), "FAIL": ""} | more
        (self.folder / "header").write_text(f"Authorization: Bearer {env['DRIFTSENTRY_TOKEN']}\n")
        return subprocess.run(
            [*shell, script], cwd=work, env=env, capture_output=True, text=True, timeout=30, check=False
        )

    def reports(self, slug: str) -> list[Row]:
        """What has arrived of a stack, oldest first, beside what is known of it."""

        async def read() -> list[Row]:
            db = Database(self.server.config.database_url)
            await db.connect()
            async with db.read() as tx:
                found = await tx.all(
                    "SELECT r.*, s.is_errored FROM reports r JOIN stacks s ON s.id = r.stack_id WHERE s.slug = :slug"
                    " ORDER BY r.id",
                    slug=slug,
                )
            await db.disconnect()
            return found

        return asyncio.run(read())


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    folder = tmp_path_factory.mktemp("recipes")
    (folder / "bin").mkdir()
    (folder / "code").mkdir()
    (folder / "failed.jsonl").write_text(FAILED)
    for name, printed in PRINTED.items():
        (folder / name).write_text(json.dumps(printed, indent=4))
    for name, script in TOOLS.items():
        (folder / "bin" / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / "bin" / name).chmod(0o755)
    with running_server(folder, f"sqlite:///{folder / 'test.db'}") as server:
        yield Runner(server, folder, asyncio.run(_token(server)))


async def _token(server: Server) -> str:
    db = Database(server.config.database_url)
    db.before_commit = events.Log(server.config.data_key).seal
    await db.connect()
    secret = (await auth.create_token(db, events.SYSTEM, "ci", ("*",), timedelta(days=1)))[1]
    await db.disconnect()
    return secret


def blocks(runner: Runner, title: str, slug: str) -> list[str]:
    """The recipe as the page of the stack shows it."""
    [found] = [each for each in recipes.recipes_for(slug, runner.server.url) if each.title == title]
    return list(found.blocks)


def github(text: str) -> tuple[str, tuple[str, ...]]:
    job = yaml.safe_load(text)["jobs"]["drift"]
    *_before, step = job["steps"]
    assert step["env"] == {"DRIFTSENTRY_TOKEN": "${{ secrets.DRIFTSENTRY_TOKEN }}"}
    return step["run"], ("bash", "-ec")


def gitlab(text: str) -> tuple[str, tuple[str, ...]]:
    [script] = yaml.safe_load(text)["drift"]["script"]
    return script, ("bash", "-eo", "pipefail", "-c")


def jenkins(text: str) -> tuple[str, tuple[str, ...]]:
    [script] = re.findall(r"sh '''(.*?)'''", text, flags=re.S)
    assert "\\" not in script, "Groovy would read it"
    return script, ("sh", "-xec")


def cron(text: str) -> tuple[str, tuple[str, ...]]:
    assert text.startswith("#!/bin/sh\n")
    return text, ("sh", "-c")


NIGHTLY = {"GitHub Actions": github, "GitLab CI": gitlab, "Jenkins": jenkins, "Plain cron": cron}


@pytest.mark.parametrize("title", NIGHTLY)
def test_a_nightly_job_reports_what_it_saw_and_what_went_wrong(runner: Runner, title: str) -> None:
    slug = "prod/" + title.split(maxsplit=1)[0].lower()
    (runner.folder / "code" / slug).mkdir(parents=True, exist_ok=True)
    script, shell = NIGHTLY[title](blocks(runner, title, slug)[0])
    done = runner.run(script, *shell)
    assert done.returncode == 0, done.stderr
    for what in ("init", "plan"):
        assert runner.run(script, *shell, FAIL=what).returncode == 1

    seen, no_init, no_plan = runner.reports(slug)
    assert (seen["format"], seen["mode"], seen["is_complete"]) == ("terraform_plan", "refresh_only", 1)
    assert seen["detected"] > 0
    assert seen["commit_hash"] == "c0ffee"
    assert seen["duration_ms"] is not None
    if title != "Plain cron":
        assert seen["run_id"] in ("41", "42", "43")
        assert re.fullmatch(r"https://\S+/(41|42|43)/?", seen["run_url"])
        assert runner.token not in done.stdout + done.stderr
    assert (no_init["format"], no_plan["format"]) == ("plain", "terraform_log")
    assert [report["is_complete"] for report in (no_init, no_plan)] == [0, 0]
    assert no_plan["is_errored"] == 1


def test_cron_is_silent_unless_something_went_wrong(runner: Runner) -> None:
    (runner.folder / "code/prod/silent").mkdir(parents=True, exist_ok=True)
    script, crontab = blocks(runner, "Plain cron", "prod/silent")
    assert crontab.splitlines()[-1].split()[5] in script
    done = runner.run(script, "sh", "-c")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    failed = runner.run(script, "sh", "-c", FAIL="plan")
    assert (failed.returncode, "no credentials" in failed.stderr) == (1, True)
    refused = runner.run(script, "sh", "-c", DRIFTSENTRY_TOKEN="dsk_wrong")
    assert (refused.returncode, "unknown" in refused.stderr) == (1, True)
    assert not list((runner.folder / "code/prod/silent").glob("plan.*")), "a plan holds secrets"

    amount = len(runner.reports("prod/silent"))
    lock = runner.folder / "code/prod/silent/.drift.lock"
    held = runner.run(f"flock {lock} sh -c '{_quoted(script)}'", "sh", "-c")
    assert (held.returncode, held.stdout) == (0, "")
    assert len(runner.reports("prod/silent")) == amount


def _quoted(script: str) -> str:
    return script.replace("'", "'\\''")


def test_atlantis_sends_the_plan_of_a_pull_request(runner: Runner) -> None:
    [text] = blocks(runner, "Atlantis", "prod/atlantis")
    steps = yaml.safe_load(text)["workflows"]["driftsentry"]["plan"]["steps"]
    assert steps[:2] == ["init", "plan"]
    files = {"PLANFILE": str(PLAN), "SHOWFILE": str(runner.folder / "show.json")}
    for step in steps[2:]:
        assert runner.run(step["run"]["command"], "sh", "-c", **files).returncode == 0
    [report] = runner.reports("prod/atlantis")
    assert (report["run_id"], report["commit_hash"]) == ("44", "c0ffee")
    assert report["run_url"] == CI["PULL_URL"]
    refused = runner.run(steps[-1]["run"]["command"], "sh", "-c", **files, DRIFTSENTRY_TOKEN="dsk_wrong")
    assert refused.returncode == 0, "a pull request does not wait for DriftSentry"


def others() -> dict[str, str]:
    """The scripts below "Other tools", by the first word above them."""
    section = recipes.DOCUMENT.read_text().split("\n## Other tools\n")[1].split("\n## ")[0]
    texts, scripts = re.split(r"```(?:sh\n)?", section)[::2], re.findall(r"```sh\n(.*?)```", section, re.S)
    words = [text.strip().split("\n\n")[-1].split()[0].strip(".") for text in texts[: len(scripts)]]
    return dict(zip(words, scripts, strict=True))


OTHERS = {
    "Pulumi": "pulumi", "CloudFormation": "cloudformation", "driftctl": "driftctl", "Argo": "argocd",
    "Anything": "plain",
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_other_tools_report_with_one_line(runner: Runner, name: str) -> None:
    script = others()[name].replace(recipes.SERVER, runner.server.url).replace(recipes.STACK, f"other/{name}")
    done = runner.run(script, "bash", "-ec")
    assert done.returncode == 0, done.stdout + done.stderr
    [report] = runner.reports(f"other/{name}")
    assert report["format"] == OTHERS[name]
    assert report["detected"] == (2 if name == "CloudFormation" else 1)
    assert report["is_complete"] == 1, report["incomplete_reason"]


def test_the_client_takes_every_format_and_says_what_the_address_would(runner: Runner) -> None:
    where = ["--server", runner.server.url, "--token", runner.token, "--stack"]
    pulumi = [str(runner.folder / "pulumi.json"), "--direction", "refresh", "--duration", "83.2", "--run-id", "42"]
    sent = CliRunner().invoke(client.report, [*pulumi, *where, "client/pulumi"])
    assert (sent.exit_code, sent.stdout) == (2, "client/pulumi: 1 detected.\n"), sent.stderr
    [report] = runner.reports("client/pulumi")
    assert (report["format"], report["duration_ms"], report["run_id"]) == ("pulumi", 83_200, "42")
    for name, asked in (("driftctl", "driftctl"), ("argocd", "argocd"), ("page2", "cloudformation")):
        words = [str(runner.folder / f"{name}.json"), "--format", asked, *where, f"client/{name}"]
        assert CliRunner().invoke(client.report, words).exit_code == 2, name
        assert [each["format"] for each in runner.reports(f"client/{name}")] == [asked]
    log = [str(runner.folder / "failed.jsonl"), "--exit-code", "1", *where, "client/log"]
    failed = CliRunner().invoke(client.report, log)
    assert (failed.exit_code, "the plan failed" in failed.stdout) == (1, True), failed.stderr
    [report] = runner.reports("client/log")
    assert (report["format"], report["is_complete"], report["is_errored"]) == ("terraform_log", 0, 1)

    for wrong, sentence in (
        (("--format", "yaml"), "no such format"),
        (("--direction", "up"), "direction"),
        ((), "direction"),
    ):
        refused = CliRunner().invoke(client.report, [pulumi[0], *wrong, *where, "client/x"])
        assert (refused.exit_code in (1, 2), sentence in refused.stderr) == (True, True), refused.stderr


def test_the_plan_of_an_assessment_is_fetched_from_hcp_terraform_and_sent(runner: Runner) -> None:
    section = recipes.DOCUMENT.read_text().split("\n## HCP Terraform\n")[1].split("\n## ")[0]
    [script] = re.findall(r"```sh\n(.*?)```", section, re.S)
    script = script.replace(recipes.SERVER, runner.server.url).replace(recipes.STACK, "other/hcp")
    done = runner.run(script, "bash", "-ec", TFE_TOKEN="x", TFE_WORKSPACE_ID="ws-1")
    assert done.returncode == 0, done.stdout + done.stderr
    [report] = runner.reports("other/hcp")
    assert (report["format"], report["run_id"], report["is_complete"]) == ("terraform_plan", "asmtres-9", 1)


def test_the_structure_of_the_files_is_what_the_tools_read() -> None:
    texts = {recipe.title: recipe.blocks[0] for recipe in recipes.documented()}
    actions = yaml.safe_load(texts["GitHub Actions"])
    assert set(actions) == {"name", True, "permissions", "jobs"}  # `on` is a word for true in YAML 1.1
    assert actions[True]["schedule"] == [{"cron": "17 3 * * *"}]
    uses = [step["uses"] for step in actions["jobs"]["drift"]["steps"] if "uses" in step]
    assert [each.partition("@")[0] for each in uses] == ["actions/checkout", "hashicorp/setup-terraform"]
    assert actions["jobs"]["drift"]["steps"][1]["with"] == {"terraform_wrapper": False}
    job = yaml.safe_load(texts["GitLab CI"])["drift"]
    assert set(job) == {"image", "rules", "before_script", "script"}
    assert job["image"]["entrypoint"] == [""]
    pipeline = texts["Jenkins"]
    assert pipeline.count("{") == pipeline.count("}")
    assert "credentials('driftsentry-token')" in pipeline


def test_every_recipe_fits_the_stack_and_server_of_its_page() -> None:
    for recipe in recipes.recipes_for("dev/a.b", "https://h.example.org"):
        text = "\n".join(recipe.blocks)
        assert "https://h.example.org/api/v1/stacks/dev/a.b/reports" in text
        assert recipes.STACK not in text
        assert recipes.SERVER not in text
