# shellcheck shell=bash
# common.sh -- what the shell programs of deploy/ and tests/ share: saying things, long steps with
# progress, and where the cache is.  Sourced, never run; sets no options of its own.

# say TEXT...: one line for people, on stderr, with the program's name before it.
say() { printf '%s: %s\n' "${MR_PROGRAM:-${0##*/}}" "$*" >&2; }

# die TEXT...: one line that says what is wrong and what to do next; the program ends with 1.
die() { say "$*"; exit 1; }

# The folder of everything that costs time to make again: the root, the jars, MinIO's program.
mr_cache_dir() {
    local dir=${MILLRACE_CACHE:-${HOME:-/root}/.cache/millrace}
    mkdir -p "$dir" || die "cannot make the cache folder $dir: set MILLRACE_CACHE to one that can be written"
    (cd "$dir" && pwd -P)
}

# True on Debian 13, where nothing needs a private root.
mr_on_debian13() {
    [ -r /etc/os-release ] && (
        # shellcheck disable=SC1091
        . /etc/os-release && [ "${ID:-}" = debian ] && [ "${VERSION_ID:-}" = 13 ]
    )
}

# long_step LOG TEXT CMD...: runs CMD with its output appended to LOG, says TEXT first, how it goes on every
# 10 s and how long it took at the end.  On failure the end of LOG is shown and CMD's status returned.
long_step() {
    local log=$1 text=$2 start=$SECONDS ticker rc=0
    shift 2
    say "$text ..."
    (
        exec >/dev/null 9>&- 8>&-
        while sleep 10; do
            say "  $((SECONDS - start)) s: $(tail -c 300 "$log" 2>/dev/null | tr -c '[:print:]\n' ' ' | grep -v '^ *$' | tail -n 1 | cut -c 1-100)"
        done
    ) &
    ticker=$!
    "$@" >>"$log" 2>&1 || rc=$?
    kill "$ticker" 2>/dev/null || true
    wait "$ticker" 2>/dev/null || true
    if [ "$rc" -ne 0 ]; then
        tail -n 25 "$log" | sed 's/^/    /' >&2
        say "$text: failed with status $rc after $((SECONDS - start)) s (all of it: $log)"
        return "$rc"
    fi
    say "$text: done in $((SECONDS - start)) s"
}
