number=$(kubectl get configmap {{ guest }} -o jsonpath='{.data.number}')
kubectl patch configmap archive --type=merge -p "{\"data\": {\"{{ guest }}\": \"$number\"}}"
kubectl patch configmap {{ guest }} --type=merge -p '{"metadata": {"finalizers": null}}'
sed 's/^  name: {{ old }}$/  name: {{ new }}/; s/app: {{ new }}/app: {{ new }}-2/' deployment.yaml | kubectl apply -f -
kubectl rollout status deployment {{ new }} --timeout=60s
kubectl delete deployment {{ old }}
uid=$(kubectl get deployment {{ new }} -o jsonpath='{.metadata.uid}')
kubectl patch configmap {{ new }}-settings --type=merge -p "{\"metadata\": {\"ownerReferences\": [
  {\"apiVersion\": \"apps/v1\", \"kind\": \"Deployment\", \"name\": \"{{ new }}\", \"uid\": \"$uid\"}]}}"
