# Every task of the project; `make` alone lists them. The workflow in .github runs the same targets.
CARGO ?= cargo
GO ?= go

# Continuous integration builds what was committed, or nothing.
LOCKED := $(if $(filter-out false,$(CI)),--locked)

# The control plane of the end-to-end tests, built from tests/controlplane.
CONTROLPLANE := target/controlplane
# The tests that need these: modules whose names begin like this.
NEEDS_GO := e2e chart::
# The real scheduler's plugins in process, built from tests/oracle.
ORACLE := target/oracle
# Helm, which renders the chart, built from tests/helm.
HELM := target/helm
# Those with code of ours; tests/helm has none.
GO_MODULES := $(patsubst %/main.go,%,$(wildcard tests/*/main.go))

HAVE_GO := $(shell command -v $(GO) 2>/dev/null)
ifeq ($(HAVE_GO),)
BUILD_CONTROLPLANE := echo "no Go: the control plane is not built"
BUILD_ORACLE := echo "no Go: the oracle is not built"
BUILD_HELM := echo "no Go: Helm is not built"
GO_TARGETS :=
TEST_ARGS := -- $(addprefix --skip ,$(NEEDS_GO))
else
BUILD_CONTROLPLANE := cd tests/controlplane && $(GO) build -buildvcs=false -o ../../$(CONTROLPLANE) .
BUILD_ORACLE := cd tests/oracle && $(GO) build -buildvcs=false -o ../../$(ORACLE) .
BUILD_HELM := cd tests/helm && $(GO) build -buildvcs=false -o ../../$(HELM) helm.sh/helm/v3/cmd/helm
GO_TARGETS := go-test
TEST_ARGS :=
# Named, so that the tests fail without it instead of leaving themselves out.
export PLACECARD_CONTROLPLANE := $(CURDIR)/$(CONTROLPLANE)
export PLACECARD_ORACLE := $(CURDIR)/$(ORACLE)
export PLACECARD_HELM := $(CURDIR)/$(HELM)
endif

.PHONY: help
help: ## list the tasks
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "make %-20s %s\n", $$1, $$2}'

.PHONY: demo
demo: ## see it work: mutate, refuse, lint and expand the examples; needs only the Rust toolchain
	@$(CARGO) build --bin placecard --bin placecard-webhook --bin placecard-demo
	@$(CARGO) run --quiet --bin placecard-demo

.PHONY: test
test: fmt-check lint doc cargo-test skipped ## everything that can be tested here

.PHONY: cargo-test
cargo-test: $(GO_TARGETS) ## the tests of the workspace; without Go, all but the end-to-end tests and those of the chart
	PROPTEST_RNG_SEED=$(SEED) $(CARGO) test $(LOCKED) --workspace --no-fail-fast $(TEST_ARGS)

.PHONY: fmt
fmt: ## format
	$(CARGO) fmt --all

.PHONY: fmt-check
fmt-check: ## is it formatted?
	$(CARGO) fmt --all -- --check

.PHONY: lint
lint: ## clippy, warnings are errors
	$(CARGO) clippy $(LOCKED) --workspace --all-targets -- -D warnings

.PHONY: doc
doc: ## the documentation of the crates, private items too; warnings are errors
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc $(LOCKED) --workspace --no-deps --document-private-items

.PHONY: controlplane
controlplane: ## the control plane of the end-to-end tests; needs Go
	@$(BUILD_CONTROLPLANE)

.PHONY: oracle
oracle: ## the real scheduler's plugins, which judge fresh random cases; needs Go
	@$(BUILD_ORACLE)

.PHONY: helm
helm: ## Helm, which renders the chart in the tests; needs Go
	@$(BUILD_HELM)

CASES ?= 100000
SEED ?= 1
.PHONY: fresh-cases
fresh-cases: oracle ## judge CASES random clusters, and CASES configurations (SEED), as the real scheduler does; needs Go
	PLACECARD_ORACLE_CASES=$(CASES) PLACECARD_ORACLE_CONFIGURATIONS=$(CASES) PLACECARD_ORACLE_SEED=$(SEED) $(CARGO) test --release -p placecard-policies --test recorded -- --nocapture e2e_fresh
	PLACECARD_ORACLE_CASES=$(CASES) PLACECARD_ORACLE_SEED=$(SEED) $(CARGO) test --release -p placecard-policies --test any_cluster -- --nocapture e2e

FACTOR ?= 24
# The tests whose length FACTOR multiplies; e2e ones ask the oracle for so many cases.
LONG ?= admission any_cluster placement_properties preemption properties recorded_state relax replicas state workload
.PHONY: long-run
long-run: oracle ## the tests on random and recorded cases, FACTOR times as long (24: all recorded ones), or those named in LONG
	PLACECARD_TEST_FACTOR=$(FACTOR) PLACECARD_ORACLE_CASES=$$((500 * $(FACTOR))) PLACECARD_ORACLE_SEED=$(SEED) \
		$(CARGO) test $(LOCKED) --release --no-fail-fast -p placecard-feasibility -p placecard-policies $(addprefix --test ,$(LONG)) $(TEST_ARGS)

# Sections and flags of policies/benches/feasibility.
BENCH ?=
.PHONY: bench
bench: oracle ## time decisions beside the real scheduler, in one table; BENCH=all for everything
	$(CARGO) bench $(LOCKED) -p placecard-policies --bench feasibility -- $(BENCH)

# The linters that ours is timed beside, and where they are put.
KUBE_LINTER_VERSION ?= v0.7.6
KUBECONFORM_VERSION ?= v0.8.0
LINTERS := target/linters
MANIFESTS ?= 50000
.PHONY: bench-lint
bench-lint: controlplane ## time `placecard lint` beside kube-linter and kubeconform on MANIFESTS generated files; needs Go
	-GOBIN=$(CURDIR)/$(LINTERS) $(GO) install golang.stackrox.io/kube-linter/cmd/kube-linter@$(KUBE_LINTER_VERSION)
	-GOBIN=$(CURDIR)/$(LINTERS) $(GO) install github.com/yannh/kubeconform/cmd/kubeconform@$(KUBECONFORM_VERSION)
	$(CARGO) build $(LOCKED) --release -p placecard-lint --bin placecard
	PLACECARD=target/release/placecard KUBE_LINTER=$(LINTERS)/kube-linter KUBECONFORM=$(LINTERS)/kubeconform \
		MANIFESTS=$(MANIFESTS) $(CARGO) run $(LOCKED) --quiet -p placecard-tests --bin placecard-bench-lint

.PHONY: bench-webhook
bench-webhook: ## what a request costs the webhook, beside an echo server of the same stack
	$(CARGO) build $(LOCKED) --release --bin placecard-webhook --bin placecard-bench-webhook
	WEBHOOK=target/release/placecard-webhook target/release/placecard-bench-webhook

# What `make measure` makes; some fifteen minutes, and 14 GB of memory for the API server.
NODES ?= 5000
PODS ?= 150000
EVENTS ?= 100000
.PHONY: measure
measure: controlplane ## the memory of the webhook beside a real API server with NODES and PODS, after EVENTS; needs Go
	$(CARGO) build $(LOCKED) --release --bin placecard-webhook --bin placecard-measure
	NODES=$(NODES) PODS=$(PODS) EVENTS=$(EVENTS) target/release/placecard-measure

.PHONY: soak
soak: controlplane helm ## the webhook for SECONDS (600) while RATE pod events a second happen (3000; 0: as many as the API server takes); needs Go
	$(CARGO) build $(LOCKED) --release --bin placecard-webhook --bin placecard-soak
	target/release/placecard-soak

# What `make fuzz` looks at, one target or all; and where it keeps what it finds.
TARGET ?= yaml
FUZZ := target/fuzz
FUZZ_TARGETS = $(shell sed -n 's/^        name: "\(.*\)",$$/\1/p' tests/fuzz/lib.rs)
FUZZ_HOST = $(shell rustc -vV | sed -n 's/^host: //p')
FUZZER = $(FUZZ)/$(FUZZ_HOST)/fuzz/placecard-fuzz
# Counters at each edge and each comparison, which libFuzzer reads. No sanitizer: the code is safe, and
# the channel is stable.
FUZZ_FLAGS := -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
	-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
	-Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing
.PHONY: fuzz
fuzz: ## look for SECONDS (60) for input that breaks the promise of TARGET, one of tests/fuzz/lib.rs or all; needs a C++ compiler
	@set -- $(filter $(TARGET),$(FUZZ_TARGETS) all); [ $$# -eq 1 ] || { echo "TARGET=$(TARGET) is none of: all $(FUZZ_TARGETS)"; exit 1; }
	RUSTFLAGS="$(FUZZ_FLAGS)" $(CARGO) build $(LOCKED) --profile fuzz --target $(FUZZ_HOST) --target-dir $(FUZZ) -p placecard-fuzz --features libfuzzer
	@mkdir -p $(FUZZ)/found; broken=; \
	for target in $(if $(filter all,$(TARGET)),$(FUZZ_TARGETS),$(TARGET)); do \
		echo "== $$target"; mkdir -p $(FUZZ)/corpus/$$target; seeds=$$(ls -d tests/fuzz/seeds/$$target 2>/dev/null); \
		PLACECARD_FUZZ=$$target $(FUZZER) -max_total_time=$(or $(SECONDS),60) -timeout=20 -rss_limit_mb=4096 \
			-dict=tests/fuzz/dictionary.txt -artifact_prefix=$(FUZZ)/found/$$target- -print_final_stats=1 \
			$(FUZZ)/corpus/$$target $$seeds $(wildcard examples/*/) || broken="$$broken $$target"; \
	done; \
	[ -z "$$broken" ] || { echo "broken:$$broken; the inputs are in $(FUZZ)/found"; exit 1; }

.PHONY: wedge
wedge: controlplane ## how often batches get stuck on a real control plane, by pod affinity and by the controller; needs Go
	$(CARGO) test $(LOCKED) -p placecard-tests --test all -- --nocapture e2e_coordination::wedge

.PHONY: go-test
go-test: controlplane oracle helm ## go vet and go test of the Go modules in tests/
	@set -e; for module in $(GO_MODULES); do \
		echo "go vet and go test in $$module"; \
		(cd $$module && $(GO) vet ./... && $(GO) test ./...); \
	done

# Last, so that it cannot be overlooked.
.PHONY: skipped
ifeq ($(HAVE_GO),)
skipped: cargo-test
	@left=$$($(CARGO) test --quiet --workspace -- --list $(NEEDS_GO) | grep -c ': test$$'); \
	echo; \
	echo "================================================================"; \
	echo "  SKIPPED: $$left tests against a real API server and scheduler"; \
	echo "  and of the chart, and those of $(words $(GO_MODULES)) Go modules, because there"; \
	echo "  is no Go ('$(GO)' is not on the PATH). All else was run."; \
	echo "================================================================"; \
	if [ -n "$$CI" ] && [ "$$CI" != false ]; then echo "CI is set, so this is a failure."; exit 1; fi
else
skipped:
	@echo "nothing was skipped"
endif

.PHONY: update
update: ## write anew what is written from tables and programs: docs/, the CRD, marks of pages, README.md
	PLACECARD_UPDATE_DOCS=1 $(CARGO) test -p placecard-lint --test all cli
	PLACECARD_UPDATE_DOCS=1 $(CARGO) test -p placecard-tests --test all -- --test-threads 1 pages reference readme chart::values
	PLACECARD_UPDATE_DOCS=1 $(CARGO) test -p placecard-fuzz dictionary

.PHONY: deny
deny: ## licences, advisories, sources and banned crates; needs cargo-deny
	$(CARGO) deny --all-features check

.PHONY: typos
typos: ## spelling; needs typos
	typos

.PHONY: oldest-rust
oldest-rust: ## does it build with the oldest supported Rust? needs rustup
	$(CARGO) +$$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml) check --workspace --all-targets
