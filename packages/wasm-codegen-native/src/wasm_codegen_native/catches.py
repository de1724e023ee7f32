"""What the tries of a function catch, as tables: handlers, each with a list of clauses; and which clause a throw certainly goes to.

A *handler* is a try_table, or the body of a legacy try with its catch arms as clauses. What none of its clauses takes goes to its `outer` handler.
A try with `delegate` is none: what its body throws is the business of the handler of the label it names.
"""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.growing import put
from wasm_codegen_native.guards import NO_TRY
from wasm_codegen_native.tags import Tags
from wasm_environ.body import LABEL_END, LABEL_PARENT, LABEL_WORDS, OP_MASK, WITH_REFERENCE, WORDS
from wasm_environ.op import CATCH, CATCH_ALL, DELEGATE, RETHROW

NONE: Final = -1
UNKNOWN: Final = -2
LOOKS: Final = 100  # clauses that `find` looks at
ARM: Final = 4  # kind of a legacy catch or catch_all; the others are those of the op stream


@final
class Catches:
    """Tables of the current function."""

    def __init__(self, tags: Tags) -> None:
        self.tags: Tags = tags
        self.labels: vec[i64] = vec[i64]()
        self.inside: vec[i64] = vec[i64]()  # label -> the handler of what is thrown right inside it; of a try: in its current arm
        self.arms: vec[i64] = vec[i64]()  # label of a legacy try -> the clause of its next arm
        self.kept: vec[i64] = vec[i64]()  # label of a legacy try -> which of the frame's words keeps its exception for rethrow
        self.kept_inside: vec[i64] = vec[i64]()  # label -> how many of these words are in use right inside it
        self.kept_count: i64 = 0
        # Handlers.
        self.count: i64 = 0
        self.outer: vec[i64] = vec[i64]()
        self.first: vec[i64] = vec[i64]()  # clause
        # Clauses.
        self.clauses: i64 = 0
        self.kind: vec[i64] = vec[i64]()
        self.tag: vec[i64] = vec[i64]()  # NONE: any
        self.label: vec[i64] = vec[i64]()  # where it leads; of an arm: the try it belongs to
        self.record: vec[i64] = vec[i64]()  # an arm's first
        self.following: vec[i64] = vec[i64]()
        # What `find` found.
        self.handler: i64 = NONE
        self.clause: i64 = NONE

    def begin(self, ops: vec[i64], labels: vec[i64], tries: bool, legacy: bool) -> None:
        """Start a function. `tries`, `legacy`: whether it has any, and legacy ones among them."""
        self.labels = labels
        self.count = 0
        self.clauses = 0
        self.kept_count = 0
        if tries:
            self.open_labels()
        if legacy:
            self.collect_arms(ops)

    def open_labels(self) -> None:
        """Every label of this function, so far without anything."""
        n: i64 = len(self.labels) // LABEL_WORDS
        label: i64 = 0
        while label < n:
            self.inside = put(self.inside, label, UNKNOWN)
            self.arms = put(self.arms, label, NONE)
            self.kept = put(self.kept, label, NONE)
            self.kept_inside = put(self.kept_inside, label, 0)
            label += 1

    def collect_arms(self, ops: vec[i64]) -> None:
        """The arms of every legacy try, from the last to the first, and the tries that are rethrown from."""
        record: i64 = len(ops) // WORDS - 1
        while record >= 0:
            p = record * WORDS
            op = ops[p] & OP_MASK
            label = ops[p + 1]
            if op == CATCH or op == CATCH_ALL:
                self.add_clause(ARM, ops[p + 3] if op == CATCH else NONE, label)
                clause = self.clauses - 1
                self.record[clause] = record
                self.following[clause] = self.arms[label]
                self.arms[label] = clause
            elif op == RETHROW:
                self.kept[label] = 0
            record -= 1
        label = 1  # of any label the parent has a lower number
        while label < len(self.labels) // LABEL_WORDS:
            used = self.kept_inside[self.labels[label * LABEL_WORDS + LABEL_PARENT]]
            if self.kept[label] != NONE:
                self.kept[label] = used
                used += 1
                if used > self.kept_count:
                    self.kept_count = used
            self.kept_inside[label] = used
            label += 1

    def add_clause(self, kind: i64, tag: i64, label: i64) -> None:
        """A clause, in no list yet."""
        n = self.clauses
        self.kind = put(self.kind, n, kind)
        self.tag = put(self.tag, n, tag)
        self.label = put(self.label, n, label)
        self.record = put(self.record, n, NONE)
        self.following = put(self.following, n, NONE)
        self.clauses = n + 1

    def add_handler(self, first: i64, outer: i64) -> i64:
        """A handler with a list of clauses; its number."""
        n = self.count
        self.outer = put(self.outer, n, outer)
        self.first = put(self.first, n, first)
        self.count = n + 1
        return n

    def open_try_table(self, extra: vec[i64], at: i64, outer: i64) -> i64:
        """The handler of a try_table with the clauses at extra[at]: stack height, number, then kind, tag, label each; `outer` if there are none."""
        n = extra[at + 1]
        if n == 0:
            return outer
        first = self.clauses
        k: i64 = 0
        while k < n:
            place = at + 2 + 3 * k
            self.add_clause(extra[place], extra[place + 1], extra[place + 2])
            if k > 0:
                self.following[first + k - 1] = first + k
            k += 1
        return self.add_handler(first, outer)

    def open_try(self, ops: vec[i64], label: i64, outer: i64) -> i64:
        """The handler of what a legacy try's body throws."""
        if self.delegates(ops, label):
            return self.of_label(ops[self.labels[label * LABEL_WORDS + LABEL_END] * WORDS + 3])
        if self.arms[label] == NONE:
            return outer
        return self.add_handler(self.arms[label], outer)

    def delegates(self, ops: vec[i64], label: i64) -> bool:
        """Whether a legacy try ends with delegate."""
        return (ops[self.labels[label * LABEL_WORDS + LABEL_END] * WORDS] & OP_MASK) == DELEGATE

    def of_label(self, label: i64) -> i64:
        """The handler of what is thrown right inside a label that is open: that of the innermost try it lies in, known from then on."""
        handler: i64 = NO_TRY
        at = label
        while at >= 0:
            if self.inside[at] != UNKNOWN:
                handler = self.inside[at]
                break
            at = self.labels[at * LABEL_WORDS + LABEL_PARENT]
        while label != at:
            self.inside[label] = handler
            label = self.labels[label * LABEL_WORDS + LABEL_PARENT]
        return handler

    def find(self, tag: i64, handler: i64) -> None:
        """Which clause takes what is thrown with this tag below `handler`: `clause` of `handler`. NONE as clause: only known when it runs; as
        handler: none in this function."""
        looks: i64 = 0
        while handler >= 0:
            clause = self.first[handler]
            while clause >= 0:
                wanted = self.tag[clause]
                if wanted == NONE or self.tags.may_be_one(wanted, tag) or looks == LOOKS:
                    self.handler = handler
                    self.clause = clause if wanted == NONE or wanted == tag else NONE
                    return
                looks += 1
                clause = self.following[clause]
            handler = self.outer[handler]
        self.handler = NONE
        self.clause = NONE

    def needs_object(self, clause: i64) -> bool:
        """Whether a clause looks at the exception itself."""
        kind = self.kind[clause]
        return self.kept[self.label[clause]] != NONE if kind == ARM else (kind & WITH_REFERENCE) != 0
