kubectl patch deployment {{ app }} --type=strategic -p '{"spec": {"template": {"spec": {
  "tolerations": [{"key": "team", "value": "{{ team }}", "effect": "NoSchedule"}],
  "containers": [{"name": "{{ app }}", "resources": {"requests": {"cpu": "{{ asks }}m"}}}]}}}}'
