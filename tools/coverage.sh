#!/usr/bin/env bash
# Which lines of Python and Cython the default tests run; fails under 95 %.
#
#     tools/coverage.sh [FOLDER [PYTEST ARGUMENT]...]     FOLDER keeps the data (default: build/coverage)
#
# Needs `pip install '.[dev]'`. Works in a copy: the tracer wants each .pyx, its C and its module side
# by side, which no installed package has.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p "${1:-build/coverage}"
folder=$(cd "${1:-build/coverage}" && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r cmake csrc src tests tools examples benchmarks docs CMakeLists.txt ./*.cff ./*.json ./*.md ./*.toml "$copy"

cmake -S . -B "$copy/kernels" -G Ninja -DCRNN_PYTHON=OFF >/dev/null
cmake --build "$copy/kernels" >/dev/null
cd "$copy"
mkdir src/crnn/include && cp csrc/kernels.h src/crnn/include
include=$(python -c 'import sysconfig; print(sysconfig.get_path("include"))')
suffix=$(python -c 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')
for module in locks memory rng core initial text descent training validation choosing scoring coding online limits probe; do
    cython -3 -X linetrace=True -X binding=False -I src "src/crnn/$module.pyx"
    gcc -shared -fPIC -O1 -ffp-contract=off -DCYTHON_TRACE=1 -DCYTHON_TRACE_NOGIL=1 -Icsrc -I"$include" \
        "src/crnn/$module.c" kernels/libcrnn_kernels.a -lm -o "src/crnn/$module$suffix"
done

export PYTHONPATH="$copy/src" COVERAGE_FILE="$folder/data"
python -c 'import crnn, sys; sys.exit(not crnn.__file__.startswith(sys.argv[1]))' "$copy" || {
    echo "another crnn comes first: an editable install hides this copy, use a plain one" >&2
    exit 1
}
coverage erase
# Three tests run untraced only. An interrupt that arrives while the tracer runs Python is lost in a
# nogil function; the tracer allocates memory at every line; and it cannot write on a full disk, either.
interrupted="tests/cli/test_process.py::test_a_sample_comes_as_it_is_drawn_and_ends_when_told_to"
counted="tests/test_economy.py::test_a_window_allocates_nothing"
full="tests/cli/test_saver.py::test_a_disk_that_fills_up_leaves_the_last_good_file"
# Nor what looks at an installed package and at a clean checkout: imports, files.
light="tests/test_public.py::test_import_is_light"
headers="tests/test_public.py::test_examples_of_docstrings_run"
# Apart is what runs lines that others run, many times over, or another program most of the time.
apart=(test_house test_links test_release test_contract test_fpmode test_choosing test_pages test_tutorial test_site test_examples test_foreign
       test_c_door test_cython_door test_survive test_suite)
ignored=("${apart[@]/#/--ignore=tests/}")
coverage run -m pytest -q "${ignored[@]/%/.py}" --deselect "${interrupted}[interrupt]" \
    --deselect "$counted" --deselect "$full" \
    --deselect "$light" --deselect "${headers}[crnn.headers]" "${@:2}"
coverage combine -q
coverage report
