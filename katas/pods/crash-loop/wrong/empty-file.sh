kubectl patch configmap {{ app }}-settings --type=merge -p '{"data": {"settings.conf": ""}}'
kubectl rollout restart deployment {{ app }}
