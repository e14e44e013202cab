kubectl patch secret {{ store }}-login --patch '{"stringData": {"password": "{{ new }}"}}'
kubekata clock skip 3m
