# shellcheck shell=bash
# copied.sh -- the way into the private root where mounts are refused: by chroot, with copies of the folders.
# Sourced by deploy/debian13; uses its is_system_folder().
#
# A folder that cannot be mounted can only be there as a copy.  Folders are copied in before the command and what it made,
# changed and removed is carried back after it; of a file that both sides changed, the newer stays.  A copy is kept
# in the root, so the next call copies only what differs.  What was copied stands in a list beside it: a name that is
# in the list and gone on one side was removed there, a name that is not in the list is new.

copied_costs="no namespaces, /proc or /sys inside (of the decoders' sandbox only system call filter and limits are left, and \
nothing that needs Java runs); the tree and the folders that arguments name are copies, carried back when the command \
ends; /tmp and the cache folder are ones of its own"

copied_half=.millrace-half # a file on its way, beside the one that it becomes

# list_folder FOLDER: every name below it, NUL after each, sorted, parents first.
list_folder() { (cd "$1" && find . -mindepth 1 ! -name "$copied_half" -printf '%P\0') | LC_ALL=C sort -z; }

copied_list() { # copied_list ROOT PATH: the file with the names that both sides had when they were last made equal
    printf '%s/var/lib/millrace/copied/%s' "$1" "$(printf '%s' "$2" | sha256sum | cut -c 1-32)"
}

# put FROM TO: the file or link TO becomes what FROM is, at once: one that is cut short (kill -9, no room) is never seen.
put() {
    local half
    half=$(dirname "$2")/$copied_half
    cp -a -T -- "$1" "$half" && mv -f -T -- "$half" "$2" && return
    rm -f -- "$half"
    return 1
}

# remove_gone FROM TO LIST: names of LIST that FROM no longer has are removed from TO; a folder with something new in it stays.
remove_gone() {
    [ -s "$3" ] || return 0
    list_folder "$1" | LC_ALL=C comm -z -13 - "$3" | LC_ALL=C sort -z -r | ( # children before parents
        cd "$2" && while IFS= read -r -d '' name; do
            if [ -d "$name" ] && [ ! -L "$name" ]; then rmdir -- "$name" 2>/dev/null || true; else rm -f -- "$name"; fi
        done
    )
}

# carry_over FROM TO LIST: makes TO as FROM is, but for what is newer there.
carry_over() {
    local from=$1 to=$2 kind time name
    local -A there=()
    mkdir -p "$to"
    find "$to/." -name "$copied_half" -delete # of a call that was killed
    while IFS= read -r -d '' name; do there[${name#* }]=${name%% *}; done < <(find "$to/." -mindepth 1 -printf '%T@ %P\0')
    while IFS= read -r -d '' name; do
        kind=${name%% *} name=${name#* } # "f 1790000000.1234567890 a/name with spaces "
        time=${name%% *} name=${name#* }
        case $kind in
        d)
            [ -d "$to/$name" ] || { mkdir -- "$to/$name" && chmod --reference="$from/$name" -- "$to/$name"; } || return
            ;;
        f | l) # times are of one width
            [[ ${there[$name]:-} < $time ]] || continue
            put "$from/$name" "$to/$name" || return
            ;;
        esac # a socket or a pipe is of whoever made it
    done < <(find "$from/." -mindepth 1 -printf '%y %T@ %P\0')
    remove_gone "$from" "$to" "$3" # last: where there was no room, nothing is lost
}

copy_in() { # copy_in ROOT PATH
    local root=$1 path=$2 list
    list=$(copied_list "$root" "$path")
    mkdir -p "$(dirname "$list")" "$root$(dirname "$path")"
    case $root/ in "$path"/*) die "the folder $path holds the cache folder $(dirname "$root"), so it cannot be copied into it: name another folder, or set MILLRACE_CACHE" ;; esac
    if [ -d "$path" ]; then
        carry_over "$path" "$root$path" "$list" && list_folder "$root$path" >"$list"
    elif [ -e "$path" ]; then
        { [ ! "$path" -nt "$root$path" ] || put "$path" "$root$path"; } && : >"$list"
    elif [ -e "$list" ]; then # it was there once, and is something that the command may make again
        rm -rf --one-file-system -- "$root$path" "$list"
    fi || die "$path could not be copied to $root$path: is there room?"
}

copy_out() { # copy_out ROOT PATH
    local root=$1 path=$2 list
    list=$(copied_list "$root" "$path")
    if [ -d "$root$path" ]; then
        carry_over "$root$path" "$path" "$list" && list_folder "$root$path" >"$list"
    elif [ -e "$root$path" ]; then
        { [ ! "$root$path" -nt "$path" ] || put "$root$path" "$path"; } && : >"$list"
    fi
}

# What has to be copied for CMD: "rw|ro PATH" a line, no path below another one.
copies_to_make() { # copies_to_make TREE CMD ARG...
    local tree=$1 arg path
    shift
    {
        printf 'rw %s\n' "$tree"
        if [ -d "$(dirname "$tree")/shared" ]; then printf 'ro %s/shared\n' "$(dirname "$tree")"; fi
        for arg; do
            for path in "$arg" "${arg#*=}"; do
                case $path in '' | *$'\n'*) continue ;; */*) ;; *) [ -e "$path" ] || continue ;; esac
                path=$(realpath -s -m -- "$path" 2>/dev/null) || continue
                # what is not there yet may be what the command makes
                if [ ! -d "$(dirname "$path")" ] || [ "$path" = /tmp ] || is_system_folder "$path"; then continue; fi
                printf 'rw %s\n' "$path"
            done
        done
    } | LC_ALL=C sort -u -k 2 | awk '{ for (p in kept) if (index($2 "/", p "/") == 1) next; kept[$2]; print }'
}

# enter_copied ROOT CWD [rw|ro PATH]... -- CMD ARG...: ends with CMD's status.
enter_copied() {
    local root=$1 cwd=$2 rc=0
    local -a back=()
    shift 2
    exec 8>"$root.carry.lock" # calls carry one at a time, and run beside each other
    flock 8
    while [ "$1" != -- ]; do
        copy_in "$root" "$2"
        [ "$1" = ro ] || back+=("$2")
        shift 2
    done
    shift
    exec 8>&-
    mkdir -p "$root$cwd"
    trap : INT TERM # the command gets them too; what it made by then is carried back
    # shellcheck disable=SC2016
    PATH=$inside_path /usr/sbin/chroot "$root" /bin/sh -c 'cd "$0" || cd /; exec "$@"' "$cwd" "$@" || rc=$?
    trap - INT TERM
    local path
    exec 8>"$root.carry.lock"
    flock 8
    for path in "${back[@]}"; do
        copy_out "$root" "$path" || { say "what the command made could not all be carried back: it is in $root$path"; rc=1; }
    done
    return "$rc"
}
