kubectl delete poddisruptionbudget {{ app }}
kubectl drain {{ node }} --ignore-daemonsets --delete-emptydir-data --force --timeout=60s
kubectl wait configmap notebook -n drain-platform --for=jsonpath='{.data.serviced}'=yes --timeout=60s
kubectl uncordon {{ node }}
