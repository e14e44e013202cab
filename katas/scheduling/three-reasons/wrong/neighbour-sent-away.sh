kubectl scale deployment {{ neighbour }} --replicas=0
kubectl wait --for=delete pod --selector=app={{ neighbour }} --timeout=60s
kubectl patch deployment {{ app }} --type=strategic -p '{"spec": {"template": {"spec": {
  "tolerations": [{"key": "team", "value": "{{ team }}", "effect": "NoSchedule"}],
  "nodeSelector": {"{{ label.key }}": "{{ label.value }}"},
  "containers": [{"name": "{{ app }}", "resources": {"requests": {"cpu": "{{ asks }}m"}}}]}}}}'
kubectl rollout status deployment {{ app }} --timeout=60s
