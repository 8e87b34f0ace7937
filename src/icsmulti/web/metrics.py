"""What is counted, as plain integers: a request costs three additions here and no lock.

Several workers share one anonymous memory map, a slot each: a worker copies its counts into
its slot every second, and whoever answers `/metrics` adds the slots up. A killed worker's
successor takes over its slot, so no counter ever falls. (prometheus-client's own multiprocess
mode costs 5 µs a request and a writable folder; only its text format is used, in `operations`.)
"""

from __future__ import annotations

import mmap
import struct
import zlib
from bisect import bisect_left

import msgspec

SLOT_OCTETS = 65_536
_HEAD = struct.Struct("<II")  # length, CRC-32

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
OCCURRENCES = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000)


class Histogram(msgspec.Struct):
    """Counts per bucket (the last one is beyond every bound) and the sum of what was seen."""

    buckets: list[int]
    total: float = 0.0

    def add(self, other: Histogram) -> None:
        self.buckets = [a + b for a, b in zip(self.buckets, other.buckets, strict=True)]
        self.total += other.total


class Counts(msgspec.Struct):
    """Everything one process has counted, or several added up."""

    latency: dict[tuple[str, int], Histogram] = {}
    """By route and status; a request is counted here and nowhere else."""
    occurrences: Histogram = msgspec.field(
        default_factory=lambda: Histogram([0] * (len(OCCURRENCES) + 1))
    )
    events: dict[str, int] = {}
    """By `<metric>` or `<metric> <label>`."""

    def request(self, route: str, status: int, seconds: float) -> None:
        label = (route, status)
        histogram = self.latency.get(label)
        if histogram is None:
            histogram = self.latency[label] = Histogram([0] * (len(SECONDS) + 1))
        histogram.buckets[bisect_left(SECONDS, seconds)] += 1
        histogram.total += seconds

    def calendar(self, occurrences: int) -> None:
        self.occurrences.buckets[bisect_left(OCCURRENCES, occurrences)] += 1
        self.occurrences.total += occurrences

    def event(self, metric: str, label: str = "") -> None:
        name = f"{metric} {label}" if label else metric
        self.events[name] = self.events.get(name, 0) + 1

    def add(self, other: Counts) -> None:
        for label, histogram in other.latency.items():
            if label in self.latency:
                self.latency[label].add(histogram)
            else:
                self.latency[label] = Histogram([*histogram.buckets], histogram.total)
        self.occurrences.add(other.occurrences)
        for name, count in other.events.items():
            self.events[name] = self.events.get(name, 0) + count


class Board:
    """The slots that the workers of one server share. Made before the first fork."""

    def __init__(self, workers: int) -> None:
        self._map = mmap.mmap(-1, workers * SLOT_OCTETS)
        self._workers = workers

    def write(self, worker: int, counts: Counts) -> None:
        block = msgspec.msgpack.encode(counts)
        if len(block) > SLOT_OCTETS - _HEAD.size:  # routes are few: only a fault gets here
            return
        start = worker * SLOT_OCTETS
        self._map[start + _HEAD.size : start + _HEAD.size + len(block)] = block
        self._map[start : start + _HEAD.size] = _HEAD.pack(len(block), zlib.crc32(block))

    def read(self, worker: int) -> Counts | None:
        """What a worker wrote last; None before its first write. Read again while it writes."""
        start = worker * SLOT_OCTETS
        for _ in range(100):
            length, crc = _HEAD.unpack(self._map[start : start + _HEAD.size])
            if not length:
                return None
            block = self._map[start + _HEAD.size : start + _HEAD.size + length]
            if zlib.crc32(block) == crc:
                return msgspec.msgpack.decode(block, type=Counts)
        return None


class Metrics:
    """The counts of this process, and its place among the workers."""

    def __init__(self) -> None:
        self.counts = Counts()
        self._board: Board | None = None
        self._worker = 0

    def share(self, board: Board, worker: int) -> None:
        """Take a slot, and go on from what its former holder counted."""
        self._board, self._worker = board, worker
        self.counts = board.read(worker) or Counts()

    def publish(self) -> None:
        """Show the other workers where this one stands. Called every second."""
        if self._board is not None:
            self._board.write(self._worker, self.counts)

    def everything(self) -> Counts:
        """The counts of all workers: this one's to the last request, the others' to the second."""
        total = Counts()
        total.add(self.counts)
        if self._board is not None:
            for worker in range(self._board._workers):
                other = self._board.read(worker) if worker != self._worker else None
                if other is not None:
                    total.add(other)
        return total


METRICS = Metrics()
"""The process's counts. One, because a process is what Prometheus sees."""
