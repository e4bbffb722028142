"""The tests mirror the code: `actors/peer.py` is tested by `tests/actors/test_peer.py`.

`doubles.py` holds the stand-ins for the ports, `parts.py` finds the real parts (a browser) that integration tests need,
`vectors/` holds frames, whole exchanges of them and envelopes, which client authors can use too; `pieces.py` reads their bytes.
`fuzz/` and `soak/` are run by hand (`make fuzz`, `make soak`); their own tests are short runs of them.
"""
