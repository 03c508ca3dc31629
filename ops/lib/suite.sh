# The suite as private processes: what there is, on which port, in which order. Sourced by run, stop and status.
# shellcheck shell=bash

VAR=${PLIMSOLL_VAR:-$ROOT/var}
export SECRETS=$VAR/secrets
# shellcheck disable=SC2034 # ops/run makes a password for each
# Role in the database = name of the service with an underscore.
ROLES=(market_data strategy risk_manager execution alerting operator)
# In the order in which they start; they stop the other way round. PLIMSOLL_OPS_SERVICES="NAME …": only some of them.
read -r -a SERVICES <<<"${PLIMSOLL_OPS_SERVICES:-exchange-sim alerting market-data strategy risk-manager execution}"

declare -A DEFAULT_PORT=(
    [postgres]=5432 [pgbouncer]=6432 [redis]=6379 [prometheus]=9090 [grafana]=3000 [mail]=1025
    [market-data]=8081 [strategy]=8082 [risk-manager]=8083 [execution]=8084 [alerting]=8085 [exchange-sim]=8090
)
declare -A PORT

# The section of the settings file a service's port stands in.
section_of() {
    case $1 in
    risk-manager) echo RISK ;;
    *) tr 'a-z-' 'A-Z_' <<<"$1" ;;
    esac
}

# Ports are the documented ones, or free ones with PORTS=free; either way they are kept in VAR/ports.
choose_ports() {
    local name
    if [ -f "$VAR/ports" ]; then
        while read -r name port; do PORT[$name]=$port; done <"$VAR/ports"
        return
    fi
    for name in "${!DEFAULT_PORT[@]}"; do
        if [ "${PORTS:-}" = free ]; then PORT[$name]=$(free_port); else PORT[$name]=${DEFAULT_PORT[$name]}; fi
    done
    mkdir -p "$VAR"
    for name in "${!PORT[@]}"; do echo "$name ${PORT[$name]}"; done | sort >"$VAR/ports"
}

read_ports() {
    [ -f "$VAR/ports" ] || return 1
    local name port
    while read -r name port; do PORT[$name]=$port; done <"$VAR/ports"
}

# What every service needs to know beyond config/plimsoll.yaml.
export_settings() {
    local name
    for name in "${SERVICES[@]}"; do export "PLIMSOLL_$(section_of "$name")_PORT=${PORT[$name]}"; done
    export PLIMSOLL_DATABASE_PORT=${PORT[pgbouncer]} PLIMSOLL_REDIS_PORT=${PORT[redis]}
    export PLIMSOLL_EXCHANGE_REST_URL=${PLIMSOLL_EXCHANGE_REST_URL:-http://127.0.0.1:${PORT[exchange-sim]}}
    export PLIMSOLL_EXCHANGE_WEBSOCKET_URL=${PLIMSOLL_EXCHANGE_WEBSOCKET_URL:-ws://127.0.0.1:${PORT[exchange-sim]}}
    export PLIMSOLL_ALERTING_PROMETHEUS_URL=http://127.0.0.1:${PORT[prometheus]}
    # A key under `global` of config/alerting.yml.
    export ALERTING_GLOBAL_SMTP_SMARTHOST=localhost:${PORT[mail]}
}

pid_alive() {
    local pid
    pid=$(cat "$1" 2>/dev/null) && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null
}

ready() { curl -sf -m 2 -o /dev/null "http://127.0.0.1:${PORT[$1]}/health/ready"; }

# Ends a supervised program and waits for it.
end_program() {
    local file=$VAR/run/$1.pid pid
    pid_alive "$file" || return 0
    pid=$(cat "$file")
    kill -TERM "$pid" 2>/dev/null || return 0
    await 30 "$1 ending" gone "$pid" || kill -9 "$pid" "$(cat "$VAR/run/$1.child" 2>/dev/null)" 2>/dev/null || true
}

stop_suite() {
    local name
    for name in grafana prometheus execution risk-manager strategy market-data alerting exchange-sim mail; do
        end_program $name
    done
    [ ! -d "$VAR/servers" ] || "$ROOT/ops/servers" down "$VAR/servers"
}
