#!/bin/bash
# A Slurm cluster of two nodes on this machine, for tests. It needs Debian's slurm-wlm (apt-get install slurm-wlm) and root.
#
#   cluster.sh start DIR          both nodes, with all files in DIR; then: export SLURM_CONF=DIR/slurm.conf
#   cluster.sh kill DIR NODE      node1 or node2 and all processes on it end at once, as without power
#   cluster.sh revive DIR NODE    the node starts again
#   cluster.sh stop DIR           everything ends
#
# Without systemd, munge and cgroups: auth/none, cred/none, proctrack/linuxproc, task/none, daemons started by hand.
set -euo pipefail
action=${1:-}
[ $# -ge 2 ] || action=
dir=$(realpath -m "${2:-.}")
export SLURM_CONF=$dir/slurm.conf

configure() {
    local host
    host=$(hostname -s)
    mkdir -p "$dir"/{state,node1,node2}
    cat > "$SLURM_CONF" << CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmUser=root
AuthType=auth/none
CredType=cred/none
MpiDefault=none
SwitchType=switch/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/%n
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/%n/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/%n/slurmd.log
SlurmdTimeout=10
KillWait=10
JobRequeue=1
ReturnToService=2
NodeName=node1 NodeHostname=$host NodeAddr=127.0.0.1 Port=16818 CPUs=1 State=UNKNOWN
NodeName=node2 NodeHostname=$host NodeAddr=127.0.0.1 Port=16819 CPUs=1 State=UNKNOWN
PartitionName=test Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
}

start_node() { nice -n 10 slurmd -c -N "$1"; }

wait_for_nodes() {
    for _ in $(seq 60); do
        [ "$(sinfo -h -N -t idle,alloc,mix -o %N | wc -l)" = 2 ] && return
        sleep 1
    done
    sinfo -N -l >&2
    return 1
}

# A process and all that it started.
kill_tree() {
    local child
    for child in $(pgrep -P "$1"); do kill_tree "$child"; done
    kill -KILL "$1" 2> /dev/null || true
}

# The daemon of a node and the processes of its job steps: they have the node's log open.
kill_node() {
    local step
    kill -KILL "$(cat "$dir/$1/slurmd.pid")" 2> /dev/null || true
    for step in $(pgrep -x slurmstepd); do
        if [ -n "$(find "/proc/$step/fd" -lname "$dir/$1/slurmd.log" 2> /dev/null)" ]; then kill_tree "$step"; fi
    done
}

case $action in
    start)
        configure
        nice -n 10 slurmctld -c
        start_node node1
        start_node node2
        wait_for_nodes
        ;;
    kill) kill_node "$3" ;;
    revive) start_node "$3" ;;
    stop)
        kill_node node1
        kill_node node2
        controller=$(cat "$dir/slurmctld.pid" 2> /dev/null || true)
        if [ -n "$controller" ]; then
            kill -TERM "$controller" 2> /dev/null || true
            while kill -0 "$controller" 2> /dev/null; do sleep 0.2; done
        fi
        ;;
    *)
        sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
esac
