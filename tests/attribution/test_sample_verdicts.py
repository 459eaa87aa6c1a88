"""The verdicts that the laboratory opens with are those of the network that comes with the app."""

import pytest

from explainer.attribution import sample_results, sample_verdicts
from explainer.attribution.verdicts import CHECKS
from explainer.vision.pipeline import Reader


def test_the_table_has_a_verdict_of_every_check_for_the_maps_that_are_shown() -> None:
    found = sample_verdicts.load()
    assert found is not None
    assert [each.method for each in found] == list(sample_results.METHODS)
    for judgement in found:
        assert [each.check for each in judgement.verdicts] == list(CHECKS)


@pytest.mark.watch
@pytest.mark.parametrize("method", sample_results.METHODS)
def test_the_table_is_what_the_checks_find_now(method: str, reader: Reader) -> None:
    (stored,) = (each for each in sample_verdicts.load() or () if each.method == method)
    live = sample_verdicts.judged(reader, method)
    assert [each.outcome for each in live.verdicts] == [each.outcome for each in stored.verdicts]
    for one, other in zip(live.verdicts, stored.verdicts, strict=True):
        assert one.value == pytest.approx(other.value, abs=0.02, nan_ok=True)
