#!/bin/sh
# Installs scripts/pre-commit as git's hook (`make hooks`). A file that calls the script instead of
# a link to it, so that work trees share one hook and a branch without the script commits as ever.

set -eu
cd "$(dirname "$0")/.."
hook=$(git rev-parse --git-path hooks)/pre-commit
if [ -e "$hook" ] && ! grep -q scripts/pre-commit "$hook"; then
    echo "hooks: $hook is another one; add \`scripts/pre-commit\` to it yourself." >&2
    exit 1
fi
mkdir -p "${hook%/*}"
cat >"$hook" <<'HOOK'
#!/bin/sh
[ -x scripts/pre-commit ] || exit 0
exec scripts/pre-commit
HOOK
chmod +x "$hook"
echo "hooks: $hook runs scripts/pre-commit before each commit."
