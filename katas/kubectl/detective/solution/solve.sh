kubectl get pods -o custom-columns=NAME:.metadata.name,OWNER:.metadata.ownerReferences[*].name
kubectl label pod {{ stray }} suspect=yes
kubectl describe pod nightly
kubectl get secrets
value=$(kubectl get secret {{ app }}-{{ kept }} -o jsonpath='{.data.{{ key }}}' | base64 -d)
kubectl create secret generic {{ app }}-{{ wanted }} --from-literal={{ key }}="$value"
kubectl wait --for=condition=Ready pod/nightly --timeout=60s
kubectl explain deployment.{{ field.place }}.{{ field.right }}
kubectl diff -f deployment.yaml || test $? -eq 1
kubectl apply -f deployment.yaml
kubectl rollout status deployment {{ app }}
