# `make run` shows the service at work; `make test` tests all of it. Both do
# their own set-up: they need Go and, where there is no MariaDB, Debian's apt.

SHELL := /bin/bash
.DEFAULT_GOAL := help
CACHE := $(CURDIR)/.cache
BIN := $(CACHE)/bin
export EXPORTD_CACHE := $(CACHE)
export GOTOOLCHAIN := local

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

.PHONY: run
run: build tools ## start everything, export a sample shop, serve until Ctrl-C (ONCE=1: stop after the export)
	@$(BIN)/devstack -exportd $(BIN)/exportd $(if $(ONCE),-once) $(if $(DSN),-dsn '$(DSN)')

.PHONY: build
build: ## build the programs into .cache/bin
	@mkdir -p $(BIN)
	go build -o $(BIN)/ ./cmd/...

# Real programs that tests and people use beside the service, at the versions
# that tools/go.mod pins. They are not linked into exportd.
.PHONY: tools
tools: $(BIN)/etcd $(BIN)/grpcurl
$(BIN)/etcd: tools/go.mod
	@echo "Building etcd; this happens once and takes a minute or two."
	@cd tools && go build -o $@ go.etcd.io/etcd/server/v3 && touch $@
$(BIN)/grpcurl: tools/go.mod
	@cd tools && go build -o $@ github.com/fullstorydev/grpcurl/cmd/grpcurl && touch $@
