#!/usr/bin/env bash
# Takes the line of a Site out of the zone when it sees the Site deleted.
set -u

look() {
  sites=$(kubectl get sites -o jsonpath='{range .items[*]}{.metadata.name}|{.metadata.uid}|{.metadata.generation}|{.metadata.deletionTimestamp}|{.metadata.finalizers}|{.status.ready}|{.status.observedGeneration}|{.spec.host}|{.spec.text}{"\n"}{end}') &&
    pages=$(kubectl get configmaps -o jsonpath='{range .items[*]}{.metadata.name}|{.data.index\.html}{"\n"}{end}') &&
    zone=$(kubectl get configmap zone -o go-template='{% raw %}{{range $key, $value := .data}}{{$key}}|{{$value}}{{"\n"}}{{end}}{% endraw %}')
}

has_page() { grep -qxF "$name-page|$text" <<<"$pages"; }
has_line() { grep -q "^$name|" <<<"$zone"; }
has_right_line() { grep -qxF "$name|$host" <<<"$zone"; }

write_page() {
  kubectl apply --server-side --force-conflicts --field-manager=operator -f - <<YAML
apiVersion: v1
kind: ConfigMap
metadata:
  name: $name-page
  ownerReferences:
    - {apiVersion: pages.example.com/v1, kind: Site, name: $name, uid: $uid, controller: true}
data:
  index.html: "$text"
YAML
}

write_line() {
  kubectl patch configmap zone --type=merge -p "{\"data\": {\"$name\": \"$host\"}}"
}

write_status() {
  kubectl patch site "$name" --subresource=status --type=merge \
    -p "{\"status\": {\"ready\": true, \"observedGeneration\": $generation}}"
}

settle() {
  has_page || write_page || return
  has_right_line || write_line || return
  [ "$ready|$observed" = "true|$generation" ] || write_status
}

reconcile() {
  look || return
  while IFS='|' read -r name uid generation leaving finalizers ready observed host text; do
    if [ -z "$name" ]; then
      continue
    else
      settle
    fi
  done <<<"$sites"
}

follow() {
  while :; do
    kubectl get "$1" --watch --output-watch-events -o jsonpath='{.type}|{.object.metadata.name}{"\n"}' || true
    sleep 1
  done
}

{ follow sites & follow configmaps; } | while :; do
  reconcile
  while IFS='|' read -r -t 60 what name; do
    if [ "$what" = DELETED ] && [[ "$name" != *-page ]]; then
      kubectl patch configmap zone --type=merge -p "{\"data\": {\"$name\": null}}"
    fi
    break
  done
  while read -r -t 0.2 _; do :; done
done
