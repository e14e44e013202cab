kubectl patch configmap {{ guest }} --type=merge -p '{"metadata": {"finalizers": null}}'
kubectl delete deployment {{ old }} --cascade=orphan
sed 's/^  name: {{ old }}$/  name: {{ new }}/' deployment.yaml | kubectl apply -f -
kubectl rollout status deployment {{ new }} --timeout=60s
uid=$(kubectl get deployment {{ new }} -o jsonpath='{.metadata.uid}')
kubectl patch configmap {{ new }}-settings --type=merge -p "{\"metadata\": {\"ownerReferences\": [
  {\"apiVersion\": \"apps/v1\", \"kind\": \"Deployment\", \"name\": \"{{ new }}\", \"uid\": \"$uid\"}]}}"
