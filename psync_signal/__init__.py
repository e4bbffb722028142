"""The client in Python: asyncio, profile v2, one peer in one group.

It needs nothing of the server's packages. Where to look::

client        Signal: joins, sends, and comes back by itself
events        what it hears
errors        what can fail
reconnect     when it comes back, by close code and status
credential    tokens
joining       the first words on a connection
connection    the WebSocket
envelope      JSON and MessagePack
inbox         the events that wait for the application
unanswered    the messages that wait for the server's word
"""

from psync_signal.client import Signal, Workings
from psync_signal.envelope import Malformed
from psync_signal.errors import SignalEnded, SignalError
from psync_signal.events import Event, Failed, GoingAway, Lost, Message, Peer, PeerJoined, PeerLeft, Peers

__all__ = [
    "Event",
    "Failed",
    "GoingAway",
    "Lost",
    "Malformed",
    "Message",
    "Peer",
    "PeerJoined",
    "PeerLeft",
    "Peers",
    "Signal",
    "SignalEnded",
    "SignalError",
    "Workings",
]
