# ARGS go on: make test ARGS="-k pairing", make run ARGS="--help". PYTHON names another interpreter.
PYTHON ?= python3
UV ?= uv
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

.PHONY: help run test check bench fuzz soak contract lock

help:
	@echo "make run      serve conf/dev.toml on loopback"
	@echo "make test     all tests, with real parts"
	@echo "make check    format, lint, types, import rules"
	@echo "make bench    side by side with other servers, 7 minutes (ARGS=--quick: 1)"
	@echo "make fuzz     ten minutes of fuzzing of what reads bytes from strangers (ARGS=--help)"
	@echo "make soak     ten minutes of clients that come, go and misbehave, and what the server keeps of them (ARGS=--help)"
	@echo "make contract write docs/asyncapi.yaml anew from the code"
	@echo "make lock     write the lock files anew from pyproject.toml (needs uv; ARGS=--upgrade for newer versions)"

run test check bench fuzz soak contract:
	@$(PYTHON) tools/setup.py $@ -- $(ARGS)

lock:
	$(COMPILE) $(ARGS) pyproject.toml -o requirements.lock
	$(COMPILE) $(ARGS) pyproject.toml --extra bench --group dev -c requirements.lock -o requirements-dev.lock
