kubectl logs deployment/{{ app }} -c scout
kubectl describe service {{ members }}
kubectl replace --force -f members.yaml
kubectl rollout status deployment {{ app }} --timeout=60s
