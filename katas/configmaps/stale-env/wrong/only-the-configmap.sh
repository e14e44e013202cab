kubectl patch configmap {{ app }}-prices --type=merge -p '{"data": {"discount": "{{ new }}"}}'
