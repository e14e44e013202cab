kubectl set image deployment {{ app }} hello={{ image }}:2.0
kubectl rollout status deployment {{ app }}
kubectl delete deployment {{ app }}-canary
