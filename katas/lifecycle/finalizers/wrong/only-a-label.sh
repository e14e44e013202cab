number=$(kubectl get configmap {{ guest }} -o jsonpath='{.data.number}')
kubectl patch configmap archive --type=merge -p "{\"data\": {\"{{ guest }}\": \"$number\"}}"
kubectl patch configmap {{ guest }} --type=merge -p '{"metadata": {"finalizers": null}}'
kubectl delete deployment {{ old }} --cascade=orphan
sed 's/^  name: {{ old }}$/  name: {{ new }}/' deployment.yaml | kubectl apply -f -
kubectl rollout status deployment {{ new }} --timeout=60s
kubectl label configmap {{ new }}-settings app={{ new }} owner={{ new }}
