"""The conformance command: a process of its own that plays the contract against any server, and tells row by row what it keeps.

Nothing here is imported by a server, and nothing here imports the server's codec or frames: a judge must not share the faults of those
that it judges. The command line hands over to it with `exec`, so it runs without gevent. Where to look::

    transcripts/   the rows, as data for other programs, too; its README.md is their format
    command        the command line: which rows are played, against which server
    transcript     reads the rows, and refuses those that could not be played
    steps          what a row does and demands
    facts          what a row leaves open: names of groups, sizes that an operator may have changed
    pattern        what a message has to be
    target         the server: where it listens, what it is shown of a token
    welcome        whether it speaks v2, and which limits it has
    connection     one client: frames by the protocol engine of the websockets library, and bytes that it would never send
    player         one row, step by step
    stage          the connections of a row, and what they do and see
    exchange       the step that is plain HTTP
    message        what a server says, read and compared
    report         the table, and the JSON
"""
