kubectl set selector service {{ app }} app={{ app }}
until kubectl logs watch | grep 'seen enough'; do :; done
kubectl set selector service {{ app }} app={{ app }},track=stable
kubectl scale deployment {{ app }}-canary --replicas=0
kubectl scale deployment {{ app }} --replicas=0
kubectl wait --for=delete pod --selector=app={{ app }} --timeout=60s
kubectl patch deployment {{ app }} --type=merge -p '{"spec": {"strategy":
  {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}}}'
kubectl set image deployment {{ app }} hello={{ image }}:2.0
kubectl scale deployment {{ app }} --replicas={{ replicas }}
kubectl rollout status deployment {{ app }}
