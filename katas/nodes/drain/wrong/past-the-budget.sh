kubectl drain {{ node }} --ignore-daemonsets --delete-emptydir-data --force --timeout=60s --disable-eviction
kubectl wait node {{ node }} --for=jsonpath='{.metadata.annotations.kernel}'=new --timeout=60s
kubectl uncordon {{ node }}
kubectl patch poddisruptionbudget {{ app }} --type=merge -p '{"spec": {"minAvailable": {{ least }}, "maxUnavailable": null}}'
