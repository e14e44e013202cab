kubectl set resources deployment {{ app }} --requests=cpu=10m
kubectl rollout status deployment {{ app }}
kubectl patch hpa {{ app }} --type=merge -p '{"spec": {
  "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "{{ app }}"},
  "minReplicas": {{ least }}, "maxReplicas": {{ most }},
  "metrics": [{"type": "Resource", "resource": {"name": "cpu",
    "target": {"type": "Utilization", "averageUtilization": {{ percent }}}}}]}}'
