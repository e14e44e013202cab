kubectl create configmap {{ app }}-settings --from-file=limits.conf \
  --from-literal=LOG_LEVEL={{ level }} --from-literal=REGION={{ region }}
kubectl apply -f deployment.yaml
kubectl rollout status deployment {{ app }}
