# The one entry for people and for continuous integration. `make help` lists the targets; logic lives in tools/.
SHELL := /bin/sh
.DEFAULT_GOAL := help
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

NODE_TEST := node --test --test-isolation=none --test-reporter=./tools/test-runner/reporter.ts \
	--import ./tools/test-runner/hygiene.ts --import ./tools/test-runner/properties.ts
FOLDERS := lib ca webhook init-container renewer cli tools examples bench test/!(e2e)
# make test ONLY=ca runs the tests of one folder
ONLY ?=
TESTS := $(foreach folder,$(if $(ONLY),$(ONLY),$(FOLDERS)),'$(folder)/**/*.test.ts') $(if $(ONLY),,'test/*.test.ts')

.PHONY: help install peers demo demo-federation check test test-conformance unit fuzz bench e2e soak e2e-up e2e-down images \
	bundle manifests golden docs clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | awk -F '\t' '{ printf "  make %-16s %s\n", $$1, $$2 }'

install: node_modules/.package-lock.json ## npm packages, the pinned Node among them

node_modules/.package-lock.json: package.json package-lock.json
	@echo "install: npm packages, about half a minute"
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

peers: install ## the real programs that tests run against, once, into the user's cache folder
	@node tools/peers/install.ts

demo: install ## the whole product on this machine in two minutes: CA, webhook, two pods, rotations
	@bin/autocert demo

demo-federation: install ## two federated CAs, a server of one and a client of the other, in ten seconds
	@node examples/federation/demo.ts

check: install ## types, lint, format, import directions, budgets of the pod programs
	@echo "check: types"; tsc
	@echo "check: lint and format"; biome check --error-on-warnings .
	@echo "check: import directions, budgets, documents in step with the code"
	@$(NODE_TEST) 'test/architecture.test.ts' 'test/documents.test.ts' 'tools/bundle/*.test.ts'

test: peers ## every test against the real peers; ONLY=ca for one folder
	@node tools/test-runner/main.ts --coverage $(TESTS)

test-conformance: peers ## what clients of step-ca rely on, put to the real one and to ours; PEER=step-ca for one of them
	@PEER=$(PEER) node tools/test-runner/main.ts 'test/conformance/step-ca/*.test.ts'

unit: install ## the tests beside the code: no peer, no network
	@$(NODE_TEST) $(foreach folder,lib ca webhook init-container renewer cli tools bench,'$(folder)/**/*.test.ts')

fuzz: install ## the property tests beside the code with new seeds, ROUNDS=10 times
	@node tools/test-runner/fuzz.ts $(ROUNDS)

bench: peers ## our speed and memory beside each peer's, as ratios; ONLY=ca for one, BENCH_QUICK=1 for a rough look
	@node bench/main.ts $(ONLY)

e2e: peers ## the product on a real one-node cluster, as root; ONLY=name for some scenarios
	@node test/e2e/run.ts $(ONLY)

soak: peers ## the same with the lifetimes that people use: three quarters of an hour
	@AUTOCERT_E2E_SOAK=1 AUTOCERT_E2E_PATIENCE=3 node test/e2e/run.ts $(ONLY)

e2e-up: peers ## the cluster alone, to work with
	@node test/e2e/cluster/main.ts up

e2e-down: install ## takes it away, also what a crash has left
	@node test/e2e/cluster/main.ts down

images: install ## images of the programs, with docker buildx or buildah, into build/images
	@node tools/images/main.ts

bundle: install ## one minified file per program into dist/
	@node tools/bundle/main.ts

manifests: peers ## render manifests/ from the chart
	@node tools/manifests/render.ts

golden: peers ## write the golden files of the API server test anew; review the difference like code
	@AUTOCERT_WRITE_GOLDEN=1 $(NODE_TEST) 'test/integration/api-server/*.test.ts'

docs: install ## regenerate the reference pages that come from the code
	@node tools/manifests/values-reference.ts
	@node tools/docs/main.ts

clean: ## what was built; npm packages and peers stay
	rm -rf dist build coverage
