kubectl patch deployment {{ app }} --type=json -p '[
  {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "nginx:1.27"},
  {"op": "remove", "path": "/spec/template/spec/containers/0/command"}]'
kubectl rollout status deployment {{ app }}
