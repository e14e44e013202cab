kubectl describe replicasets -l app={{ app }}
kubectl get namespaces -L pod-security.kubernetes.io/enforce
kubectl patch deployment {{ app }} --patch '{"spec": {"template": {"spec": {
  "hostPID": null, "hostIPC": null,
  "securityContext": {"runAsNonRoot": true, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
  "containers": [{"name": "{{ app }}", "securityContext": {
    "privileged": null, "allowPrivilegeEscalation": false, "capabilities": {"add": null, "drop": ["ALL"]}}}]}}}}'
kubectl rollout status deployment {{ app }} --timeout=60s
kubectl delete daemonset {{ collector }}
kubectl apply --namespace restricted-agents -f collector.yaml
kubectl rollout status daemonset {{ collector }} --namespace restricted-agents --timeout=60s
