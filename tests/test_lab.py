"""Against the real thing: Terraform and its AWS provider make a stack, the AWS API changes it behind their back, the
plan is reported and decided on, Terraform puts it right, and the drifts are resolved. AWS itself is moto's.

It needs `terraform`, its AWS provider on this disk and `moto_server`. Where one of them is missing it is skipped, and
where LAB=0 is set. The provider is started once, for all that Terraform does: each start of its own would hash and load
700 MB.
"""

import asyncio
import contextlib
import faulthandler
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from tests.alerts.plans import REASON
from tests.servers import free_port
from tests.site import Site

STACK = Path(__file__).parent / "lab"
# Where people keep providers: the places that Terraform looks in, a cache that is set, and folders below /opt.
MIRRORS = (
    Path.home() / ".terraform.d/plugins",
    Path("/usr/local/share/terraform/plugins"),
    *filter(None, [os.environ.get("TF_PLUGIN_CACHE_DIR")]),
    *Path("/opt").glob("*"),
)
FIRST_SECRET, OTHER_SECRET = "lab-Leaky-Pass-one", "lab-Leaky-Pass-two"
ACCOUNT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-west-1"}
RUN_SECONDS = 240  # on a machine that does much else: the provider is a large program

pytestmark = pytest.mark.lab
T = TypeVar("T")


def aws_provider() -> Path | None:
    """The program; it lies in a mirror as `HOST/hashicorp/aws/VERSION/PLATFORM/terraform-provider-aws_*`."""
    for place in map(Path, MIRRORS):
        for found in place.glob("*/hashicorp/aws/*/*/terraform-provider-aws_*"):
            if os.access(found, os.X_OK):
                return found
    return None


def missing() -> str:
    """What a run needs and this machine has not."""
    if os.environ.get("LAB") == "0":
        return "LAB=0"
    programs = [name for name in ("terraform", "moto_server") if shutil.which(name) is None]
    return ", ".join([*programs, *(["the AWS provider of Terraform"] if aws_provider() is None else [])])


def environment(folder: Path, aws: str) -> dict[str, str]:
    """For Terraform and its provider: nothing of the machine's own. They may collect garbage seldom: it is half of
    what they compute."""
    told = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "AWS_ENDPOINT_URL": aws, "GOGC": "400"}
    return {"PATH": os.environ["PATH"], "HOME": str(folder)} | ACCOUNT | told


class Lab:
    """A folder with the stack, and an AWS to put it into. `attach`: where the provider waits, as Terraform reads it."""

    def __init__(self, folder: Path, aws: str, attach: str) -> None:
        self.aws = aws
        self.folder = folder
        self.env = environment(folder, aws) | {"TF_REATTACH_PROVIDERS": attach}
        shutil.copytree(STACK, folder / "stack")

    async def terraform(self, *words: str) -> bytes:
        """What it printed; it must succeed."""
        done = await asyncio.to_thread(
            subprocess.run,
            ["terraform", words[0], *(["-no-color"] if words[0] != "show" else []), *words[1:]],
            cwd=self.folder / "stack",
            env=self.env,
            capture_output=True,
            timeout=RUN_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout.decode()[-3000:] + done.stderr.decode()[-3000:]
        return bytes(done.stdout)

    def call(self, service: str, **about: object) -> httpx.Response:
        """A request to the AWS API. moto looks at the service in the signature, and not at the signature."""
        scope = f"Credential=test/20260101/eu-west-1/{service}/aws4_request"
        headers = {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=none"}
        headers |= about.pop("headers", {})  # type: ignore[call-overload]
        answer = httpx.post(self.aws, headers=headers, trust_env=False, timeout=30, **about)  # type: ignore[arg-type]
        assert answer.status_code == 200, answer.text
        return answer

    def open_ssh(self) -> None:
        """What somebody does in the console at night."""
        found = self.call("ec2", data={"Action": "DescribeSecurityGroups", "Version": "2016-11-15"}).text
        before_name = found[: found.index("<groupName>lab-web</groupName>")]
        group = before_name.rpartition("<groupId>")[2].partition("</groupId>")[0]
        rule = {"IpProtocol": "tcp", "FromPort": "22", "ToPort": "22", "IpRanges.1.CidrIp": "0.0.0.0/0"}
        asked = {"Action": "AuthorizeSecurityGroupIngress", "Version": "2016-11-15", "GroupId": group}
        self.call("ec2", data=asked | {f"IpPermissions.1.{name}": value for name, value in rule.items()})

    def change_secret(self) -> None:
        headers = {"X-Amz-Target": "AmazonSSM.PutParameter", "Content-Type": "application/x-amz-json-1.1"}
        asked = {"Name": "/lab/db_password", "Type": "SecureString", "Value": OTHER_SECRET, "Overwrite": True}
        self.call("ssm", json=asked, headers=headers)


@contextlib.contextmanager
def running(log: Path, *command: str, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env=env)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


def until(found: Callable[[], T], process: subprocess.Popen[bytes], log: Path) -> T:
    """What `found` finds, once it finds something."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if value := found():
            return value
        time.sleep(0.1)
    raise AssertionError(f"not ready: {log.read_text()[-3000:]}")


@contextlib.contextmanager
def running_lab(folder: Path) -> Iterator[Lab]:
    """Both start at once: an empty AWS, and the provider, which waits for Terraform to attach to it."""
    port = free_port()
    aws = f"http://127.0.0.1:{port}"
    moto_log, provider_log = folder / "moto.log", folder / "provider.log"

    def answers() -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{aws}/moto-api/", timeout=2, trust_env=False).is_success
        return False

    def attach() -> str:
        found = re.search(r"^\s*TF_REATTACH_PROVIDERS='(.+)'$", provider_log.read_text(), re.MULTILINE)
        return found[1] if found else ""

    with running(moto_log, "moto_server", "-H", "127.0.0.1", "-p", str(port)) as moto:
        with running(provider_log, str(aws_provider()), "-debug", env=environment(folder, aws)) as provider:
            until(answers, moto, moto_log)
            yield Lab(folder, aws, until(attach, provider, provider_log))


@pytest.mark.skipif(bool(missing()), reason=f"not here: {missing()}")
async def test_from_the_first_apply_to_the_resolved_drift(sqlite_site: Site, tmp_path: Path) -> None:
    faulthandler.cancel_dump_traceback_later()  # it may take minutes; every program below has a limit of its own
    site = sqlite_site
    with running_lab(tmp_path) as lab:
        await lab.terraform("init", "-input=false")
        await lab.terraform("apply", "-auto-approve", "-input=false")
        lab.open_ssh()
        lab.change_secret()

        await lab.terraform("plan", "-input=false", "-out=night.plan")
        response = await site.post_body(await lab.terraform("show", "-json", "night.plan"), "lab/web")
        answer = (await response.get_json())["data"]
        assert answer["report"]["complete"] is True
        assert answer["drifts"]["detected"] == 2
        await assert_seen_and_reject(site)

        await lab.terraform("apply", "-auto-approve", "-input=false", "night.plan")
        log = await lab.terraform("plan", "-refresh-only", "-input=false", "-json")
        response = await site.post_body(log, "lab/web", complete="true")
        assert (await response.get_json())["data"]["drifts"]["resolved"] == 2
    assert {row[0] for row in await site.rows("SELECT status FROM drifts WHERE cause = 'out_of_band'")} == {"resolved"}
    kept = repr(await site.tables())
    assert FIRST_SECRET not in kept
    assert OTHER_SECRET not in kept


async def assert_seen_and_reject(site: Site) -> None:
    """An engineer sees the open port and the secret that changed, and wants reality as the code says."""
    engineer = await site.as_engineer()
    opened, secret = await site.drift("aws_security_group.web"), await site.drift("aws_ssm_parameter.db_password")
    assert (opened["cause"], opened["severity"], opened["action"]) == ("out_of_band", "critical", "update")
    assert (secret["cause"], secret["action"]) == ("out_of_band", "update")
    assert "0.0.0.0/0" in await engineer.text(f"/drifts/{opened['id']}")
    page = await engineer.text(f"/drifts/{secret['id']}")
    assert "sensitive, changed" in page
    assert OTHER_SECRET not in page
    for drift in (opened, secret):
        form = {"verdict": "rejected", "reason": REASON, "fingerprint": drift["fingerprint"]}
        assert (await engineer.post(f"/drifts/{drift['id']}/decision", form)).status_code == 303
