#!/usr/bin/env bash
# asl.sh -- cases of the workflow language: plays them, or plays and judges those of ../shared.
# Started by tests/conformance/run, which says how.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
tree=$(cd "$here/../.." && pwd -P)

# Inside Debian 13: builds what is missing, plays. Where a run of tests/run has just built, that is used.
play='
    tree=$1 cases=$2 results=$3 build=${MILLRACE_BUILD:-$1/build/dev}
    if [ -z "${MILLRACE_BUILD:-}" ]; then
        mkdir -p "$tree/build"
        cd "$tree"
        exec 9>"$tree/build/dev.lock"
        flock 9
        { cmake --preset dev && cmake --build --preset dev --target conformance_asl; } >"$tree/build/conformance-asl.log" 2>&1 9>&- ||
            { tail -n 40 "$tree/build/conformance-asl.log" >&2; exit 1; }
        exec 9>&-
    fi
    exec "$build/tests/conformance_asl" "$cases" "$results"'

case ${1:-} in
'' | -*) exec "$tree/deploy/debian13" --set run,build,test -- python3 "$here/judge.py" asl "$@" ;;
*)
    [ $# -eq 2 ] || {
        echo "usage: tests/conformance/run asl CASES RESULTS" >&2
        exit 2
    }
    exec "$tree/deploy/debian13" --set run,build -- bash -euo pipefail -c "$play" play "$tree" "$1" "$2"
    ;;
esac
