kubectl logs deployment/{{ app }} --previous
kubectl get configmap {{ app }}-settings -o yaml
kubectl patch configmap {{ app }}-settings --type=merge -p '{"data": {"settings.conf": "interval={{ interval }}\n"}}'
kubectl rollout restart deployment {{ app }}
kubectl rollout status deployment {{ app }}
