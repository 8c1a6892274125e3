"""No phantom among the detected, no real drift among the informational: by address, for every recorded shop.

What is real was decided from what people did to the stacks while they were recorded (for `story` by the scripts that
made it), not from what the program says of them.
"""

import pytest

from driftsentry.ingest import Finding
from tests.ingest import samples

# `story`: a first plan after an apply shows empty values, and two attributes that repeat a resource of their own. Then
# somebody opens ssh, tags the network and slows a queue; rewrites a policy, sets another password and deletes a topic;
# suspends the versioning of a bucket and shortens a retention, while ssh is closed again; and opens ssh once more.
_NIGHT = {"aws_security_group.web", "aws_vpc.main", 'module.queue["emails"].aws_sqs_queue.this'}
_MORE = {"aws_iam_role_policy.app", "aws_ssm_parameter.db_password", "aws_sns_topic.events"}
_LAST = {"aws_s3_bucket_versioning.assets", "aws_cloudwatch_log_group.app[1]"}
_ROLE, _BUCKET = "aws_iam_role.app", "aws_s3_bucket.assets"
_UNTOUCHED = {
    "aws_cloudwatch_log_group.app[0]",
    "aws_cloudwatch_log_group.app[1]",
    "aws_sns_topic.events",
    "aws_ssm_parameter.db_password",
    'aws_ssm_parameter.flag["a.b/c"]',
    'aws_ssm_parameter.flag["it\'s \\"quoted\\""]',
    'aws_ssm_parameter.flag["new checkout"]',
    'module.queue["emails"].aws_sqs_queue.this',
    'module.queue["invoices"].aws_sqs_queue.this',
    _ROLE,  # shows the policy that aws_iam_role_policy.app holds
    _BUCKET,  # shows the versioning that aws_s3_bucket_versioning.assets holds
}
STORY: dict[str, tuple[set[str], set[str]]] = {
    "1-noise-only": (set(), _UNTOUCHED),
    "2-clean": (set(), set()),
    "3-first-drift": (_NIGHT, set()),
    "4-more-drift": (_NIGHT | _MORE, {_ROLE}),
    "5-ssh-fixed": ((_NIGHT | _MORE | _LAST) - {"aws_security_group.web"}, {_ROLE, _BUCKET}),
    "6-ssh-again": (_NIGHT | _MORE | _LAST, {_ROLE, _BUCKET}),
}
# The larger shop, after a night of edits in the console: five objects deleted, sixteen changed, and two roles that
# show the policies which have entries of their own.
EDITED = {
    "aws_cloudwatch_log_group.app",
    "aws_dynamodb_table.orders",
    "aws_iam_policy.deploy",
    "aws_iam_role.app",
    "aws_kms_key.k",
    "aws_s3_bucket.assets",
    "aws_security_group.web",
    "aws_sns_topic.alerts",
    'aws_sqs_queue.by_key["a[0].b"]',
    'aws_sqs_queue.by_key["with.dot"]',
    'aws_sqs_queue.by_key["ключ-ünï-☃"]',
    "aws_ssm_parameter.db_password",
    "aws_ssm_parameter.doc",
    "aws_ssm_parameter.flag",
    'module.svc["cart"].aws_iam_role_policy.p',
    'module.svc["check-out"].aws_sqs_queue.jobs',
}
DELETED = {
    'aws_sqs_queue.by_key["plain"]',
    "aws_sqs_queue.counted[1]",
    'aws_subnet.a["10.7.1.0/24"]',
    'module.svc["cart"].aws_sqs_queue.dlq',
    'module.svc["check-out"].aws_iam_role_policy.p',
}
ROLES = {'module.svc["cart"].aws_iam_role.r', 'module.svc["check-out"].aws_iam_role.r'}
# Lines of a real drift that say nothing: (path, before, after).
REPEATED = {
    "aws_vpc.main": {("tags_all", "owner")},
    "aws_dynamodb_table.orders": {("tags_all", "env")},
    "aws_ssm_parameter.db_password": {("version",)},
}


def addresses(findings: tuple[Finding, ...], cause: str) -> set[str]:
    return {finding.address for finding in findings if finding.cause == cause}


@pytest.mark.parametrize("kind", ["plan", "refresh"])
@pytest.mark.parametrize("scan", STORY)
def test_the_story_is_told_by_address(scan: str, kind: str) -> None:
    real, phantom = STORY[scan]
    found = samples.scan(f"story/{scan}/{kind}.json").findings
    assert addresses(found, "out_of_band") == real
    assert addresses(found, "informational") == phantom


@pytest.mark.parametrize(
    "plan", ["1.11-shop-drifted-refresh-only", "1.11-shop-drifted-normal", "1.15-shop-drifted-normal"]
)
def test_what_was_edited_in_the_shop_is_detected_and_nothing_else(plan: str) -> None:
    found = samples.scan(f"tfplan/gen-tf{plan}.json").findings
    assert addresses(found, "out_of_band") == EDITED | DELETED
    assert {finding.address for finding in found if finding.action == "delete"} == DELETED
    assert addresses(found, "informational") == ROLES


@pytest.mark.parametrize("plan", ["1.0-shop-fresh-normal", "1.11-shop-fresh-normal", "1.11-shop-fresh-refresh-only"])
def test_a_shop_that_nobody_touched_has_no_drift(plan: str) -> None:
    found = samples.scan(f"tfplan/gen-tf{plan}.json").findings
    assert len(addresses(found, "informational")) == len(found) == 20


@pytest.mark.parametrize("name", ["tfplan/gen-tf1.11-shop-drifted-refresh-only.json", "story/6-ssh-again/refresh.json"])
def test_the_lines_of_a_real_drift_that_only_repeat_others_are_marked(name: str) -> None:
    found = samples.by_address(samples.scan(name))
    for address, repeated in REPEATED.items():
        if address in found:
            changes = found[address].changes
            assert {change.path for change in changes if change.noise} == repeated, address
            assert any(not change.noise for change in changes), address


def test_every_informational_finding_says_why_and_so_does_each_of_its_lines() -> None:
    for name in samples.PLANS:
        for finding in samples.scan(name).findings:
            if finding.cause == "informational":
                assert finding.cause_reason, (name, finding.address)
                assert all(change.noise and change.why for change in finding.changes), (name, finding.address)
            else:
                assert finding.action != "update" or any(not change.noise for change in finding.changes), name
