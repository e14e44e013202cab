kubectl patch deployment {{ app }} --type=strategic -p '{"spec": {"template": {"spec": {
  "tolerations": [{"operator": "Exists"}],
  "nodeSelector": {"{{ label.key }}": "{{ label.value }}"},
  "containers": [{"name": "{{ app }}", "resources": {"requests": {"cpu": "{{ need }}m"}}}]}}}}'
kubectl rollout status deployment {{ app }} --timeout=60s
