kubectl patch deployment {{ app }} --type=merge -p '{"spec": {"template": {"spec": {
  "nodeSelector": null,
  "topologySpreadConstraints": [{
    "topologyKey": "topology.kubernetes.io/zone", "maxSkew": 1, "whenUnsatisfiable": "ScheduleAnyway",
    "labelSelector": {"matchLabels": {"app": "{{ app }}"}}, "matchLabelKeys": ["pod-template-hash"]}]}}}}'
kubectl rollout status deployment {{ app }} --timeout=90s
kubectl taint node {{ at.node }} fire-drill=now:NoExecute
# In vain.
if kubectl wait configmap notebook -n lost-platform --for=jsonpath='{.data.passed}'=yes --timeout=2s; then exit 1; fi
kubectl taint node {{ at.node }} fire-drill-
kubectl rollout restart deployment {{ app }}
kubectl rollout status deployment {{ app }} --timeout=90s
