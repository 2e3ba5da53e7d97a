# Every target sets up what it needs: a bare machine with Python 3.11-3.13 and make is enough.
PYTHON ?= python3
BIN := .venv/bin
FIGURES := anatomy cco chest_ct ct_quality engine hdf5 octa patches projectors radiograph reconstruction scatter vessels voxelise
CODE := simdata phantoms vascular render pipelines tests benchmarks docs/examples docs/pages.py

.PHONY: demo test check format gpu-test slow faults fuzz bench figures people retina vessel-pictures mammograms xray-pictures gallery docs study-smoke sim-to-real clean

demo: .venv/ready                       ## a dataset and its picture in demo/
	$(BIN)/simdata generate recipes/quickstart.yaml --out demo/quickstart
	$(BIN)/simdata show recipes/quickstart.yaml 0 --out demo/quickstart.png
	@echo "dataset: demo/quickstart (read it with simdata.Dataset), pictures: demo/quickstart.png, demo/quickstart/sheet.png"

test: .venv/consumers                   ## all tests
	$(BIN)/pytest -n 2 --dist loadfile

check: .venv/consumers                  ## format, lint, types, import contracts, tests
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(MAKE) test

format: .venv/ready
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

gpu-test: .venv/ready                   ## the kernels of an NVIDIA GPU; without one, in numba's simulator
	@if nvidia-smi -L 2>/dev/null | grep -q GPU; then \
		$(BIN)/pip install -q -c constraints.txt -e '.[gpu]' && $(BIN)/pytest -m gpu; \
	else echo "no NVIDIA GPU here: its kernels run in numba's simulator"; fi
	$(BIN)/pytest -rs tests/test_device.py

slow: .venv/consumers                   ## the tests that 'make test' leaves out: an hour
	$(BIN)/pytest -m slow

faults: .venv/consumers                 ## fifty kills of everything, a thousand flipped bits, a poison sample in a hundred
	$(BIN)/pytest -m slow tests/faults

fuzz: .venv/ready                       ## ten minutes of anything at all for the readers of recipes, label maps and datasets
	FUZZ_SECONDS=60 $(BIN)/pytest tests/test_fuzz.py

bench: .venv/ready                      ## seconds, beside a goal or a peer, and memory, as one table in benchmarks/results/
	$(BIN)/python benchmarks/table.py

figures: .venv/ready                    ## every page of benchmarks/results/ that takes minutes, not hours: an hour in all
	for name in $(FIGURES); do $(BIN)/python benchmarks/$$name.py || exit 1; done

people: .venv/ready                     ## 200 sampled people and the sheet of twelve, in benchmarks/results/ and docs/
	$(BIN)/python benchmarks/people.py
	$(BIN)/python benchmarks/portraits.py

ROSSA ?=
retina: .venv/ready                     ## 50 synthetic maculas against figures of real ones (ROSSA=folder: and masks), in benchmarks/results/
	$(BIN)/python benchmarks/retina.py $(ROSSA)
	$(BIN)/python benchmarks/retina_pictures.py
	$(BIN)/python benchmarks/octa_pictures.py
	$(BIN)/python benchmarks/oct_pictures.py

vessel-pictures: .venv/ready            ## the vessels of every organ of one patient, in docs/
	$(BIN)/python benchmarks/vessel_pictures.py

mammograms: .venv/ready                 ## breasts of four densities, a swing and lesions, in docs/
	$(BIN)/python benchmarks/mammograms.py

xray-pictures: .venv/ready              ## a chest radiograph and a coronary angiogram, in docs/
	$(BIN)/python benchmarks/xray_pictures.py

gallery: .venv/ready                    ## the examples of docs/examples run, and what they draw, in docs/gallery.md
	$(BIN)/python benchmarks/gallery.py

SITE := .site
docs: .venv/ready                       ## the site, offline in .site/html
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e '.[docs]'
	rm -rf $(SITE) && mkdir -p $(SITE)/src
	git ls-files README.md CONTRIBUTING.md CHANGELOG.md LICENSE CITATION.cff docs recipes benchmarks simdata pipelines | \
		tar -cf - -T - | tar -xf - -C $(SITE)/src
	$(BIN)/python docs/pages.py files > $(SITE)/src/docs/files.md
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict -f docs/mkdocs.yml
	@echo "open $(SITE)/html/index.html"

STUDY := demo/study_smoke
study-smoke: .venv/consumers            ## a small study on eyes it makes itself; fails if pretraining on synthetic ones does not help
	rm -rf $(STUDY)
	$(BIN)/simdata generate recipes/study/eyes/ours.yaml --out $(STUDY)/ours --workers 2 --quiet
	$(BIN)/simdata generate recipes/study/eyes/theirs.yaml --out $(STUDY)/theirs_wide --workers 2 --quiet
	$(BIN)/simdata generate recipes/study/eyes/theirs.yaml --out $(STUDY)/theirs --workers 2 --quiet \
		--seed 4 --count 4 --set scan.octa.field_mm=1.5 --set scan.octa.pixels=80
	$(BIN)/simdata study recipes/study/smoke.yaml --out $(STUDY)/out

sim-to-real: .venv/consumers            ## what synthetic eyes are worth on real ones (ROSSA=folder), in docs/sim_to_real.md: many hours
	$(BIN)/python benchmarks/sim_to_real.py $(ROSSA)

clean:
	rm -rf .venv demo .site

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

.venv/consumers: .venv/ready            ## the tools that read what is exported: torch, MONAI, nnU-Net and the like; and Ray
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev,ray,consumers]'
	@command -v dciodvfy >/dev/null || (cd .venv && apt-get download -q dicom3tools && dpkg -x dicom3tools_*.deb dicom3tools && \
		ln -sf ../dicom3tools/usr/bin/dciodvfy bin/dciodvfy) 2>/dev/null || echo "no dciodvfy here (Debian: dicom3tools); its test is skipped"
	touch $@
