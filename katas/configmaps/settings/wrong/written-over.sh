kubectl create configmap {{ app }}-settings --from-file=limits.conf \
  --from-literal=LOG_LEVEL={{ level }} --from-literal=REGION={{ region }}
kubectl apply -f values.yaml
kubectl patch deployment {{ app }} --patch '{"spec": {"template": {"spec": {"containers": [
  {"name": "{{ app }}", "envFrom": [{"configMapRef": {"name": "{{ app }}-settings"}}]}]}}}}'
