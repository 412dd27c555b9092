SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

TOOL := go tool -modfile=tools/go.mod
FUZZTIME ?= 100000x

# The race detector needs a C compiler, and so does nothing else here. Without one, cgo is off.
RACE := $(if $(filter 1,$(shell go env CGO_ENABLED)),-race)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: test
test: ## everything: vet, tests on real databases with the race detector, in Node and in Chromium, histories, fuzzing, killed servers (about 20 minutes)
	go vet ./...
	@[ -n "$(RACE)" ] || echo "no C compiler: the tests run without the race detector"
	tools/test-all.sh $(RACE)

.PHONY: test-client
test-client: ## the mini-game client: types, its behaviour, real servers, its committed build (about half a minute)
	tools/test-client.sh

.PHONY: test-quick
test-quick: ## the tests that need nothing but Go
	go test ./...

.PHONY: chaos
chaos: ## kill a server KILLS times (100) under SEED while everything else goes wrong, its ledger on DRIVER (sqlite, postgres, mysql), by PROTOCOL (v1, v2), and compare the books; FLAGS as chaos -h tells
	tools/chaos.sh -kills $(or $(KILLS),100) -seed $(or $(SEED),0) -driver $(or $(DRIVER),sqlite) -protocol $(or $(PROTOCOL),v1) $(FLAGS)

.PHONY: chaos-cluster
chaos-cluster: ## the same with SERVERS (3) servers that share a database, PostgreSQL and MariaDB in turn, and meet in Redis; lines are cut, Redis is killed
	for driver in postgres mysql; do tools/chaos.sh -servers $(or $(SERVERS),3) -kills $(or $(KILLS),40) -seed $(or $(SEED),0) -driver $$driver -protocol $(or $(PROTOCOL),v1) $(FLAGS); done

.PHONY: soak
soak: ## what takes too long for test (hours): mutants, HISTORIES (20000) histories, then KILLS (300) kills on every database by both protocols, and a third as many of three servers
	tools/soak.sh

.PHONY: test-loaded
test-loaded: ## go test ./... TIMES (3) times while every processor has something else to do, for MINUTES (60) at most
	tools/test-loaded.sh

.PHONY: lint
lint: check-generated ## formatting, vet, staticcheck, generated code, known vulnerabilities (VULNDB=URL: from a mirror)
	@files=$$($(TOOL) gofumpt -l .); [ -z "$$files" ] || { echo "run make format; not formatted:"; echo "$$files"; exit 1; }
	go vet ./...
	$(TOOL) staticcheck ./...
	for module in chaos bench example_server/web/browsertest metrics/monitoring; do \
	  (cd $$module && go vet ./... && go tool -modfile="$(CURDIR)/tools/go.mod" staticcheck ./...); done
	tools/vulncheck.sh $(if $(VULNDB),-db $(VULNDB))

.PHONY: format
format: ## format all Go and proto files in place
	$(TOOL) gofumpt -l -w .
	$(TOOL) buf format -w

.PHONY: generate
generate: ## regenerate the Go code of the .proto files
	$(TOOL) buf generate

.PHONY: client
client: ## build client/dist anew, and the TypeScript of payment.proto; installs Node where there is none
	tools/node.sh
	npm --prefix client ci --no-audit --no-fund
	$(TOOL) buf generate --template client/buf.gen.yaml
	npm --prefix client run build

.PHONY: check-generated
check-generated: ## lint the schema, and check that the generated code is its own
	$(TOOL) buf lint
	$(TOOL) buf format --diff --exit-code
	tools/check-generated.sh

.PHONY: demo
demo: ## scripted players on a real server, against a Midas in the same process
	go run ./example_server -demo

.PHONY: mutants
mutants: ## break the code on purpose, and see that the test of each promise notices (docs/mutants.md)
	tools/mutants.sh

.PHONY: mutate
mutate: ## have gremlins change package PKG (./midas), or its FILES, in small ways, and say what no test notices (minutes to hours)
	tools/mutate.sh $(or $(PKG),./midas) $(FILES)

.PHONY: fuzz
fuzz: ## run every fuzz target with FUZZTIME inputs (100000x)
	tools/fuzz.sh $(FUZZTIME)

.PHONY: cover
cover: ## run the tests and say how much of the code they reach, by function
	go test -coverpkg=./... -coverprofile=cover.out ./...
	go tool cover -func=cover.out

.PHONY: bench
bench: ## measure what leafmidas costs beside what one would use instead (about 20 minutes), and write docs/benchmarks.md
	cd bench && go run . $(if $(ROW),-row $(ROW))

.PHONY: bench-diff
bench-diff: ## see that a purchase is not dearer than with commit BEFORE (HEAD^): processor time and memory, in one run (about two minutes)
	cd bench && go run . -row diff -before $(or $(BEFORE),HEAD^)

.PHONY: bench-short
bench-short: ## see that every row of the benchmarks works, and their page (about half a minute); no timing counts, and nothing is left
	cd bench && go vet ./... && go test ./... && go run . -short

.PHONY: dashboard
dashboard: ## write Grafana's dashboard anew
	cd metrics/monitoring && go run . > dashboard.json.new && mv dashboard.json.new dashboard.json

.PHONY: test-monitoring
test-monitoring: ## the alert rules and the dashboard, by Prometheus's own promtool
	tools/test-monitoring.sh

.PHONY: page
page: ## build the shop page that example_server embeds, and the operator's page of ops; installs Node where there is none
	tools/node.sh
	for folder in example_server/web/page ops/page; do (cd $$folder && npm ci --no-audit --no-fund && npm run build); done

.PHONY: test-browser
test-browser: ## the shop page and the operator's page in a real Chromium; and what is committed of them is their sources'
	tools/test-browser.sh

.PHONY: screenshots
screenshots: ## write the pictures of the pages to docs/images
	mkdir -p docs/images && tools/test-browser.sh -run TestScreenshots -screenshots "$(CURDIR)/docs/images"
