# Watches one holder and stops the server after the last one. A shell, instead of a thread,
# because it must outlive a holder killed with -9; instead of our own binary, because the
# holder may be any program that links the library.
#
#   born PID                        start time of a live process; nothing when it is gone
#   args PID                        its command line
#   stop PID BORN SOFT HARD         signal SOFT, later HARD, until it is gone; else exit 1
#   watch USERS ME SOFT HARD        reads "PID [BORN]", waits for end of file, then leaves

PATH=$PATH:/usr/bin:/bin
LC_ALL=C
TZ=UTC
export PATH LC_ALL TZ

# Process id and start time together never name another process; an id alone may be reused.
# A zombie counts as gone: inside containers process 1 often reaps nobody.
born() {
    if [ -r /proc/self/stat ]; then
        { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 0
        # shellcheck disable=SC2086 # splitting the fields after "(name)" is the point
        set -- ${line##*) }
        case $1 in Z | X) return 0 ;; esac
        shift 19
        echo "$1"
    else
        case $(ps -o stat= -p "$1" 2>/dev/null) in
        '' | Z*) ;;
        *) ps -o lstart= -p "$1" ;;
        esac
    fi
}

args() {
    if [ -r /proc/self/cmdline ]; then
        tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null
    else
        ps -ww -o args= -p "$1" 2>/dev/null
    fi
}

# wait_gone PID BORN TURNS: a turn is 0.05 s.
wait_gone() {
    turns=$3
    while [ "$(born "$1")" = "$2" ]; do
        [ "$turns" -gt 0 ] || return 1
        turns=$((turns - 1))
        sleep 0.05 2>/dev/null || sleep 1
    done
}

stop() {
    if [ -z "$2" ] || [ "$(born "$1")" != "$2" ]; then return 0; fi
    kill -s "$3" "$1" 2>/dev/null
    wait_gone "$1" "$2" 600 && return 0
    kill -s "$4" "$1" 2>/dev/null
    wait_gone "$1" "$2" 200
}

watch() {
    trap '' HUP INT QUIT TERM
    users=$1
    read -r pid born || pid=
    if [ -n "$pid" ] && [ -z "$born" ]; then born=$(born "$pid"); fi
    while read -r _; do :; done
    rm -f "$users/$2"
    for user in "$users"/*; do
        holder=${user##*/}
        kill -0 "${holder%%-*}" 2>/dev/null || rm -f "$user"
    done
    # rmdir is the lock: it fails while a user is listed, and once it is done nobody can join.
    rmdir "$users" 2>/dev/null || return 0
    [ -z "$pid" ] || stop "$pid" "$born" "$3" "$4"
}

"$@"
