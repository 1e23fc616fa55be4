#!/bin/sh
# Parses and checks what deploy/ holds, each kind of file by the tool that will read it or by its schema,
# as nothing of it can be started where there is no container engine.
#
#   scripts/check-deploy.sh               every check
#   scripts/check-deploy.sh --self-test   the same on broken copies: each has to be refused
#
#   prometheus   configuration, rules, their unit tests, the queries of the dashboard (promtool)
#   haproxy      haproxy -c
#   kubernetes   the schemas of the versions named below, unknown fields refused (kubernetes-validate)
#   compose      docker-compose config, which needs no engine
#   container    hadolint
#   agreement    what no tool of the others sees: scripts/check_deploy.py
#
# promtool and haproxy come from the system, the others from PyPI into .local/deploy/venv, in the versions
# and with the hashes of scripts/deploy-requirements.txt; they are run, never linked or shipped. What a
# missing tool leaves unchecked is said at the end, and fails in CI.

set -u
cd "$(dirname "$0")/.." || exit 1
root=$PWD
# The oldest and the newest that the schemas cover.
kubernetes="1.34 1.37"
requirements=$root/scripts/deploy-requirements.txt
venv=$root/.local/deploy/venv
PATH=$PATH:/usr/sbin

say() { printf '%s\n' "deploy-check: $*"; }
fail() {
    say "$*" >&2
    exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }
in_ci() { case ${CI:-} in '' | 0 | false) return 1 ;; esac; }

self_test=
case ${1:-} in
'') ;;
--self-test) self_test=1 ;;
-h | --help)
    sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
*) fail "unknown option $1; see --help" ;;
esac

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# --- Tools ---------------------------------------------------------------------------------

skipped=
skip() { skipped="$skipped\n  $1 was not checked: $2"; }

install_tools() {
    if cmp -s "$requirements" "$venv/installed.txt"; then return 0; fi
    say "installing the checkers into .local/deploy/venv, once"
    rm -rf "$venv"
    mkdir -p "${venv%/*}"
    # Wheels only: a source package would run its own code to be built.
    python3 -m venv "$venv" &&
        "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes \
            --only-binary :all: -r "$requirements" &&
        cp "$requirements" "$venv/installed.txt"
}

# --- Checks: each takes the folder that holds deploy/, and says what is wrong by itself ------

check_prometheus() {
    for file in prometheus kubernetes; do
        promtool check config --syntax-only "$1/deploy/prometheus/$file.yml" || return 1
    done
    # shellcheck disable=SC2086 # a list of files
    promtool check rules $1/deploy/prometheus/rules/*.yml || return 1
    # The queries of the dashboard, as rules: that is how promtool parses an expression.
    python3 "$root/scripts/check_deploy.py" --queries "$1" >"$scratch/queries.yml" || return 1
    promtool check rules "$scratch/queries.yml" || return 1
    # shellcheck disable=SC2086
    promtool test rules ${2:-$1/deploy/prometheus/tests/*.yml}
}

check_haproxy() {
    # Names of containers mean nothing here, so the replicas get addresses.
    REPLICA_1=127.0.0.1:1 REPLICA_2=127.0.0.1:2 REPLICA_3=127.0.0.1:3 \
        haproxy -c -q -f "$1/deploy/haproxy/haproxy.cfg"
}

check_kubernetes() {
    for version in $kubernetes; do
        for file in "$1"/deploy/kubernetes/*.yaml; do
            # Read by kubectl itself, and not an object of the cluster: `agreement` looks at it.
            case $file in */kustomization.yaml) continue ;; esac
            "$venv/bin/kubernetes-validate" --quiet --strict -k "$version" "$file" >"$scratch/schema" 2>&1 || {
                cat "$scratch/schema"
                return 1
            }
            # It only warns of a kind or version that it has no schema of.
            if grep WARN "$scratch/schema"; then return 1; fi
        done
    done
}

check_compose() {
    # With made-up secrets, in a copy: the real ones are nobody's business here.
    rm -rf "$scratch/compose"
    mkdir "$scratch/compose"
    cp -R "$1/deploy" "$scratch/compose/"
    rm -rf "$scratch/compose/deploy/compose/.env" "$scratch/compose/deploy/compose/secrets"
    "$scratch/compose/deploy/compose/secrets.sh" >/dev/null || return 1
    made=$scratch/compose/deploy/compose
    "$venv/bin/docker-compose" --file "$made/compose.yaml" config --quiet &&
        "$venv/bin/docker-compose" --file "$made/compose.yaml" --file "$made/pooler.yaml" config --quiet
}

check_container() { "$venv/bin/hadolint" --failure-threshold info "$1/deploy/Containerfile"; }

check_agreement() { "$venv/bin/python" "$root/scripts/check_deploy.py" "$1"; }

# --- Running them --------------------------------------------------------------------------

failed=
# run NAME: tells of it in one line, or with all that the tool said.
run() {
    if "check_$1" "$root" >"$scratch/said" 2>&1; then
        say "$1: in order"
    else
        cat "$scratch/said" >&2
        say "$1: NOT in order, see above" >&2
        failed=1
    fi
}

# refused NAME FILE SCRIPT: the check has to fail on a copy in which sed's SCRIPT changed FILE.
refused() {
    rm -rf "$scratch/broken"
    mkdir "$scratch/broken"
    cp -R deploy Cargo.toml rust-toolchain.toml "$scratch/broken/"
    sed -i.before -e "$3" "$scratch/broken/$2"
    if cmp -s "$scratch/broken/$2" "$2"; then
        say "self-test: \"$3\" changes nothing in $2" >&2
        failed=1
    elif rm "$scratch/broken/$2.before" && "check_$1" "$scratch/broken" ${4:+"$scratch/broken/$4"} >"$scratch/said" 2>&1; then
        say "self-test: $1 accepts $2 after \"$3\"" >&2
        failed=1
    else
        say "self-test: $1 refuses $2 after \"$3\""
    fi
}

# --- How each check can fail ---------------------------------------------------------------

break_prometheus() {
    refused prometheus deploy/prometheus/prometheus.yml 's/scrape_interval/scrape_intervall/'
    refused prometheus deploy/prometheus/rules/slo.yml 's/sum(rate(/sum(rat(/'
    refused prometheus deploy/grafana/dashboards/backend.json 's/sum by (lane)/sum bye (lane)/'
    refused prometheus deploy/prometheus/rules/slo.yml 's/> 14[.]4/> 144/' deploy/prometheus/tests/slo.yml
    # Every alert has a case that misses it.
    for alert in $(sed -n 's/^ *- alert: //p' deploy/prometheus/rules/alerts.yml); do
        refused prometheus deploy/prometheus/rules/alerts.yml "s/alert: $alert\$/alert: Renamed/" \
            deploy/prometheus/tests/alerts.yml
    done
}

break_haproxy() {
    refused haproxy deploy/haproxy/haproxy.cfg 's/default_backend .*/default_backend nobody/'
    refused haproxy deploy/haproxy/haproxy.cfg 's/option httpchk/option httpcheck/'
}

break_kubernetes() {
    refused kubernetes deploy/kubernetes/server.yaml 's/readinessProbe:/readynessProbe:/'
    refused kubernetes deploy/kubernetes/server.yaml 's/failureThreshold: 60/failureThreshold: many/'
    refused kubernetes deploy/kubernetes/workers.yaml 's|autoscaling/v2|autoscaling/v3|'
    refused kubernetes deploy/kubernetes/network.yaml 's/podSelector:/podSelectors:/'
}

break_compose() {
    refused compose deploy/compose/compose.yaml 's/read_only: true/read_onyl: true/'
    refused compose deploy/compose/compose.yaml 's/networks: .edge.$/networks: [nowhere]/'
    refused compose deploy/compose/pooler.yaml 's/pgbouncer: {condition/pgbouncers: {condition/'
    refused compose deploy/compose/secrets.sh '/TOKEN_KEYS/d'
}

break_container() {
    refused container deploy/Containerfile 's/^FROM rust:.*/FROM rust:latest AS build/'
    refused container deploy/Containerfile 's/^CMD .*/CMD serve/'
    refused container deploy/Containerfile 's/^USER .*/USERS nobody/'
}

break_agreement() {
    refused agreement deploy/Containerfile 's/^ARG RUST=.*/ARG RUST=1.80.0/'
    refused agreement deploy/Containerfile 's/^USER .*/USER root/'
    refused agreement deploy/compose/compose.yaml 's/cap_drop: .ALL./cap_drop: []/'
    refused agreement deploy/compose/compose.yaml 's|image: haproxy:.*|image: haproxy|'
    refused agreement deploy/compose/compose.yaml 's|haproxy.cfg:/|haproxy.conf:/|'
    refused agreement deploy/compose/compose.yaml 's/"127.0.0.1:9090:9090"/"9090:9090"/'
    refused agreement deploy/compose/compose.yaml 's/stop_grace_period: 40s/stop_grace_period: 20s/'
    refused agreement deploy/kubernetes/config.yaml 's/DRAIN: 10s/DRAIN: 5s/'
    refused agreement deploy/kubernetes/server.yaml 's/terminationGracePeriodSeconds: 45/terminationGracePeriodSeconds: 30/'
    refused agreement deploy/kubernetes/server.yaml 's/readOnlyRootFilesystem: true/readOnlyRootFilesystem: false/'
    refused agreement deploy/kubernetes/server.yaml 's|path: /health/ready|path: /health/red|'
    refused agreement deploy/kubernetes/workers.yaml 's/name: shop_jobs_waiting/name: jobs_waiting/'
    refused agreement deploy/kubernetes/workers.yaml 's/kind: Deployment, name: workers/kind: Deployment, name: worker/'
    refused agreement deploy/kubernetes/network.yaml 's/component: server/component: servers/'
    refused agreement deploy/kubernetes/kustomization.yaml '/- workers.yaml/d'
    refused agreement deploy/kubernetes/kustomization.yaml 's/newTag: .*}/newTag: latest}/'
    refused agreement deploy/kubernetes/secret.example.yaml 's/PASSWORD_KEY: REPLACE/PASSWORD_KEY: 4f1c9a/'
    refused agreement deploy/prometheus/prometheus.yml 's/backend-3:8080/backend-4:8080/'
    refused agreement deploy/grafana/dashboards/backend.json 's/"x": 12/"x": 11/'
}

checks=
if has promtool && has python3; then checks="$checks prometheus"; else skip prometheus "promtool is missing"; fi
if ! has haproxy; then
    skip haproxy "haproxy is missing"
elif [ ! -f deploy/haproxy/haproxy.cfg ]; then
    skip haproxy "deploy/haproxy/haproxy.cfg is missing"
else
    checks="$checks haproxy"
fi
if install_tools; then
    checks="$checks kubernetes compose container agreement"
else
    skip "kubernetes, compose, container, agreement" "their tools did not come from PyPI"
fi

for check in $checks; do
    run "$check"
    # A copy that is refused as it is would prove nothing.
    if [ -n "$self_test" ] && [ -z "$failed" ]; then "break_$check"; fi
done
if [ -n "$skipped" ]; then
    # shellcheck disable=SC2059 # it holds line breaks
    printf "deploy-check: SKIPPED$skipped\n" >&2
    say "scripts/setup.sh deploy installs what is missing." >&2
    if in_ci; then failed=1; fi
fi
[ -z "$failed" ] || fail "not everything is in order; see above."
if [ -n "$self_test" ]; then say "self-test: every broken copy was refused."; else say "in order: $checks"; fi
