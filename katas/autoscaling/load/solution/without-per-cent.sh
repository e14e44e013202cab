# The target as an amount: the same, as long as the request stays 10m.
kubectl set resources deployment {{ app }} --requests=cpu=10m
kubectl rollout status deployment {{ app }}
kubectl patch hpa {{ app }} --type=merge -p '{"spec": {
  "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "{{ app }}"},
  "minReplicas": {{ least }}, "maxReplicas": {{ most }},
  "metrics": [{"type": "Resource", "resource": {"name": "cpu",
    "target": {"type": "AverageValue", "averageValue": "{{ (percent / 10) | int }}m"}}}],
  "behavior": {"scaleDown": {"stabilizationWindowSeconds": 30}}}}'
