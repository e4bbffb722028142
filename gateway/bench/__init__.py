"""The load generator: a process of its own that loads a server over real sockets, checks every byte that comes back, and tells the cost.

Nothing here is imported by a server. The command line hands over to it with `exec`, so it runs without gevent. Where to look::

    command        the command line: which plans are run, against which server
    plan           one run of one scenario, with its bounds; what each scenario is
    relay          pairs that talk, closed loop or by a timetable
    fanout         one speaks to a group
    arrivals       a group filled at once, idle connections, a crowd that comes back
    crowd          opens many connections side by side; connection is one of them
    talk           what one peer says to another, checked; template is the frame that is patched for each message
    frames         RFC 6455 as a client writes and reads it
    dialect        how to register and to relay with this server; other dialects live with the comparison (tests/bench)
    watch          epoll, and the share of the time that the generator had nothing to do
    target         the server: started here, or one that runs
    usage          CPU and memory of the server, from /proc
    result         what a run found; percentiles
    report, plot   the table, the JSON, the picture
"""
