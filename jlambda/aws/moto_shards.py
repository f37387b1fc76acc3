"""moto's Kinesis where shards are split and merged: what was written stays in the closed ones, what comes goes to open ones.

moto copies records to the new shards, where they would be read a second time, and goes on writing to those that are closed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def change() -> None:
    from moto.kinesis import models

    split, merge, for_key = models.Stream.split_shard, models.Stream.merge_shards, models.Stream.get_shard_for_key

    def split_shard(self: Any, shard_to_split: str, new_starting_hash_key: str) -> None:
        with _kept(self.get_shard(shard_to_split)):
            split(self, shard_to_split, new_starting_hash_key)

    def merge_shards(self: Any, shard_to_merge: str, adjacent_shard_to_merge: str) -> None:
        with _kept(self.get_shard(shard_to_merge)), _kept(self.get_shard(adjacent_shard_to_merge)):
            merge(self, shard_to_merge, adjacent_shard_to_merge)

    def get_shard_for_key(self: Any, partition_key: str, explicit_hash_key: str) -> Any:
        every = self.shards
        self.shards = {name: shard for name, shard in every.items() if shard.is_open}
        try:
            return for_key(self, partition_key, explicit_hash_key)
        finally:
            self.shards = every

    models.Stream.split_shard = split_shard  # type: ignore[method-assign]
    models.Stream.merge_shards = merge_shards  # type: ignore[method-assign]
    models.Stream.get_shard_for_key = get_shard_for_key  # type: ignore[method-assign]


@contextmanager
def _kept(shard: Any) -> Iterator[None]:
    """Keep what a shard has where it is, though moto copies or moves it within."""
    records, shard.records = shard.records, OrderedDict()
    try:
        yield
    finally:
        shard.records = records
