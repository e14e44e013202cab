# What was there by habit is gone; what must be said is not said.
kubectl patch deployment {{ app }} --patch '{"spec": {"template": {"spec": {
  "hostPID": null, "hostIPC": null,
  "containers": [{"name": "{{ app }}", "securityContext": {
    "privileged": null, "capabilities": null}}]}}}}'
kubectl delete daemonset {{ collector }}
kubectl apply --namespace restricted-agents -f collector.yaml
kubectl rollout status daemonset {{ collector }} --namespace restricted-agents --timeout=60s
