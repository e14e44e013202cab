# The same three questions in other forms. A connection is enough to know that it has started.
kubectl patch deployment {{ app }} --type=json -p '[
  {"op": "add", "path": "/spec/template/spec/containers/0/startupProbe",
   "value": {"tcpSocket": {"port": 80}, "periodSeconds": 1, "failureThreshold": 200}},
  {"op": "replace", "path": "/spec/template/spec/containers/0/livenessProbe",
   "value": {"exec": {"command": ["curl", "-sf", "http://localhost/{{ alive }}"]}, "periodSeconds": 5, "timeoutSeconds": 2}},
  {"op": "add", "path": "/spec/template/spec/containers/0/readinessProbe",
   "value": {"httpGet": {"path": "/page", "port": 80}, "periodSeconds": 1}}]'
kubectl rollout status deployment {{ app }}
until kubectl logs client | grep 'ten seconds without a loss'; do :; done
kubectl rollout restart deployment {{ app }}
kubectl rollout status deployment {{ app }}
