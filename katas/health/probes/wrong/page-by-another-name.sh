kubectl patch deployment {{ app }} --type=json -p '[
  {"op": "add", "path": "/spec/template/spec/containers/0/startupProbe",
   "value": {"httpGet": {"path": "/page", "port": 80}, "periodSeconds": 3, "failureThreshold": 60}},
  {"op": "replace", "path": "/spec/template/spec/containers/0/livenessProbe/httpGet/path", "value": "/page"},
  {"op": "add", "path": "/spec/template/spec/containers/0/readinessProbe",
   "value": {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 2}}]'
kubectl rollout status deployment {{ app }}
until kubectl logs client | grep 'ten seconds without a loss'; do :; done
kubectl rollout restart deployment {{ app }}
kubectl rollout status deployment {{ app }}
