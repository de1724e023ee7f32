"""The resources of all.wit's `registry`: componentize-py looks for them in a module of the interface's name."""

from __future__ import annotations

import wit_world.exports.registry


class Counter(wit_world.exports.registry.Counter):
    alive = 0

    def __init__(self, start):
        self.value = start
        Counter.alive += 1

    def __exit__(self, *what):
        Counter.alive -= 1

    def add(self, n):
        self.value += n
        return self.value

    def copy(self):
        return Counter(self.value)

    @classmethod
    def largest(cls, among):
        return max((counter.value for counter in among), default=0)
