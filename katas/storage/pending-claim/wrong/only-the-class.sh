kubectl delete persistentvolumeclaim {{ app }}-data --timeout=60s
kubectl apply -f many.yaml
