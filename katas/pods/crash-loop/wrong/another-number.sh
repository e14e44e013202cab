kubectl patch configmap {{ app }}-settings --type=merge -p '{"data": {"settings.conf": "interval=60\n"}}'
kubectl rollout restart deployment {{ app }}
