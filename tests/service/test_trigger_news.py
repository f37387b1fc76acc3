"""What boto3 changes of triggers is told of: which writes do, whose triggers differ, and that nobody is told twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from jlambda.model.exchange import Write
from jlambda.model.trigger import parse_trigger
from jlambda.service.clock import Clock
from jlambda.service.trigger_news import EVERY, TriggerNews, differing, kinds_changed
from jlambda.service.triggers import Attached
from jlambda.store.database import Database
from tests.conftest import eventually


@pytest.mark.parametrize(
    ("service", "operations", "kinds"),
    [
        ("s3", ("PutBucketNotificationConfiguration", "DeleteBucket"), {"s3"}),
        ("s3", ("PutObject", "CreateBucket", "DeleteObject", "DeleteBucketPolicy"), set()),
        ("sns", ("Subscribe", "Unsubscribe", "ConfirmSubscription", "SetSubscriptionAttributes", "DeleteTopic"), {"sns"}),
        ("sns", ("Publish", "PublishBatch", "CreateTopic"), set()),
        ("events", ("PutRule", "DisableRule", "PutTargets", "RemoveTargets", "DeleteRule", "DeleteEventBus"), {"events"}),
        ("events", ("PutEvents", "CreateEventBus", "StartReplay"), set()),
        ("scheduler", ("CreateSchedule", "UpdateSchedule", "DeleteSchedule", "DeleteScheduleGroup"), {"events"}),
        ("apigateway", ("CreateApi", "DeleteApi", "CreateRoute", "UpdateIntegration"), {"http"}),
        ("apigateway", ("CreateStage", "CreateDeployment"), set()),
        ("cloudformation", ("CreateStack", "DeleteStack"), EVERY),
        ("sqs", ("SendMessage", "CreateQueue"), set()),
    ],
)
def test_which_writes_change_triggers(service: str, operations: Sequence[str], kinds: set[str]) -> None:
    """Those that configure what starts functions, not those that start them."""
    assert [kinds_changed(Write(service, operation)) for operation in operations] == [kinds] * len(operations)


def attached(function: str, text: str, state: str = "Enabled") -> Attached:
    """A trigger of a function."""
    return Attached(f"id of {text}", function, None, parse_trigger(text), state)


def test_whose_triggers_differ() -> None:
    """Of one that came, went or was switched; nothing is known of a time when nobody looked."""
    one, other = frozenset({attached("f", "sns:a")}), frozenset({attached("f", "sns:a", "Disabled")})
    assert differing({"f": one, "g": one}, {"f": one, "g": one}) == set()
    assert differing({"f": one, "g": one}, {"f": other, "h": one}) == {"f", "g", "h"}
    assert differing(None, {"f": one}) is None


class Topics:
    """Triggers in a list; `asked` counts how often it was looked at."""

    def __init__(self) -> None:
        self.attached: list[Attached] = []
        self.asked = 0
        self.while_asked: Callable[[], object] = lambda: None
        self.failures = 0

    def beside(self, kind: str) -> Sequence[Attached]:
        """All of them."""
        assert kind == "sns"
        self.asked += 1
        self.while_asked()
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the services are out of reach")
        return list(self.attached)


class Watch:
    """Somebody who watches functions, or does not."""

    def __init__(self) -> None:
        self.is_there = True
        self.told: list[str] = []


SUBSCRIBED = Write("sns", "Subscribe")


@pytest.fixture
def topics() -> Topics:
    """A kind without triggers."""
    return Topics()


@pytest.fixture
def watch() -> Watch:
    """Somebody who watches."""
    return Watch()


@pytest.fixture
def news(topics: Topics, watch: Watch, database: Database) -> Iterator[TriggerNews]:
    """News of the topics' triggers, among the functions f and g."""
    made = TriggerNews(topics, lambda: ["f", "g"], watch.told.append, lambda: watch.is_there, Clock(database))
    yield made
    made.close()


def is_quiet() -> bool:
    """Whether nothing is being found out."""
    return all(thread.name != "jlambda-news-of-triggers" for thread in threading.enumerate())


def test_only_those_are_told_of_whose_triggers_differ(news: TriggerNews, topics: Topics, watch: Watch) -> None:
    """But for the first time, when nobody had looked before: then all are."""
    news.saw(SUBSCRIBED)
    assert eventually(lambda: watch.told == ["f", "g"])
    topics.attached.append(attached("f", "sns:a"))
    news.saw(SUBSCRIBED)
    assert eventually(lambda: watch.told[2:] == ["f"])
    news.saw(Write("sns", "Publish"))
    news.saw(Write("sns", "DeleteTopic"))  # of one that starts nothing
    assert eventually(lambda: topics.asked == 3 and is_quiet())
    topics.attached.clear()
    news.saw(Write("sns", "Unsubscribe"))
    assert eventually(lambda: watch.told[3:] == ["f"])


def test_nobody_is_told_twice(news: TriggerNews, topics: Topics, watch: Watch) -> None:
    """Who changes a trigger through the session tells of it; another change after that is told of."""
    news.saw(SUBSCRIBED)
    assert eventually(lambda: watch.told == ["f", "g"])
    told = threading.Event()
    topics.while_asked = lambda: told.wait(20)
    topics.attached.append(attached("f", "sns:a"))
    news.saw(SUBSCRIBED)
    news.told("f")
    told.set()
    assert eventually(is_quiet)
    assert watch.told == ["f", "g"]
    told.clear()
    topics.attached.append(attached("f", "sns:b"))
    news.saw(SUBSCRIBED)
    news.told("f")
    topics.attached.append(attached("f", "sns:c"))
    news.saw(SUBSCRIBED)
    told.set()
    assert eventually(lambda: watch.told[2:] == ["f"])


def test_nothing_is_asked_while_nobody_watches(news: TriggerNews, topics: Topics, watch: Watch) -> None:
    """And what was known before is not compared with what there is after."""
    news.saw(SUBSCRIBED)
    assert eventually(lambda: watch.told == ["f", "g"] and is_quiet())
    watch.is_there = False
    topics.attached.append(attached("f", "sns:a"))
    news.saw(SUBSCRIBED)
    assert (topics.asked, is_quiet()) == (1, True)
    watch.is_there = True
    news.saw(Write("sns", "DeleteTopic"))
    assert eventually(lambda: watch.told[2:] == ["f", "g"])


def test_services_that_are_out_of_reach_are_asked_again(news: TriggerNews, topics: Topics, watch: Watch) -> None:
    """What has changed meanwhile is told then."""
    topics.failures = 1
    news.saw(SUBSCRIBED)
    assert eventually(lambda: watch.told == ["f", "g"])
    assert topics.asked == 2
