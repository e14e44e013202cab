kubectl patch deployment {{ app }} --type=json -p '[{"op": "replace",
  "path": "/spec/template/spec/containers/0/resources", "value": {"requests": {"memory": "{{ rest + 10 }}Mi"}}}]'
kubectl set resources deployment {{ ledger }} --requests=cpu=100m,memory=64Mi --limits=cpu=100m,memory=64Mi
kubectl rollout status deployment {{ app }}
kubectl rollout status deployment {{ ledger }}
