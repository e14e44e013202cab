kubectl patch deployment {{ app }} --type=json \
  -p '[{"op": "replace", "path": "/spec/template/spec/containers/0/command", "value": ["sleep", "infinity"]}]'
kubectl rollout status deployment {{ app }}
