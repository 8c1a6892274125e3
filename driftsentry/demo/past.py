"""The demo's weeks before: drifts that were found, decided on, and are gone by now. Trends are made of them."""

from typing import Any

from driftsentry.demo.plans import ADA, EMIL, Act, Seen, approved, rejected, rule

DAYS = 28


def _was(address: str, since: int, last: int, attribute: str, values: tuple[Any, Any], *acts: Act) -> Seen:
    return Seen(address, since, {attribute: values}, acts, last)


def _opened(address: str, since: int, last: int, port: int, *acts: Act) -> Seen:
    """A door that stood open to the world."""
    before = [rule(443, "10.0.0.0/8")]
    return _was(address, since, last, "ingress", (before, [*before, rule(port, "0.0.0.0/0")]), *acts)


NETWORK = (
    _opened("aws_security_group.proxy", 37, 34, 3128, rejected(30, ADA, "A proxy for everybody is none. Reverted.")),
    _was("aws_lb.partners", 36, 27, "idle_timeout", (60, 900)),
    _was("aws_eip.nat", 34, 22, "tags", ({"Owner": "platform"}, {"Owner": "nobody"})),
    _was("aws_lb.admin", 33, 30, "enable_deletion_protection", (True, False), rejected(41, EMIL, "Put back at once.")),
    _opened(
        "aws_security_group.vault", 29, 28, 8200, rejected(6, EMIL, "Never for the vault. Reverted within the day.")
    ),
    _was("aws_vpn_gateway.paris", 26, 13, "amazon_side_asn", ("64512", "64513")),
    _was(
        "aws_lb.legacy", 24, 19, "idle_timeout", (60, 3600), approved(26, ADA, "Until the last client has moved away.")
    ),
    _opened("aws_security_group.metrics", 21, 20, 9090, rejected(9, ADA, "Prometheus is scraped from inside. Closed.")),
    _was("aws_subnet.backup", 19, 12, "map_public_ip_on_launch", (False, True), rejected(20, EMIL, "Not for backups.")),
    _opened("aws_security_group.wiki", 16, 15, 8090, rejected(4, EMIL, "The wiki is behind the login. Closed again.")),
    _was(
        "aws_lb.status", 14, 11, "idle_timeout", (60, 120), approved(7, ADA, "Fine for a page that people keep open.")
    ),
)
SHOP = (
    _was(
        "aws_ecs_service.search", 37, 31, "desired_count", (4, 12), approved(52, EMIL, "The sale in autumn. SHOP-702.")
    ),
    _was(
        "aws_lambda_function.resize", 35, 32, "memory_size", (512, 3008), rejected(44, ADA, "512 is plenty; measured.")
    ),
    _was("aws_sqs_queue.returns", 32, 25, "message_retention_seconds", (345600, 60)),
    _was(
        "aws_s3_bucket.receipts", 31, 29, "acl", ("private", "public-read"), rejected(19, EMIL, "Receipts hold names.")
    ),
    _was("aws_cloudwatch_log_group.cart", 30, 17, "retention_in_days", (90, 3)),
    _was(
        "aws_ecs_service.mailer", 27, 23, "desired_count", (2, 0), rejected(15, ADA, "Mails are sent again since noon.")
    ),
    _was(
        "aws_lambda_function.stock", 25, 24, "timeout", (30, 900), approved(12, EMIL, "The supplier is slow this week.")
    ),
    _was(
        "aws_s3_bucket.catalog", 22, 21, "acl", ("private", "public-read"), rejected(5, ADA, "The CDN reads it alone.")
    ),
    _was("aws_elasticache_cluster.cart", 20, 14, "node_type", ("cache.t4g.small", "cache.r7g.large")),
    _was(
        "aws_ecs_service.api", 18, 16, "desired_count", (6, 9), approved(6, EMIL, "Autoscaling follows with SHOP-840.")
    ),
    _was(
        "aws_sqs_queue.export", 15, 12, "sqs_managed_sse_enabled", (True, False), rejected(3, EMIL, "Encrypted again.")
    ),
    _was(
        "aws_lambda_function.tax", 12, 9, "runtime", ("python3.9", "python3.12"), approved(4, ADA, "In code by Friday.")
    ),
)
DATA = (
    _was(
        "aws_db_instance.crm",
        36,
        33,
        "publicly_accessible",
        (False, True),
        rejected(28, EMIL, "Closed, and keys changed."),
    ),
    _was("aws_s3_bucket.features", 33, 24, "tags", ({"tier": "hot"}, {"tier": "cold"})),
    _was("aws_db_instance.crm_replica", 30, 28, "instance_class", ("db.r6g.large", "db.r6g.4xlarge")),
    _was(
        "aws_redshift_cluster.forecast",
        28,
        22,
        "number_of_nodes",
        (2, 8),
        approved(33, ADA, "End of the quarter. Eight for now."),
    ),
    _was(
        "aws_db_instance.audit",
        23,
        20,
        "backup_retention_period",
        (30, 1),
        rejected(14, ADA, "Thirty days are policy."),
    ),
    _was(
        "aws_glue_job.hourly", 17, 13, "max_retries", (0, 3), approved(8, EMIL, "Retries are right; the code follows.")
    ),
    _was(
        "aws_db_instance.geo", 13, 10, "deletion_protection", (True, False), rejected(5, EMIL, "On again before lunch.")
    ),
)
