kubectl scale deployment {{ app }}-canary --replicas=0
kubectl wait --for=delete pod --selector=track=canary --timeout=60s
kubectl set selector service {{ app }} app={{ app }}
kubectl patch service {{ app }} --type=json -p '[{"op": "replace", "path": "/spec/ports/0/targetPort", "value": 80}]'
