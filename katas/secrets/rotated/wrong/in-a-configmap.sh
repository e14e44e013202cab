kubectl patch secret {{ store }}-login --patch '{"stringData": {"password": "{{ new }}"}}'
kubectl rollout restart deployment {{ store }}
kubectl rollout status deployment {{ store }} --timeout=60s
kubectl create configmap {{ store }}-login --from-literal=password={{ new }}
kubectl set env deployment/{{ report }} PASSWORD-
kubectl set env deployment/{{ report }} --from=configmap/{{ store }}-login --keys=password
kubectl rollout status deployment {{ report }} --timeout=60s
