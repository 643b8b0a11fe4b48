"""Plans of who looks after whom: even, within caps, urgent learners spread, whatever the course."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from mentor_console.balancing import Desk, Seat, even_out, share_out

LEVELS = ("act", "week", "watch", "")


def seats(number: int, first: int = 1, mentor_id: int | None = None) -> list[Seat]:
    return [Seat(key, 1000 + key, LEVELS[key % 4], mentor_id) for key in range(first, first + number)]


@given(
    desks=st.lists(st.tuples(st.integers(0, 12), st.none() | st.integers(0, 15)), min_size=1, max_size=6),
    number=st.integers(0, 60),
)
def test_as_many_as_there_is_room_for_and_as_even_as_can_be(
    desks: list[tuple[int, int | None]], number: int
) -> None:
    made = [Desk(key, load, cap) for key, (load, cap) in enumerate(desks, 1)]
    before = {desk.person_id: desk.load for desk in made}
    given_to = share_out(made, seats(number))
    room = [number if cap is None else max(0, cap - load) for load, cap in desks]
    assert len(given_to) == min(number, sum(room))
    taken = Counter(given_to.values())
    for desk in made:
        assert desk.load == before[desk.person_id] + taken[desk.person_id]
        assert taken[desk.person_id] == 0 or desk.cap is None or desk.load <= desk.cap
    for giver in made:  # nobody who took one could have left it to somebody with two fewer
        for other in made:
            if taken[giver.person_id] and other.has_room:
                assert giver.load - other.load <= 1


@given(st.integers(2, 5), st.integers(1, 60))
def test_each_level_is_spread(mentors: int, number: int) -> None:
    made = [Desk(key, 0, None) for key in range(1, mentors + 1)]
    waiting = seats(number)
    given_to = share_out(made, waiting)
    urgent = Counter(given_to[seat.membership_id] for seat in waiting if seat.level == "act")
    counts = [urgent[desk.person_id] for desk in made]
    assert max(counts) - min(counts) <= 1


def test_nobody_is_given_to_themselves() -> None:
    fellow = Seat(1, 7, "")
    assert share_out([Desk(7, 0, None)], [fellow]) == {}
    assert share_out([Desk(7, 0, None), Desk(8, 5, None)], [fellow, Seat(2, 9, "")])[2] == 7


@given(st.lists(st.integers(0, 20), min_size=2, max_size=5), st.none() | st.integers(1, 12))
def test_evening_out_ends_within_one_or_at_the_cap(loads: list[int], cap: int | None) -> None:
    made = [Desk(key, 0, cap) for key in range(1, len(loads) + 1)]
    held, first = [], 1
    for desk, load in zip(made, loads, strict=True):
        for seat in seats(load, first, desk.person_id):
            desk.take(seat.level)
            held.append(seat)
        first += load
    moves = even_out(made, held)
    assert sum(desk.load for desk in made) == sum(loads)
    assert len({seat.membership_id for seat, _ in moves}) == len(moves)
    spread = max(desk.load for desk in made) - min(desk.load for desk in made)
    assert spread <= 1 or not any(desk.has_room for desk in made)
    if cap is None or all(load <= cap for load in loads):
        ideal = sorted(sum(loads) // len(loads) + (i < sum(loads) % len(loads)) for i in range(len(loads)))
        assert sorted(desk.load for desk in made) == ideal
        assert len(moves) == sum(max(0, a - b) for a, b in zip(sorted(loads), ideal, strict=True))


def test_those_given_last_are_moved_first() -> None:
    made = [Desk(1, 4, None, Counter({"": 4})), Desk(2, 0, None)]
    held = [Seat(key, 100 + key, "", 1) for key in (11, 12, 13, 14)]
    assert [seat.membership_id for seat, _ in even_out(made, held)] == [14, 13]


def test_level_out_does_nothing_where_loads_are_even() -> None:
    made = [Desk(1, 3, None), Desk(2, 2, None)]
    assert even_out(made, [*seats(3, 1, 1), *seats(2, 4, 2)]) == []
