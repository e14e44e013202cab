kubectl label pod {{ stray }} suspect=yes
value=$(kubectl get secret {{ app }}-{{ kept }} -o jsonpath='{.data.{{ key }}}' | base64 -d)
kubectl create secret generic {{ app }}-{{ wanted }} --from-literal={{ key }}="$value"
kubectl wait --for=condition=Ready pod/nightly --timeout=60s
kubectl apply --validate=false -f deployment.yaml
