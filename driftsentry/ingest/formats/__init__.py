"""One module for each kind of report. A plan of Terraform is turned into a `Scan`, all others into a `Survey`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from driftsentry.ingest.formats import argocd, cloudformation, driftctl, plain, pulumi, terraform_log, terraform_plan
from driftsentry.ingest.model import Hints, Refused
from driftsentry.ingest.survey import Survey


class Read(Protocol):
    """`documents`: UTF-8, each one JSON document. Raises Refused."""

    def __call__(self, documents: Sequence[bytes], *, hints: Hints) -> Survey: ...


READERS: Mapping[str, Read] = {
    terraform_log.FORMAT: terraform_log.read,
    driftctl.FORMAT: driftctl.read,
    pulumi.FORMAT: pulumi.read,
    cloudformation.FORMAT: cloudformation.read,
    argocd.FORMAT: argocd.read,
    plain.FORMAT: plain.read,
}

# How people call what `format=` may say, in the order of the documentation.
TITLES: Mapping[str, str] = {
    terraform_plan.FORMAT: "a plan of Terraform or OpenTofu",
    terraform_log.FORMAT: "a log of Terraform or OpenTofu",
    driftctl.FORMAT: "a scan of driftctl",
    pulumi.FORMAT: "a preview of Pulumi",
    cloudformation.FORMAT: "drift results of CloudFormation",
    argocd.FORMAT: "resources of Argo CD",
    plain.FORMAT: "a report in DriftSentry's own format",
}


def require_known(name: str | None) -> str | None:
    """The format that the sender named, None where it is to be found out. Raises Refused (415) for an unknown one."""
    if not name or name in TITLES:
        return name or None
    message = f"There is no such format. Known are {', '.join(TITLES)}. Leave `format` away to have it found out."
    raise Refused(415, "UNSUPPORTED_FORMAT", message)
