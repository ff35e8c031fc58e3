# For stop_both where there is no systemd: ends a daemon that writes its pid into PID_FILE.
# Its processes are those of its session, so workers that outlive a killed master are found too.

# The pids of the daemon whose master is $leader: programs of the names $1, each in parentheses.
daemon_pids() {
    for file in /proc/[0-9]*/stat; do
        read -r pid name state _ _ session _ < "$file" || continue
        case $1 in *"$name"*) [ "$session" = "$leader" ] && [ "$state" != Z ] && echo "$pid" ;; esac
    done 2>/dev/null
}

# A signal to all of them; one that is gone in between is well.
signal_daemon() {
    for pid in $(daemon_pids "$1"); do
        kill -s "$2" "$pid" 2>/dev/null
    done
}

# Ends the daemon of the names $1: 5 s for the graceful signal $2, 5 s for TERM, then KILL. 1 when it is still there.
stop_daemon() {
    leader=$(cat "$PID_FILE" 2>/dev/null) # read once: Apache removes the file before its workers have ended
    [ -n "$leader" ] || return 0
    waited=0
    signal_daemon "$1" "$2"
    while [ -n "$(daemon_pids "$1")" ]; do
        case $waited in
            5) signal_daemon "$1" TERM ;;
            10) signal_daemon "$1" KILL ;;
            15) return 1 ;;
        esac
        sleep 1
        waited=$((waited + 1))
    done
}
