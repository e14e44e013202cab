kubectl label pod {{ stray }} suspect=yes
value=$(kubectl get secret {{ app }}-{{ kept }} -o jsonpath='{.data.{{ key }}}' | base64 -d)
kubectl create secret generic {{ app }}-{{ wanted }} --from-literal={{ key }}="$value"
kubectl wait --for=condition=Ready pod/nightly --timeout=60s
sed 's/{{ field.wrong }}:/{{ field.right }}:/' deployment.yaml | kubectl apply -f -
