kubectl patch deployment {{ app }} --type=json \
  -p '[{"op": "replace", "path": "/spec/template/spec/volumes/0", "value": {"name": "data", "emptyDir": {}}}]'
kubectl rollout status deployment {{ app }} --timeout=60s
kubectl exec deployment/{{ app }} -- sh -c 'echo {{ word }} > /data/letter'
kubectl rollout restart deployment {{ app }}
kubectl rollout status deployment {{ app }} --timeout=60s
