kubectl patch deployment {{ app }} --type=merge -p '{"spec": {"template": {"spec": {
  "nodeSelector": {"topology.kubernetes.io/zone": "{{ at.other }}"},
  "tolerations": [
    {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": {{ seconds }}},
    {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": {{ seconds }}}]}}}}'
kubectl rollout status deployment {{ app }} --timeout=90s
kubectl taint node {{ at.node }} fire-drill=now:NoExecute
kubectl wait configmap notebook -n lost-platform --for=jsonpath='{.data.passed}'=yes --timeout=60s
kubectl taint node {{ at.node }} fire-drill-
kubectl rollout restart deployment {{ app }}
kubectl rollout status deployment {{ app }} --timeout=90s
