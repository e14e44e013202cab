kubectl patch deployment {{ app }} --patch '{"spec": {"template": {"spec": {
  "hostPID": null, "hostIPC": null,
  "securityContext": {"runAsNonRoot": true, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
  "containers": [{"name": "{{ app }}", "securityContext": {
    "privileged": null, "allowPrivilegeEscalation": false, "capabilities": {"add": null, "drop": ["ALL"]}}}]}}}}'
kubectl rollout status deployment {{ app }} --timeout=60s
kubectl patch daemonset {{ collector }} --type=json -p '[
  {"op": "replace", "path": "/spec/template/spec/volumes/0", "value": {"name": "log", "emptyDir": {}}},
  {"op": "add", "path": "/spec/template/spec/securityContext", "value":
    {"runAsNonRoot": true, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}}},
  {"op": "add", "path": "/spec/template/spec/containers/0/securityContext", "value":
    {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}]'
kubectl rollout status daemonset {{ collector }} --timeout=60s
