bundle=$(kubectl get secret inspector-tls --namespace gatehouse --output jsonpath='{.data.ca\.crt}')
kubectl delete validatingwebhookconfiguration inspection
kubectl rollout restart deployment/inspector --namespace gatehouse
kubectl rollout restart deployment/{{ app }}
sed "s|caBundle: .*|caBundle: $bundle|" stamp.yaml | kubectl apply -f -
