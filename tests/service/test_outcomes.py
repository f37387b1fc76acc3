"""What becomes of an asynchronous event: Lambda's rules, for all histories."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jlambda.service import outcomes
from jlambda.service.outcomes import Again, Came, Over, Progress, Rules, after_attempt, before_attempt

ACCEPTED = 1_700_000_000.0
NEW = Progress(ACCEPTED)

rules = st.builds(Rules, st.integers(0, 2), st.integers(60, 21_600))
came = st.sampled_from(Came)


def test_a_failing_function_is_retried_after_one_minute_and_then_two() -> None:
    """Three attempts in all; then the retries are exhausted."""
    first = after_attempt(NEW, Came.TO_AN_ERROR, Rules(), ACCEPTED + 1)
    assert first == Again(ACCEPTED + 61, Progress(ACCEPTED, 1))
    second = after_attempt(Progress(ACCEPTED, 1), Came.TO_AN_ERROR, Rules(), ACCEPTED + 62)
    assert second == Again(ACCEPTED + 182, Progress(ACCEPTED, 2))
    assert after_attempt(Progress(ACCEPTED, 2), Came.TO_AN_ERROR, Rules(), ACCEPTED + 183) == Over("RetriesExhausted", 3)


def test_throttles_back_off_from_a_second_to_five_minutes_and_count_as_no_attempt() -> None:
    """Each wait is twice the one before, until the event is six hours old."""
    progress, now, waits = NEW, ACCEPTED, []
    while isinstance(verdict := after_attempt(progress, Came.TO_NOTHING, Rules(), now), Again):
        waits.append(verdict.at - now)
        now, progress = verdict.at, verdict.progress
    assert waits[:10] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]
    assert set(waits[9:-1]) == {300}
    assert (verdict, now) == (Over("EventAgeExceeded", 0), ACCEPTED + 21_600)


def test_an_event_of_a_minute_is_too_old_for_its_retry() -> None:
    """With an age limit of 60 s the wait ends with the age, and there is no second attempt."""
    verdict = after_attempt(NEW, Came.TO_AN_ERROR, Rules(event_age_s=60), ACCEPTED + 1)
    assert isinstance(verdict, Again)
    assert verdict.at == ACCEPTED + 60
    assert before_attempt(verdict.progress, Rules(event_age_s=60), None, verdict.at, 0.0) == Over("EventAgeExceeded", 1)


def test_reserved_concurrency_of_zero_ends_it_at_once() -> None:
    """No attempt is made, and none is counted."""
    assert before_attempt(NEW, Rules(), 0, ACCEPTED, 0.0) == Over("ZeroReservedConcurrency", 0)
    assert before_attempt(NEW, Rules(), 1, ACCEPTED, 0.0) is None


def test_the_time_that_a_session_was_closed_does_not_age_an_event_that_was_never_tried() -> None:
    """A notebook that is opened days later still runs what it had accepted; what had been tried has had its chance."""
    days_later = ACCEPTED + 300_000
    assert before_attempt(NEW, Rules(), None, days_later, days_later) is None
    assert before_attempt(NEW, Rules(), None, days_later + 21_600, days_later) == Over("EventAgeExceeded", 0)
    assert before_attempt(Progress(ACCEPTED, 1), Rules(), None, days_later, days_later) == Over("EventAgeExceeded", 1)


@given(rules, st.lists(st.tuples(came, st.floats(0, 900)), max_size=60))
def test_every_history_ends_within_its_age_and_its_retries(asked: Rules, history: list[tuple[Came, float]]) -> None:
    """Whatever attempts come to: no more failures than retries and one, no attempt at an age that is over, time goes forward,
    and success and only success is a success."""
    progress, now = NEW, ACCEPTED
    for what, seconds in history:
        assert now < ACCEPTED + asked.event_age_s
        now += seconds
        verdict = after_attempt(progress, what, asked, now)
        assert (what is Came.TO_SUCCESS) == (isinstance(verdict, Over) and verdict.is_success)
        if isinstance(verdict, Over):
            assert verdict.attempts == progress.attempts + (what is not Came.TO_NOTHING) <= asked.retries + 1
            if verdict.condition == outcomes.RETRIES_EXHAUSTED:
                assert verdict.attempts == asked.retries + 1
            elif not verdict.is_success:
                assert now >= ACCEPTED + asked.event_age_s
            return
        assert now <= verdict.at <= ACCEPTED + asked.event_age_s
        assert verdict.progress.accepted_at == ACCEPTED
        assert verdict.progress.attempts == progress.attempts + (what is Came.TO_AN_ERROR) <= asked.retries
        progress, now = verdict.progress, verdict.at
        over = before_attempt(progress, asked, None, now, 0.0)
        assert (over is not None) == (now == ACCEPTED + asked.event_age_s)
        if over is not None:
            assert over == Over(outcomes.EVENT_AGE_EXCEEDED, progress.attempts)
            return
