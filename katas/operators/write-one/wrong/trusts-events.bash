#!/usr/bin/env bash
# Lists the Sites once. From then on it knows them from events.
set -u
finalizer=pages.example.com/zone
declare -A cache

look() {
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

# Nobody may delete a Site for good before its line is out of the zone.
hold() {
  kubectl patch site "$name" --type=merge -p "{\"metadata\": {\"finalizers\": [\"$finalizer\"]}}"
}

leave() {
  if has_line; then
    kubectl patch configmap zone --type=merge -p "{\"data\": {\"$name\": null}}" || return
  fi
  [ -z "$finalizers" ] ||
    kubectl patch site "$name" --type=merge -p '{"metadata": {"finalizers": null}}'
}

settle() {
  [ -n "$finalizers" ] || hold || return
  has_page || write_page || return
  has_right_line || write_line || return
  [ "$ready|$observed" = "true|$generation" ] || write_status
}

reconcile() {
  look || return
  for site in "${!cache[@]}"; do
    IFS='|' read -r name uid generation leaving finalizers ready observed host text <<<"${cache[$site]}"
    if [ -n "$leaving" ]; then leave; else settle; fi
  done
}

remember() {
  local name=${1%%|*}
  [ -z "$name" ] || cache[$name]=$1
}

follow() {
  while :; do
    kubectl get "$1" --watch --watch-only -o jsonpath="$2" || true
    sleep 1
  done
}

while read -r line; do remember "$line"; done < <(kubectl get sites -o jsonpath='{range .items[*]}{.metadata.name}|{.metadata.uid}|{.metadata.generation}|{.metadata.deletionTimestamp}|{.metadata.finalizers}|{.status.ready}|{.status.observedGeneration}|{.spec.host}|{.spec.text}{"\n"}{end}')
site='{.metadata.name}|{.metadata.uid}|{.metadata.generation}|{.metadata.deletionTimestamp}|{.metadata.finalizers}|{.status.ready}|{.status.observedGeneration}|{.spec.host}|{.spec.text}{"\n"}'
{ follow sites "$site" & follow configmaps '{"\n"}'; } | while :; do
  reconcile
  read -r -t 60 line && remember "$line"
  while read -r -t 0.2 line; do remember "$line"; done
done
