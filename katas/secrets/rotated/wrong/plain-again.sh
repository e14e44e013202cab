kubectl patch secret {{ store }}-login --patch '{"stringData": {"password": "{{ new }}"}}'
kubectl rollout restart deployment {{ store }}
kubectl rollout status deployment {{ store }} --timeout=60s
kubectl set env deployment/{{ report }} PASSWORD={{ new }}
kubectl rollout status deployment {{ report }} --timeout=60s
