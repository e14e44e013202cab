kubectl taint node {{ node }} team-
kubectl patch deployment {{ app }} --type=strategic -p '{"spec": {"template": {"spec": {
  "nodeSelector": {"{{ label.key }}": "{{ label.value }}"},
  "containers": [{"name": "{{ app }}", "resources": {"requests": {"cpu": "{{ need }}m"}}}]}}}}'
kubectl rollout status deployment {{ app }} --timeout=60s
