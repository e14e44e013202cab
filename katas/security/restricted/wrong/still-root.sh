# Admitted, and then not started: the image says nothing, so it would be root.
kubectl patch deployment {{ app }} --patch '{"spec": {"template": {"spec": {
  "hostPID": null, "hostIPC": null,
  "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
  "containers": [{"name": "{{ app }}", "securityContext": {
    "privileged": null, "allowPrivilegeEscalation": false, "capabilities": {"add": null, "drop": ["ALL"]}}}]}}}}'
kubectl delete daemonset {{ collector }}
kubectl apply --namespace restricted-agents -f collector.yaml
kubectl rollout status daemonset {{ collector }} --namespace restricted-agents --timeout=60s
