"""Actors decide: who is in which group, who may speak, who is told what, who is gone. No socket, no codec, no gateway.

Where to look::

    messages    every message that an actor accepts, grouped by receiver
    ownership   more of them: who owns a place
    events      what clients are told; the base of all messages
    reasons     the one table of error codes, close codes and leave reasons; the error tree
    ports       what the outside supplies: Clock, Scheduler, Outbox, Backplane, Metrics
    runtime     BrokerActor: a pykka actor whose mailbox is drained in batches by a Scheduler
    directory   Directory: the supervisor; (tenant, group) -> GroupActor
    census      what an operator asks of the actors, and has them do
    rules       what holds for the groups of a tenant, and what changes it
    group       GroupActor: one group; the total order of what happens in it
    supervision what the Directory is told, and what a failed group leaves behind
    peer        PeerActor: one connection's life; its half that listens to the client is in speaker; with what it owns:
      client      its far end: what it is told, what it said too early
      seat        its place in a group, and the way to the group
      watch       its signs of life: pings, deadlines, challenges
      delivery    what other peers send to it, in order
      unlisted    its Outbox, if it may not know who is there
    peer_v2     PeerV2Actor: what a connection of profile v2 has beside
    resumable   ResumablePeer: how that one keeps its place over a lost connection
    resume      what is kept meanwhile
    contest     who waits for the id of another
    quota       who is refused because a bound on peers is met
    roster      pure: its members as others are told of them
    membership  pure: who is in a group, in which order
    pairing     pure: which candidates wait for which answer
    terms       on what a connection was let in; peer_rules: what holds for each
    liveness    pure: who is silent for how long, and what that calls for
    conduct     pure: what a client has left of its rates, and how many faults it has
    allowance   pure: one token bucket
    grant       pure: what a token lets its connection do
    audit       the form of the log lines that tell who came in, was refused or replaced
"""
