"""Who should look after whom so that loads are even, no cap is passed and urgent learners are spread.

Pure: it plans, and writes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mentor_console.quieting import level_rank


@dataclass
class Desk:
    """One e-mentor while a plan is made; `load` and `levels` grow with it."""

    person_id: int
    load: int
    cap: int | None
    levels: Counter[str] = field(default_factory=Counter)

    @property
    def has_room(self) -> bool:
        """Below the cap, if there is one."""
        return self.cap is None or self.load < self.cap

    @property
    def is_over(self) -> bool:
        """Above the cap."""
        return self.cap is not None and self.load > self.cap

    def take(self, level: str) -> None:
        """One learner more."""
        self.load += 1
        self.levels[level] += 1

    def give_up(self, level: str) -> None:
        """One learner less."""
        self.load -= 1
        self.levels[level] -= 1


@dataclass(frozen=True)
class Seat:
    """A learner to be given to somebody; `level` "" = nothing is flagged."""

    membership_id: int
    person_id: int
    level: str
    mentor_id: int | None = None
    """Whoever has the learner now."""


def share_out(desks: Sequence[Desk], waiting: Iterable[Seat]) -> dict[int, int]:
    """Membership id -> mentor's person id, for as many as there is room; changes the desks.

    First how many each gets, so that loads end as even as they can; then who, the most urgent first, each to
    the one with the fewest of that level.
    """
    seats = sorted(waiting, key=lambda seat: (level_rank(seat.level), seat.membership_id))
    places = _list_places(desks, len(seats))
    given: dict[int, int] = {}
    for seat in seats:
        others = [desk for desk in desks if desk.person_id != seat.person_id]
        # A mentor who learns here cannot take their own place; then whoever has room for one more does.
        open_to = [d for d in others if places[d.person_id]] or [
            d for d in others if d.cap is None or d.load + places[d.person_id] < d.cap
        ]
        if not open_to:
            continue
        desk = min(open_to, key=lambda d: (d.levels[seat.level], -places[d.person_id], d.person_id))
        places[desk.person_id] = max(0, places[desk.person_id] - 1)
        desk.take(seat.level)
        given[seat.membership_id] = desk.person_id
    return given


def even_out(desks: Sequence[Desk], held: Iterable[Seat]) -> list[tuple[Seat, int]]:
    """The fewest moves that leave loads within one of each other and nobody over a cap; changes the desks.

    Of a mentor's learners those given last go first: the others have known them longer. `held` is in the
    order in which they were given.
    """
    by_mentor: dict[int, list[Seat]] = {desk.person_id: [] for desk in desks}
    for seat in held:
        if seat.mentor_id in by_mentor:
            by_mentor[seat.mentor_id].append(seat)
    moves: list[tuple[Seat, int]] = []
    while (move := _find_move(desks, by_mentor)) is not None:
        seat, giver, taker = move
        by_mentor[giver.person_id].remove(seat)
        giver.give_up(seat.level)
        taker.take(seat.level)
        moves.append((seat, taker.person_id))
    return moves


def _list_places(desks: Sequence[Desk], wanted: int) -> dict[int, int]:
    """How many each gets: one after the other to whoever has least, while there is room."""
    places = dict.fromkeys((desk.person_id for desk in desks), 0)
    for _ in range(wanted):
        free = [d for d in desks if d.cap is None or d.load + places[d.person_id] < d.cap]
        if not free:
            break
        least = min(free, key=lambda desk: (desk.load + places[desk.person_id], desk.person_id))
        places[least.person_id] += 1
    return places


def _find_move(desks: Sequence[Desk], by_mentor: dict[int, list[Seat]]) -> tuple[Seat, Desk, Desk] | None:
    """The next move that helps; a learner who was moved once is not moved on."""
    for giver in sorted(desks, key=lambda desk: (not desk.is_over, -desk.load, desk.person_id)):
        for taker in sorted(desks, key=lambda desk: (desk.load, desk.person_id)):
            if not taker.has_room or (giver.load - taker.load <= 1 and not giver.is_over):
                continue
            free = [seat for seat in by_mentor[giver.person_id] if seat.person_id != taker.person_id]
            if free and giver is not taker:
                return free[-1], giver, taker
    return None
