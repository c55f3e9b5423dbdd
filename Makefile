# Two commands do all: `make export` writes the mobile files with a report, `make test` tests
# (`make test-fast`: the quick tests alone). Each installs what it needs first.
# `make arm` executes them on emulated Arm processors and counts instructions (Linux).
# `make android` builds the sample app's APK, `make android-test` tests it (Debian).
# `make bench` measures this repository's own models anew (half an hour; leave the machine alone).

VENV ?= .venv
PYTHON ?= python3.11
SIZE ?= 256
OUT ?= build
# What the sample app holds: what paints live, and what paints photos (none: STUDIO=).
BUILD ?= android_demo/out/build
STUDIO ?= android_demo/out/studio

.PHONY: export test test-fast bench arm android android-test lint clean

# Exporting needs less than testing. Each is installed again only when what it installs changes.
EXPORT := $(VENV)/export-installed
TEST := $(VENV)/test-installed

$(EXPORT): setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --upgrade pip
	$(VENV)/bin/python -m pip install --editable '.[export]'
	touch $@

$(TEST): $(EXPORT)
	$(VENV)/bin/python -m pip install --editable '.[test]'
	touch $@

export: $(EXPORT)
	$(VENV)/bin/facestyle export --size $(SIZE) --out $(OUT) \
		--precision all --calibration demo

test: $(TEST) lint
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest --numprocesses 2 --dist loadfile

# All but what converts, executes or trains for seconds: two minutes on two cores.
test-fast: $(TEST)
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest --numprocesses 2 --dist loadfile -m "not slow"

bench: $(TEST)
	$(VENV)/bin/python -m benchmarks.experiments.own_models --out benchmarks/results/latency
	$(VENV)/bin/python -m benchmarks.experiments.no_auxiliary --out benchmarks/results/no_auxiliary

arm: $(TEST)
	test -e $(OUT)/manifest.json || $(MAKE) export
	$(VENV)/bin/facestyle bench arm $(OUT)

android: $(TEST)
	test -e $(BUILD)/manifest.json || $(VENV)/bin/facestyle export --depth --formats tflite \
		--precision fp16 --graphs stylizer,style_encoder --size $(SIZE) --out $(BUILD)
	test -z "$(STUDIO)" -o -e "$(STUDIO)/manifest.json" || $(VENV)/bin/facestyle export \
		--preset studio --depth --formats tflite --precision fp16 --graphs stylizer --size 512 \
		--out $(STUDIO)
	$(VENV)/bin/facestyle android $(BUILD) $(addprefix --studio ,$(STUDIO))
	$(PYTHON) android_demo/offline/build.py apk
	$(VENV)/bin/python -m pytest tests/android_demo/test_apk.py tests/android_demo/test_api_level.py

# The screens' tests execute the app's own library, on this processor and on an emulated Arm one.
android-test: android
	test -e $(OUT)/manifest.json || $(MAKE) export
	cd android_demo/core && mvn --batch-mode --quiet test
	$(PYTHON) android_demo/offline/build.py test --native --property facestyle.build=$(abspath $(OUT))
	$(VENV)/bin/python -m pytest tests/benchmarks/android/test_sample_app.py tests/android_demo/test_reuse.py
	$(PYTHON) android_demo/offline/build.py run-arm64 $(OUT) --only stylizer

lint: $(TEST)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

clean:
	rm -rf $(VENV) build android_demo/out .pytest_cache .mypy_cache .ruff_cache *.egg-info
