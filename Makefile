# `make run` starts the service with a sample shop; `make test` runs all tests. Both
# need only Go and, on machines without MariaDB, Debian's apt.

SHELL := /bin/bash
.DEFAULT_GOAL := help
CACHE := $(CURDIR)/.cache
BIN := $(CACHE)/bin
export EXPORTD_CACHE := $(CACHE)

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

.PHONY: run
run: check-go ## start everything, export a sample shop, serve until Ctrl-C (ONCE=1: stop after the export; DSN=…: export from your own database)
	@scripts/build exportd devstack
	@$(BIN)/devstack -exportd $(BIN)/exportd $(if $(ONCE),-once) $(if $(DSN),-dsn "$$DSN") $(if $(SCHEMA),-schema "$$SCHEMA") -then 'scripts/build exportctl'

.PHONY: build
build: check-go ## build the programs into .cache/bin
	@scripts/build exportd exportctl devstack

.PHONY: check-go
check-go: # fail, and say what to do, where Go is too old
	@scripts/check-go

# Runs go test and prints one line for each package, with its number of tests.
GOTEST := $(BIN)/gotest
$(GOTEST): internal/testkit/gotest/main.go
	@mkdir -p $(BIN) && go build -o $@ ./internal/testkit/gotest

# Programs for tests and development, at the versions that tools/go.mod pins. They
# are not linked into exportd.
.PHONY: tools grpcurl
tools: $(BIN)/etcd $(BIN)/grpcurl $(BIN)/oidc-provider
grpcurl: $(BIN)/grpcurl ## build grpcurl into .cache/bin
$(BIN)/etcd: tools/go.mod
	@echo "Building etcd; this happens once and takes a minute or two."
	@cd tools && go build -o $@ go.etcd.io/etcd/server/v3 && touch $@
$(BIN)/grpcurl: tools/go.mod
	@cd tools && go build -o $@ github.com/fullstorydev/grpcurl/cmd/grpcurl && touch $@
$(BIN)/oidc-provider: tools/oidc/go.mod
	@cd tools/oidc && go build -o $@ github.com/zitadel/oidc/v3/example/server && touch $@

.PHONY: test
test: tools $(GOTEST) ## run all tests against a real MariaDB and etcd; a missing part fails
	@scripts/install-parts curl
	$(GOTEST) -timeout 15m $$(go list ./... | grep -v -e '^exporttask/cmd/chaos$$' -e '^exporttask/deploy$$')
	@# Alone, because it measures and needs both cores.
	$(GOTEST) -timeout 10m -count=1 ./cmd/chaos

# Packages whose goroutines share memory. The race detector multiplies CPU time
# by five to ten, so the others do without it.
RACE := ./client/... $(wildcard $(addprefix ./internal/,auth delivery discovery export files gateway listener \
	schedule server source store task telemetry worker))

.PHONY: test-race
test-race: tools $(GOTEST) ## run the tests of packages with goroutines under the race detector
	@scripts/install-parts race
	CGO_ENABLED=1 $(GOTEST) -race -timeout 15m $(foreach p,$(RACE),$(p:/...=)/...)

.PHONY: test-portable
test-portable: $(GOTEST) ## run the tests of the Go code that stands in for assembly on other processors
	$(GOTEST) -tags purego ./internal/format/...

.PHONY: release
release: check-go ## build programs, Debian packages, an OCI image and an SBOM into dist/ (VERSION=v1.2.3)
	@scripts/release

.PHONY: try-package
try-package: ## install the Debian package of make release in a clean Debian, start its service and use it (needs root)
	@scripts/install-parts first-run
	scripts/try-package dist/exportd_*_$$(dpkg --print-architecture).deb

.PHONY: first-run
first-run: ## run the README's first screen in a clean Debian with empty caches, and time it (needs root)
	@scripts/install-parts first-run
	scripts/measure $@ scripts/first-run

.PHONY: packaging
packaging: tools $(GOTEST) ## check the Dockerfile, compose, systemd and Kubernetes files, and run exportd as each of them does
	@scripts/install-parts packaging
	cd tools/packaging && $(GOTEST) -count=1 ./...
	$(GOTEST) -count=1 -timeout 15m ./deploy

.PHONY: test-mysql
test-mysql: tools ## run the tests of the model, the source, the SQL check and the use cases on Oracle MySQL
	EXPORTD_TEST_SERVER=mysql go test -count=1 -timeout 20m ./migrations ./internal/model ./internal/source ./internal/sqlcheck ./internal/task

.PHONY: test-field
test-field: tools ## run the tests of trouble met in the field, on MariaDB and Oracle MySQL, and print a table
	@scripts/install-parts readers clients field
	NODE_PATH=$(CACHE)/node/node_modules go run ./internal/testkit/fieldtest

.PHONY: test-readers
test-readers: $(GOTEST) ## open files of each format with programs nobody here wrote, which it installs
	@scripts/install-parts readers
	NODE_PATH=$(CACHE)/node/node_modules $(GOTEST) -count=1 -tags readers ./internal/format/...

.PHONY: pictures
pictures: $(GOTEST) ## make the pictures of spreadsheets in docs with LibreOffice, which it installs
	@scripts/install-parts readers
	@fc-list | grep -qi 'noto.*cjk' || { echo 'fonts-noto-cjk is missing'; exit 1; }
	$(GOTEST) -count=1 -tags readers ./internal/format/encoder -run TestReaders_pictures -pictures $(CURDIR)/docs/pictures

.PHONY: test-clients
test-clients: tools $(GOTEST) ## run the PHP, Node, Python, OpenAPI, grpcurl and curl clients against the real service, which it installs
	@scripts/install-parts php clients
	NODE_PATH=$(CACHE)/node/node_modules $(GOTEST) -count=1 -tags clients ./clients

.PHONY: test-console
test-console: tools $(GOTEST) console/node_modules ## use the console in Chromium, which it installs, against the real service (SHOTS=docs/console: keep the screenshots)
	@scripts/install-parts console
	SHOTS=$(if $(SHOTS),$(abspath $(SHOTS))) $(GOTEST) -count=1 -tags console ./internal/console

.PHONY: generate-php
generate-php: ## make clients/php/src from the proto, with the distribution's protoc
	@scripts/install-parts php
	protoc --php_out=clients/php/src --grpc_out=clients/php/src --plugin=protoc-gen-grpc=$$(command -v grpc_php_plugin) -I api api/exporttask.proto

.PHONY: fuzz
fuzz: ## fuzz the read-only check against a real server for 30 s
	go test -run '^$$' -fuzz FuzzCheck -fuzztime 30s ./internal/sqlcheck

# The targets below record their figures in docs/measurements.md, except where
# ONLY leaves some of them out. So does first-run.
measure = $(if $(ONLY),,scripts/measure $@)

.PHONY: attack
attack: ## attack the real binary and measure what others notice (ONLY=http: some attacks); about 6 minutes
	go build -o $(BIN)/attack ./cmd/attack
	$(BIN)/attack $(if $(ONLY),-only '$(ONLY)')

.PHONY: chaos
chaos: tools ## inject faults and count what is lost (ONLY=kill: one fault; CLUSTER=long: clusters for 5 minutes each); about 15 minutes
	go build -o $(BIN)/chaos ./cmd/chaos
	$(measure) $(BIN)/chaos $(if $(ONLY),-only '$(ONLY)') $(if $(filter long,$(CLUSTER)),-long)

.PHONY: bench-queue
bench-queue: ## measure the queue
	go build -o $(BIN)/bench-queue ./cmd/bench/queue
	$(measure) $(BIN)/bench-queue

.PHONY: bench-state
bench-state: ## measure calls beside a million waiting and a million ended instances; about 10 minutes
	go build -o $(BIN)/bench-state ./cmd/bench/state
	$(measure) $(BIN)/bench-state

.PHONY: bench-history
bench-history: ## measure what years of exports take in the database, and verify an audit log of a million rows; about 4 minutes
	@scripts/build exportctl
	go build -o $(BIN)/bench-history ./cmd/bench/history
	$(measure) $(BIN)/bench-history -exportctl $(BIN)/exportctl

.PHONY: bench-render
bench-render: ## measure exports beside other ways to make the same files (ONLY=csv: one group); about 15 minutes
	@scripts/install-parts bench
	go build -o $(BIN)/bench-render ./cmd/bench/render
	NODE_PATH=$(CACHE)/node/node_modules $(measure) $(BIN)/bench-render $(if $(ONLY),-only '$(ONLY)')

.PHONY: bench-rpc
bench-rpc: $(BIN)/ghz ## measure calls and downloads, beside nginx
	@scripts/install-parts bench
	go build -o $(BIN)/bench-rpc ./cmd/bench/rpc
	$(measure) $(BIN)/bench-rpc -ghz $(BIN)/ghz

$(BIN)/ghz: tools/bench/go.mod
	@mkdir -p $(BIN) && cd tools/bench && go build -o $@ github.com/bojand/ghz/cmd/ghz && touch $@

.PHONY: lint
lint: $(BIN)/golangci-lint ## run the linters
	$(BIN)/golangci-lint run ./...
	GOARCH=amd64 go vet ./...
	GOARCH=arm64 go vet ./...
	go vet -tags purego,readers,clients,console,field ./internal/format/... ./internal/console ./clients ./cmd/exportd

$(BIN)/golangci-lint: tools/lint/go.mod
	@echo "Building golangci-lint; this happens once and takes a few minutes."
	@mkdir -p $(BIN) && cd tools/lint && go build -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint && touch $@

GENERATORS := $(addprefix $(BIN)/,buf protoc-gen-go protoc-gen-go-grpc protoc-gen-grpc-gateway protoc-gen-openapiv2)
$(GENERATORS): tools/gen/go.mod
	@mkdir -p $(BIN) && cd tools/gen && go build -o $(BIN)/ github.com/bufbuild/buf/cmd/buf google.golang.org/protobuf/cmd/protoc-gen-go google.golang.org/grpc/cmd/protoc-gen-go-grpc github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-grpc-gateway github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-openapiv2 && touch $(GENERATORS)

.PHONY: generate
generate: $(GENERATORS) console/node_modules ## make Go, the gateway and OpenAPI from the proto, and the console's bundle
	PATH=$(BIN):$$PATH buf generate
	cd console && node_modules/.bin/tsc && node build.mjs

# What the console is built and tested with, as console/package-lock.json pins it.
console/node_modules: console/package-lock.json
	@scripts/install-parts node
	cd console && npm ci --no-audit --no-fund --loglevel=error && touch node_modules

.PHONY: verify
verify: ## fail where generated code or go.mod is not what the sources say
	@before=$$(cat api/*.pb.go internal/gateway/gw/*.go internal/gateway/*.json internal/console/dist/* go.mod go.sum | sha256sum); $(MAKE) -s generate; go mod tidy; \
	after=$$(cat api/*.pb.go internal/gateway/gw/*.go internal/gateway/*.json internal/console/dist/* go.mod go.sum | sha256sum); \
	[ "$$before" = "$$after" ] || { echo "generated code or go.mod is stale: run make generate and go mod tidy, and commit"; exit 1; }

.PHONY: vuln
vuln: ## look for known vulnerabilities (needs the vulnerability database; not part of CI)
	go run golang.org/x/vuln/cmd/govulncheck@v1.8.0 ./...
