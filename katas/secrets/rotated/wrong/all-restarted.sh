kubectl patch secret {{ store }}-login --patch '{"stringData": {"password": "{{ new }}"}}'
kubectl rollout restart deployment {{ store }}
kubectl rollout status deployment {{ store }} --timeout=60s
kubectl patch deployment {{ report }} --patch '{"spec": {"template": {"spec": {"containers": [{
  "name": "{{ report }}", "env": [{"name": "PASSWORD", "value": null,
    "valueFrom": {"secretKeyRef": {"name": "{{ store }}-login", "key": "password"}}}]}]}}}}'
kubectl rollout status deployment {{ report }} --timeout=60s
kubectl rollout restart deployment {{ app }}
kubectl rollout status deployment {{ app }} --timeout=60s
