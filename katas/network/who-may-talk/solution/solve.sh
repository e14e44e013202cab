kubectl describe networkpolicies
kubectl get namespaces --show-labels
kubectl get endpointslices -l kubernetes.io/service-name={{ app }}
kubectl apply -f names.yaml
kubectl replace -f store.yaml
kubectl patch networkpolicy {{ app }} --type=json \
  -p '[{"op": "replace", "path": "/spec/ingress/0/ports/0/port", "value": "http"}]'
