"""The parts of an open session, put together: what the session's folder, engine and service are made of.

Nothing of it is a user's: `Session` opens and closes it, and hands its parts out.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from jlambda.aws.child import GatewayKey
from jlambda.aws.services import Services
from jlambda.engine.control import Template, wanted_sandbox
from jlambda.engine.engine import Engine
from jlambda.engine.scheduler import Scheduler
from jlambda.model.http.address import API
from jlambda.model.role import role_arn
from jlambda.runtimes import languages, python
from jlambda.runtimes.code import CodeStore
from jlambda.service.activity import Activity
from jlambda.service.archives import Archives
from jlambda.service.bucket_front import BucketFront
from jlambda.service.cells import DeployedCells
from jlambda.service.clients import Clients
from jlambda.service.clock import Clock
from jlambda.service.concurrency import Concurrency
from jlambda.service.control import ControlPlane
from jlambda.service.destinations import destinations
from jlambda.service.event_bus import EventBus
from jlambda.service.event_delivery import Delivery
from jlambda.service.event_front import EventFront
from jlambda.service.event_queue import EventQueue
from jlambda.service.event_triggers import EventTriggers
from jlambda.service.expiry import Expiry
from jlambda.service.http_triggers import RouteTriggers, UrlTriggers
from jlambda.service.inventory import Inventory
from jlambda.service.invoke import Invoker
from jlambda.service.layers import Layers
from jlambda.service.log_delivery import LogDelivery
from jlambda.service.log_subscriptions import LogSubscriptions
from jlambda.service.mapping_sources import Sources
from jlambda.service.mapping_triggers import MAPPED, MappingTriggers
from jlambda.service.polling import Polling
from jlambda.service.provisioned import Provisioned
from jlambda.service.push_places import Buckets, LogGroups, Topics
from jlambda.service.push_triggers import PushTriggers
from jlambda.service.pushes import Pushes
from jlambda.service.recursion import Recursion
from jlambda.service.roles import Roles
from jlambda.service.schedules import Schedules
from jlambda.service.service import Service
from jlambda.service.snapshots import take_snapshot
from jlambda.service.target_retries import TargetRetries
from jlambda.service.test_events import TestEvents
from jlambda.service.trigger_news import EVERY, TriggerNews
from jlambda.service.triggers import Triggers
from jlambda.store.database import Database
from jlambda.store.folder import open_folder
from jlambda.store.functions import Functions
from jlambda.store.provisioned import ProvisionedTable
from jlambda.store.records import Records
from jlambda.store.secrets import Secrets

if TYPE_CHECKING:
    from jlambda.api.server import Gateway
    from jlambda.session import Session

#: environments kept ready ahead of need
BLANKS = 1


class Parts:
    """Everything of a session that is open. Each part is closed after those that were opened later."""

    def __init__(self, folder: Path, session: Session) -> None:
        self.cpu_limit, self.freezer = session.cpu_limit, session.freezer
        self.is_closing = False
        self.gateway: Gateway | None = None
        #: what the gateway will listen on, and functions know already; and what ends the watch for the first of them to call
        self.reserved: socket.socket | None = None
        self.unwatch: Callable[[], None] = lambda: None
        #: what is to be forgotten once the embedded services are empty
        self._emptied: list[Callable[[], None]] = []
        with ExitStack() as opened:
            opened.callback(self._let_go_of_port)
            self.folder = open_folder(folder)
            opened.callback(self.folder.close)
            database = Database(self.folder.path)
            opened.callback(database.close)
            self.records = Records(database)
            self.clock = Clock(database)
            code = self.folder.path / "code"
            sandbox = wanted_sandbox(str(self.folder.path), str(code), languages.folders())
            scheduler = Scheduler(session.concurrency, session.keep_alive_s)
            entries = [entry.partition(":")[0] for entry in (python.ENTRY, languages.BRIDGE)]
            template = Template((*entries, *python.PRELOAD), python.REHEARSE)
            self.engine = Engine(scheduler, sandbox, template, BLANKS, cpu_limit=self.cpu_limit, freezer=self.freezer)
            Expiry(self.engine, self.clock)
            self.invoker = Invoker(self.engine, self.records)
            opened.callback(self.invoker.close)
            opened.callback(self.engine.close)
            functions, secrets, packages = Functions(database), Secrets(self.folder.path), CodeStore(code)
            layers = Layers(database, packages, session.account, lock := threading.RLock())
            every = functions.everything()
            packages.remove_unused({each.code_sha256 for each in every} | layers.in_use(every))
            code.mkdir(mode=0o755, exist_ok=True)
            self.control = ControlPlane(
                functions,
                secrets,
                packages,
                layers,
                session.account,
                self.engine.retire,
                partial(take_snapshot, self.engine),
                lock,
            )
            self.reservations = Concurrency(functions, self.engine, session.concurrency)
            limit = session.concurrency
            table = ProvisionedTable(database)
            self.provisioned = Provisioned(table, self.control, self.reservations, self.engine, limit)
            self.control.alias_moved, self.control.gone = self.provisioned.alias_moved, self._gone
            self.service = Service(
                *(database, functions, secrets, packages, layers, self.control, session.account, session.concurrency),
                is_strict=session.strict_runtimes,
                settle_s=session.settle_s,
                records=self.records,
                engine=self.engine,
            )
            opened.callback(self.service.api_usage.save)
            self.roles = Roles(session.account, partial(session.reserve_port, self))
            self.control.give_access(self.roles.variables)
            tasks = self.roles.key(role_arn("states-role", session.account), "states")

            def gateway_key() -> GatewayKey:
                return GatewayKey(session.gateway().port, tasks, session.front_url(API, "{id}"))

            self.services = Services(session.account, gateway_key, self.folder.path, session.aws_endpoint)
            opened.callback(self.services.close)
            self.recursion = Recursion(self.service.settings, session.account)
            self.invoker.follow = self.recursion.follow
            self.queue = EventQueue(
                *(self.folder.path, self.engine, self.invoker, self.records, self.control, self.reservations),
                *(self.service.event_invoke, self.clock, session.account),
            )
            opened.callback(self.queue.close)
            self.activity = Activity(
                *(self.engine, self.invoker, self.records, self.control, self.queue), has_freezer=self.freezer
            )
            opened.callback(self.activity.close)
            self.service.metrics.counts = lambda *about: [*self.queue.metrics(*about), *self.recursion.counts(*about)]
            self.log_subscriptions = LogSubscriptions(database, self.control.get)
            running = self.service.running_logs
            self.log_delivery = LogDelivery(self.log_subscriptions, running, self.queue, session.account, self.clock)
            opened.callback(self.log_delivery.close)
            self.invoker.written = self.log_delivery.written
            self.services.push = (pushes := Pushes(self.queue)).take
            self.triggers = Triggers(database, self.service.targets, self._triggers_changed)
            self.trigger_news = TriggerNews(
                *(self.triggers, lambda: [each.name for each in self.control.list()], self.control.tell),
                *(lambda: bool(self.control.watchers), self.clock),
            )
            opened.callback(self.trigger_news.close)
            self.service.mappings.watch(lambda mapping: self.control.tell(mapping.function))
            self.service.event_invoke.changed = self.reservations.changed = self.service.urls.changed = self.control.tell
            self.provisioned.changed = self.control.tell
            self.log_subscriptions.changed = self._subscriptions_changed
            self.test_events = TestEvents(database, self.service.targets)
            self.cells = DeployedCells(database)
            clients = Clients(partial(session.client_while_open, self))
            self.inventory = Inventory(database, session.account, clients, lambda: self.services.is_running)
            self.services.observe(self.inventory.saw)
            self._plug_in_services(database, session, clients)
            urls, gate, switches = self.service.urls, self.service.url_gate, self.service.switches
            self.triggers.plug_in(UrlTriggers(urls, gate, switches, session.front_url), "url")
            has_apis, gateway_v2 = (lambda: self.services.may_have("apigateway")), partial(clients, "apigatewayv2")
            routes = RouteTriggers(
                *(gateway_v2, has_apis, self.service.permissions, switches, session.account, session.front_url, database)
            )
            self.triggers.plug_in(routes, "http")
            self._emptied.append(routes.forget)
            self._put_events_together(session, database, opened, clients, pushes)
            self.before_close: list[Callable[[], None]] = []
            self._deliver(session, database, opened)
            self._opened = opened.pop_all()

    def _deliver(self, session: Session, database: Database, opened: ExitStack) -> None:
        """What reads queues and streams for functions; it begins once the session is open."""
        # a poller knows better when to try again than its client
        clients, mappings = Clients(partial(session.client_while_open, self, attempts=1)), self.service.mappings
        sources = Sources(
            *(database, self.control, self.invoker, self.clock, session.account, clients, self.queue.deliver),
            lambda uuid: mappings.find(uuid) is not None,
            self.services.dismiss,
            self.queue.count,
            is_ours=session.aws_endpoint is None,
        )
        self.polling = Polling(mappings, sources, self.services)
        self.clock.listen(lambda _: self.polling.wake())  # records grow old, and tumbling windows end
        kind = MappingTriggers(mappings, self.control, session.account, clients, self.inventory)
        self.triggers.plug_in(kind, *MAPPED)
        opened.callback(self.polling.join)

    def _plug_in_services(self, database: Database, session: Session, clients: Clients) -> None:
        """What works through the services' API: triggers that they push, and where results of events go."""
        permissions = self.service.permissions
        BucketFront(self.services, self.service.targets, permissions)
        for place in (Buckets(clients, permissions), Topics(clients), LogGroups(clients, self.log_subscriptions)):
            can_ask = partial(self.services.may_have, place.kind) if place.kind != "logs" else lambda: True
            kind = PushTriggers(place, database, session.account, can_ask, lambda: self.services.push_refusal)
            self.triggers.plug_in(kind, place.kind)
            self._emptied.append(kind.forget)
        for destination in destinations(clients, self.clock.now):
            self.queue.plug(destination.service, destination)

    def _put_events_together(
        self, session: Session, database: Database, opened: ExitStack, clients: Clients, pushes: Pushes
    ) -> None:
        """EventBridge and schedules, at work."""
        account = session.account
        # each try is one: what fails is tried again by the target's own policy
        delivery = Delivery(Clients(partial(session.client_while_open, self, attempts=1)), self.queue)
        self.target_retries = TargetRetries(database, self.clock, delivery)
        opened.callback(self.target_retries.close)
        self.archives = Archives(database, self.clock)
        self.bus = EventBus(account, self.clock, clients, delivery, self.archives)
        self.event_front = EventFront(self.bus, self.services)
        opened.callback(self.event_front.close)
        pushes.to_bus = self.event_front.take
        self.schedules = Schedules(database, account, self.clock, clients, delivery)
        opened.callback(self.schedules.close)
        triggers = EventTriggers(
            *(database, account, clients, lambda: self.services.may_have("events", "scheduler")),
            lambda: self.services.push_refusal,
        )
        self.triggers.plug_in(triggers, *triggers.KINDS)
        if not self.services.push_refusal:  # another endpoint sees to its rules and schedules itself
            self.services.observe(self.bus.saw)
            self.services.observe(self.archives.saw)
            self.services.observe(self.schedules.saw)
            self.services.observe(triggers.saw)
            self.services.observe(self.trigger_news.saw)
        self._emptied += [triggers.forget, self.schedules.forget, self.bus.forget, self.target_retries.forget]
        self._emptied += [self.archives.forget, self.inventory.forget, self.triggers.emptied, self.service.api_usage.forget]

    def emptied(self) -> None:
        """The embedded services hold nothing any more."""
        for forget in self._emptied:
            forget()
        self.trigger_news.changed(EVERY)

    def _subscriptions_changed(self) -> None:
        self.log_delivery.changed()
        self.trigger_news.changed(("logs",))

    def _triggers_changed(self, function: str) -> None:
        self.trigger_news.told(function)
        self.control.tell(function)

    def _gone(self, function: str, version: str | None) -> None:
        self.provisioned.forget(function, version)
        if version is None:
            self.reservations.forget(function)

    def leave(self) -> None:
        """All this is about to be closed: nothing more is begun in the background."""
        self.is_closing = True
        self.schedules.leave()
        self.target_retries.leave()
        self.trigger_news.leave()
        self.log_delivery.leave()
        self.polling.close()

    def _let_go_of_port(self) -> None:
        if self.reserved is not None:
            self.reserved.close()

    def close(self) -> None:
        """In the reverse order of opening; each part is closed whatever becomes of the others."""
        self._opened.close()

    def abandon(self) -> None:
        """In a fork of the process that these parts belong to: leave everything as it is."""
        self.folder.close()  # the lock itself stays with the parent
