kubectl describe pods -l app={{ app }}
kubectl describe node {{ node }}
kubectl get nodes -L {{ label.key }}
kubectl patch deployment {{ app }} --type=strategic -p '{"spec": {"template": {"spec": {
  "tolerations": [{"key": "team", "value": "{{ team }}", "effect": "NoSchedule"}],
  "nodeSelector": {"{{ label.key }}": "{{ label.value }}"},
  "containers": [{"name": "{{ app }}", "resources": {"requests": {"cpu": "{{ need }}m"}}}]}}}}'
kubectl rollout status deployment {{ app }} --timeout=60s
