#!/usr/bin/env bash
# images.sh -- cases of recipes: does them in the real decoder, or does and judges those of ../shared.
# Started by tests/conformance/run, which says how.  With three words:
#   CASES  one JSON object a line: id, recipe, input with cut or input_base64
#   FILES  folder of inputs: FILES/X is served as key in/X
#   OUT    is made: OUT/<id>/<output name>.<ext>, or OUT/<id>/error.json {"error", "pointer"?, "message"}
# Every case gets a folder, also where a decoder crashed; 0 when all were tried.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
tree=$(cd "$here/../.." && pwd -P)

usage() {
    echo "usage: tests/conformance/run images CASES FILES OUT | [--update-known] [--verbose]" >&2
    exit 2
}

# Inside Debian 13: builds what is missing.  Where a run of tests/run has just built, that is used.
prepare='
    build=${MILLRACE_BUILD:-$1/build/dev}
    if [ -z "${MILLRACE_BUILD:-}" ]; then
        mkdir -p "$1/build"
        cd "$1"
        exec 9>"$1/build/dev.lock"
        flock 9
        { cmake --preset dev && cmake --build --preset dev --target conformance_images conformance_judge millrace-decoder; } \
            >"$1/build/conformance-images.log" 2>&1 9>&- || { tail -n 40 "$1/build/conformance-images.log" >&2; exit 1; }
        exec 9>&-
    fi'
# Each recipe in its turn, and then what came of it against what was recorded.
judge='
    cases=${MILLRACE_SHARED:-$1/../shared}/images
    if [ ! -r "$cases/cases.jsonl" ]; then
        echo "no recorded pictures: ../shared/images is absent"
        echo "0 passed, 0 failed, 1 skipped"
        exit 0
    fi
    out=$build/conformance-images
    rm -rf "$out" && mkdir "$out"
    "$build/tests/conformance_images" "$cases/cases.jsonl" "$cases/files" "$out"
    shift
    exec "$build/tests/conformance_judge" "$@" "$cases/cases.jsonl" "$out"'

case ${1:-} in
'' | -*)
    exec "$tree/deploy/debian13" --set run,build,test -- bash -euo pipefail -c "$prepare$judge" judge "$tree" \
        --known "$here/images.known" "$@"
    ;;
*)
    [ $# -eq 3 ] || usage
    [ -r "$1" ] || { echo "images: $1 cannot be read" >&2; exit 2; }
    [ -d "$2" ] || { echo "images: $2 is no folder" >&2; exit 2; }
    mkdir -p "$3"
    exec "$tree/deploy/debian13" --set run,build,test -- bash -euo pipefail -c \
        "$prepare"'; exec "$build/tests/conformance_images" "$2" "$3" "$4"' run "$tree" "$1" "$2" "$3"
    ;;
esac
