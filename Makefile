# The one front door: `make` lists what it opens.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

BIN := .venv/bin
STAMPS := .venv/stamps
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PIP_LOCK := $(BIN)/pip-compile - --quiet --no-config --upgrade --generate-hashes --allow-unsafe \
	--strip-extras --no-header --no-annotate --no-emit-index-url --no-emit-trusted-host \
	--no-emit-find-links
# The lock is complete: nothing beyond it is resolved, whatever a registry offers meanwhile.
# The build backends are the ones of the lock; they find each other on the path.
BUILD := PATH="$(CURDIR)/$(BIN):$$PATH" $(PIP_INSTALL) --no-build-isolation --no-deps --no-index --force-reinstall

CORE_SOURCES := Cargo.toml Cargo.lock $(shell find rust_core -type f -not -path '*/__pycache__/*' -not -path '*/fuzz/*')
ROWS_SOURCES := $(shell find cython_ext -type f -not -path '*/build/*' -not -path '*.egg-info/*')
# The modules that are written in another language; their stubs are checked against them.
NATIVE := sikka_core._native sikka_rows._native sikka_rows._literals

.PHONY: help
help: ## list these targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)$$/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

.PHONY: setup
setup: $(STAMPS)/sikka ## build everything into .venv (only what changed)

.PHONY: run
run: setup ## take one UPI payment from request to webhook, then stay up
	$(BIN)/sikka demo

# The core's tests keep hundreds of models in memory, which every collection of garbage would go
# through in the tests after them: they run by themselves. Others that share a file share what is
# slow to make, and stay together, in the order of their names. Tests of whole processes run at the
# speed of the product, those of the simulator need none of it; what the others reach of it is
# counted, which nearly doubles their time.
UNTRACED := tests/conformance tests/e2e tests/faults tests/security tests/sim tests/test_harness.py tests/test_tidy.py
PYTEST_FILES := $(BIN)/pytest --numprocesses=auto --dist=loadfile --no-loadscope-reorder --quiet

.PHONY: test
test: setup ## run all tests, on a private MariaDB and Redis, with coverage
	deploy/setup/install_servers.sh
	cargo test --quiet --locked
	$(BIN)/pytest tests/core --numprocesses=auto --quiet
	$(PYTEST_FILES) $(UNTRACED)
	$(PYTEST_FILES) --ignore=tests/core $(UNTRACED:%=--ignore=%) \
		--cov --cov-report=term --cov-fail-under=90

# AddressSanitizer sees reads and writes outside of what was allocated, and leaks, also where the
# core calls the foreign code of AWS-LC. It is a nightly feature and so no part of `make test`.
.PHONY: sanitize
sanitize: ## run the core's own tests under AddressSanitizer (needs a nightly Rust)
	RUSTFLAGS=-Zsanitizer=address cargo +nightly test --quiet --locked --package sikka-core --lib \
		--target "$$(rustc --print host-tuple)" --target-dir target/sanitized

# libFuzzer looks for bytes that break what rust_core/fuzz/src says must hold. What it finds on the
# way lies in target/fuzz/found; what breaks something, in rust_core/fuzz/artifacts.
FUZZ_TARGETS := model_xgboost model_file model_arrays message
FUZZ_SECONDS := 600
FUZZ_RUN = cargo +nightly fuzz run --fuzz-dir rust_core/fuzz --target-dir target/fuzz
FUZZ_LIMITS := -max_len=8192 -timeout=25 -rss_limit_mb=2048 -malloc_limit_mb=128

.PHONY: fuzz
fuzz: ## try hostile bytes on the core, FUZZ_SECONDS=600 (needs a nightly Rust and cargo-fuzz)
	for target in $(FUZZ_TARGETS); do \
		mkdir -p target/fuzz/found/$$target; \
		$(FUZZ_RUN) $$target target/fuzz/found/$$target rust_core/fuzz/corpus/$$target -- \
			$(FUZZ_LIMITS) -max_total_time=$$(($(FUZZ_SECONDS) / $(words $(FUZZ_TARGETS)))) \
			-print_final_stats=1; \
	done

# Fewest files that reach as far as all, the ones that reach furthest first; beyond CORPUS_FILES they
# add next to nothing. Counting how often a place was reached would keep too many.
CORPUS_FILES := 110

.PHONY: corpus
corpus: ## keep the least of what the fuzzer found that reaches as far
	for target in $(FUZZ_TARGETS); do \
		kept=rust_core/fuzz/corpus/$$target; \
		rm -rf target/fuzz/kept; mkdir -p target/fuzz/kept target/fuzz/found/$$target; \
		$(FUZZ_RUN) $$target target/fuzz/kept $$kept target/fuzz/found/$$target -- \
			$(FUZZ_LIMITS) -set_cover_merge=1 -use_counters=0; \
		(cd target/fuzz/kept; ls -t | head -n -$(CORPUS_FILES) | xargs -r rm); \
		rm -rf $$kept; mv target/fuzz/kept $$kept; \
	done

.PHONY: bench
bench: setup $(STAMPS)/bench ## run all benches, peers side by side
	deploy/setup/install_servers.sh wrk
	$(BIN)/python -m benches
	$(BIN)/pytest benches/test_micro.py --quiet --benchmark-autosave \
		--benchmark-columns=min,median,iqr,rounds

# The Handbook's payments are no part of the repository: `make bench-fraud HANDBOOK=payments.parquet`
# adds its protocol.
.PHONY: bench-fraud
bench-fraud: setup ## judge the shipped model beside rules; HANDBOOK=FILE.parquet adds its protocol
	$(BIN)/python -m benches.bench_shipped_model
	if [ -n "$(HANDBOOK)" ]; then $(BIN)/python -m benches.bench_handbook "$(HANDBOOK)"; fi

# The same payments and settings make the same bytes: what is in the repository can be made again.
SHIPPED := python/sikka/fraud/models/shipped
.PHONY: model
model: setup ## make the shipped model of fraud anew (some ten minutes)
	rm -rf target/model; mkdir -p target/model
	$(BIN)/python -m sikka_sim stream --users 16000 --days 240 --seed 1 \
		--output target/model/payments.parquet
	$(BIN)/sikka fraud train --data target/model/payments.parquet --output target/model/made \
		--version sikka-2026-11.2 --without location_lat --without location_lng
	cp target/model/made/model.bin target/model/made/model.json $(SHIPPED)/

.PHONY: lint
lint: setup ## check style, types, import directions and stubs
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/stubtest $(NATIVE)
	cargo fmt --check
	cargo fmt --check --manifest-path rust_core/fuzz/Cargo.toml
	PYO3_PYTHON=$(CURDIR)/$(BIN)/python \
		cargo clippy --quiet --locked --all-features --all-targets -- -D warnings

.PHONY: format
format: setup ## write all sources in the house's format
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format
	cargo fmt
	cargo fmt --manifest-path rust_core/fuzz/Cargo.toml

.PHONY: lock
lock: setup ## write both requirements.lock and requirements-bench.lock anew from pyproject.toml
	$(BIN)/python deploy/setup/requirements.py | $(PIP_LOCK) --output-file=requirements.lock
	$(BIN)/python deploy/setup/requirements.py bench | $(PIP_LOCK) \
		--constraint=requirements.lock --output-file=requirements-bench.lock

$(BIN)/python:
	python=$$(deploy/setup/find_python.sh) && "$$python" -m venv .venv

$(STAMPS)/packages: requirements.lock | $(BIN)/python
	@deploy/setup/find_python.sh > /dev/null
	@mkdir -p $(STAMPS)
	$(PIP_INSTALL) --no-deps --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip --disable-pip-version-check check
	@touch $@

# The peers of the benches stand beside the packages of the first lock and move none of them.
$(STAMPS)/bench: requirements-bench.lock $(STAMPS)/packages
	$(PIP_INSTALL) --no-deps --require-hashes --requirement requirements-bench.lock
	$(BIN)/python -m pip --disable-pip-version-check check
	@touch $@

$(STAMPS)/core: $(STAMPS)/packages $(CORE_SOURCES)
	MATURIN_PEP517_ARGS=--locked $(BUILD) ./rust_core
	@touch $@

$(STAMPS)/rows: $(STAMPS)/packages $(ROWS_SOURCES)
	$(BUILD) ./cython_ext
	@touch $@

$(STAMPS)/sikka: $(STAMPS)/core $(STAMPS)/rows pyproject.toml
	$(BUILD) --editable .
	@touch $@
