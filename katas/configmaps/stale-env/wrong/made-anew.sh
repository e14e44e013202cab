kubectl patch configmap {{ app }}-prices --type=merge -p '{"data": {"discount": "{{ new }}"}}'
kubectl get deployment {{ app }} -o yaml | kubectl replace --force -f -
