kubectl patch daemonset {{ app }} --type=merge -p '{"spec": {"template": {"spec": {"nodeSelector": null, "tolerations": [{"operator": "Exists"}]}}}}'
kubectl patch daemonset {{ app }} --type=merge -p '{"spec": {"updateStrategy":
  {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "100%"}}}}'
kubectl set image daemonset {{ app }} {{ app }}=nginx:{{ new }}
kubectl rollout status daemonset {{ app }} --timeout=60s
