"""A machine of a CI for the tests of recipes: its variables, and tools that print what they were recorded to print."""

from typing import Any

from tests.site import RECORDED

PLAN = RECORDED / "story/3-first-drift/refresh.json"
PLACES = {"/srv/infrastructure": "code", "/etc/driftsentry/header": "header"}
CI = {
    "GITHUB_RUN_ID": "41", "GITHUB_SHA": "c0ffee", "GITHUB_SERVER_URL": "https://git.example.com",
    "GITHUB_REPOSITORY": "a/b", "CI_JOB_ID": "42", "CI_JOB_URL": "https://ci.example.com/42", "CI_COMMIT_SHA": "c0ffee",
    "BUILD_NUMBER": "43", "BUILD_URL": "https://jenkins.example.com/43/", "GIT_COMMIT": "c0ffee", "PULL_NUM": "44",
    "PULL_URL": "https://git.example.com/a/b/pull/44", "HEAD_COMMIT": "c0ffee", "ARGOCD_TOKEN": "x",
    "ARGOCD_SERVER": "argocd.example.com",
}  # fmt: skip
FAILED = (
    '{"@level":"info","@message":"Terraform 1.11.4","@module":"terraform.ui","@timestamp":"2026-11-20T03:17:02.8Z",'
    '"terraform":"1.11.4","type":"version","ui":"1.2"}\n'
    '{"@level":"error","@message":"Error: no credentials","@module":"terraform.ui",'
    '"@timestamp":"2026-11-20T03:17:03.8Z","diagnostic":{"severity":"error","summary":"no credentials"},'
    '"type":"diagnostic"}\n'
)
TOOLS = {
    "terraform": """
        case "$1" in
          init) [ "$FAIL" != init ] ;;
          plan) [ "$*" = 'plan -refresh-only -input=false -json -out=plan.bin' ] || exit 9
                [ "$FAIL" != plan ] || { cat "$FAKES/failed.jsonl"; exit 1; }
                cp "$PLAN" plan.bin && echo '{"@level":"info"}' ;;
          show) [ "$2" = -json ] && cat "$3" ;;
        esac""",
    "git": "[ $1 = pull ] || echo c0ffee",
    "pulumi": 'cat "$FAKES/pulumi.json"',
    "driftctl": 'cp "$FAKES/driftctl.json" report.json; exit 1',
    "dig": "printf 'www.example.org.\\t60\\tIN\\tA\\t192.0.2.99\\n'",
    "sleep": ":",
    "aws": """
        case "$2 $*" in
          detect-stack-drift*) echo an-id ;;
          describe-stack-drift-detection-status*) n=$(cat asked 2>/dev/null); echo "x$n" > asked
            [ -n "$n" ] && echo '"DETECTION_COMPLETE"' || echo '"DETECTION_IN_PROGRESS"' ;;
          *--next-token*) cat "$FAKES/page2.json" ;;
          *) cat "$FAKES/page1.json" ;;
        esac""",
    "curl": """
        case "$*" in
          *argocd.example.com*) cp "$FAKES/argocd.json" report.json ;;
          *app.terraform.io*/ws-1/current-assessment-result) echo '{"data":{"id":"asmtres-9","type":"x"}}' ;;
          *app.terraform.io*/asmtres-9/json-output) cp "$PLAN" report.json ;;
          *) PATH=${PATH#*:} exec curl "$@" ;;
        esac""",
}


def drifted(name: str) -> dict[str, Any]:
    """A resource as CloudFormation lists it."""
    return {
        "StackId": "arn:aws:cloudformation:eu-west-1:111122223333:stack/network/1", "LogicalResourceId": name,
        "PhysicalResourceId": name, "ResourceType": "AWS::SQS::Queue", "StackResourceDriftStatus": "MODIFIED",
        "ExpectedProperties": '{"DelaySeconds":0}', "ActualProperties": '{"DelaySeconds":9}',
        "PropertyDifferences": [
            {"PropertyPath": "/DelaySeconds", "ExpectedValue": "0", "ActualValue": "9", "DifferenceType": "NOT_EQUAL"}
        ],
        "Timestamp": "2026-11-20T03:17:02+00:00",
    }  # fmt: skip


URN = "urn:pulumi:prod::shop::aws:sqs/queue:Queue::jobs"
PRINTED: dict[str, Any] = {
    "pulumi.json": {
        "steps": [
            {
                "op": "update", "urn": URN, "detailedDiff": {"delaySeconds": {"kind": "update", "inputDiff": False}},
                "oldState": {"urn": URN, "type": "aws:sqs/queue:Queue", "outputs": {"delaySeconds": 0}},
                "newState": {"urn": URN, "type": "aws:sqs/queue:Queue", "outputs": {"delaySeconds": 9}},
            }
        ],
        "duration": 2_500_000_000, "changeSummary": {"update": 1},
    },
    "driftctl.json": {
        "summary": {"total_resources": 1, "total_unmanaged": 0, "total_missing": 1, "total_managed": 0,
                    "total_iac_source_count": 1},
        "managed": None, "unmanaged": None, "missing": [{"id": "jobs", "type": "aws_sqs_queue"}], "differences": None,
        "coverage": 0, "alerts": None, "provider_name": "AWS", "provider_version": "3.19.0",
        "date": "2026-11-20T03:17:02Z",
    },
    "page1.json": {"StackResourceDrifts": [drifted("jobs")], "NextToken": "abc=="},
    "page2.json": {"StackResourceDrifts": [drifted("mails")]},
    "argocd.json": {
        "items": [
            {
                "group": "apps", "kind": "Deployment", "namespace": "shop", "name": "web",
                "targetState": '{"apiVersion":"apps/v1","kind":"Deployment","spec":{"replicas":2}}',
                "liveState": '{"apiVersion":"apps/v1","kind":"Deployment","spec":{"replicas":9}}',
                "normalizedLiveState": '{"apiVersion":"apps/v1","kind":"Deployment","spec":{"replicas":9}}',
                "predictedLiveState": '{"apiVersion":"apps/v1","kind":"Deployment","spec":{"replicas":2}}',
            }
        ]
    },
}  # fmt: skip
