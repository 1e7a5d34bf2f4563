# Ringlog's targets. `make` prints them.
SHELL := /bin/sh
.DEFAULT_GOAL := help
BIN := .venv/bin

help:  ## print this
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install:  ## leave a working .venv/bin/ringlog
	@tools/venv.sh run

demo: install  ## play recorded real calls into a server on 127.0.0.1:8080
	@exec $(BIN)/python -m ringlog demo

test: install-test  ## run every check and every test
	@tools/test.sh

test-asterisk: install-test  ## SIPp calls through a real Asterisk on this machine, if there is one
	@$(BIN)/python -m pytest tests/live/asterisk.py

test-load: install-test  ## 17,000 calls at once, and a server that is away for ten minutes (17 minutes)
	@$(BIN)/python -m tests.load

torture: install-test  ## what takes long, tried at random (TORTURE="ami --seconds 60" is one part of it)
	@$(BIN)/python -m tests.torture $(TORTURE)

bench: install-test  ## every figure beside its target (docs/performance.md)
	@command -v wrk >/dev/null || tools/apt.sh wrk
	@$(BIN)/python -m bench $(BENCH)

bench-read bench-ingest bench-seal bench-sustained bench-size bench-search bench-memory bench-expire bench-start bench-follow: install-test
	@command -v wrk >/dev/null || tools/apt.sh wrk
	@$(BIN)/python -m bench $(@:bench-%=%) $(BENCH)

ifeq (bench-compare,$(firstword $(MAKECMDGOALS)))
RUNS := $(wordlist 2,3,$(MAKECMDGOALS))
.PHONY: $(RUNS)
$(RUNS): ; @:
endif
bench-compare: install-test  ## A.json B.json: two runs side by side
	@$(BIN)/python -m bench compare $(RUNS)

dictionary: install-test  ## train what frames are compressed with, from the recordings and generated calls
	@$(BIN)/python -m bench.dictionary

check: install-test  ## lint, types, rooms
	@tools/check.sh

lock:  ## write requirements/*.txt: versions and hashes, no registry's address
	@tools/lock.sh

install-test: install
	@tools/venv.sh test

.PHONY: bench bench-read bench-ingest bench-seal bench-sustained bench-size bench-search bench-memory bench-expire bench-start \
  bench-follow bench-compare dictionary help install demo test test-asterisk test-load torture check lock install-test
