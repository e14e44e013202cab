#!/usr/bin/env bash
# Acts on Sites that change. What it has done for a generation is done.
set -u
finalizer=pages.example.com/zone

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
  [ "$ready|$observed" != "true|$generation" ] || return 0
  [ -n "$finalizers" ] || hold || return
  has_page || write_page || return
  has_right_line || write_line || return
  write_status
}

reconcile() {
  look || return
  while IFS='|' read -r name uid generation leaving finalizers ready observed host text; do
    if [ -z "$name" ]; then
      continue
    elif [ -n "$leaving" ]; then
      leave
    else
      settle
    fi
  done <<<"$sites"
}

# A watch ends sooner or later. The next one begins with everything that is there.
follow() {
  while :; do
    kubectl get "$1" --watch -o name || true
    sleep 1
  done
}

follow sites | while :; do
  reconcile
  read -r _ || true                       # the next event
  while read -r -t 0.2 _; do :; done      # and those that come with it
done
