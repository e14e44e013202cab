kubectl set selector service {{ app }} app={{ app }},track=canary
kubectl patch deployment {{ app }} --type=merge -p '{"spec": {"strategy":
  {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}}}'
kubectl set image deployment {{ app }} hello={{ image }}:2.0
kubectl rollout status deployment {{ app }}
kubectl set selector service {{ app }} app={{ app }},track=stable
kubectl scale deployment {{ app }}-canary --replicas=0
