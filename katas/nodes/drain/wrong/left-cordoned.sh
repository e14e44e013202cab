kubectl cordon {{ node }}
kubectl patch poddisruptionbudget {{ app }} --type=merge -p '{"spec": {"minAvailable": {{ least }}, "maxUnavailable": null}}'
kubectl scale deployment {{ app }} --replicas={{ least + 1 }}
kubectl rollout status deployment {{ app }} --timeout=60s
kubectl drain {{ node }} --ignore-daemonsets --delete-emptydir-data --force --timeout=60s
kubectl wait configmap notebook -n drain-platform --for=jsonpath='{.data.serviced}'=yes --timeout=60s
