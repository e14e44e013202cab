kubectl delete poddisruptionbudget {{ app }}
kubectl drain {{ node }} --ignore-daemonsets --delete-emptydir-data --force --timeout=60s
kubectl wait node {{ node }} --for=jsonpath='{.metadata.annotations.kernel}'=new --timeout=60s
kubectl uncordon {{ node }}
