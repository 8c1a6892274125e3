"""The demo's production stacks on AWS."""

from driftsentry.demo import past
from driftsentry.demo.plans import (
    ACCOUNT,
    ADA,
    EMIL,
    Seen,
    Stack,
    allow,
    approved,
    gone,
    policy,
    rejected,
    rule,
    said,
    trust,
    untouched,
)

_ECR = [f"ecr:{action}" for action in ("BatchGetImage", "GetAuthorizationToken", "GetDownloadUrlForLayer", "PutImage")]
_DEPLOY = allow(
    "Deploy", ["ecs:DescribeServices", "ecs:UpdateService"], f"arn:aws:ecs:eu-central-1:{ACCOUNT}:service/shop/*"
)
_LAKE = [
    allow(
        f"Read{team.title()}",
        ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"],
        ["arn:aws:s3:::acme-lake", f"arn:aws:s3:::acme-lake/{team}/*"],
        Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/{team}-reader"},
    )
    for team in "analytics billing checkout finance fraud growth legal marketing risk search support warehouse".split()
]
_SHARED = allow("TempShare", "s3:GetObject", "arn:aws:s3:::acme-lake/finance/*", Principal="*")
_OFFICE, _VPN = rule(443, "203.0.113.0/26", about="Office Hamburg"), "aws_security_group.vpn"

NETWORK = (
    Seen(
        "aws_security_group.bastion",
        0,
        {"ingress": ([rule(22, "10.0.0.0/8")], [rule(22, "10.0.0.0/8"), rule(22, "0.0.0.0/0", about="temp!! remove")])},
        (said(0.04, EMIL, "Not us on call tonight. CloudTrail says it was the break-glass role, asking around."),),
    ),
    Seen(
        "module.vpc.aws_route_table.private[0]",
        3,
        {"route": ([], [{"cidr_block": "172.31.0.0/16", "vpc_peering_connection_id": "pcx-0a7c21f9e4b1d3356"}])},
        (said(5, EMIL, "That peering belongs to the migration of the data team. Waiting for their word."),),
    ),
    Seen("aws_vpc.main", 1, {"tags": ({"Owner": "platform"}, {"Owner": "<img src=x onerror=alert(1)>"})}),
    gone("aws_flow_log.main", 2, {"traffic_type": "ALL", "log_destination": "arn:aws:s3:::acme-flow-logs", "tags": {}}),
    Seen(
        "aws_lb.public",
        5,
        {"enable_deletion_protection": (True, False)},
        (rejected(3, ADA, "Off for the teardown of the old listener, and never put back. Apply to restore."),),
    ),
    Seen(
        "aws_lb.internal",
        7,
        {"idle_timeout": (60, 300)},
        (approved(9, EMIL, "Long exports of finance need it until the export job streams. INFRA-2210.", 30),),
    ),
    Seen(
        _VPN,
        6,
        {"ingress": ([_OFFICE], [_OFFICE, rule(443, "198.51.100.0/24", about="Office Lyon")])},
        (approved(4, EMIL, "New office in Lyon moved in on Monday; the pull request for the range is open."),),
        last=3,
    ),
    Seen(
        _VPN,
        2,
        {"ingress": ([_OFFICE], [_OFFICE, rule(1024, "198.51.100.0/24", to=65535, about="Office Lyon")])},
        (said(6, ADA, "443 was what we agreed on. Who opened all the high ports?"),),
    ),
    Seen(
        "aws_security_group.lb",
        8,
        {"ingress": ([rule(443, "0.0.0.0/0")], [rule(443, "0.0.0.0/0"), rule(8080, "0.0.0.0/0", about="debug")])},
        (rejected(1, ADA, "A debug port is nothing for the internet. Reverting with the next apply."),),
        last=7,
    ),
    untouched("aws_eip.nat[1]", 9),
    untouched('aws_subnet.private["eu-central-1a"]', 9),
)
SHOP = (
    Seen(
        "aws_ecs_service.checkout",
        1,
        {"desired_count": (4, 12)},
        (approved(2, EMIL, "Sale of the week. Back to 4 afterwards, autoscaling follows in SHOP-881.", 7),),
    ),
    Seen(
        "aws_lambda_function.payment_webhook",
        2,
        {
            "environment": ([{"variables": {"LOG_LEVEL": "info"}}], [{"variables": {"LOG_LEVEL": "debug"}}]),
            "timeout": (10, 60),
        },
    ),
    Seen(
        "aws_s3_bucket_public_access_block.assets",
        0,
        {"block_public_acls": (True, False), "block_public_policy": (True, False)},
    ),
    Seen(
        "aws_s3_bucket_versioning.uploads",
        4,
        {
            "versioning_configuration": (
                [{"mfa_delete": "", "status": "Enabled"}],
                [{"mfa_delete": "", "status": "Suspended"}],
            )
        },
        (rejected(2, EMIL, "Invoices live in this bucket. To save storage, use a lifecycle rule."),),
    ),
    gone(
        "aws_sns_topic.order_alerts",
        1,
        {"name": "order-alerts", "display_name": "Orders", "tracing_config": "PassThrough", "tags": {"Team": "shop"}},
        (said(1, EMIL, "The pager is silent because of this one. Recreating today."),),
    ),
    Seen(
        "aws_sqs_queue.orders",
        3,
        {"message_retention_seconds": (345600, 86400), "visibility_timeout_seconds": (30, 300)},
    ),
    Seen(
        "aws_cloudfront_distribution.shop",
        5,
        {
            "viewer_certificate": (
                [{"minimum_protocol_version": "TLSv1.2_2021"}],
                [{"minimum_protocol_version": "TLSv1"}],
            ),
            "web_acl_id": (f"arn:aws:wafv2:us-east-1:{ACCOUNT}:global/webacl/shop/5f1c", ""),
        },
    ),
    Seen("aws_dynamodb_table.carts", 2, {"deletion_protection_enabled": (True, False)}),
    Seen("aws_cloudwatch_log_group.checkout", 6, {"retention_in_days": (30, 1)}),
    Seen(
        "aws_ssm_parameter.payment_api_key",
        1,
        {"value": ("live-4f1b", "live-9c2e"), "version": (3, 4)},
        secret=("value",),
    ),
    Seen(
        "aws_elasticache_replication_group.sessions",
        6,
        {"node_type": ("cache.r6g.large", "cache.r6g.xlarge")},
        (approved(1, ADA, "Scaled up during the incident of last week, and it stays. Code follows in SHOP-902."),),
    ),
    Seen(
        "aws_appautoscaling_target.checkout",
        8,
        {"max_capacity": (10, 40)},
        (approved(20, EMIL, "Right size for the campaign; raising the limit in the code this week."),),
        last=4,
    ),
)
DATA = (
    Seen("aws_db_instance.orders", 0, {"deletion_protection": (True, False)}),
    Seen("aws_db_instance.reporting", 1, {"publicly_accessible": (False, True)}),
    Seen("aws_db_instance.invoices", 7, {"allocated_storage": (500, 620)}, is_ignored=True),
    Seen(
        "aws_secretsmanager_secret_version.orders_db",
        2,
        {"secret_string": ('{"password": "hunter-2"}', '{"password": "hunter-3"}')},
        (said(3, ADA, "Rotation is off for this one, so a person did it. Does the pool of orders still connect?"),),
        secret=("secret_string",),
    ),
    Seen(
        "aws_kms_key.data",
        5,
        {"enable_key_rotation": (True, False)},
        (rejected(6, ADA, "The audit needs yearly rotation for this key, and nobody gave a reason."),),
    ),
    Seen("aws_rds_cluster.ledger", 3, {"backup_retention_period": (35, 7)}),
    Seen("aws_s3_bucket_policy.lake", 1, {"policy": (policy(*_LAKE), policy(*_LAKE, _SHARED))}),
    gone(
        "aws_dynamodb_table.session_archive",
        2,
        {
            "name": "session-archive",
            "billing_mode": "PAY_PER_REQUEST",
            "hash_key": "SessionId",
            "range_key": "ClosedAt",
        },
    ),
    Seen(
        "aws_s3_bucket_lifecycle_configuration.lake",
        4,
        {"rule": ([{"id": "raw", "expiration": [{"days": 365}]}], [{"id": "raw", "expiration": [{"days": 30}]}])},
    ),
    Seen(
        "aws_glue_job.nightly",
        6,
        {"number_of_workers": (10, 20)},
        (approved(2, EMIL, "Backfill of the quarter; DATA-114 takes it back to 10 when it is done.", 14),),
    ),
    untouched("aws_redshift_cluster.bi", 8),
)
IDENTITY = (
    Seen(
        "aws_iam_policy.deployer",
        0,
        {
            "policy": (
                policy(allow("Images", _ECR, "*"), _DEPLOY),
                policy(allow("Images", _ECR, "*"), _DEPLOY | {"Action": "*"}),
            )
        },
    ),
    Seen(
        "aws_iam_role.ci",
        2,
        {
            "assume_role_policy": (
                policy(trust("Runners", f"arn:aws:iam::{ACCOUNT}:role/runner")),
                policy(trust("Runners", f"arn:aws:iam::{ACCOUNT}:role/runner", "arn:aws:iam::444455556666:root")),
            )
        },
        (said(7, EMIL, "4444-5555-6666 is the account of the agency, I think. Can somebody confirm?"),),
    ),
    gone(
        "aws_iam_user_policy.break_glass", 4, {"name": "break-glass", "user": "break-glass", "policy": policy(_DEPLOY)}
    ),
    Seen(
        "aws_iam_role.support",
        7,
        {"managed_policy_arns": ([], ["arn:aws:iam::aws:policy/AdministratorAccess"])},
        (rejected(0.5, ADA, "Support works with read-only roles, always. Reverting now, talking to the team after."),),
        last=6,
    ),
    Seen(
        "aws_iam_account_password_policy.strict",
        5,
        {"minimum_password_length": (16, 8), "require_symbols": (True, False)},
    ),
    Seen(
        "aws_cognito_user_pool.customers",
        3,
        {"mfa_configuration": ("ON", "OPTIONAL")},
        (rejected(4, EMIL, "Every customer has a second factor since the drill of May. Put it back on."),),
    ),
    Seen(
        "aws_iam_openid_connect_provider.github",
        6,
        {
            "thumbprint_list": (
                ["6938fd4d98bab03faadb97b34396831e3780aea1"],
                ["1c58a3a8518e8759bf075b76b750d4f2df264fcd"],
            )
        },
        (approved(3, ADA, "The issuer has a new certificate; the print was compared with the one it publishes."),),
    ),
    Seen("aws_iam_role.readonly", 8, {"max_session_duration": (3600, 43200)}, last=6),
    Seen("aws_iam_role.readonly", 1, {"max_session_duration": (3600, 43200)}),
    untouched("aws_iam_role.lambda_exec", 9),
)
STACKS = (
    Stack("prod/network", 0.1, NETWORK + past.NETWORK, is_refresh_only=False, past=past.DAYS),
    Stack("prod/shop", 0.4, SHOP + past.SHOP, past=past.DAYS),
    Stack("prod/data", 0.9, DATA + past.DATA, is_refresh_only=False, past=past.DAYS),
    Stack("prod/identity", 2, IDENTITY),
)
