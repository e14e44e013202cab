kubectl set selector service {{ app }} app={{ app }}
kubectl patch service {{ app }} --type=json -p '[{"op": "replace", "path": "/spec/ports/0/targetPort", "value": 80}]'
kubectl patch deployment {{ app }}-canary --type=json -p '[{"op": "remove", "path": "/spec/template/spec/containers/0/readinessProbe"}]'
