kubectl patch deployment {{ app }} --type=strategic -p '{"spec": {"template": {"spec": {
  "nodeName": "{{ node }}",
  "tolerations": [{"key": "team", "value": "{{ team }}", "effect": "NoSchedule"}],
  "nodeSelector": {"{{ label.key }}": "{{ label.value }}"},
  "containers": [{"name": "{{ app }}", "resources": {"requests": {"cpu": "{{ need }}m"}}}]}}}}'
kubectl rollout status deployment {{ app }} --timeout=60s
