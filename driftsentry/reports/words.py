"""What came, in words for people."""

from driftsentry.reports.model import Report

FORMATS = {
    "terraform_plan": "plan",
    "terraform_log": "log of a plan, without values",
    "driftctl": "scan",
    "pulumi": "preview",
    "cloudformation": "drift detection",
    "argocd": "managed resources",
    "plain": "report",
    "hcp_notification": "notification",
}
_MODES = {"refresh_only": "refresh-only ", "destroy": "destroy "}
_TOOLS = {
    "terraform": "Terraform",
    "opentofu": "OpenTofu",
    "pulumi": "Pulumi",
    "cloudformation": "CloudFormation",
    "argocd": "Argo CD",
    "hcp": "HCP Terraform",
}


def source_of(report: Report) -> str:
    """`Terraform 1.11.4, refresh-only plan`. The tool's name and version are its own."""
    tool = " ".join(filter(None, [_TOOLS.get(report.tool, report.tool), report.tool_version]))
    mode = _MODES.get(report.mode, "") if report.format.startswith("terraform") else ""
    what = mode + FORMATS.get(report.format, report.format)
    return f"{tool}, {what}" if tool else what


def result_of(report: Report) -> str:
    """`2 new, 1 closed`; `nothing new`."""
    numbers = (
        (report.detected, "new"),
        (report.changed, "changed"),
        (report.reopened, "reopened"),
        (report.resolved, "closed"),
    )
    if report.announced:
        return f"counted {report.announced:,}"
    return ", ".join(f"{number:,} {word}" for number, word in numbers if number) or "nothing new"


def time_of(milliseconds: int | None) -> str:
    """`85 ms`, `1.8 s`, `42 s`, `12 min 5 s`; '' for what nobody said."""
    if milliseconds is None:
        return ""
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    if milliseconds < 10_000:
        return f"{milliseconds / 1000:.1f} s"
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    return f"{minutes:,} min {seconds} s" if minutes else f"{seconds} s"
