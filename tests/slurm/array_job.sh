#!/bin/bash
# An evaluation as an array of six on a real Slurm: one task gets SIGTERM, as at its time limit, and a random one of the two nodes is
# killed in the middle. The merged result has to be what one machine writes, byte for byte.
#
#   array_job.sh MOTIONSCOPE --data /CLIPS [OPTION…]
#
# MOTIONSCOPE is the program, what follows are options of `evaluate actions` with absolute paths, for clips that can all be read and keep
# one machine busy for a minute or more. It needs root and Debian's slurm-wlm (cluster.sh).
set -euo pipefail
program=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
cluster=$work/cluster
finish() {
    local code=$?
    kill "${stopping_last:-}" 2> /dev/null || true
    "$here/cluster.sh" stop "$cluster" || true
    if [ $code = 0 ]; then rm -rf "$work"; else echo "FAILED; the files are in $work" >&2; fi
}
trap finish EXIT
fail() { echo "$*" >&2; exit 1; }
wait_until() { # SECONDS COMMAND…
    local _
    for _ in $(seq $(($1 * 2))); do
        if "${@:2}"; then return; fi
        sleep 0.5
    done
    "$program" jobs parts >&2 || true
    fail "not within $1 s: ${*:2}"
}
log_has() { grep -q "$1" "$cluster/slurmctld.log"; }
is_running() { [ "$(squeue -h -r -t running -o '%K' | grep -c '[0-9]')" -ge "$1" ]; }
is_computed() { [ -n "$(find parts -name 'running-*')" ]; }
is_down() { sinfo -h -N -n "$1" -o %T | grep -q down; }
is_empty() { [ -z "$(squeue -h -r)" ]; }

# Slurm gives the task that starts last the number of the whole array. That one gets SIGTERM as well, until it was queued again.
last() { squeue -h -r -t running -o '%A %F %K' | awk '$1 == $2 { print $2 "_" $3 }'; }
stop_last() {
    local task
    while sleep 0.3; do
        task=$(last)
        [ -n "$task" ] || continue
        sleep 1
        scancel --signal=TERM "$task" || true
        for _ in $(seq 40); do
            if grep -qs "queued again" "parts/slurm/task-${task#*_}.log"; then
                echo "== task $task, with the number of the array, was queued again"
                echo "$task" > last.txt
                return
            fi
            sleep 0.5
        done
    done
}

cd "$work"
command=(evaluate actions "${@:2}" --device cpu --report out/report --scores out/scores --json out/result.json)

echo "== one machine"
nice -n 10 "$program" "${command[@]}" > alone.txt
mv out alone

echo "== two nodes"
"$here/cluster.sh" start "$cluster"
export SLURM_CONF=$cluster/slurm.conf
submit=("$program" submit slurm --array 6 --parts parts -- "${command[@]}")
"${submit[@]}"
if "${submit[@]}" 2> refused.txt; then fail "a second submission was not refused"; fi
grep "its last submission is unfinished" refused.txt
stop_last &
stopping_last=$!

wait_until 120 is_running 2
wait_until 120 is_computed
victim=$(squeue -h -r -t running -o '%i' | grep _ | shuf -n 1)
echo "== SIGTERM to task $victim"
scancel --signal=TERM "$victim" & # it tries again where the step has just ended
signalling=$!
wait_until 60 grep -qs "SIGTERM" "parts/slurm/task-${victim#*_}.log"
kill "$signalling" 2> /dev/null || true
wait_until 120 grep -qs "queued again" "parts/slurm/task-${victim#*_}.log"

wait_until 120 is_running 2
sleep "0.$((RANDOM % 10))"
victim=node$((RANDOM % 2 + 1))
echo "== $victim is killed"
"$program" jobs parts || true
"$here/cluster.sh" kill "$cluster" "$victim"
wait_until 120 is_down "$victim"
"$program" jobs parts || true
"$here/cluster.sh" revive "$cluster" "$victim"

wait_until 1800 is_empty
"$program" jobs parts
log_has "due to failure of node" || fail "no task of the killed node was queued again"
[ -s last.txt ] || fail "the task with the number of the array was not queued again"
diff -r alone out
diff alone.txt parts/slurm/merge.log
echo "== the merged result is that of one machine, byte for byte"
