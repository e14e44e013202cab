kubectl patch configmap {{ app }}-prices --type=merge -p '{"data": {"discount": "{{ new }}"}}'
kubectl rollout restart deployment {{ app }}
kubectl rollout status deployment {{ app }}
