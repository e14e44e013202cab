kubectl patch resourcequota storage --type=merge -p '{"spec": {"hard": {"requests.storage": "100Gi"}}}'
kubectl delete persistentvolumeclaim {{ app }}-data --timeout=60s
kubectl wait resourcequota storage --for=jsonpath='{.status.hard.requests\.storage}'=100Gi --timeout=60s
kubectl apply -f large.yaml
kubectl rollout status deployment {{ app }} --timeout=60s
kubectl exec deployment/{{ app }} -- sh -c 'echo {{ word }} > /data/letter'
kubectl rollout restart deployment {{ app }}
kubectl rollout status deployment {{ app }} --timeout=60s
