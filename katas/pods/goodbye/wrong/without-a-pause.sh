kubectl patch deployment {{ keeper }} --type=json -p '[
  {"op": "remove", "path": "/spec/template/spec/containers/0/lifecycle"},
  {"op": "replace", "path": "/spec/template/spec/terminationGracePeriodSeconds", "value": {{ takes + 5 }}}]'
kubectl rollout status deployment {{ keeper }} --timeout=90s
kubectl rollout restart deployment {{ keeper }}
kubectl rollout status deployment {{ keeper }} --timeout=90s
kubectl patch deployment {{ idler }} --patch '{"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 2}}}}'
kubectl rollout status deployment {{ idler }} --timeout=90s
kubekata clock skip 1m
