kubectl patch deployment {{ app }} --type=json -p '[
  {"op": "remove", "path": "/spec/template/spec/containers/0/command"},
  {"op": "remove", "path": "/spec/template/spec/containers/0/volumeMounts"}]'
kubectl rollout status deployment {{ app }}
