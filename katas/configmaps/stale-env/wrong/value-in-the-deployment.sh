kubectl patch configmap {{ app }}-prices --type=merge -p '{"data": {"discount": "{{ new }}"}}'
kubectl set env deployment/{{ app }} DISCOUNT={{ new }}
