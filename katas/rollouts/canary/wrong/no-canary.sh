kubectl patch deployment {{ app }} --type=merge -p '{"spec": {"strategy":
  {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "100%", "maxUnavailable": 0}}}}'
kubectl set image deployment {{ app }} hello={{ image }}:2.0
kubectl rollout status deployment {{ app }}
kubectl delete deployment {{ app }}-canary
