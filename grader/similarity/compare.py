"""How alike the submissions of one exercise are: what two of them share and the others do not, by winnowing (MOSS).

copydetect makes the fingerprints: it is a library for this, in use at universities, and in Python. Its own tokens take
`torch.einsum` and `np.dot` for the same, which short functions cannot afford, so tokens.py makes these.

Schleimer, Wilkerson, Aiken (2003), Winnowing: local algorithms for document fingerprinting.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import median

import numpy as np
from copydetect.utils import get_copied_slices, get_document_fingerprints
from scipy.sparse import csr_array

from .tokens import BREAK, Tokens, tokens_of

LENGTH = 8  # tokens in a piece
WINDOW = 1  # every piece counts: sources are short, and a choice by hash would not be the same in the next process
ENOUGH = 30  # distinctive pieces that a file must have: with fewer, independent work comes out as like as copies
FAR = 5.0  # robust standard deviations from the class's median: what honest classes do not have
COMMON = 0.25  # pieces of less weight are not marked: a good part of the class has them
KNOWN_PAIRS = 3  # as many pairs of independent solutions are needed to say what is usual


@dataclass(frozen=True)
class Pair:
    """likeness: twice the shared weight by the weight of both, 0 to 1. shared: that weight, in pieces that nobody else has.

    distance: from the median of the class's pairs, in robust standard deviations.
    """

    first: str
    second: str
    likeness: float
    shared: float
    distance: float


@dataclass(frozen=True)
class Work:
    """A source and its pieces (hash -> where, counted in tokens), without those that everybody is given."""

    tokens: Tokens
    pieces: Mapping[int, Sequence[int]]

    @classmethod
    def of(cls, source: str, given: frozenset[int] = frozenset()) -> "Work":
        tokens = tokens_of(source)
        if len(tokens.letters) < LENGTH:
            return cls(tokens, {})
        _hashes, places = get_document_fingerprints(tokens.letters, LENGTH, WINDOW)
        return cls(
            tokens,
            {
                int(piece): [int(place) for place in where]
                for piece, where in places.items()
                if piece not in given and BREAK not in tokens.letters[where[0] : where[0] + LENGTH]
            },
        )


@dataclass
class Comparison:
    """All pairs of one exercise, the most alike first.

    weights: what each student's file holds that is distinctive, in pieces. usual: the greatest likeness of independent right
    solutions that the course knows; None where it knows too few.
    """

    works: Mapping[str, Work]
    weights: Mapping[str, float]
    pairs: list[Pair]
    usual: float | None = None
    _common: frozenset[int] = field(default=frozenset(), repr=False)

    @cached_property
    def short(self) -> list[str]:
        """Students whose file holds too little to be judged."""
        return [student for student, weight in self.weights.items() if weight < ENOUGH]

    @property
    def can_judge(self) -> bool:
        """Not where most files are too short: what is like there is like by chance."""
        return 2 * len(self.short) < len(self.weights)

    def is_unusual(self, pair: Pair) -> bool:
        """Whether it is more alike than any two independent solutions that are known, and than the class is in general."""
        return self.usual is not None and pair.likeness > self.usual and pair.distance > FAR

    def leading(self, count: int) -> list[Pair]:
        """The most alike; of several that share one origin, those pairs only that bring in somebody new."""
        origin = {student: student for student in self.works}

        def find(student: str) -> str:
            while origin[student] != student:
                student = origin[student]
            return student

        found: list[Pair] = []
        for pair in self.pairs if self.can_judge else []:
            first, second = find(pair.first), find(pair.second)
            if first != second:
                origin[second] = first
                found.append(pair)
                if len(found) == count:
                    break
        return found

    def marks(self, pair: Pair) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """(start, end) in the first source, and in the second, of what both hold and few others do."""
        first, second = self.works[pair.first], self.works[pair.second]
        shared = (first.pieces.keys() & second.pieces.keys()) - self._common
        return _ranges(first, shared), _ranges(second, shared)


def compare(
    sources: Mapping[str, str], given: Sequence[str], known: Sequence[str] = (), independent: Sequence[str] = ()
) -> Comparison:
    """Compare all pairs of a class.

    sources: by student. given: what everybody has or may come to (the stub, the reference), taken out of all.
    known: other versions of the exercise; what they hold too is less distinctive. independent: right ones among these, of
    which no two were copied.
    """
    taken = frozenset(piece for source in given for piece in Work.of(source).pieces)
    works = {student: Work.of(source, taken) for student, source in sources.items()}
    others = [Work.of(source, taken) for source in (*independent, *known)]
    population = [*works.values(), *others]
    counts = Counter(piece for work in population for piece in work.pieces)
    weight_of = {piece: _weight(count, len(population)) for piece, count in counts.items()}
    common = frozenset(piece for piece, weight in weight_of.items() if weight < COMMON)
    weights, likeness, shared = _matrices(list(works.values()), weight_of)
    students = list(works)
    pairs = _pairs(students, weights, likeness, shared)
    known_weights, known_likeness, _shared = _matrices(others[: len(independent)], weight_of)
    usual = [
        float(known_likeness[a, b])
        for a in range(len(independent))
        for b in range(a)
        if min(known_weights[a], known_weights[b]) >= ENOUGH
    ]
    return Comparison(
        works,
        dict(zip(students, map(float, weights), strict=True)),
        pairs,
        max(usual) if len(usual) >= KNOWN_PAIRS else None,
        common,
    )


def _weight(count: int, population: int) -> float:
    """1 for a piece that two hold, 0 for one that all hold: inverse document frequency."""
    return min(1.0, math.log(population / count) / math.log(population / 2)) if population > 2 else 1.0


def _matrices(works: Sequence[Work], weight_of: Mapping[int, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The weight of each work; likeness, and weight of what they share, of each two."""
    if not works:
        return np.zeros(0), np.zeros((0, 0)), np.zeros((0, 0))
    column = {piece: number for number, piece in enumerate(weight_of)}
    rows = [row for row, work in enumerate(works) for _piece in work.pieces]
    columns = [column[piece] for work in works for piece in work.pieces]
    roots = [math.sqrt(weight_of[piece]) for work in works for piece in work.pieces]
    table = csr_array((roots, (rows, columns)), shape=(len(works), max(len(column), 1)))
    shared = (table @ table.T).toarray()
    weights = shared.diagonal().copy()
    both = weights[:, None] + weights[None, :]
    return weights, np.divide(2 * shared, both, out=np.zeros_like(shared), where=both > 0), shared


def _pairs(students: Sequence[str], weights: np.ndarray, likeness: np.ndarray, shared: np.ndarray) -> list[Pair]:
    """Of the files that hold enough, the most alike first."""
    judged = [number for number in range(len(students)) if weights[number] >= ENOUGH]
    places = [(a, b) for number, a in enumerate(judged) for b in judged[number + 1 :]]
    values = [float(likeness[place]) for place in places]
    middle = median(values) if values else 0.0
    spread = max(1.4826 * median(abs(value - middle) for value in values), 0.02) if values else 1.0
    found = [
        Pair(students[a], students[b], value, float(shared[a, b]), (value - middle) / spread)
        for (a, b), value in zip(places, values, strict=True)
    ]
    return sorted(found, key=lambda pair: (-pair.likeness, -pair.shared, pair.first, pair.second))


def _ranges(work: Work, shared: set[int]) -> list[tuple[int, int]]:
    starts, ends = get_copied_slices(np.array([place for piece in shared for place in work.pieces[piece]]), LENGTH)
    places = work.tokens.places
    return [(places[int(start)][0], places[int(end) - 1][1]) for start, end in zip(starts, ends, strict=True)]
