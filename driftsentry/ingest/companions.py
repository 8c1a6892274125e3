"""Attributes that a resource only mirrors, because a resource of their own manages them.

A role's `inline_policy` is filled by `aws_iam_role_policy`: after the first refresh the role "drifts" although
nobody touched it. To extend: one row, with the reason it is safe.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

# (key, attributes of the companion) pairs.
Carried: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Companion:
    """`attributes` of `resource_type` mirror a `companion` whose `reference` names the resource by one of `own`.

    `carried`: where a foreign entry would be an intrusion, each value that appears under the key (for
    members of a plain list: under "") must stand in one of these attributes of such a companion.
    """

    resource_type: str
    attributes: tuple[str, ...]
    companion: str
    reference: str
    own: tuple[str, ...] = ("id",)
    carried: Carried = ()


_CIDRS = (("cidr_blocks", ("cidr_blocks", "cidr_ipv4")), ("ipv6_cidr_blocks", ("ipv6_cidr_blocks", "cidr_ipv6")))
_ARNS = (("", ("policy_arn", "arn")),)
_NAMES = (("name", ("name",)),)
_OBJECTS = (("object_id", ("object_id",)),)

_NAME = ("name",)
_ROLE = ("id", "name")
_BUCKET = ("id", "bucket")
_SECRET = ("arn", "id")
_QUEUE = ("id", "url")
_CLUSTER = ("id", "cluster_identifier")
_LINK = ("id", "name", "self_link")
_NIC = ("primary_network_interface_id",)

_INLINE = ("inline_policy",)
_ATTACHED = ("managed_policy_arns",)
_BOTH_WAYS = ("ingress", "egress")
_ADDRESSES = ("public_ip", "public_dns")
_NODES = ("node_pool", "instance_group_urls", "node_version", "node_config")
_PROVIDERS = ("capacity_providers", "default_capacity_provider_strategy")
_ROTATION = ("rotation_enabled", "rotation_rules", "rotation_lambda_arn")

_BUCKET_PARTS = {
    "versioning": "versioning",
    "acl": "acl",
    "grant": "acl",
    "logging": "logging",
    "lifecycle_rule": "lifecycle_configuration",
    "cors_rule": "cors_configuration",
    "website": "website_configuration",
    "website_domain": "website_configuration",
    "website_endpoint": "website_configuration",
    "policy": "policy",
    "server_side_encryption_configuration": "server_side_encryption_configuration",
    "replication_configuration": "replication_configuration",
    "acceleration_status": "accelerate_configuration",
    "request_payer": "request_payment_configuration",
    "object_lock_configuration": "object_lock_configuration",
}

_IDENTITY = (
    # A policy that somebody attaches by hand shows nowhere but in the mirror, hence `carried`.
    Companion("aws_iam_role", _INLINE, "aws_iam_role_policy", "role", _ROLE, _NAMES),
    Companion("aws_iam_role", _ATTACHED, "aws_iam_role_policy_attachment", "role", _ROLE, _ARNS),
    Companion("aws_iam_role", _ATTACHED, "aws_iam_policy_attachment", "roles", _ROLE, _ARNS),
    # Policies of a thing: one document, set whole by its own resource, which drifts itself when it is changed.
    Companion("aws_sns_topic", ("policy",), "aws_sns_topic_policy", "arn", ("arn", "id")),
    Companion("aws_kms_key", ("policy",), "aws_kms_key_policy", "key_id", ("key_id", "id")),
    Companion("aws_secretsmanager_secret", ("policy",), "aws_secretsmanager_secret_policy", "secret_arn", _SECRET),
    Companion("aws_secretsmanager_secret", _ROTATION, "aws_secretsmanager_secret_rotation", "secret_id", _SECRET),
    *(
        Companion("aws_sqs_queue", (name,), f"aws_sqs_queue_{name}", "queue_url", _QUEUE)
        for name in ("policy", "redrive_policy", "redrive_allow_policy")
    ),
)
_STORAGE = (
    # Since provider 4 a bucket's settings are resources; the bucket repeats what they set.
    *(
        Companion("aws_s3_bucket", (attribute,), f"aws_s3_bucket_{part}", "bucket", _BUCKET)
        for attribute, part in _BUCKET_PARTS.items()
    ),
    # Disks and parts of clusters are attached by resources of their own.
    Companion("aws_instance", ("ebs_block_device",), "aws_volume_attachment", "instance_id"),
    Companion("aws_rds_cluster", ("iam_roles",), "aws_rds_cluster_role_association", "db_cluster_identifier", _CLUSTER),
    Companion("aws_rds_cluster", ("cluster_members",), "aws_rds_cluster_instance", "cluster_identifier", _CLUSTER),
)
_NETWORK = (
    # A port opened by hand shows nowhere but in the mirror, hence `carried`.
    *(
        Companion(group, ways, rule, "security_group_id", carried=_CIDRS)
        for group in ("aws_security_group", "aws_default_security_group")
        for ways, rule in (
            (_BOTH_WAYS, "aws_security_group_rule"),
            (("ingress",), "aws_vpc_security_group_ingress_rule"),
            (("egress",), "aws_vpc_security_group_egress_rule"),
        )
    ),
    *(
        Companion(table, (attribute,), companion, "route_table_id")
        for table in ("aws_route_table", "aws_default_route_table")
        for attribute, companion in (
            ("route", "aws_route"),
            ("propagating_vgws", "aws_vpn_gateway_route_propagation"),
        )
    ),
    Companion("aws_network_acl", _BOTH_WAYS, "aws_network_acl_rule", "network_acl_id"),
    Companion("aws_network_acl", ("subnet_ids",), "aws_network_acl_association", "network_acl_id"),
    Companion("aws_vpc", ("dhcp_options_id",), "aws_vpc_dhcp_options_association", "vpc_id"),
    # An instance learns its addresses, groups and targets from what is attached to it.
    Companion("aws_instance", _ADDRESSES, "aws_eip_association", "instance_id"),
    Companion("aws_instance", _ADDRESSES, "aws_eip", "instance"),
    Companion(
        "aws_instance", ("vpc_security_group_ids",), "aws_network_interface_sg_attachment", "network_interface_id", _NIC
    ),
    *(
        Companion("aws_autoscaling_group", (name,), "aws_autoscaling_attachment", "autoscaling_group_name", _ROLE)
        for name in ("load_balancers", "target_group_arns")
    ),
    Companion("aws_elb", ("instances",), "aws_elb_attachment", "elb", _ROLE),
    Companion("aws_ecs_cluster", _PROVIDERS, "aws_ecs_cluster_capacity_providers", "cluster_name", _NAME),
)
_SECURITY_GROUP, _SECURITY_RULE = "azurerm_network_security_group", "azurerm_network_security_rule"
_GROUP_OF_SUBNET = "azurerm_subnet_network_security_group_association"
_OTHER_CLOUDS = (
    # Azure: blocks inside a parent, each with a resource of its own.
    Companion(_SECURITY_GROUP, ("security_rule",), _SECURITY_RULE, "network_security_group_name", _NAME, _NAMES),
    Companion("azurerm_virtual_network", ("subnet",), "azurerm_subnet", "virtual_network_name", _NAME),
    Companion("azurerm_route_table", ("route",), "azurerm_route", "route_table_name", _NAME),
    Companion("azurerm_route_table", ("subnets",), "azurerm_subnet_route_table_association", "route_table_id"),
    Companion("azurerm_subnet", ("network_security_group_id",), _GROUP_OF_SUBNET, "subnet_id"),
    Companion(
        "azurerm_key_vault", ("access_policy",), "azurerm_key_vault_access_policy", "key_vault_id", carried=_OBJECTS
    ),
    # Google Cloud: pools and disks that are attached by resources of their own.
    Companion("google_container_cluster", _NODES, "google_container_node_pool", "cluster", _LINK),
    Companion("google_compute_instance", ("attached_disk",), "google_compute_attached_disk", "instance", _LINK),
)

ROWS = (*_IDENTITY, *_STORAGE, *_NETWORK, *_OTHER_CLOUDS)
ROWS_BY_TYPE: dict[str, tuple[Companion, ...]] = {}
REFERENCES: dict[str, tuple[str, ...]] = {}
for _row in ROWS:
    ROWS_BY_TYPE[_row.resource_type] = (*ROWS_BY_TYPE.get(_row.resource_type, ()), _row)
    REFERENCES[_row.companion] = tuple(sorted({*REFERENCES.get(_row.companion, ()), _row.reference}))

CARRIED = tuple(sorted({name for row in ROWS for _, names in row.carried for name in names}))
COMPANION_ATTRIBUTES = tuple(sorted({row.reference for row in ROWS} | set(CARRIED)))
OWN_ATTRIBUTES = {kind: tuple(sorted({own for row in rows for own in row.own})) for kind, rows in ROWS_BY_TYPE.items()}

# Attributes that repeat another one of the same resource, key by key.
REPEATED: Mapping[str, str] = {
    "tags_all": "tags",
    "effective_labels": "labels",
    "terraform_labels": "labels",
    "effective_annotations": "annotations",
}
