from gateway.keeper.presence import Listed, Presence, Told
from psync_signal import Peer, PeerJoined, PeerLeft

A, B, C = (Peer(name, "room", "2026-01-31T09:30:00.250Z") for name in "abc")


def presence(*known: Peer) -> Presence:
    """One whose first list named these."""
    made = Presence(patience=30)
    assert made.named(known) == [Listed(known)]
    return made


def test_who_comes_and_goes_is_told() -> None:
    news = presence(A)
    assert news.joined(PeerJoined(B)) == [PeerJoined(B)]
    assert news.left(PeerLeft(A, "away")) == [PeerLeft(A, "away")]
    assert news.left(PeerLeft(A, "lost")) == []


def test_after_a_restart_nothing_is_told_of_those_who_are_there_again_in_whatever_order() -> None:
    news = presence(A)
    news.joined(PeerJoined(B))
    assert news.named_again([B], now=100) == []
    assert news.awaits("a")
    assert news.joined(PeerJoined(A)) == []
    assert (news.awaits("a"), news.due) == (False, None)


def test_after_a_restart_only_those_who_are_new_are_listed_and_to_be_offered_to() -> None:
    assert presence(A).named_again([A, B], now=100) == [Listed((B,))]


def test_who_is_new_after_a_restart_and_comes_later_will_offer() -> None:
    news = presence(A)
    news.named_again([A], now=100)
    assert news.joined(PeerJoined(B)) == [PeerJoined(B)]


def test_who_does_not_come_back_after_a_restart_is_lost_when_the_time_is_over() -> None:
    news = presence(A, B, C)
    news.named_again([C], now=100)
    assert news.due == 130
    assert news.overdue(129.9) == []
    assert news.overdue(130) == [PeerLeft(A, "lost"), PeerLeft(B, "lost")]
    assert not news.awaits("a")
    assert news.overdue(999) == []


def test_a_second_restart_gives_all_of_the_time_once_more() -> None:
    news = presence(A, B)
    news.named_again([], now=100)
    assert news.named_again([B], now=120) == []
    assert (news.awaits("a"), news.awaits("b"), news.due) == (True, False, 150)


def test_who_leaves_again_while_awaited_is_gone() -> None:
    news = presence(A)
    news.named_again([], now=100)
    assert news.left(PeerLeft(A, "left")) == [PeerLeft(A, "left")]
    assert news.due is None


def test_who_is_new_to_all_offers_to_all_again_and_hears_first_who_is_gone() -> None:
    news = presence(A, B)
    assert news.named([B, C]) == [PeerLeft(A, "lost"), Listed((B, C))]
    assert news.due is None


def test_who_registers_once_more_is_told_only_of_those_it_has_to_offer_to() -> None:
    news = presence(A)
    news.joined(PeerJoined(B))
    assert news.listed() == Listed((A,))
    news.named_again([B, C], now=100)
    assert news.listed() == Listed((A, C))
    news.left(PeerLeft(A, "left"))
    news.joined(PeerJoined(A))
    assert news.listed() == Listed((C,))


def test_whatever_happens_each_peer_is_told_to_come_and_to_go_in_turn() -> None:
    news = presence(A)
    told: list[Told] = [
        *news.named_again([B], 100),
        *news.joined(PeerJoined(A)),
        *news.left(PeerLeft(B, "left")),
        *news.named_again([A, B], 110),
    ]
    told += [*news.left(PeerLeft(A, "left")), *news.named([A])]
    assert told == [Listed((B,)), PeerLeft(B, "left"), Listed((B,)), PeerLeft(A, "left"), PeerLeft(B, "lost"), Listed((A,))]
