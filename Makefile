# One word a task. `make run` and `make test` set up what they need and are quick the second time.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 5000
WEB_CONCURRENCY ?= 2
SERVER ?= gunicorn
# Seconds that the notebook's search may take.
BUDGET ?= 120
# Where a data set's name, such as insurance, is looked up first.
TABLECAST_DATA ?= $(if $(wildcard ../shared/data),$(abspath ../shared/data))
export PORT WEB_CONCURRENCY TABLECAST_DATA
# LOG=1 keeps every answer in a file, unless TABLECAST_LOG names another place.
ifdef LOG
export TABLECAST_LOG ?= sqlite:///log.db
endif
# Tests and training start many processes: what the first has compiled the others may read.
unexport PYTHONDONTWRITEBYTECODE

SERVING := .venv
TRAINING := .venv-train
# The same for Python 3.12, where training works too.
PYTHON_312 := build/python-3.12
# What the fronts of examples/ need besides, and what an index of packages needs.
FRONTS := build/fronts
INDEX := build/index
# Training and tests use the second environment.
PYTHON_TRAINING := PYTHONPATH=. $(TRAINING)/bin/python

WEB_TESTS := tests/web/test_html.py tests/web/test_batch_page.py tests/web/test_fastlane.py \
	tests/web/test_docs_page.py tests/web/test_controls.py

MAKEFLAGS += --no-print-directory
.PHONY: run test quick test-world test-312 test-engines setup train bench bench-access bench-engines bench-attack \
	bench-automl bench-training bench-tests soak messages docs wheel sbom audit lock lint clean help

help: ## list the tasks
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

run: $(SERVING)/.installed ## serve the form and the API on PORT (SERVER=gunicorn or granian; LOG=1)
	@$(if $(LOG),echo "Every answer is kept: see docs/log.md.")
	@exec $(SERVING)/bin/python -m tablecast serve --server $(SERVER) --host 0.0.0.0

# Two workers on two cores: more threads would only wait for one another.
test: export OMP_NUM_THREADS := 1
test: $(TRAINING)/.installed chromium ## install what the tests need, then run them all
	@echo "Checking style and types"
	@$(TRAINING)/bin/ruff check .
	@$(TRAINING)/bin/mypy
	@echo "Running the tests"
	@$(PYTHON_TRAINING) -m pytest -n 2 --dist loadfile --durations 20
	@echo "Running the web side's tests on the shipped deployment's two engines"
	@$(PYTHON_TRAINING) -m pytest -q -n 2 --engine onnx $(WEB_TESTS)
	@$(PYTHON_TRAINING) -m pytest -q -n 2 --engine pycaret $(WEB_TESTS)

quick: export OMP_NUM_THREADS := 1
quick: $(TRAINING)/.installed ## the tests that a change needs most, in about a minute and a half
	@$(PYTHON_TRAINING) -m pytest -q -n 2 --dist loadfile --quick

WORLD := firefox postgresql buildah haproxy test-312 test-engines $(FRONTS)/.installed $(INDEX)/.installed
test-world: $(TRAINING)/.installed $(WORLD) ## tests that need much more: databases, clusters, images
	@$(UV) pip install -q --target build/opentelemetry --python $(TRAINING)/bin/python \
		--require-hashes -r tests/opentelemetry.txt
	@$(UV) pip install -q --target build/redis --python $(TRAINING)/bin/python \
		--require-hashes -r tests/redis.txt
	@$(UV) pip install -q --target build/ray --python $(TRAINING)/bin/python \
		--require-hashes -r tests/ray.txt
	@$(PYTHON_TRAINING) -m pytest -q --world

# What learns, compiles, saves and opens; the whole of the tests would say nothing else of a Python.
TESTS_312 := tests/deployment/test_artifact.py tests/inference tests/compiler/test_recipes.py \
	tests/compiler/test_proof.py tests/features/test_features.py

test-312: export OMP_NUM_THREADS := 1
test-312: $(TRAINING)/.uv ## train and compile on Python 3.12, where there is one
	@$(MAKE) $(PYTHON_312)/bin/python 2>/dev/null || \
		{ echo "No Python 3.12 is here, and none can be fetched: its tests are left out."; exit 0; }; \
	$(MAKE) $(PYTHON_312)/.installed && \
	echo "Running the tests of training and compiler on Python 3.12" && \
	PYTHONPATH=. $(PYTHON_312)/bin/python -m pytest -q -n 2 --dist loadfile $(TESTS_312)

# Beside the other environments, since Ray and Spark bring half a gigabyte.
ENGINES := build/engines

test-engines: export OMP_NUM_THREADS := 1
test-engines: $(ENGINES)/.installed ## predict on real clusters of Ray, Spark and Dask, and from S3
	@echo "Running the tests of engines on their clusters"
	@PYTHONPATH=. $(ENGINES)/bin/python -m pytest -q --world tests/world/test_clusters.py

setup: $(TRAINING)/.installed ## install what training needs

train: $(TRAINING)/.installed ## run train.ipynb, which writes the deployment
	@echo "Running train.ipynb"
	@BUDGET=$(BUDGET) $(PYTHON_TRAINING) -m jupyter nbconvert --to notebook --execute --inplace \
		train.ipynb

bench: $(TRAINING)/.installed wrk ## measure ours beside its peers, into docs/performance.md
	@$(PYTHON_TRAINING) -m benchmarks

bench-training: $(TRAINING)/.installed ## measure training against rows and columns, for an hour
	@$(PYTHON_TRAINING) -m benchmarks.training_sizes

messages: $(TRAINING)/.installed ## find what the pages say, for translators, and compile it
	@$(PYTHON_TRAINING) -m tablecast.i18n.messages

bench-tests: $(TRAINING)/.installed ## change the code in small ways: which changes no test notices?
	@$(PYTHON_TRAINING) -m benchmarks.mutation

bench-attack: $(TRAINING)/.installed ## attack a started server, and see what others notice
	@$(PYTHON_TRAINING) -m benchmarks.attack --server $(SERVER) --write

bench-access: $(TRAINING)/.installed wrk ## what keys, limits and the access log cost a request
	@$(PYTHON_TRAINING) -m benchmarks.access --server $(SERVER)

bench-engines: $(TRAINING)/.installed $(ENGINES)/.installed ## measure predict --engine, for minutes
	@$(UV) pip install -q --target build/mlflow --python $(TRAINING)/bin/python mlflow-skinny \
		-c requirements-train.txt || echo "MLflow cannot be installed here, and is left out."
	@PYTHONPATH=. $(ENGINES)/bin/python -m benchmarks.engines

soak: $(TRAINING)/.installed ## ask a started server for everything for an hour, and see what it keeps
	@$(PYTHON_TRAINING) -m benchmarks.soak --server $(SERVER)

bench-automl: $(TRAINING)/.installed ## measure the search beside PyCaret and FLAML, for hours
	@$(PYTHON_TRAINING) -m benchmarks.automl_bench

docs: export NO_MKDOCS_2_WARNING := 1
docs: $(TRAINING)/.installed ## build the site of docs/ into build/site
	@$(PYTHON_TRAINING) docs/site/architecture.py
	@$(PYTHON_TRAINING) -m mkdocs build --strict --quiet
	@echo "Open build/site/index.html"

wheel: $(TRAINING)/.installed ## build the package into dist/
	@$(TRAINING)/bin/uv build -q --wheel -o dist

sbom: $(TRAINING)/.installed ## list what serving needs, as a CycloneDX document in dist/
	@mkdir -p dist
	@$(TRAINING)/bin/cyclonedx-py requirements requirements.txt --pyproject pyproject.toml \
		--mc-type application --output-reproducible -o dist/sbom.json
	@echo "Wrote dist/sbom.json"

audit: $(TRAINING)/.installed ## look for known weaknesses in what serving needs
	@$(UV) tool run pip-audit --require-hashes --disable-pip -r requirements.txt

lint: $(TRAINING)/.installed ## check style and types
	@$(TRAINING)/bin/ruff check . && $(TRAINING)/bin/mypy

# Not all: Ray, Spark and the clouds' clients are 500 MB, and stand in tests/engines.in.
TRAINING_EXTRAS := train files log sign notebook docs test dask kaggle skops check
ENGINE_EXTRAS := dask ray spark cloud

# The locks. Serving is resolved for every Python it runs on; training for the one PyCaret has, and
# for 3.12 with the same versions wherever they can be.
UV = $(TRAINING)/bin/uv
# What an image needs that keeps no prediction log, the same without the log's 50 MB; and what a
# pipeline needs that trains, the same without tests and documents.
SERVING_LOCK := tablecast/export/ship/locks/serving.txt
TRAINING_LOCK := tablecast/export/ship/locks/training.txt
lock: $(TRAINING)/.uv ## resolve pyproject.toml again into the hashed locks
	@$(UV) pip compile -q --upgrade --generate-hashes --universal --no-annotate --no-header \
		--python-version 3.11 --extra files --extra log pyproject.toml -o requirements.txt
	@cp requirements.txt $(SERVING_LOCK)
	@$(UV) pip compile -q --generate-hashes --universal --no-annotate --no-header \
		--python-version 3.11 --extra files pyproject.toml -o $(SERVING_LOCK)
	@$(UV) pip compile -q --upgrade --generate-hashes --no-annotate --no-header \
		--python-version 3.11 $(TRAINING_EXTRAS:%=--extra %) pyproject.toml \
		-o requirements-train.txt
	@cp requirements-train.txt $(TRAINING_LOCK)
	@$(UV) pip compile -q --generate-hashes --no-annotate --no-header --python-version 3.11 \
		--extra train --extra files --extra kaggle pyproject.toml -o $(TRAINING_LOCK)
	@cp requirements-train.txt requirements-train-3.12.txt
	@$(UV) pip compile -q --generate-hashes --no-annotate --no-header --python-version 3.12 \
		$(TRAINING_EXTRAS:%=--extra %) pyproject.toml -o requirements-train-3.12.txt
	@echo uv | $(UV) pip compile -q --upgrade --generate-hashes --universal --no-annotate \
		--no-header --python-version 3.11 - -o requirements-uv.txt
	@$(UV) pip compile -q --generate-hashes --no-annotate --no-header --python-version 3.11 \
		tests/oldest.in -o tests/oldest.txt
	@$(UV) pip compile -q --upgrade --generate-hashes --no-annotate --no-header \
		--python-version 3.11 -c requirements-train.txt tests/opentelemetry.in \
		-o tests/opentelemetry.txt
	@$(UV) pip compile -q --upgrade --generate-hashes --no-annotate --no-header \
		--python-version 3.11 -c requirements-train.txt tests/redis.in -o tests/redis.txt
	@$(UV) pip compile -q --upgrade --generate-hashes --no-annotate --no-header \
		--python-version 3.11 -c requirements-train.txt tests/ray.in -o tests/ray.txt
	@$(UV) pip compile -q --upgrade --generate-hashes --no-annotate --no-header \
		--python-version 3.11 $(ENGINE_EXTRAS:%=--extra %) pyproject.toml tests/engines.in \
		-o tests/engines.txt
	@$(UV) pip compile -q --upgrade --generate-hashes --no-annotate --no-header \
		--python-version 3.11 -c requirements.txt tests/fronts.in -o tests/fronts.txt
	@$(UV) pip compile -q --upgrade --generate-hashes --no-annotate --no-header \
		--python-version 3.11 tests/index.in -o tests/index.txt

# Without bytecode, which pip makes and uv only where told, a server takes twice as long to start.
$(SERVING)/.installed: requirements.txt $(SERVING)/.uv
	$(call install,$(SERVING),requirements.txt,--compile-bytecode)
	@$(SERVING)/bin/python -m compileall -q tablecast

$(ENGINES)/.installed: tests/engines.txt $(TRAINING)/.uv
	@$(MAKE) java
	@echo "Installing $< into $(ENGINES)"
	@"$(PYTHON)" -m venv $(ENGINES)
	@$(UV) pip install -q --python $(ENGINES)/bin/python --require-hashes -r $<
	@touch $@

$(TRAINING)/.installed: requirements-train.txt $(TRAINING)/.uv
	@$(MAKE) openmp
	$(call install,$(TRAINING),requirements-train.txt)

# pyenv's python3.12 is one only where 3.12 is switched on; where there is none, uv fetches one.
$(PYTHON_312)/bin/python: | $(TRAINING)/.uv
	@python=$$(pyenv prefix 3.12 2>/dev/null)/bin/python3.12; \
	$(UV) venv -q --clear --python $$([ -x $$python ] && echo $$python || echo 3.12) $(PYTHON_312)

$(PYTHON_312)/.installed: requirements-train-3.12.txt $(PYTHON_312)/bin/python
	@$(MAKE) openmp
	@echo "Installing $< into $(PYTHON_312)"
	@$(UV) pip install -q --python $(PYTHON_312)/bin/python --require-hashes -r $<
	@touch $@

$(FRONTS)/.installed: requirements.txt tests/fronts.txt $(TRAINING)/.uv
	@echo "Installing tests/fronts.txt into $(FRONTS)"
	@$(UV) venv -q --clear --python $(TRAINING)/bin/python $(FRONTS)
	@$(UV) pip install -q --python $(FRONTS)/bin/python --require-hashes -r requirements.txt
	@$(UV) pip install -q --python $(FRONTS)/bin/python --require-hashes -r tests/fronts.txt
	@touch $@

$(INDEX)/.installed: tests/index.txt $(TRAINING)/.uv
	@echo "Installing tests/index.txt into $(INDEX)"
	@$(UV) venv -q --clear --python $(TRAINING)/bin/python $(INDEX)
	@$(UV) pip install -q --python $(INDEX)/bin/python --require-hashes -r tests/index.txt
	@touch $@

# uv installs the locks in seconds; where it cannot (an index that only pip knows), pip does.
define install
	@echo "Installing $(2) into $(1)"
	@$(1)/bin/uv pip install -q $(3) --python $(1)/bin/python --require-hashes -r $(2) || \
		$(1)/bin/python -m pip install -q --require-hashes -r $(2)
	@touch $@
endef

%/.uv: requirements-uv.txt
	@$(MAKE) system
	@echo "Making the Python environment $*"
	@"$(PYTHON)" -m venv $*
	@$*/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-uv.txt
	@touch $@

# Debian splits these from Python and from the wheels that need them.
system:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "tablecast needs Python 3.11 or newer; set PYTHON=/path/to/python3.11."; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip' 2>/dev/null || $(MAKE) apt PACKAGES=python3-venv

# LightGBM's wheel takes OpenMP from the system.
openmp:
	@! command -v dpkg >/dev/null || dpkg -s libgomp1 >/dev/null 2>&1 || \
		$(MAKE) apt PACKAGES=libgomp1

.PHONY: system openmp java chromium firefox postgresql buildah haproxy wrk apt
wrk:
	@command -v wrk >/dev/null || $(MAKE) apt PACKAGES=wrk

chromium:
	@command -v chromium >/dev/null || $(MAKE) apt PACKAGES="chromium fonts-liberation"
# The node inside playwright's wheel, which drives it, takes this from the system.
	@! command -v dpkg >/dev/null || dpkg -s libatomic1 >/dev/null 2>&1 || \
		$(MAKE) apt PACKAGES=libatomic1

java:
	@command -v java >/dev/null || $(MAKE) apt PACKAGES=openjdk-17-jre-headless

postgresql:
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || $(MAKE) apt PACKAGES=postgresql

haproxy:
	@command -v haproxy >/dev/null && command -v redis-server >/dev/null || \
		$(MAKE) apt PACKAGES="haproxy redis-server"

buildah:
	@command -v buildah >/dev/null && command -v mmdebstrap >/dev/null || \
		$(MAKE) apt PACKAGES="buildah mmdebstrap"

firefox:
	@command -v firefox-esr >/dev/null || $(MAKE) apt PACKAGES="firefox-esr fonts-liberation"

apt:
	@echo "Installing Debian's $(PACKAGES)"
	@command -v apt-get >/dev/null || { echo "Install $(PACKAGES) first."; exit 1; }
	@as=; [ "$$(id -u)" = 0 ] || as=sudo; log=$$(mktemp); \
	{ $$as apt-get update -qq && $$as env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends $(PACKAGES); } >$$log 2>&1 || \
		{ cat $$log; echo "Install $(PACKAGES) first: apt-get install $(PACKAGES)"; exit 1; }; \
	rm -f $$log

clean: ## remove the environments and caches
	@rm -rf $(SERVING) $(TRAINING) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
