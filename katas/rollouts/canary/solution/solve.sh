kubectl set selector service {{ app }} app={{ app }}
until kubectl logs watch | grep 'seen enough'; do :; done
kubectl patch deployment {{ app }} --type=merge -p '{"spec": {"strategy":
  {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}}}'
kubectl set image deployment {{ app }} hello={{ image }}:2.0
kubectl rollout status deployment {{ app }}
kubectl scale deployment {{ app }}-canary --replicas=0
