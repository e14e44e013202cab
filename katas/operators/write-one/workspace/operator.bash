#!/usr/bin/env bash
# A beginning: it looks at everything, every few seconds, and says what it would have to do.
set -u

reconcile() {
  local name uid generation leaving finalizers ready observed host text
  while IFS='|' read -r name uid generation leaving finalizers ready observed host text; do
    [ -n "$name" ] || continue
    echo "$name wants the page \"$text\" and the line $host (generation $generation)"
    # Here is your work.
  done < <(kubectl get sites -o jsonpath='{range .items[*]}{.metadata.name}|{.metadata.uid}|{.metadata.generation}|{.metadata.deletionTimestamp}|{.metadata.finalizers}|{.status.ready}|{.status.observedGeneration}|{.spec.host}|{.spec.text}{"\n"}{end}')
}

while :; do
  reconcile
  sleep 5
done
