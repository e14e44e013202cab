kubectl patch deployment {{ report }} --patch '{"spec": {"template": {"spec": {"containers": [{
  "name": "{{ report }}", "env": [{"name": "PASSWORD", "value": null,
    "valueFrom": {"secretKeyRef": {"name": "{{ store }}-login", "key": "password"}}}]}]}}}}'
kubectl rollout status deployment {{ report }} --timeout=60s
