kubectl patch poddisruptionbudget {{ app }} --type=merge -p '{"spec": {"minAvailable": 1, "maxUnavailable": null}}'
kubectl drain {{ node }} --ignore-daemonsets --delete-emptydir-data --force --timeout=60s
kubectl wait configmap notebook -n drain-platform --for=jsonpath='{.data.serviced}'=yes --timeout=60s
kubectl uncordon {{ node }}
