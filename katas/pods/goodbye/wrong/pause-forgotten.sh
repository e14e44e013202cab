# Long enough for the writing alone; the pause has its part of it.
kubectl patch deployment {{ keeper }} --patch '{"spec": {"template": {"spec": {
  "terminationGracePeriodSeconds": {{ takes + 2 }}}}}}'
kubectl rollout status deployment {{ keeper }} --timeout=90s
kubectl rollout restart deployment {{ keeper }}
kubectl rollout status deployment {{ keeper }} --timeout=90s
kubectl patch deployment {{ idler }} --patch '{"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 2}}}}'
kubectl rollout status deployment {{ idler }} --timeout=90s
kubekata clock skip 1m
