kubectl create configmap {{ app }}-settings --from-file=limits.conf \
  --from-literal=log_level={{ level }} --from-literal=region={{ region }}
kubectl apply -f right.yaml
