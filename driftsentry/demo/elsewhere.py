"""The demo's other stacks: watching, other clouds, staging and dev, and those that stopped telling."""

import json

from driftsentry.demo.plans import ADA, EMIL, Seen, Stack, approved, gone, rejected, rule, said, untouched

_RIGHT_TO_LEFT = "فريق التحليلات \u202e(ops)"
_WIDGET = {"type": "text", "properties": {"markdown": "# SLO"}}


def _azure_rule(name: str, port: str, source: str) -> dict[str, object]:
    return {
        "access": "Allow",
        "destination_port_range": port,
        "direction": "Inbound",
        "name": name,
        "priority": 200,
        "protocol": "Tcp",
        "source_address_prefix": source,
    }


def _board(*titles: str) -> str:
    return json.dumps({"widgets": [_WIDGET, *({"type": "metric", "properties": {"title": title}} for title in titles)]})


OBSERVABILITY = (
    Seen("aws_cloudtrail.organization", 1, {"enable_log_file_validation": (True, False)}),
    Seen("aws_cloudwatch_log_group.audit", 3, {"retention_in_days": (365, 30)}),
    Seen("aws_cloudwatch_metric_alarm.error_rate", 2, {"actions_enabled": (True, False), "threshold": (5, 500)}),
    Seen(
        "aws_s3_bucket.trail",
        4,
        {"logging": ([{"target_bucket": "acme-access-logs", "target_prefix": "trail/"}], [])},
        (rejected(8, EMIL, "Access logs of the trail are required. The new bucket policy broke them."),),
    ),
    Seen(
        "aws_cloudwatch_dashboard.slo",
        5,
        {"dashboard_body": (_board("Latency p99"), _board("Latency p99", "Bestellungen über 10 s, nach Größe"))},
        (approved(1, EMIL, "Nice panel, the on-call people want to keep it. Copied into the module."),),
    ),
    Seen("aws_guardduty_detector.main", 0, {"enable": (True, False)}),
    Seen(
        "aws_config_configuration_recorder_status.main",
        8,
        {"is_enabled": (True, False)},
        (rejected(2, ADA, "The recorder stays on in all accounts. Costs: FIN-77, not the console."),),
        last=5,
    ),
    untouched("aws_cloudwatch_log_group.vpc", 9),
)
ANALYTICS = (
    Seen(
        "google_compute_firewall.allow_iap",
        1,
        {"source_ranges": (["35.235.240.0/20"], ["0.0.0.0/0", "35.235.240.0/20"])},
    ),
    Seen("google_storage_bucket.exports", 3, {"uniform_bucket_level_access": (True, False)}),
    Seen(
        "google_project_iam_binding.editors",
        2,
        {"members": (["group:data@example.com"], ["group:data@example.com", "user:contractor@example.net"])},
        (said(12, ADA, "The contract ended in March. Who needs this?"),),
    ),
    Seen(
        "google_sql_database_instance.warehouse",
        4,
        {
            "settings": (
                [{"backup_configuration": [{"enabled": True}]}],
                [{"backup_configuration": [{"enabled": False}]}],
            )
        },
    ),
    Seen("google_container_cluster.etl", 6, {"node_version": ("1.29.8-gke.1031", "1.30.5-gke.1014")}, is_ignored=True),
    gone(
        "google_bigquery_table.events_raw",
        5,
        {
            "dataset_id": "events",
            "table_id": "events_raw",
            "time_partitioning": [{"type": "DAY"}],
            "labels": {"tier": "raw"},
        },
        (approved(6, EMIL, "Copied to events_v2 and deleted on purpose; the block leaves the code with DATA-131."),),
    ),
    Seen(
        "google_pubsub_subscription.clicks",
        7,
        {"ack_deadline_seconds": (10, 60)},
        (approved(30, ADA, "The consumers need a minute since they write in batches. Code is in review."),),
    ),
    Seen("google_compute_instance.airflow", 1, {"labels": ({"owner": "data"}, {"owner": _RIGHT_TO_LEFT})}),
    untouched("google_storage_bucket.tmp", 8, "labels"),
)
STAGING_NETWORK = (
    Seen(
        "aws_security_group.postgres",
        2,
        {
            "ingress": (
                [rule(5432, "10.20.0.0/16")],
                [rule(5432, "0.0.0.0/0", about="home office"), rule(5432, "10.20.0.0/16")],
            )
        },
        (rejected(2, EMIL, "Use the tunnel. Staging holds copies of real addresses, so it is as closed as prod."),),
    ),
    Seen("aws_instance.jump", 5, {"instance_type": ("t3.micro", "t3.large")}),
    Seen("aws_subnet.public", 4, {"tags": ({"Name": "public"}, {"Name": "öffentlich · 公開", "CostCenter": "4711"})}),
    gone(
        "aws_route.peering", 1, {"destination_cidr_block": "10.10.0.0/16", "vpc_peering_connection_id": "pcx-04e8d1c7"}
    ),
    untouched("aws_internet_gateway.main", 7),
)
STAGING_SHOP = (
    Seen("aws_ecs_service.checkout", 3, {"desired_count": (2, 0)}),
    Seen(
        "aws_lb_listener.https", 4, {"ssl_policy": ("ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-2016-08")}
    ),
    Seen("aws_cloudwatch_log_group.mailer", 6, {"retention_in_days": (14, 1)}),
    Seen(
        "aws_lambda_function.mailer",
        5,
        {"runtime": ("python3.11", "python3.12")},
        (approved(3, EMIL, "Tried by hand and it works; the pull request for all functions is SHOP-913."),),
    ),
    Seen("aws_s3_bucket.mail_templates", 2, {"tags": ({"Team": "shop"}, {"Team": "shop", "created-by": "console"})}),
    Seen("aws_sqs_queue.mail", 1, {"sqs_managed_sse_enabled": (True, False)}),
)
STAGING_DATA = (
    Seen(
        "aws_db_instance.orders",
        4,
        {"instance_class": ("db.t4g.medium", "db.r6g.large")},
        (approved(5, ADA, "Load test of the new checkout, agreed with finance until the end of the month.", 12),),
    ),
    Seen("aws_rds_cluster.ledger", 2, {"deletion_protection": (True, False)}),
    gone(
        "aws_ebs_volume.scratch",
        3,
        {"availability_zone": "eu-central-1a", "encrypted": True, "size": 200, "type": "gp3"},
        (said(2, EMIL, "Was it empty? The snapshot of Sunday is still there, keeping it until somebody knows."),),
    ),
    Seen(
        "aws_s3_bucket_versioning.backup",
        1,
        {"versioning_configuration": ([{"status": "Enabled"}], [{"status": "Suspended"}])},
    ),
    untouched("aws_db_subnet_group.main", 7),
)
SANDBOX = (
    Seen("aws_instance.playground[0]", 2, {"instance_type": ("t3.small", "g5.2xlarge")}),
    Seen("aws_security_group.anything", 1, {"ingress": ([], [rule(0, "0.0.0.0/0", protocol="-1")])}),
    Seen("aws_s3_bucket.scratch", 3, {"acl": ("private", "public-read")}),
    gone("aws_instance.playground[1]", 1, {"ami": "ami-0b7fd829e7758b06d", "instance_type": "t3.small"}),
)
AZURE = (
    Seen(
        "azurerm_network_security_group.labs",
        1,
        {
            "security_rule": (
                [_azure_rule("https", "443", "203.0.113.0/26")],
                [_azure_rule("https", "443", "203.0.113.0/26"), _azure_rule("rdp", "3389", "*")],
            )
        },
    ),
    Seen(
        "azurerm_storage_account.labs",
        2,
        {"allow_nested_items_to_be_public": (False, True), "https_traffic_only_enabled": (True, False)},
    ),
    Seen("azurerm_key_vault.labs", 4, {"purge_protection_enabled": (True, False)}),
    gone("azurerm_role_assignment.reader", 3, {"principal_id": "5b0e3a0c-7c1d-4e0e", "role_definition_name": "Reader"}),
    Seen("azurerm_resource_group.labs", 5, {"tags": ({"env": "dev"}, {"env": "dev", "cost": "R&D"})}),
    Seen(
        "azurerm_linux_virtual_machine.runner",
        6,
        {"size": ("Standard_B2s", "Standard_D8s_v5")},
        (rejected(26, EMIL, "The big runner was for one build of the kernel. Back to the small one, please."),),
        last=2,
    ),
)
DEV_SHOP = (
    Seen("aws_api_gateway_stage.dev", 6, {"xray_tracing_enabled": (False, True)}, last=3),
    untouched("aws_lambda_function.webhook", 8),
    untouched("aws_sqs_queue.orders", 8),
)
DNS = (
    Seen(
        "aws_route53_record.www",
        6,
        {"ttl": (300, 30)},
        (rejected(1, EMIL, "Left over from the move of the shop. The normal time to live is right again."),),
        last=4,
    ),
)
STACKS = (
    Stack("prod/observability", 3.2, OBSERVABILITY, tool="opentofu"),
    Stack("prod/analytics", 1.5, ANALYTICS, is_refresh_only=False),
    Stack("staging/network", 45, STAGING_NETWORK),
    Stack("staging/shop", 1.2, STAGING_SHOP, is_refresh_only=False, ending="errored"),
    Stack("staging/data", 4.3, STAGING_DATA, ending="targeted"),
    Stack("dev/sandbox", 150, SANDBOX),
    Stack("dev/azure-labs", 6, AZURE),
    Stack("dev/shop", 5, DEV_SHOP),
    Stack("shared/dns", 8, DNS),
)
