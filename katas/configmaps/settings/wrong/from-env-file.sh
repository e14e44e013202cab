kubectl create configmap {{ app }}-settings --from-env-file=limits.conf
kubectl patch configmap {{ app }}-settings --type=merge \
  -p '{"data": {"LOG_LEVEL": "{{ level }}", "REGION": "{{ region }}"}}'
kubectl apply -f right.yaml
