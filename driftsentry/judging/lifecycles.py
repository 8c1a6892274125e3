"""Objects that are gone or replaced, secrets that changed, and tags."""

from __future__ import annotations

from driftsentry.ingest.model import Finding
from driftsentry.judging.model import attribute_of, significant

# What holds data that nothing in the code can bring back.
_STATEFUL = frozenset(
    "aws_s3_bucket aws_s3_directory_bucket aws_dynamodb_table aws_dynamodb_global_table aws_ebs_volume "
    "aws_efs_file_system aws_ecr_repository aws_kms_key aws_secretsmanager_secret aws_sqs_queue "
    "aws_kinesis_stream aws_msk_cluster aws_mq_broker aws_backup_vault aws_glacier_vault aws_qldb_ledger "
    "aws_keyspaces_table aws_timestreamwrite_table aws_opensearch_domain aws_elasticsearch_domain "
    "aws_redshift_cluster aws_cognito_user_pool aws_route53_zone google_storage_bucket google_compute_disk "
    "google_bigquery_dataset google_bigquery_table google_kms_crypto_key google_secret_manager_secret "
    "google_pubsub_topic google_filestore_instance google_bigtable_instance azurerm_storage_account "
    "azurerm_storage_container azurerm_managed_disk azurerm_key_vault azurerm_key_vault_key "
    "azurerm_cosmosdb_account azurerm_kusto_cluster azurerm_eventhub azurerm_servicebus_queue "
    "kubernetes_persistent_volume_claim kubernetes_persistent_volume".split()
)
_STATEFUL_PARTS = (
    "_db_instance",
    "_rds_cluster",
    "_docdb_cluster",
    "_neptune_cluster",
    "_elasticache_cluster",
    "_elasticache_replication_group",
    "_memorydb_cluster",
    "_fsx_",
    "_sql_database",
    "_mssql_",
    "_mysql_",
    "_postgresql_",
    "_spanner_",
    "_redis_",
    "_alloydb_",
)
_TAGS = frozenset({"tags", "tags_all", "labels", "effective_labels", "terraform_labels", "tag", "annotations"})
_PARAMETERS = ("_parameter_group", "_subnet_group", "_firewall_rule", "_option_group")


def lost_data(finding: Finding) -> bool | str:
    kind = finding.resource_type
    is_stateful = kind in _STATEFUL or (
        any(part in kind for part in _STATEFUL_PARTS) and not kind.endswith(_PARAMETERS)
    )
    return f"the {kind} is gone, and its data with it" if finding.action == "delete" and is_stateful else False


def is_gone(finding: Finding) -> bool | str:
    return f"the {finding.resource_type} is gone" if finding.action == "delete" else False


def was_replaced(finding: Finding) -> bool | str:
    if finding.action == "replace":
        return f"the {finding.resource_type} was replaced by another one"
    forcing = next((change for change in significant(finding) if change.forces_replacement), None)
    return f"undoing the change of {forcing.path[0]} replaces the resource" if forcing else False


def secret_changed(finding: Finding) -> bool | str:
    secret = next((change for change in significant(finding) if change.is_sensitive), None)
    if secret is None:
        return False
    inside = f" ({attribute_of(secret)})" if len(secret.path) > 1 else ""
    return f"the secret in {secret.path[0]}{inside} is another one now"


def only_tags(finding: Finding) -> bool | str:
    changes = significant(finding)
    return bool(changes) and finding.action == "update" and all(change.path[0] in _TAGS for change in changes)
