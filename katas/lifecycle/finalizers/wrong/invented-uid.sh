number=$(kubectl get configmap {{ guest }} -o jsonpath='{.data.number}')
kubectl patch configmap archive --type=merge -p "{\"data\": {\"{{ guest }}\": \"$number\"}}"
kubectl patch configmap {{ guest }} --type=merge -p '{"metadata": {"finalizers": null}}'
kubectl delete deployment {{ old }} --cascade=orphan
sed 's/^  name: {{ old }}$/  name: {{ new }}/' deployment.yaml | kubectl apply -f -
kubectl rollout status deployment {{ new }} --timeout=60s
kubectl patch configmap {{ new }}-settings --type=merge -p "{\"metadata\": {\"ownerReferences\": [
  {\"apiVersion\": \"apps/v1\", \"kind\": \"Deployment\", \"name\": \"{{ new }}\", \"uid\": \"00000000-0000-4000-8000-000000000000\"}]}}"
