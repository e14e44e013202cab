kubectl patch poddisruptionbudget {{ app }} --type=merge -p '{"spec": {"minAvailable": {{ least }}, "maxUnavailable": null}}'
kubectl cordon {{ node }}
kubectl uncordon {{ node }}
