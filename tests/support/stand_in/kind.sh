#!/usr/bin/env bash
# Stands in for kind: its clusters are processes of `kubekata cluster serve`.
# $STAND_IN holds a folder: what it made, what it was asked (asked), and what shall go wrong
# (version, fail-create).
set -eu
echo "$*" >> "$STAND_IN/asked"

value() { # the value of an option: value --name "$@"
  local wanted=$1; shift
  while [ $# -gt 0 ]; do
    if [ "$1" = "$wanted" ]; then echo "$2"; return; fi
    shift
  done
}

kubeconfig_of() { sed "s/\bkubekata\b/kind-$1/" "$STAND_IN/$1.served"; }

case "$1 ${2:-}" in
  "version ")
    if [ -f "$STAND_IN/version" ]; then cat "$STAND_IN/version"; else echo "kind v0.31.0 go1.25.5 linux/amd64"; fi ;;
  "get clusters")
    found=
    for pid in "$STAND_IN"/*.pid; do
      [ -f "$pid" ] && found=yes && basename "$pid" .pid
    done
    [ -n "$found" ] || echo "No kind clusters found." >&2 ;;
  "create cluster")
    name=$(value --name "$@")
    echo "Creating cluster \"$name\" ..." >&2
    echo " • Ensuring node image (kindest/node) 🖼  ..." >&2
    grep -q 'role: control-plane' "$(value --config "$@")"
    if [ -f "$STAND_IN/fail-create" ]; then cat "$STAND_IN/fail-create" >&2; exit 1; fi
    echo " ✓ Ensuring node image (kindest/node) 🖼" >&2
    echo " • Preparing nodes 📦 📦 📦  ..." >&2
    "$KUBEKATA_BIN" cluster serve --kubeconfig "$STAND_IN/$name.served" --port 0 --speed 5 \
      > /dev/null 2>&1 < /dev/null &
    echo $! > "$STAND_IN/$name.pid"
    until [ -f "$STAND_IN/$name.served" ]; do sleep 0.05; done
    kubeconfig_of "$name" > "$(value --kubeconfig "$@")" ;;
  "get kubeconfig")
    kubeconfig_of "$(value --name "$@")" ;;
  "delete cluster")
    name=$(value --name "$@")
    [ -f "$STAND_IN/$name.pid" ] || exit 0
    kill "$(cat "$STAND_IN/$name.pid")" || true
    rm -f "$STAND_IN/$name.pid" "$STAND_IN/$name.served" ;;
  *)
    echo "unknown command: $*" >&2; exit 1 ;;
esac
