kubectl patch deployment {{ app }} --type=merge -p '{"spec": {"template": {"spec": {
  "nodeSelector": null,
  "tolerations": [
    {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": {{ seconds }}},
    {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": {{ seconds }}}],
  "topologySpreadConstraints": [{
    "topologyKey": "topology.kubernetes.io/zone", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule",
    "labelSelector": {"matchLabels": {"app": "{{ app }}"}}, "matchLabelKeys": ["pod-template-hash"]}]}}}}'
kubectl rollout status deployment {{ app }} --timeout=90s
kubectl taint node {{ at.node }} fire-drill=now:NoExecute
# In vain.
if kubectl wait configmap notebook -n lost-platform --for=jsonpath='{.data.passed}'=yes --timeout=2s; then exit 1; fi
kubectl taint node {{ at.node }} fire-drill-
kubectl rollout restart deployment {{ app }}
kubectl rollout status deployment {{ app }} --timeout=90s
