kubectl describe service {{ app }}
kubectl get pods --show-labels
kubectl set selector service {{ app }} app={{ app }}
kubectl patch service {{ app }} --type=json -p '[{"op": "replace", "path": "/spec/ports/0/targetPort", "value": 80}]'
kubectl patch deployment {{ app }}-canary --type=json -p '[{"op": "replace", "path": "/spec/template/spec/containers/0/readinessProbe/httpGet/path", "value": "/"}]'
kubectl rollout status deployment {{ app }}-canary
