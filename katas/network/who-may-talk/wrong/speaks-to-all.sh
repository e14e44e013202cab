kubectl patch networkpolicy {{ app }} --type=json -p '[{"op": "add", "path": "/spec/egress/-", "value": {}}]'
kubectl patch networkpolicy {{ store }} -n who-may-talk-data --type=json -p '[
  {"op": "replace", "path": "/spec/ingress/0/from", "value": [
    {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "who-may-talk"}},
     "podSelector": {"matchLabels": {"app": "{{ app }}"}}}]}]'
kubectl patch networkpolicy {{ app }} --type=json \
  -p '[{"op": "replace", "path": "/spec/ingress/0/ports/0/port", "value": 80}]'
