# Installs with the package manager of this system, after asking; read by scripts/setup.sh.
# shellcheck shell=sh

manager() {
    for name in apt-get dnf pacman brew; do
        if has "$name"; then
            echo "$name"
            return
        fi
    done
}

# package NAME: what this system's package manager calls it.
package() {
    case $(manager)/$1 in
    apt-get/postgres) echo postgresql ;;
    apt-get/redis) echo redis-server ;;
    apt-get/compiler) echo gcc libc6-dev ;;
    apt-get/pgbench) echo postgresql postgresql-contrib ;;
    apt-get/browser) echo chromium chromium-driver ;;
    dnf/browser) echo chromium chromedriver ;;
    pacman/browser) echo chromium ;;
    brew/browser) echo chromium chromedriver ;;
    apt-get/python) echo python3 python3-venv ;;
    apt-get/promtool) echo prometheus ;;
    pacman/promtool | brew/promtool) echo prometheus ;;
    */haproxy) echo haproxy ;;
    dnf/postgres) echo postgresql-server postgresql-contrib ;;
    dnf/redis) if dnf -q info valkey >/dev/null 2>&1; then echo valkey; else echo redis; fi ;;
    dnf/pgbench) echo postgresql-contrib ;;
    */compiler) echo gcc ;;
    */wrk) echo wrk ;;
    */haproxy) echo haproxy ;;
    */pgbouncer) echo pgbouncer ;;
    pacman/python | brew/python) echo python ;;
    */python) echo python3 ;;
    pacman/postgres | pacman/pgbench) echo postgresql ;;
    pacman/redis) echo valkey ;;
    brew/postgres | brew/pgbench) echo postgresql@17 ;;
    brew/redis) echo redis ;;
    esac
}

install_command() {
    case $(manager) in
    apt-get) echo "env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends" ;;
    dnf) echo "dnf install -y" ;;
    pacman) echo "pacman -S --needed --noconfirm" ;;
    brew) echo "brew install" ;;
    esac
}

# Homebrew refuses root and needs no sudo.
become_root() {
    if [ "$(id -u)" = 0 ] || [ "$(manager)" = brew ]; then
        "$@"
    else
        sudo "$@"
    fi
}

confirm() {
    if [ "$(id -u)" = 0 ] || [ "${YES:-}" = 1 ] || in_ci; then return 0; fi
    if [ ! -t 0 ]; then
        say "nobody to ask: run the command above yourself, or start again with YES=1." >&2
        return 1
    fi
    printf 'setup: Go on? [y/N] '
    read -r answer || return 1
    case $answer in y | Y | yes | Yes) return 0 ;; esac
    return 1
}

# install_packages NAME...: says what, asks, does it; fails when that was not possible.
install_packages() {
    command=$(install_command)
    [ -n "$command" ] || return 1
    wanted=
    for name in "$@"; do wanted="$wanted $(package "$name")"; done
    prefix=
    if [ "$(id -u)" != 0 ] && [ "$(manager)" != brew ]; then prefix="sudo "; fi
    say "missing: $*. This installs it:"
    if [ "$(manager)" = apt-get ]; then say "  ${prefix}apt-get update"; fi
    say "  $prefix$command$wanted"
    if [ -n "$prefix" ] && ! has sudo; then
        say "there is no sudo here: run that as root." >&2
        return 1
    fi
    confirm || return 1
    # shellcheck disable=SC2086 # both are lists of words
    case $(manager) in
    apt-get) install_with_apt $command $wanted ;;
    *) become_root $command $wanted ;;
    esac
}

# Debian starts what it installs. Neither a system-wide cluster nor a system-wide Redis is wanted,
# so the first is not made and the second is switched off again if it was not there before. The
# drop-in file is read only while packages are configured, and it is removed afterwards.
install_with_apt() {
    drop_in=/etc/postgresql-common/createcluster.d/show-your-work.conf
    before=$(clusters)
    become_root apt-get update || say "apt-get update failed; trying with the lists at hand."
    case " $* " in *" postgresql "*) add_drop_in ;; esac
    become_root "$@"
    status=$?
    case " $* " in
    *" postgresql "*) remove_drop_in ;;
    *" redis-server "*) stop_new redis-server ;;
    *" haproxy "*) stop_new haproxy ;;
    *" pgbouncer "*) stop_new pgbouncer ;;
    *" prometheus "*) stop_new prometheus ;;
    esac
    if [ "$before" != "$(clusters)" ]; then
        say "the package also made a system-wide cluster (pg_lsclusters); this project does not use"
        say "it. To remove it: sudo pg_dropcluster --stop VERSION main"
    fi
    return $status
}

clusters() { if has pg_lsclusters; then pg_lsclusters -h 2>/dev/null | awk '{ print $1, $2 }'; fi; }

add_drop_in() {
    trap 'remove_drop_in; exit 130' INT TERM
    become_root mkdir -p "${drop_in%/*}"
    echo "create_main_cluster = false" | become_root tee "$drop_in" >/dev/null
}

remove_drop_in() {
    trap - INT TERM
    become_root rm -f "$drop_in"
    become_root rmdir "${drop_in%/*}" 2>/dev/null || :
}

# Only called after we installed the package, so no service of the user's is stopped.
stop_new() {
    if [ -d /run/systemd/system ]; then
        become_root systemctl disable --now "$1" >/dev/null 2>&1 || :
    else
        become_root service "$1" stop >/dev/null 2>&1 || :
    fi
    say "the system-wide service $1 stays off; this project starts its own."
}
