# What upstream's init container does, written anew: a certificate and the root by the step command, then owner and mode.
# Needs STEP_TOKEN, STEP_CA_URL and STEP_FINGERPRINT, which step itself takes from the environment, and STEP, its path.
if [ -f "$STEP_ROOT" ] && [ -f "$CRT" ] && [ -f "$KEY" ]; then
  echo "Found existing $CRT, $KEY, and $STEP_ROOT, skipping bootstrap"
  exit 0
fi
root=$STEP_ROOT
unset STEP_ROOT
if [ -n "$DURATION" ]; then
  "$STEP" ca certificate --not-after "$DURATION" "$COMMON_NAME" "$CRT" "$KEY" || exit 1
else
  "$STEP" ca certificate "$COMMON_NAME" "$CRT" "$KEY" || exit 1
fi
"$STEP" ca root "$root" || exit 1
if [ -n "$OWNER" ]; then
  chown "$OWNER" "$CRT" "$KEY" "$root"
fi
chmod "${MODE:-644}" "$CRT" "$KEY" "$root"
