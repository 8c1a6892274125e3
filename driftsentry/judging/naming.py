"""One name for one thing, whatever tool wrote it: types and attributes as Terraform's providers call them.

`AWS::RDS::DBInstance` of CloudFormation and `aws:rds/instance:Instance` of Pulumi are `aws_db_instance`; Kubernetes'
`apps/Deployment` is `kubernetes_deployment`; `BlockPublicAcls` and `blockPublicAcls` are `block_public_acls`.
"""

from __future__ import annotations

import re
from functools import lru_cache

_humps = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_version = re.compile(r"_v[0-9]+((alpha|beta)[0-9]+)?$")
_PACKAGES = {
    "aws": "aws", "aws-native": "aws", "azure": "azurerm", "azure-native": "azurerm", "gcp": "google",
    "google-native": "google", "kubernetes": "kubernetes",
}  # fmt: skip
# Where a service and a noun do not make the name.
_OTHERS = {
    "aws_rds_instance": "aws_db_instance", "aws_rds_db_instance": "aws_db_instance",
    "aws_rds_db_cluster": "aws_rds_cluster", "aws_iam_managed_policy": "aws_iam_policy",
    "aws_volume": "aws_ebs_volume", "aws_logs_log_group": "aws_cloudwatch_log_group",
    "aws_security_group_ingress": "aws_vpc_security_group_ingress_rule",
    "aws_security_group_egress": "aws_vpc_security_group_egress_rule",
    "aws_network_acl_entry": "aws_network_acl_rule", "aws_lb_load_balancer": "aws_lb",
    "aws_elasticloadbalancingv2_load_balancer": "aws_lb",
    "aws_elasticloadbalancingv2_listener": "aws_lb_listener", "aws_cloudtrail_trail": "aws_cloudtrail",
    "aws_lambda_url": "aws_lambda_function_url",
    "aws_opensearchservice_domain": "aws_opensearch_domain", "aws_route53_hosted_zone": "aws_route53_zone",
    "azurerm_keyvault_key_vault": "azurerm_key_vault", "azurerm_keyvault_vault": "azurerm_key_vault",
    "azurerm_compute_managed_disk": "azurerm_managed_disk", "azurerm_compute_disk": "azurerm_managed_disk",
    "azurerm_containerservice_kubernetes_cluster": "azurerm_kubernetes_cluster",
    "azurerm_containerservice_managed_cluster": "azurerm_kubernetes_cluster",
    "azurerm_authorization_assignment": "azurerm_role_assignment",
    "azurerm_authorization_role_assignment": "azurerm_role_assignment",
    "google_projects_iam_binding": "google_project_iam_binding",
    "google_projects_iam_member": "google_project_iam_member",
    "google_secretmanager_secret": "google_secret_manager_secret",
}  # fmt: skip
_DROPPED = {"aws": ("ec2",), "azurerm": ("network",), "kubernetes": ()}


@lru_cache(maxsize=4096)
def type_name(resource_type: str) -> str:
    """The type as a provider of Terraform calls it; one that follows no known form stays as it is."""
    if "::" in resource_type:
        return _of_cloudformation(resource_type)
    if resource_type.count(":") == 2:
        return _of_pulumi(resource_type)
    kind = resource_type.rpartition("/")[2]
    if kind[:1].isupper():
        return f"kubernetes_{snake(kind)}"
    return _version.sub("", resource_type) if resource_type.startswith("kubernetes_") else resource_type


def _of_cloudformation(resource_type: str) -> str:
    package, _colons, rest = resource_type.partition("::")
    service, _colons, noun = rest.partition("::")
    return _joined(package.lower(), service.lower(), snake(noun.replace("::", "_")))


def _of_pulumi(resource_type: str) -> str:
    package, module, noun = resource_type.split(":")
    if package not in _PACKAGES:
        return resource_type
    return _joined(_PACKAGES[package], snake(module.partition("/")[0]), _version.sub("", snake(noun)))


def _joined(package: str, service: str, noun: str) -> str:
    is_said = package == "kubernetes" or service in _DROPPED.get(package, ()) or noun.startswith(f"{service}_")
    name = f"{package}_{noun}" if is_said else f"{package}_{service}_{noun}"
    return _OTHERS.get(name, name)


@lru_cache(maxsize=4096)
def snake(name: str) -> str:
    """`KmsKeyId`, `kmsKeyId` and `kms_key_id` in one spelling."""
    return name if name.islower() else _humps.sub("_", name).lower()


def dotted(path: tuple[str | int, ...]) -> str:
    """The names of a path without the places in lists, for people: `root_block_device.encrypted`."""
    return ".".join(part for part in path if isinstance(part, str))


def searchable(path: tuple[str | int, ...]) -> str:
    """The names of a path as globs see them: `.root_block_device.encrypted.`"""
    return "".join(["."] + [f"{snake(part)}." for part in path if isinstance(part, str)])
