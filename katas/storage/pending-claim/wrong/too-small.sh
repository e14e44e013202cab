kubectl delete persistentvolumeclaim {{ app }}-data --timeout=60s
kubectl apply -f small.yaml
kubectl rollout status deployment {{ app }} --timeout=60s
kubectl exec deployment/{{ app }} -- sh -c 'echo {{ word }} > /data/letter'
kubectl rollout restart deployment {{ app }}
kubectl rollout status deployment {{ app }} --timeout=60s
