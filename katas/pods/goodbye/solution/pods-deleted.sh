# The proof can also be made by deleting the Pods of one version.
kubectl patch deployment {{ keeper }} --patch '{"spec": {"template": {"spec": {
  "terminationGracePeriodSeconds": 60}}}}'
kubectl rollout status deployment {{ keeper }} --timeout=90s
kubekata clock skip 1m
kubectl delete pods --selector=app={{ keeper }}
kubectl patch deployment {{ idler }} --patch '{"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 2}}}}'
kubectl rollout status deployment {{ idler }} --timeout=90s
