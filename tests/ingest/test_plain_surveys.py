"""No survey loses anything in DriftSentry's own format, which is what the CI client sends."""

from __future__ import annotations

import json
from datetime import UTC
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from driftsentry.ingest import Hints
from driftsentry.ingest.formats import argocd, cloudformation, driftctl, plain, pulumi
from driftsentry.ingest.model import Move
from driftsentry.ingest.survey import Difference, Observed, Survey
from driftsentry.ingest.surveying import sealed
from tests.ingest import samples, surveys, test_argocd, test_cloudformation, test_driftctl, test_pulumi
from tests.ingest.test_plain_format import VALIDATOR

_texts = st.text(max_size=6) | st.just("\0")
_numbers = st.integers(min_value=-(10**25), max_value=10**25) | st.decimals(allow_nan=False, allow_infinity=False).map(
    lambda number: number.normalize() + Decimal("0.5") if -300 < number.adjusted() < 20 else Decimal("-0.25")
)
_values = st.recursive(
    st.none() | st.booleans() | _numbers | _texts | st.sampled_from(["[secret]", '{"password": "x"}']),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts | st.just("token"), inner, max_size=3),
    max_leaves=8,
)
_masks = st.recursive(
    st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_texts, inner, max_size=2),
    max_leaves=4,
)
_differences = st.builds(
    Difference,
    path=st.lists(_texts | st.integers(min_value=0, max_value=99), max_size=3).map(tuple),
    before=_values,
    after=_values,
    before_mask=_masks,
    after_mask=_masks,
    noise=st.sampled_from(["", "computed", "mirror"]),
    why=_texts,
)
_observed = st.builds(
    Observed,
    address=st.text(min_size=1, max_size=6),
    action=st.sampled_from(["update", "delete", "replace", "unmanaged", "forget+create"]),
    differences=st.lists(_differences, max_size=3).map(tuple),
    resource_type=_texts,
    resource_name=_texts,
    module_address=_texts,
    provider=_texts,
    deposed=_texts,
    previous_address=st.none() | _texts,
    is_unknown=st.booleans(),
    proposed=st.none() | st.lists(_texts, max_size=2).map(tuple),
    cause=st.sampled_from([None, "informational", "out_of_band"]),
    cause_reason=_texts,
)
_surveys = st.builds(
    Survey,
    format=st.sampled_from(["plain", "driftctl", "terraform_log"]),
    tool=_texts,
    tool_version=_texts,
    mode=st.sampled_from(["refresh_only", "normal", "destroy", "scan"]),
    timestamp=st.none() | st.datetimes(timezones=st.just(UTC)),
    incomplete_reason=st.just("") | _texts,
    is_errored=st.just(False),
    observed=st.lists(
        _observed, max_size=3, unique_by=lambda what: (what.address.replace("\0", "\u2400"), what.deposed)
    ).map(tuple),
    moves=st.lists(st.builds(Move, previous_address=st.just("a"), address=st.just("b\0")), max_size=2).map(tuple),
    has_drift_data=st.booleans(),
    duration=st.none() | st.floats(min_value=0, max_value=1e6),
)


@settings(max_examples=60, deadline=None)
@given(_surveys)
def test_no_survey_loses_anything(survey: Survey) -> None:
    for each in (survey, sealed(survey, stack=samples.STACK)):
        text = plain.write(each)
        VALIDATOR.validate(json.loads(text))
        assert plain.read([text], hints=Hints()) == each
        assert plain.write(plain.read([text], hints=Hints())) == text


def test_a_failed_survey_stays_failed() -> None:
    survey = Survey("driftctl", "driftctl", "", "scan", None, "the scan failed", True, ())
    assert plain.read([plain.write(survey)], hints=Hints()) == survey


def test_what_the_client_sends_holds_no_secret_and_says_the_same() -> None:
    bodies = [
        (driftctl, [test_driftctl.EVERYTHING], Hints()),
        (cloudformation, [test_cloudformation.EVERYTHING], Hints()),
        (pulumi, test_pulumi.EVERYTHING, test_pulumi.REFRESH),
        (pulumi, test_pulumi.EVERYTHING, test_pulumi.PREVIEW),
        (argocd, test_argocd.EVERYTHING, Hints()),
    ]
    for reader, documents, hints in bodies:
        survey = surveys.read(reader, *documents, hints=hints)
        text = plain.write(sealed(survey, stack=samples.STACK))
        VALIDATOR.validate(json.loads(text))
        assert surveys.scan(plain.read([text], hints=Hints())) == surveys.scan(survey)
        assert all(secret not in text for secret in (b"hunter2", b"YQ==", b"ciphertext", b'"p"'))
