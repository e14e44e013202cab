kubectl rollout undo deployment {{ app }}
kubectl rollout status deployment {{ app }}
kubectl patch deployment {{ app }} --type=json -p '[
  {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "nginx:1.28"},
  {"op": "remove", "path": "/spec/template/spec/containers/0/readinessProbe"}]'
kubectl rollout status deployment {{ app }}
