# The CLI takes token, URL and fingerprint from its STEP_ variables, as upstream's contract means them to be taken.
set -eu
export HOME=/tmp
[ ! -s "$CRT" ] || exit 0
root=$STEP_ROOT
unset STEP_ROOT
step ca root "$root" --force
step ca certificate "$COMMON_NAME" "$CRT" "$KEY" --root "$root" --force ${DURATION:+--not-after "$DURATION"}
[ -z "${OWNER:-}" ] || chown "$OWNER" "$CRT" "$KEY" "$root"
[ -z "${MODE:-}" ] || chmod "$MODE" "$CRT" "$KEY" "$root"
